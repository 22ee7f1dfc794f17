//! One turn of the engine: decide, make the events durable, then carry out the effects.

use std::sync::Arc;

use super::driver::Watcher;
use super::job::{Job, StoreTalk};
use super::{picture, words};
use crate::api::Snapshot;
use crate::api::client::Link;
use crate::domain::event::Urgency;
use crate::domain::{ActReply, ActRequest, PlainText, Record, RefusalKind};
use crate::engine::{self, Context, Effect, Input};
use crate::ports::{CheckRequest, NewRecord};

/// Events kept for the picture.
pub(super) const EVENTS_SHOWN: usize = 200;

impl Watcher {
    /// Puts a person's request before the engine: once. The same again, after a lost answer or over a restart, is answered as it
    /// was.
    pub fn ask(&mut self, request: ActRequest) -> ActReply {
        match self.outside.journal.asked(&request.id) {
            Ok(Some((first, reply))) if same(&first, &request) => {
                if let Some(reply) = reply {
                    return reply;
                }
            }
            Ok(Some(_other)) => {
                let why = "something else was asked under that id: each act has its own";
                return ActReply::Refused(why.into());
            }
            // What cannot be read cannot be written either: asking says so.
            Ok(None) | Err(_) => {}
        }
        // The button must not be pressed by who may not; the engine writes the refusal down.
        if engine::may(&self.plan, &self.state, &request).is_ok()
            && let Err(why) = (self.outside.set_disarm)(&request)
        {
            return ActReply::Refused(why.into());
        }
        self.process(&Input::Asked { request })
            .unwrap_or_else(|| ActReply::Refused("no answer".into()))
    }

    /// One step of the engine: events durable first, effects after.
    pub(super) fn process(&mut self, input: &Input) -> Option<ActReply> {
        let now = self.outside.clock.now();
        let observed = if let Input::Observed { app, .. } = input {
            Some(app.clone())
        } else {
            None
        };
        let mut context = Context {
            now,
            distrust: self.distrust.clone(),
            busy: self.busy_channels(),
        };
        let mut step = engine::step(&self.plan, &self.state, input, &context);
        let answered = answered(input, step.reply.as_ref());
        if self.distrust.is_none() && (!step.events.is_empty() || answered.is_some()) {
            let records: Vec<NewRecord> = step
                .events
                .iter()
                .map(|(app, event)| NewRecord {
                    at: now,
                    app: app.clone(),
                    event: event.clone(),
                })
                .collect();
            let journal = &self.outside.journal;
            let appended = match answered {
                Some((request, reply)) => journal.append_answered(&records, request, reply, now),
                None => journal.append(&records),
            };
            match appended {
                Ok(records) => self.durable(records),
                Err(error) => {
                    // Decided again, now knowing that nothing can be made durable: watch and tell, not act.
                    self.lose_trust(&error.to_string());
                    context.distrust.clone_from(&self.distrust);
                    context.busy = self.busy_channels();
                    step = engine::step(&self.plan, &self.state, input, &context);
                }
            }
        }
        let changed = !step.events.is_empty() || observed.is_some();
        self.state = step.state;
        if let (Some(app), Some(assessment)) = (
            observed.and_then(|id| self.apps.get_mut(&id)),
            step.assessment,
        ) {
            app.memory.assessment = Some(assessment);
            app.memory.edition += 1;
        }
        for effect in step.effects {
            self.carry_out(effect);
        }
        if changed {
            self.show_soon();
        }
        step.reply
    }

