//! Signatures as the Standard Webhooks specification has them, symmetric, version 1:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::Timestamp;

const PREFIX: &str = "whsec_";
/// Bytes of a key.
const SHORTEST: usize = 24;
const LONGEST: usize = 64;

/// What is wrong with a secret, without the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    #[error(
        "a signing secret is {PREFIX} and then base64; make one with: echo {PREFIX}$(openssl rand -base64 32)"
    )]
    NotASecret,
    #[error("a signing secret has {SHORTEST} to {LONGEST} bytes; this one has {0}")]
    Length(usize),
}

/// Signs with every secret that a receiver may know, the newest first.
pub(super) struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    pub(super) fn new(secret: &SecretString) -> Result<Self, BadSecret> {
        let words = secret.expose_secret().split_whitespace();
        let keys: Vec<hmac::Key> = words.map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(BadSecret::NotASecret);
        }
        Ok(Self { keys })
    }

    /// The `webhook-signature` header of exactly this body.
    pub(super) fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let signed = format!("{id}.{}.{body}", at.timestamp());
        let signatures = self.keys.iter().map(|key| {
            let tag = hmac::sign(key, signed.as_bytes());
            format!("v1,{}", STANDARD.encode(tag))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn key(word: &str) -> Result<hmac::Key, BadSecret> {
    let raw = word.strip_prefix(PREFIX).ok_or(BadSecret::NotASecret)?;
    let bytes = STANDARD
        .decode(raw)
        .map_err(|_quotes| BadSecret::NotASecret)?;
    if (SHORTEST..=LONGEST).contains(&bytes.len()) {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    } else {
        Err(BadSecret::Length(bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn sign(secrets: &str) -> Result<String, BadSecret> {
        let at = chrono::DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signer = Signer::new(&secrets.into())?;
        Ok(signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        ))
    }

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(sign(SECRET).unwrap(), SIGNATURE);
    }

    #[test]
    fn while_a_secret_is_exchanged_both_sign() {
        let new = format!("whsec_{}", STANDARD.encode([7; 32]));
        let both = sign(&format!("{new}\n{SECRET}\n")).unwrap();
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, sign(&new).unwrap());
        assert_eq!(second, SIGNATURE);
    }

    #[test]
    fn what_is_no_secret_is_refused_unseen() {
        let short = format!("whsec_{}", STANDARD.encode([7; 8]));
        for (secret, error) in [
            ("", BadSecret::NotASecret),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", BadSecret::NotASecret),
            ("whsec_not base64", BadSecret::NotASecret),
            (short.as_str(), BadSecret::Length(8)),
        ] {
            assert_eq!(sign(secret).unwrap_err(), error, "{secret}");
        }
    }
}
