//! Which app, on which store.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An app as the config names it: `shop-android`. One app is one package on one store.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9][a-z0-9._-]{0,63}$"))]
pub struct AppId(String);

/// What an app id may be made of, as a sentence for an error message.
#[derive(Debug, thiserror::Error)]
#[error(
    "an app id is 1 to 64 of a-z, 0-9, '-', '_' and '.', and starts with a letter or digit; found {0:?}"
)]
pub struct BadAppId(String);

impl AppId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AppId {
    type Error = BadAppId;

    fn try_from(raw: String) -> Result<Self, BadAppId> {
        let fine =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let starts = raw
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        if starts && raw.len() <= 64 && raw.chars().all(fine) {
            Ok(Self(raw))
        } else {
            Err(BadAppId(raw))
        }
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> Self {
        id.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The two stores. What differs between them is asked here, so that no operator has to remember it.
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
pub enum StoreKind {
    GooglePlay,
    AppStore,
}

impl StoreKind {
    /// Where people see their apps there.
    pub fn console(self) -> &'static str {
        match self {
            Self::GooglePlay => "https://play.google.com/console",
            Self::AppStore => "https://appstoreconnect.apple.com/apps",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::GooglePlay => "Google Play",
            Self::AppStore => "App Store",
        }
    }

    /// As the config says it, and whatever is counted or told by a store.
    pub fn word(self) -> &'static str {
        match self {
            Self::GooglePlay => "google-play",
            Self::AppStore => "app-store",
        }
    }

    pub fn platform(self) -> &'static str {
        match self {
            Self::GooglePlay => "Android",
            Self::AppStore => "iOS",
        }
    }

    /// How this store calls a release that has been stopped: Play serves it to nobody new, Apple only freezes the daily step.
    pub fn stopped_word(self) -> &'static str {
        match self {
            Self::GooglePlay => "halted",
            Self::AppStore => "paused",
        }
    }
}
