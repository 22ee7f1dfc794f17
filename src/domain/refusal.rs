//! Why something that a person asked for is not done: in words for them, and of which kind for programs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlainText;

/// A refusal: nothing was done, unless its kind says that this is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Journals of haltline 0.1 do not say it.
    #[serde(default)]
    pub kind: RefusalKind,
    /// What, why, and what to do about it.
    pub why: PlainText,
}

/// What a refusal means for whoever asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// Another person might: this one may not.
    Rights,
    /// There is no such app.
    NotFound,
    /// It is not as the asker thinks: look again, then ask again.
    Stale,
    /// As things are it cannot be done, by anybody.
    #[default]
    State,
    /// Nobody has answered: it may be done yet.
    Unanswered,
}

impl RefusalKind {
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Refusal {
    pub fn new(kind: RefusalKind, why: impl Into<PlainText>) -> Self {
        Self {
            kind,
            why: why.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

/// Most refusals are of what things are like.
impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::new(RefusalKind::State, why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Self::new(RefusalKind::State, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ActReply;

    #[test]
    fn what_an_old_journal_has_of_a_refusal_is_read() {
        let old = r#"{"reply":"refused","why":"it is not stopped"}"#;
        let reply: ActReply = serde_json::from_str(old).unwrap();
        assert_eq!(reply, ActReply::Refused("it is not stopped".into()));
        let new = r#"{"reply":"refused","kind":"rights","why":"ask alice"}"#;
        let reply: ActReply = serde_json::from_str(new).unwrap();
        assert_eq!(
            reply,
            ActReply::Refused(Refusal::new(RefusalKind::Rights, "ask alice"))
        );
        assert_eq!(serde_json::to_string(&reply).unwrap(), new);
    }
}
