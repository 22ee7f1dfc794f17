//! JSON:API as Apple speaks it: resources without order, joined by relationships, with nulls where the specification has none.
//!
//! Attributes are looked at one by one, so that surplus, missing or null fields of parts that nobody asked for break nothing.

use serde::Deserialize;
use serde_json::Value;

use super::error::Malformed;

/// A document with a list.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    pub(super) data: Vec<Resource>,
    #[serde(default)]
    pub(super) included: Option<Vec<Resource>>,
    #[serde(default)]
    pub(super) links: Option<Links>,
}

/// A document with one resource, or with `{"data":null}`.
#[derive(Debug, Deserialize)]
pub(super) struct Single {
    pub(super) data: Option<Resource>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// One resource object.
#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
    #[serde(default)]
    attributes: Value,
    #[serde(default)]
    relationships: Value,
}

/// Where a to-one relationship leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Related<'a> {
    /// The answer does not say: only links, or nothing.
    Unsaid,
    /// Surely nowhere: `data` is null.
    Nowhere,
    To {
        kind: &'a str,
        id: &'a str,
    },
}

impl Resource {
    /// A text attribute; `None` where it is absent or null.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Malformed> {
        match self.attributes.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    /// A whole number; `None` where it is absent or null.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>, Malformed> {
        match self.attributes.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| self.wrong(name, "a whole number")),
        }
    }

    pub(super) fn related(&self, name: &str) -> Related<'_> {
        let Some(data) = self
            .relationships
            .get(name)
            .and_then(|relationship| relationship.get("data"))
        else {
            return Related::Unsaid;
        };
        let part = |name| data.get(name).and_then(Value::as_str);
        match (part("type"), part("id")) {
            (Some(kind), Some(id)) => Related::To { kind, id },
            _ if data.is_null() => Related::Nowhere,
            _ => Related::Unsaid,
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> Malformed {
        Malformed(format!("{name} of {} is not {wanted}", self.kind))
    }
}

/// The body of a refusal; everything in it may be missing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusals {
    #[serde(default)]
    pub(super) errors: Option<Vec<Refusal>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) detail: Option<String>,
}
