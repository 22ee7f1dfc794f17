//! `ReviewsListResponse` of the Android Publisher API v3, as far as it is used. Everything in it may be missing.

use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::health::reviews::Opinion;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Page {
    reviews: Vec<Listed>,
    token_pagination: Option<Tokens>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tokens {
    next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    comments: Vec<Comment>,
}

/// The user's word, or the developer's answer to it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Comment {
    user_comment: Option<UserComment>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserComment {
    /// Where there was a title, it stands before a tab.
    text: String,
    /// As it was written, where `text` is a translation.
    original_text: Option<String>,
    last_modified: Option<Instant>,
    star_rating: Option<u8>,
    app_version_code: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Instant {
    #[serde(deserialize_with = "int64")]
    seconds: i64,
    nanos: u32,
}

/// Google writes 64 bits as a text; a number is taken too.
fn int64<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = match Value::deserialize(from)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    number.ok_or_else(|| serde::de::Error::custom("seconds is not a whole number"))
}

impl Page {
    /// What users said: of each review the latest word.
    pub(super) fn comments(&self) -> impl Iterator<Item = UserComment> {
        let latest = |listed: &Listed| {
            let of_users = listed
                .comments
                .iter()
                .filter_map(|c| c.user_comment.as_ref());
            of_users
                .max_by_key(|comment| comment.last_modified.as_ref().map(|at| at.seconds))
                .cloned()
        };
        self.reviews.iter().filter_map(latest)
    }

    /// Of the page after this one.
    pub(super) fn next(&self) -> Option<String> {
        let token = self.token_pagination.as_ref()?.next_page_token.clone()?;
        (!token.is_empty()).then_some(token)
    }
}

impl UserComment {
    /// `whose` gives the key of a version code. `None` without stars or a time.
    pub(super) fn opinion(&self, whose: impl FnOnce(i64) -> String) -> Option<Opinion> {
        let at = self.last_modified.as_ref()?;
        let text = self.original_text.as_ref().unwrap_or(&self.text);
        let (title, text) = text.split_once('\t').unwrap_or(("", text));
        Some(Opinion {
            at: DateTime::from_timestamp(at.seconds, at.nanos)?,
            stars: self.star_rating.filter(|stars| (1..=5).contains(stars))?,
            title: title.into(),
            text: text.into(),
            version: self.app_version_code.filter(|code| *code > 0).map(whose),
        })
    }
}