    pub(super) fn durable(&mut self, records: Vec<Record>) {
        for record in records {
            (self.outside.on_record)(&record);
            self.events.push_back(record);
        }
        while self.events.len() > EVENTS_SHOWN {
            self.events.pop_front();
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Write {
                app,
                revision,
                attempt,
                order,
            } => {
                self.enqueue(Job::Store {
                    app,
                    talk: StoreTalk::Write {
                        revision,
                        attempt,
                        order,
                    },
                });
            }
            Effect::Read { app } => {
                let now = self.outside.clock.now();
                let memory = self.apps.get(&app).map(|app| &app.memory);
                let waits = memory.and_then(|memory| memory.read_not_before);
                // While the engine wants to see, it asks at every tick.
                if waits.is_none_or(|until| until <= now) {
                    let talk = StoreTalk::Read;
                    self.enqueue(Job::Store { app, talk });
                }
            }
            Effect::Check {
                app,
                version,
                stage,
                attempt,
                check,
            } => {
                let request = CheckRequest {
                    app,
                    version,
                    stage,
                    check,
                };
                self.enqueue(Job::Check { request, attempt });
            }
            Effect::Tell { ids, channel } => {
                if let Some(message) = words::message(self, ids, &channel) {
                    let message = Box::new(message);
                    self.enqueue(Job::Tell { channel, message });
                }
            }
        }
    }

    /// From now on haltline watches and tells, but does not act.
    pub(super) fn lose_trust(&mut self, why: &str) {
        if self.distrust.is_none() {
            tracing::error!(why, "the journal failed: watching only");
            self.distrust = Some(why.into());
            self.tell_distrust();
            self.show();
        }
    }

    /// Nothing keeps haltline from acting.
    pub fn may_act(&self) -> bool {
        self.distrust.is_none()
    }

    /// Tells people something about this watcher itself.
    pub fn say(&mut self, urgency: Urgency, text: PlainText) {
        self.process(&Input::Says { urgency, text });
    }

    /// Tells people, once a change, that the disk of the journal is full or has room again.
    pub(super) fn mind_room(&mut self) {
        // A journal that failed is opened anew before anything is said of its room.
        if !self.may_act() {
            return;
        }
        let short = self.outside.journal.short_of_room().map(PlainText::from);
        if short != self.short {
            self.short.clone_from(&short);
            let (urgency, text) = match short {
                Some(what) => (Urgency::Page, what),
                None => (Urgency::Info, "the journal has room again".into()),
            };
            self.say(urgency, text);
        }
    }

    /// Tells people, beside the journal, that haltline does not act: everybody who hears of pages of the watcher itself.
    pub(super) fn tell_distrust(&mut self) {
        let channels = self.plan.telling.channels.iter();
        let wants = channels.filter(|channel| channel.wants(Urgency::Page, None, 0));
        let to = wants.map(|channel| channel.name.clone()).collect();
        self.tell_distrust_to(to);
    }

    pub(super) fn tell_distrust_to(&mut self, to: Vec<PlainText>) {
        let Some(why) = &self.distrust else { return };
        let text = format!("haltline watches but does not act: {why}").into();
        let message = Box::new(words::of_watcher(self, Urgency::Page, text));
        for channel in to {
            let message = message.clone();
            self.enqueue(Job::Tell { channel, message });
        }
    }

    pub(super) fn show(&self) {
        self.publish(picture::of(self));
    }

    /// Shows a picture, and that it is a live one.
    pub(super) fn publish(&self, picture: Snapshot) {
        self.desk.pictures.send_replace(Arc::new(picture));
        self.reached(Link::Live);
    }

    /// Says how this watcher is reached, where that has changed.
    pub(super) fn reached(&self, link: Link) {
        self.desk
            .link
            .send_if_modified(|known| std::mem::replace(known, link) != link);
    }
}

/// The request that an input is, with its answer. Of what somebody may not nothing is kept but what the engine writes down: asked
/// again, it is refused again.
fn answered<'a>(
    input: &'a Input,
    reply: Option<&'a ActReply>,
) -> Option<(&'a ActRequest, &'a ActReply)> {
    match input {
        Input::Asked { request } => {
            let is_kept = |reply: &&ActReply| match reply {
                ActReply::Refused(refusal) => refusal.kind != RefusalKind::Rights,
                _ => true,
            };
            Some((request, reply.filter(is_kept)?))
        }
        _ => None,
    }
}

/// The same act of the same person; what they may do is asked of the system anew each time.
fn same(first: &ActRequest, again: &ActRequest) -> bool {
    let what = |it: &ActRequest| (it.app.clone(), it.act.clone(), it.reason.clone(), it.expect);
    first.actor == again.actor && what(first) == what(again)
}
