//! What changed a rollout, and when: told by how the fold of the record moves.

use crate::api::wire::StageMark;
use crate::domain::{AppId, Event, Exposure, PlainText, Record, Status, Timestamp, Verb};
use crate::engine::State;

/// The record of one app as far as it was read.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Marks {
    seq: u64,
    /// Folded of this app's records alone.
    state: State,
    list: Vec<StageMark>,
}

/// What a mark is made of.
#[derive(Clone, Debug, PartialEq)]
struct Stand {
    version: String,
    status: Status,
    exposure: Exposure,
    stopped_as: Option<Verb>,
}

impl Marks {
    /// The last record that was read.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Of the present rollout, oldest first.
    pub(super) fn list(&self) -> &[StageMark] {
        &self.list
    }

    /// The next record, of whichever app.
    pub(super) fn take(&mut self, id: &AppId, record: &Record) {
        self.seq = record.seq;
        if record.app.as_ref() != Some(id) {
            return;
        }
        let before = self.stand(id);
        self.state.apply(record.at, Some(id), &record.event);
        let after = self.stand(id);
        let version = |stand: &Option<Stand>| stand.as_ref().map(|it| it.version.clone());
        if version(&before) != version(&after) {
            self.list.clear();
        }
        if let Some(what) = after.and_then(|after| moved(before.as_ref(), &after)) {
            self.mark(record.at, what);
        }
        if matches!(record.event, Event::EvidenceRestarted { .. }) {
            self.mark(record.at, "evidence restarted".into());
        }
    }

    fn stand(&self, id: &AppId) -> Option<Stand> {
        let app = self.state.app(id)?;
        let release = app.release.as_ref()?;
        Some(Stand {
            version: release.version.key(),
            status: release.status,
            exposure: release.exposure,
            stopped_as: app.stopped_as.filter(|_| release.status == Status::Stopped),
        })
    }

    /// What happens at one moment is one mark; who stopped it is often known a record later.
    fn mark(&mut self, at: Timestamp, what: String) {
        let last = self.list.last_mut().filter(|last| last.at == at);
        match last {
            Some(last) if last.what.as_str() == STOPPED => last.what = what.into(),
            Some(last) => last.what = PlainText::new(&format!("{}, {what}", last.what)),
            None => self.list.push(StageMark {
                at,
                what: what.into(),
            }),
        }
    }
}

const STOPPED: &str = "stopped";

fn moved(before: Option<&Stand>, after: &Stand) -> Option<String> {
    let before = before.filter(|before| before.version == after.version);
    if before == Some(after) {
        return None;
    }
    let was = before.map(|before| before.status);
    let from = before.map_or(Exposure::NONE, |before| before.exposure);
    let ran = was == Some(Status::InProgress);
    match after.status {
        Status::Stopped => Some(match after.stopped_as {
            _ if was == Some(Status::Stopped) && after.stopped_as.is_none() => return None,
            None => STOPPED.into(),
            Some(Verb::Halt) => "halted".into(),
            Some(Verb::Pause) => "paused".into(),
            Some(_) => "held".into(),
        }),
        Status::InProgress if was == Some(Status::Stopped) && from != after.exposure => {
            Some(format!("resumed at {}", after.exposure))
        }
        Status::InProgress if was == Some(Status::Stopped) => Some("resumed".into()),
        Status::InProgress | Status::Completed if ran && from != after.exposure => {
            Some(format!("{from} → {}", after.exposure))
        }
        Status::InProgress if !ran => Some(after.exposure.to_string()),
        Status::Completed if was != Some(Status::Completed) => Some("everybody".into()),
        _ => None,
    }
}
