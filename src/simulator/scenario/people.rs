//! What people ask haltline for while a scenario runs: the acts of its command line, each at its time.

use serde::Deserialize;

use super::{Scenario, Span};
use crate::domain::{
    Act, ActRequest, Actor, AppId, Exposure, Fix, PlainText, PolicyChange, RuleOverride, Timestamp,
    Verb,
};

/// `[[person]]`: what somebody asks for, and when.
#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    pub after: Span,
    /// Login name.
    pub by: PlainText,
    /// Only to disarm and arm is it left out: for every app.
    #[serde(default)]
    pub app: Option<AppId>,
    #[serde(default = "unsaid")]
    pub reason: PlainText,
    #[serde(flatten)]
    pub asks: Asks,
}

/// `do = …`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Asks {
    Start {
        #[serde(default)]
        to: Option<Exposure>,
    },
    Advance {
        #[serde(default)]
        to: Option<Exposure>,
    },
    Hold,
    Pause,
    Halt,
    Resume,
    Complete,
    Postpone,
    Acknowledge,
    Approve,
    Disarm {
        #[serde(rename = "for")]
        span: Span,
    },
    Arm,
    Declare {
        flow: PlainText,
        fix: Fix,
    },
    Withdraw {
        flow: PlainText,
    },
    /// `policy apply`, from a file that says `toml` below `[policy.NAME]` by now.
    Apply {
        #[serde(default = "ready_policy")]
        policy: PlainText,
        toml: String,
    },
    /// With `with = "off"`, `with = "limit", limit = …` or `with = "action", action = …`.
    Override {
        rule: PlainText,
        #[serde(rename = "for")]
        span: Span,
        #[serde(flatten)]
        with: RuleOverride,
    },
    EndOverride {
        rule: PlainText,
    },
}

impl Scenario {
    /// What haltline will be asked for, earliest first, in a world that began at `start`.
    pub fn asked(&self, start: Timestamp) -> Vec<(Timestamp, ActRequest)> {
        (1..)
            .zip(&self.people)
            .map(|(number, person)| {
                let at = start + person.after.0;
                let request = ActRequest {
                    id: format!("person-{number}"),
                    app: person.app.clone(),
                    act: person.asks.act(at),
                    actor: Actor::Person {
                        name: person.by.clone(),
                        host: PlainText::default(),
                    },
                    standing: crate::domain::Standing::default(),
                    reason: person.reason.clone(),
                    expect: None,
                };
                (at, request)
            })
            .collect()
    }
}

impl Asks {
    fn act(&self, at: Timestamp) -> Act {
        let plain = |verb| Act::Do { verb, to: None };
        match self.clone() {
            Self::Start { to } => Act::Do {
                verb: Verb::Start,
                to,
            },
            Self::Advance { to } => Act::Do {
                verb: Verb::Advance,
                to,
            },
            Self::Hold => plain(Verb::Hold),
            Self::Pause => plain(Verb::Pause),
            Self::Halt => plain(Verb::Halt),
            Self::Resume => plain(Verb::Resume),
            Self::Complete => plain(Verb::Complete),
            Self::Postpone => Act::Postpone,
            Self::Acknowledge => Act::Acknowledge,
            Self::Approve => Act::Approve,
            Self::Disarm { span } => Act::Disarm { until: at + span.0 },
            Self::Arm => Act::Arm,
            Self::Declare { flow, fix } => Act::Declare { flow, fix },
            Self::Withdraw { flow } => Act::Withdraw { flow },
            Self::Apply { policy: name, toml } => change(PolicyChange::Apply { name, toml }),
            Self::Override { rule, span, with } => change(PolicyChange::Override {
                rule,
                with,
                seconds: u32::try_from(span.0.num_seconds()).unwrap_or(0),
            }),
            Self::EndOverride { rule } => change(PolicyChange::EndOverride { rule }),
        }
    }
}

fn change(change: PolicyChange) -> Act {
    Act::Change { change }
}

fn unsaid() -> PlainText {
    "it is in the scenario".into()
}

fn ready_policy() -> PlainText {
    super::READY_POLICY.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_ask_for_what_the_command_line_has() {
        let people = r#"
            [[person]]
            after = "2h"
            by = "bob"
            app = "shop-android"
            do = "override"
            rule = "crash-free-floor"
            for = "2h"
            with = "limit"
            limit = "99.5%"
            [[person]]
            after = "1h"
            by = "alice"
            app = "shop-android"
            do = "start"
            to = "8%"
            reason = "it is Monday"
            [[person]]
            after = "3h"
            by = "alice"
            do = "disarm"
            for = "30m"
        "#;
        let healthy = include_str!("../../../assets/scenarios/healthy.toml");
        let scenario = Scenario::parse("test", &format!("{healthy}\n{people}")).unwrap();
        let asked = scenario.asked(scenario.start);
        let hours = |hours| scenario.start + chrono::TimeDelta::hours(hours);
        let acts: Vec<_> = asked.iter().map(|(at, r)| (*at, r.act.clone())).collect();
        assert_eq!(
            acts,
            [
                (
                    hours(1),
                    Act::Do {
                        verb: Verb::Start,
                        to: Some(Exposure::from_percent(8))
                    }
                ),
                (
                    hours(2),
                    change(PolicyChange::Override {
                        rule: "crash-free-floor".into(),
                        with: RuleOverride::Limit {
                            limit: "99.5%".into()
                        },
                        seconds: 7200,
                    })
                ),
                (
                    hours(3),
                    Act::Disarm {
                        until: hours(3) + chrono::TimeDelta::minutes(30)
                    }
                ),
            ]
        );
        assert_eq!(asked[0].1.reason.as_str(), "it is Monday");
        assert_eq!(asked[0].1.actor.to_string(), "@alice");
        for (bad, says) in [
            ("app = \"shop-android\"\ndo = \"promote\"", "promote"),
            ("app = \"shop\"\ndo = \"approve\"", "shop"),
            ("do = \"approve\"", "names no app"),
        ] {
            let text = format!("{healthy}\n[[person]]\nafter = \"1h\"\nby = \"bob\"\n{bad}\n");
            let error = Scenario::parse("test", &text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
