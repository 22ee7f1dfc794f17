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

    /// Another release is ready to be begun.
    pub(in crate::engine::tests) fn upload(&mut self) {
        self.waiting = Some(ReleaseView {
            version: Version::from_code(43),
            status: Status::Draft,
            exposure: Exposure::NONE,
            ..self.store.clone()
        });
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
