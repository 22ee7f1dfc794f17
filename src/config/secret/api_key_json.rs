//! fastlane's `api_key.json`: the App Store Connect key with its ids in one file.
//!
//! `{"key_id", "issuer_id", "key", "is_key_content_base64"}`; without `issuer_id` it is an individual key. In the wild `key`
//! also has its line breaks as the two characters `\n`, and `key_filepath` may stand in its place.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;

use super::{BadSecret, key_file};

#[derive(Deserialize)]
struct ApiKey {
    #[serde(rename = "type")]
    kind: Option<String>,
    key_id: Option<String>,
    issuer_id: Option<String>,
    key: Option<String>,
    key_filepath: Option<String>,
    #[serde(default)]
    is_key_content_base64: Option<bool>,
}

/// What such a file says.
pub(super) struct Parts {
    pub(super) pem: SecretString,
    pub(super) key_id: String,
    pub(super) issuer_id: Option<String>,
}

const HELP: &str = "name the .p8 file with key_id and issuer_id, or fastlane's api_key.json";

/// `base`: what a relative `key_filepath` is below.
pub(super) fn parse(text: &str, base: &Path) -> Result<Parts, BadSecret> {
    // serde's own message could repeat a value.
    let raw: ApiKey = serde_json::from_str(text).map_err(|error| {
        BadSecret::new(
            format!(
                "the API key is broken JSON (line {}, column {} of the key)",
                error.line(),
                error.column()
            ),
            HELP,
        )
    })?;
    if raw.kind.is_some() {
        return Err(BadSecret::new(
            "this is a Google key (JSON with a \"type\"), not one of App Store Connect",
            HELP,
        ));
    }
    let key_id = raw
        .key_id
        .filter(|id| !id.is_empty())
        .ok_or_else(|| BadSecret::new("the API key JSON has no key_id", HELP))?;
    let pem = match (raw.key, raw.key_filepath) {
        (Some(key), _) => inline(&key, raw.is_key_content_base64.unwrap_or(false))?,
        (None, Some(path)) => key_file::read(&base.join(path), key_file::Trust::Owner)?,
        (None, None) => return Err(BadSecret::new("the API key JSON has no key", HELP)),
    };
    Ok(Parts {
        pem,
        key_id,
        issuer_id: raw.issuer_id.filter(|id| !id.is_empty()),
    })
}

/// A key given as text: base64 of the PEM where said so, line breaks as `\n` where somebody escaped them twice.
pub(super) fn inline(key: &str, is_base64: bool) -> Result<SecretString, BadSecret> {
    if !is_base64 {
        return Ok(key.trim().replace("\\n", "\n").into());
    }
    let compact: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD
        .decode(compact)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Into::into)
        .ok_or_else(|| BadSecret::new("the key is said to be base64, but is not", HELP))
}
