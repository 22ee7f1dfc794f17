//! A Google service account's key file (`"type": "service_account"`), and the assertions it signs.

use std::fmt;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::{Failure, FailureKind, Timestamp};
use crate::http::BaseUrl;
use crate::http::base_url::BadBaseUrl;

/// Longest life of an assertion that Google takes.
const ASSERTION_LIFE: TimeDelta = TimeDelta::seconds(3600);

/// Why a key file cannot be used. Never quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key is a PEM file, not a service account's JSON key")]
    Pem,
    #[error("the key is not JSON: {why} at line {line} column {column}")]
    NotJson {
        why: &'static str,
        line: usize,
        column: usize,
    },
    #[error("the key has no \"type\"; a service account's key says \"service_account\" there")]
    NoType,
    #[error("the key is of type {0:?}, not \"service_account\"")]
    OtherType(String),
    #[error("the key has no {0:?}, or it is empty")]
    Missing(&'static str),
    #[error("the key's token_uri: {0}")]
    TokenUri(#[from] BadBaseUrl),
    #[error("the key's private_key is not a complete PEM block: cut off or altered")]
    BrokenPem,
    #[error("the key's private_key is not an RSA key, or it is damaged")]
    NotRsa,
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let hint = match &error {
            KeyError::Pem => {
                "give the JSON file that Google Cloud made, not a .p8 or .pem taken from it"
            }
            KeyError::OtherType(_) | KeyError::NoType => {
                "a person's or an OAuth client's credentials do not work here: in Google Cloud, IAM, Service accounts, Keys, add a JSON key"
            }
            KeyError::TokenUri(_) => {
                "Google's own key files say https://oauth2.googleapis.com/token"
            }
            KeyError::NotJson { .. }
            | KeyError::Missing(_)
            | KeyError::BrokenPem
            | KeyError::NotRsa => {
                "copy the file again as Google Cloud made it, byte for byte, or make a new JSON key"
            }
        };
        Self::new(FailureKind::Credentials, error.to_string()).hint(hint)
    }
}

/// A key that has been tried: it signs.
#[derive(Clone)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    token_uri: Url,
    key: EncodingKey,
}

#[derive(Deserialize)]
struct KeyFile {
    r#type: Option<String>,
    client_email: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<String>,
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl ServiceAccount {
    /// Reads a key file's text and signs once with it, so that a bad key is found now and not at the first halt.
    pub fn parse(json: &SecretString) -> Result<Self, KeyError> {
        let text = json.expose_secret().trim_start_matches('\u{feff}');
        if text.trim_start().starts_with("-----BEGIN") {
            return Err(KeyError::Pem);
        }
        let file: KeyFile = serde_json::from_str(text).map_err(|e| KeyError::NotJson {
            why: match e.classify() {
                serde_json::error::Category::Eof => "it ends too early",
                serde_json::error::Category::Data => "a field of another type",
                _ => "a syntax error",
            },
            line: e.line(),
            column: e.column(),
        })?;
        match file.r#type.as_deref() {
            Some("service_account") => {}
            Some(other) => return Err(KeyError::OtherType(other.chars().take(40).collect())),
            None => return Err(KeyError::NoType),
        }
        let token_uri = BaseUrl::parse(&present("token_uri", file.token_uri)?)?.join(&[]);
        let pem = SecretString::from(present("private_key", file.private_key)?);
        if !pem.expose_secret().trim_end().ends_with("-----") {
            return Err(KeyError::BrokenPem);
        }
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|e| match e
            .kind()
        {
            jsonwebtoken::errors::ErrorKind::InvalidKeyFormat => KeyError::NotRsa,
            _ => KeyError::BrokenPem,
        })?;
        let account = Self {
            email: present("client_email", file.client_email)?,
            key_id: present("private_key_id", file.private_key_id)?,
            token_uri,
            key,
        };
        account.assertion("", Timestamp::UNIX_EPOCH)?;
        Ok(account)
    }

    pub fn email(&self) -> &str {
        &self.email
    }

    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Where assertions are traded for tokens; their `aud`.
    pub fn token_uri(&self) -> &Url {
        &self.token_uri
    }

    /// A signed assertion for `scope` (space separated), issued at `now`.
    pub fn assertion(&self, scope: &str, now: Timestamp) -> Result<SecretString, KeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        let claims = Claims {
            iss: &self.email,
            scope,
            aud: self.token_uri.as_str(),
            iat: now.timestamp(),
            exp: (now + ASSERTION_LIFE).timestamp(),
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map(SecretString::from)
            .map_err(|_quotes_nothing_useful| KeyError::NotRsa)
    }
}

fn present(name: &'static str, value: Option<String>) -> Result<String, KeyError> {
    value
        .filter(|value| !value.trim().is_empty())
        .ok_or(KeyError::Missing(name))
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}
