//! Who did something.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exposure, PlainText};

/// The author of an act or a change, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Actor {
    /// A rule of the policy, acting by itself.
    Rule { id: PlainText },
    /// A person who acted through haltline: login name and host.
    Person { name: PlainText, host: PlainText },
    /// An open gate of the policy: it leads to the stage of this exposure.
    Gate { stage: Exposure },
    /// A plan that ties apps together.
    Plan { name: PlainText },
    /// Somebody who changed the store without haltline (a console, a CI job).
    Outside,
    /// haltline itself: recovery after a crash, expiry of a disarm.
    Haltline,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { id } => write!(f, "rule {id}"),
            Self::Person { name, host } if host.is_empty() => write!(f, "@{name}"),
            Self::Person { name, host } => write!(f, "@{name} on {host}"),
            Self::Gate { stage } => write!(f, "the gate to {stage}"),
            Self::Plan { name } => write!(f, "plan {name}"),
            Self::Outside => f.write_str("somebody outside haltline"),
            Self::Haltline => f.write_str("haltline"),
        }
    }
}
