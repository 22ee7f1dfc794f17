//! Addresses that are secrets: whoever knows one can post there.

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::http::base_url;

/// An address that may be called and is never shown, not even in part.
#[derive(Clone)]
pub(super) struct SecretUrl(Url);

/// What is wrong with an address, without the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("the address is not a URL; write it whole, as the service shows it: https://…")]
    NotAUrl,
    #[error("the address must be https; plain http is for loopback only")]
    PlainHttp,
}

impl SecretUrl {
    pub(super) fn parse(raw: &SecretString) -> Result<Self, BadAddress> {
        let url = Url::parse(raw.expose_secret().trim()).map_err(|_quotes| BadAddress::NotAUrl)?;
        if base_url::may_be_called(&url) {
            Ok(Self(url))
        } else {
            Err(BadAddress::PlainHttp)
        }
    }

    pub(super) fn expose(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret address]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_and_never_shown() {
        let fine = SecretUrl::parse(&" https://hooks.example.com/T0/B0/key\n".into()).unwrap();
        assert_eq!(fine.expose().path(), "/T0/B0/key");
        assert!(!format!("{fine:?}").contains("key"));
        for (raw, error) in [
            ("hooks.example.com/key", BadAddress::NotAUrl),
            ("http://hooks.example.com/key", BadAddress::PlainHttp),
            ("file:///key", BadAddress::PlainHttp),
        ] {
            let refused = SecretUrl::parse(&raw.into()).unwrap_err();
            assert_eq!(refused, error, "{raw}");
            assert!(!refused.to_string().contains("key"));
        }
    }
}
