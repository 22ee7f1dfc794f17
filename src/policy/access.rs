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
}
