//! App Store Connect's key: a `.p8` (PKCS#8 PEM, P-256) with its ids, or fastlane's `api_key.json`.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{BadSecret, Found, KeyType, api_key_json, pem_key_type};

/// The key and what it says of itself.
pub(in crate::config) struct AppStoreKey {
    /// PEM
    pub(in crate::config) pem: SecretString,
    /// `None` where only the config can know.
    pub(in crate::config) key_id: Option<String>,
    pub(in crate::config) issuer_id: Option<String>,
}

const HELP: &str =
    "create a key under Users and Access, Integrations in App Store Connect, and download its .p8";

impl AppStoreKey {
    pub(in crate::config) fn of(found: &Found, base: &Path) -> Result<Self, BadSecret> {
        let text = found.secret.expose_secret();
        if !text.starts_with('{') {
            let file_name = found.file.as_deref().and_then(Path::file_stem);
            let key_id = file_name
                .and_then(|stem| stem.to_str()?.strip_prefix("AuthKey_"))
                .map(str::to_owned);
            return Self::new(api_key_json::inline(text, false)?, key_id, None);
        }
        let base = found.file.as_deref().and_then(Path::parent).unwrap_or(base);
        let parts = api_key_json::parse(text, base)?;
        Self::new(parts.pem, Some(parts.key_id), parts.issuer_id)
    }

    /// Checks that `pem` is the right kind of key.
    pub(super) fn new(
        pem: SecretString,
        key_id: Option<String>,
        issuer_id: Option<String>,
    ) -> Result<Self, BadSecret> {
        let what = match pem_key_type(pem.expose_secret()) {
            Some(KeyType::P256) => {
                return Ok(Self {
                    pem,
                    key_id,
                    issuer_id,
                });
            }
            Some(KeyType::Rsa) => "an RSA key",
            Some(KeyType::OtherCurve) => "a key of another curve than P-256",
            Some(KeyType::Unknown) => "a key of another kind",
            None if pem.expose_secret().contains("BEGIN EC PRIVATE KEY") => {
                "an EC key in the older SEC 1 form"
            }
            None if pem.expose_secret().contains("CERTIFICATE") => "a certificate",
            None => "no PEM block of a private key",
        };
        Err(BadSecret::new(
            format!("App Store Connect wants a .p8 key (EC P-256, PKCS#8); this is {what}"),
            HELP,
        ))
    }
}
