//! A version of an app: what the store serves and the health source groups by.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlainText;

/// One build. On Google Play only the version code identifies it (the release name is free text there), so `name` is
/// `None` in a version read from Play; on the App Store the pair of version string and build number does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// Marketing version, `8.43.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PlainText>,
    /// Version code (Play) or `CFBundleVersion` (App Store), as text: `84300`.
    pub build: PlainText,
}

impl Version {
    pub fn from_code(code: impl fmt::Display) -> Self {
        Self {
            name: None,
            build: PlainText::new(&code.to_string()),
        }
    }

    pub fn named(name: &str, build: &str) -> Self {
        Self {
            name: Some(name.into()),
            build: build.into(),
        }
    }

    /// The key under which readings of this version are kept: `84300`, or `8.43.0+84300` on the App Store.
    pub fn key(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}+{}", self.build),
            None => self.build.to_string(),
        }
    }

    /// Builds in the order in which they were made: by number where both are numbers ("9" is before "84300").
    pub fn cmp_build(&self, other: &Self) -> Ordering {
        match (
            self.build.as_str().parse::<u64>(),
            other.build.as_str().parse::<u64>(),
        ) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => self.build.cmp(&other.build),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.pad(&format!("{name} ({})", self.build)),
            None => f.pad(self.build.as_str()),
        }
    }
}
