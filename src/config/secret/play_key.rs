//! Google Play's key: the JSON of a service account.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{BadSecret, KeyType, pem_key_type};

/// Only what tells whether this is the right kind of key; the adapter reads the rest.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    key_id: Option<String>,
}

/// Checks that this is a service account's key, and says what it is where it is not.
pub(in crate::config) fn check(key: &SecretString) -> Result<(), BadSecret> {
    let text = key.expose_secret();
    if let Some(kind) = pem_key_type(text) {
        let what = match kind {
            KeyType::P256 | KeyType::OtherCurve => "an App Store Connect key (.p8)",
            KeyType::Rsa | KeyType::Unknown => "a bare private key (PEM)",
        };
        return Err(wrong(what));
    }
    // serde's own message could repeat a value.
    let shape: Shape = serde_json::from_str(text).map_err(|error| {
        BadSecret::new(
            format!(
                "this is not JSON, or not a key's (line {}, column {} of the key)",
                error.line(),
                error.column()
            ),
            HELP,
        )
    })?;
    match shape.kind.as_deref() {
        Some("service_account") => {}
        Some("authorized_user") => return Err(wrong("the login of a person (authorized_user)")),
        Some("external_account") => {
            return Err(wrong("a workload identity (external_account)"));
        }
        None if shape.key_id.is_some() => {
            return Err(wrong("an App Store Connect key (api_key.json)"));
        }
        _ => return Err(wrong("JSON of another type")),
    }
    if shape.client_email.is_none_or(|email| email.is_empty()) {
        return Err(BadSecret::new("the key has no client_email", HELP));
    }
    match shape.private_key.as_deref().and_then(pem_key_type) {
        Some(KeyType::Rsa) => Ok(()),
        _ => Err(BadSecret::new(
            "the key's private_key is not an RSA key in PEM",
            HELP,
        )),
    }
}

const HELP: &str = "create a JSON key of a service account in the Google Cloud console, and give the account its rights in the \
     Play console";

fn wrong(what: &str) -> BadSecret {
    BadSecret::new(
        format!("Google Play wants the JSON key of a service account; this is {what}"),
        HELP,
    )
}
