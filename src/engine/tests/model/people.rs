//! What people do to the world: at the console, with the red button, through haltline.

use super::*;

impl Model {
    /// A person at the console.
    pub(in crate::engine::tests) fn console(&mut self, status: Status) {
        self.hands += 1;
        if self.store.status == Status::Stopped && status != Status::Stopped {
            self.resumed_at = Some(self.now);
        }
        self.store.status = status;
        if status == Status::Completed {
            self.store.exposure = Exposure::FULL;
        }
    }

    /// Somebody rolls another release out by hand.
    pub(in crate::engine::tests) fn replace(&mut self) {
        self.hands += 1;
        self.store.version = self.later(10);
        self.store.status = Status::InProgress;
        self.store.exposure = Exposure::from_percent(5);
        self.waiting = None;
        self.windows.clear();
    }

    /// A person stops the rollout without haltline, or tries to, and says so later.
    pub(in crate::engine::tests) fn stop_directly(
        &mut self,
        verb: Verb,
        outcome: Result<Exposure, Failure>,
    ) {
        if outcome.is_ok() {
            self.console(Status::Stopped);
        }
        let request = ActRequest {
            id: format!("report-{}", self.journal.len()),
            app: Some(app_id(0)),
            act: Act::Report {
                verb,
                at: self.now,
                outcome,
            },
            actor: Actor::Person {
                name: "bob".into(),
                host: PlainText::default(),
            },
            standing: crate::domain::Standing::default(),
            reason: "nobody answered".into(),
            expect: None,
        };
        self.feed(&Input::Asked { request });
    }

    /// The config is read anew, between two writes: with more channels than the log, or with it alone.
    pub(in crate::engine::tests) fn reload(&mut self) {
        if self.in_flight {
            return;
        }
        let alone = self.plan.telling.channels.len() == 1;
        self.plan.telling = if alone {
            telling()
        } else {
            crate::policy::Telling::default()
        };
        self.feed(&Input::Reloaded {
            changes: vec!["other channels".into()],
        });
    }

    /// Another release is ready to be begun.
    pub(in crate::engine::tests) fn upload(&mut self) {
        self.waiting = Some(ReleaseView {
            version: self.later(1),
            status: Status::Draft,
            exposure: Exposure::NONE,
            ..self.store.clone()
        });
    }

    fn later(&self, than: u32) -> Version {
        let code: u32 = self.store.version.build.as_str().parse().unwrap();
        Version::from_code(code + than)
    }

    /// A person asks haltline.
    pub(in crate::engine::tests) fn ask(&mut self, verb: Verb) {
        let request = ActRequest {
            id: format!("ask-{}", self.journal.len()),
            app: Some(app_id(0)),
            act: Act::Do { verb, to: None },
            actor: Actor::Person {
                name: "alice".into(),
                host: PlainText::default(),
            },
            standing: crate::domain::Standing::default(),
            reason: "asked".into(),
            expect: None,
        };
        self.feed(&Input::Asked { request });
    }

    pub(in crate::engine::tests) fn press_red_button(&mut self, on: bool) {
        let actor = Actor::Person {
            name: "alice".into(),
            host: PlainText::default(),
        };
        self.disarm = on.then(|| DisarmEntry {
            app: None,
            until: Some(self.now + TimeDelta::hours(2)),
            actor,
            reason: "red button".into(),
        });
        let entries = self.disarm.clone().into_iter().collect();
        self.feed(&Input::DisarmFile { entries });
    }
}
