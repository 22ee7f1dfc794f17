//! What the store does with a write.

use super::*;

impl Model {
    pub(super) fn write(
        &mut self,
        revision: u64,
        attempt: u32,
        order: &Order,
        fate: Fate,
    ) -> Result<Applied, Failure> {
        let announced = self.journal.iter().any(|record| {
            matches!(record.event, Event::WriteStarted { revision: r, attempt: a } if r == revision && a == attempt)
        });
        if !announced {
            self.violations
                .push("I4: a write without an event before it".into());
        }
        if self
            .writes
            .iter()
            .any(|write| (write.revision, write.attempt) == (revision, attempt))
        {
            self.violations
                .push("I4: one attempt was written twice".into());
        }
        // The adapter reads inside the transaction in which it writes.
        let begins = self
            .waiting
            .take_if(|waiting| waiting.version == order.version);
        if begins.is_none() && order.version != self.store.version {
            return Err(Failure::new(FailureKind::NotFound, "no such release"));
        }
        let met = begins.is_none() && order.target.is_met_by(&self.store);
        let stopped = begins.is_none() && self.store.status == Status::Stopped;
        if stopped && order.yields_to_a_stop() {
            return Err(Failure::new(FailureKind::Conflict, "stopped meanwhile"));
        }
        let applies = matches!(fate, Fate::Works | Fate::LostReply) && !met;
        self.writes.push(StoreWrite {
            revision,
            attempt,
            changed: applies,
            hands: self.hands,
        });
        match begins {
            Some(waiting) if applies => self.store = waiting,
            Some(waiting) => self.waiting = Some(waiting),
            None => {}
        }
        if applies {
            self.apply(order.target, revision);
        }
        match fate {
            Fate::Works if met => Ok(Applied::AlreadySo),
            Fate::Works | Fate::EmptyPromise => Ok(Applied::Written),
            Fate::LostRequest => Err(Failure::new(FailureKind::Retry, "connection refused")),
            Fate::LostReply => Err(Failure::new(
                FailureKind::Ambiguous,
                "the answer never came",
            )),
            Fate::Conflict => Err(Failure::new(
                FailureKind::Conflict,
                "This Edit has been deleted.",
            )),
        }
    }

    fn apply(&mut self, target: Target, revision: u64) {
        let before = self.store.status;
        match target {
            Target::Stopped => self.store.status = Status::Stopped,
            Target::Completed => {
                self.store.status = Status::Completed;
                self.store.exposure = Exposure::FULL;
            }
            Target::InProgress { exposure } | Target::Started { exposure } => {
                self.store.status = Status::InProgress;
                self.store.exposure = exposure.unwrap_or(self.store.exposure);
            }
        }
        let raised = target != Target::Stopped;
        if raised {
            self.violations
                .extend(self.witness.raised(revision, before));
        }
        if raised && before == Status::Stopped {
            self.resumed_at = Some(self.now);
        }
    }
}
