//! Who may do what: roles by name.
//!
//! Names are what a person's login says, so that this guards against mistakes, not against somebody who may write the journal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{Actor, PlainText};

/// What a person may do. Each may do what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Moves rollouts, approves, tightens policies.
    Operator,
    /// Lifts halts, loosens policies.
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn named(self) -> &'static str {
        match self {
            Self::Viewer => "a viewer",
            Self::Operator => "an operator",
            Self::Admin => "an admin",
        }
    }
}

/// `[access]`. Where nobody is named, everybody is an admin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub admins: BTreeSet<PlainText>,
    pub operators: BTreeSet<PlainText>,
    /// A loosening takes a second person.
    pub two_person: bool,
}

impl Access {
    pub fn role_of(&self, actor: &Actor) -> Role {
        let Actor::Person { name, .. } = actor else {
            return Role::Viewer;
        };
        let nobody = self.admins.is_empty() && self.operators.is_empty();
        if nobody || self.admins.contains(name) {
            Role::Admin
        } else if self.operators.contains(name) {
            Role::Operator
        } else {
            Role::Viewer
        }
    }

    /// Refuses whoever may not, in words that name who could.
    ///
    /// # Errors
    /// What it takes, and whom to ask.
    pub fn permit(&self, actor: &Actor, needed: Role, what: &str) -> Result<(), String> {
        let role = self.role_of(actor);
        if role >= needed {
            return Ok(());
        }
        let operators = self.operators.iter().filter(|_| needed < Role::Admin);
        let able: BTreeSet<&str> = self
            .admins
            .iter()
            .chain(operators)
            .map(PlainText::as_str)
            .collect();
        let ask = if able.is_empty() {
            "[access] names nobody who may".to_owned()
        } else {
            format!("ask {}", able.into_iter().collect::<Vec<_>>().join(" or "))
        };
        let takes = needed.named();
        Err(format!(
            "{what} takes {takes}, and {actor} is {}: {ask}",
            role.named()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Actor {
        let (name, host) = (name.into(), "laptop".into());
        Actor::Person { name, host }
    }

    #[test]
    fn who_may_not_is_told_who_could() {
        let access = Access {
            admins: ["alice".into()].into(),
            operators: ["bob".into(), "carol".into()].into(),
            two_person: false,
        };
        assert_eq!(access.permit(&person("alice"), Role::Admin, "that"), Ok(()));
        assert_eq!(
            access.permit(&person("bob"), Role::Operator, "that"),
            Ok(())
        );
        let refused = |name, role| {
            access
                .permit(&person(name), role, "lifting a halt")
                .unwrap_err()
        };
        assert_eq!(
            refused("bob", Role::Admin),
            "lifting a halt takes an admin, and @bob on laptop is an operator: ask alice"
        );
        assert_eq!(
            refused("dave", Role::Operator),
            "lifting a halt takes an operator, and @dave on laptop is a viewer: ask alice or bob or carol"
        );
        // Where nobody is named, everybody may; a machine is nobody.
        let open = Access::default();
        assert_eq!(open.permit(&person("dave"), Role::Admin, "that"), Ok(()));
        assert!(
            open.permit(&Actor::Haltline, Role::Operator, "that")
                .is_err()
        );
    }
}
