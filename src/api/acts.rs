//! An act over the wire, `POST /v1/acts`: everything of a request but who asks, which is for the server to find out.
//!
//! ```json
//! {"id": "4711-1", "app": "shop-android", "act": "do", "verb": "halt", "reason": "crashes at checkout"}
//! ```

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Act, ActRequest, Actor, AppId, PlainText, Standing};

/// What a client says. What else is in it is not looked at: an `actor` least of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AskedAct {
    /// The idempotency key, chosen by the client: asking twice with one id is asking once.
    pub id: String,
    /// Left out for every app: for disarm and arm alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    #[serde(flatten)]
    pub act: Act,
    #[serde(default)]
    pub reason: PlainText,
    /// Refuse unless the app still is at this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u64>,
}

impl AskedAct {
    /// The request, once it is known who asks.
    pub fn by(self, actor: Actor, standing: Standing) -> ActRequest {
        let Self {
            id,
            app,
            act,
            reason,
            expect,
        } = self;
        ActRequest {
            id,
            app,
            act,
            actor,
            standing,
            reason,
            expect,
        }
    }
}

impl From<ActRequest> for AskedAct {
    fn from(request: ActRequest) -> Self {
        let ActRequest {
            id,
            app,
            act,
            reason,
            expect,
            ..
        } = request;
        Self {
            id,
            app,
            act,
            reason,
            expect,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::{Exposure, Failure, FailureKind, Fix, PolicyChange, Verb};

    fn asked(act: Act) -> AskedAct {
        AskedAct {
            id: "4711-1".into(),
            app: AppId::try_from("shop-android".to_owned()).ok(),
            act,
            reason: "crashes at checkout".into(),
            expect: Some(7),
        }
    }

    #[test]
    fn every_act_survives_the_way() {
        let at = DateTime::UNIX_EPOCH;
        let rule = PlainText::from("floor");
        let acts = [
            Act::Do {
                verb: Verb::Advance,
                to: Some(Exposure::FULL),
            },
            Act::Postpone,
            Act::Acknowledge,
            Act::Note { text: "id".into() },
            Act::Disarm { until: at },
            Act::Arm,
            Act::Approve,
            Act::Declare {
                flow: "checkout".into(),
                fix: Fix::Unknown,
            },
            Act::Withdraw {
                flow: "checkout".into(),
            },
            Act::Change {
                change: PolicyChange::EndOverride { rule },
            },
            Act::Report {
                verb: Verb::Halt,
                at,
                outcome: Err(Failure::new(FailureKind::Ambiguous, "no answer")),
            },
        ];
        for act in acts {
            let asked = asked(act);
            let text = serde_json::to_string(&asked).unwrap();
            let back: AskedAct = serde_json::from_str(&text).expect(&text);
            assert_eq!(back, asked, "{text}");
        }
    }

    #[test]
    fn it_is_short_by_hand_and_nobody_says_who_they_are() {
        let text = r#"{"id": "1", "app": "shop", "act": "do", "verb": "halt", "reason": "bad",
            "actor": {"kind": "person", "name": "root", "host": "x"}, "standing": {"own": true}}"#;
        let asked: AskedAct = serde_json::from_str(text).unwrap();
        let guest = Actor::Person {
            name: "bob".into(),
            host: "jump-1".into(),
        };
        let standing = Standing {
            own: false,
            groups: ["users".into()].into(),
        };
        let request = asked.by(guest.clone(), standing.clone());
        assert_eq!((request.actor, request.standing), (guest, standing));
        assert_eq!(
            request.act,
            Act::Do {
                verb: Verb::Halt,
                to: None
            }
        );
        let app = AppId::try_from("shop".to_owned()).ok();
        assert_eq!((request.app, request.expect), (app, None));
    }
}
