//! What each act takes of whoever asks for it: one table, by which the engine refuses and the screen says so beforehand.
//!
//! Who somebody is, is [`super::access`]'s. Whether an act can be done as things are is the engine's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Role;
use crate::domain::{Act, Exposure, Verb};

/// Who would have to open the gates that an act goes past. An operator may do everything where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Stakes {
    pub start: Role,
    pub advance: Role,
    pub complete: Role,
    pub resume: Role,
    /// Who may approve what waits for an approval.
    pub approve: Role,
    /// The stage that an approval is for; none: it would be for a change of the policy, or for nothing.
    pub approves: Option<Exposure>,
}

impl Default for Stakes {
    fn default() -> Self {
        let usual = Role::Operator;
        Self {
            start: usual,
            advance: usual,
            complete: usual,
            resume: usual,
            approve: usual,
            approves: None,
        }
    }
}

impl Stakes {
    /// Nothing takes more than an operator.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What an act takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takes {
    pub role: Role,
    /// As the subject of a sentence: `lifting a halt`.
    pub what: String,
    /// The watcher's own user and root may whatever `[access]` says: they could do it in its files as well.
    pub own: bool,
}

impl Takes {
    pub fn allows(&self, role: Role, own: bool) -> bool {
        role >= self.role || (self.own && own)
    }
}

/// Of a change of a policy the least: whether it loosens anything is for the engine to weigh, and then takes an admin.
/// `latched`: it was stopped by a halt.
pub fn takes(act: &Act, latched: bool, stakes: &Stakes) -> Takes {
    let (role, what) = match act {
        Act::Do {
            verb: Verb::Resume, ..
        } if latched => (Role::Admin, "lifting a halt".into()),
        Act::Do { verb, .. } => moving(*verb, stakes),
        Act::Approve => approving(stakes),
        Act::Postpone => (Role::Operator, "holding an announced act".into()),
        Act::Acknowledge => (Role::Operator, "acknowledging".into()),
        Act::Note { .. } => (Role::Operator, "a note".into()),
        Act::Disarm { .. } => (Role::Operator, "stopping automation".into()),
        Act::Arm => (Role::Operator, "arming automation".into()),
        Act::Declare { .. } | Act::Withdraw { .. } => {
            (Role::Operator, "declaring a critical flow".into())
        }
        Act::Change { .. } => (Role::Operator, "changing a policy".into()),
        // Whoever could do it at the store may say so.
        Act::Report { .. } => (
            Role::Operator,
            "telling what was done at the store".to_owned(),
        ),
    };
    let own = matches!(
        act,
        Act::Acknowledge | Act::Note { .. } | Act::Disarm { .. } | Act::Arm
    );
    Takes { role, what, own }
}

fn moving(verb: Verb, stakes: &Stakes) -> (Role, String) {
    let role = match verb {
        Verb::Start => stakes.start,
        Verb::Advance => stakes.advance,
        Verb::Complete => stakes.complete,
        Verb::Resume => stakes.resume,
        Verb::Hold | Verb::Pause | Verb::Halt => Role::Operator,
    };
    let what = match role {
        Role::Admin => format!("to {verb} past a gate that an admin opens"),
        Role::Viewer | Role::Operator => format!("to {verb} a rollout"),
    };
    (role, what)
}

fn approving(stakes: &Stakes) -> (Role, String) {
    let what = match (stakes.approves, stakes.approve) {
        (Some(stage), _) => format!("approving {stage}"),
        (None, Role::Admin) => "agreeing to a looser policy".into(),
        (None, Role::Viewer | Role::Operator) => "an approval".into(),
    };
    (stakes.approve, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_watchers_files_could_do_as_well_is_its_own_users() {
        let usual = Stakes::default();
        let verb = |verb| Act::Do { verb, to: None };
        assert!(takes(&Act::Arm, false, &usual).allows(Role::Viewer, true));
        assert!(!takes(&Act::Arm, false, &usual).allows(Role::Viewer, false));
        assert!(!takes(&verb(Verb::Halt), false, &usual).allows(Role::Viewer, true));
        assert!(takes(&verb(Verb::Halt), false, &usual).allows(Role::Operator, false));
    }

    #[test]
    fn what_an_admin_opens_is_not_gone_past_by_an_operator() {
        let stakes = Stakes {
            complete: Role::Admin,
            ..Stakes::default()
        };
        let act = |verb| takes(&Act::Do { verb, to: None }, false, &stakes);
        assert!(act(Verb::Advance).allows(Role::Operator, true));
        assert!(!act(Verb::Complete).allows(Role::Operator, true));
        assert_eq!(
            act(Verb::Complete).what,
            "to complete past a gate that an admin opens"
        );
        let read: Stakes = serde_json::from_str(r#"{"complete":"admin"}"#).unwrap();
        assert_eq!(read, stakes);
    }
}
