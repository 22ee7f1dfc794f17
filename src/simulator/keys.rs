//! The credentials of a simulated world: made when it starts, good for nothing else.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::DecodingKey;
use serde_json::json;

use super::fault::Vendor;

/// What a client of the fake vendors signs in with, and what the vendors know of it.
pub struct Keys {
    pub service_account: ServiceAccount,
    pub app_store: AppStoreKey,
    /// Bearer token of the Sentry organization.
    pub sentry_token: String,
}

/// A Google service account.
pub struct ServiceAccount {
    pub client_email: String,
    pub private_key_id: String,
    private_key: String,
    pub public: DecodingKey,
}

/// A team key of App Store Connect; the same key with `sub = "user"` and no issuer passes as an individual one.
pub struct AppStoreKey {
    pub key_id: String,
    pub issuer_id: String,
    /// PEM, as Apple gives it out.
    pub p8: String,
    pub public: DecodingKey,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot make the keys of the simulated world: the random source of this machine failed")]
pub struct KeyError;

impl Keys {
    /// Token of a vendor that has no sign-in of its own: follows from the seed.
    pub fn token(&self, vendor: Vendor) -> String {
        match vendor {
            Vendor::Sentry => self.sentry_token.clone(),
            other => format!(
                "sim-{}-{}",
                other.key().replace('_', "-"),
                self.app_store.key_id
            ),
        }
    }

    /// Datadog wants a second key beside [`Keys::token`].
    pub fn datadog_app_key(&self) -> String {
        format!("{}-app", self.token(Vendor::Datadog))
    }

    /// New keys; the names and the token follow from `seed`, the key material does not.
    pub fn generate(seed: u64) -> Result<Self, KeyError> {
        Ok(Self {
            service_account: ServiceAccount::generate(seed)?,
            app_store: AppStoreKey::generate(seed)?,
            sentry_token: format!(
                "sntryu_{:016x}{:016x}",
                !seed,
                seed.rotate_left(32) ^ 0x5eed
            ),
        })
    }
}

impl ServiceAccount {
    fn generate(seed: u64) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_opaque| KeyError)?;
        let pkcs8 = pair.as_der().map_err(|_opaque| KeyError)?;
        Ok(Self {
            client_email: "haltline@sim-project.iam.gserviceaccount.com".into(),
            private_key_id: format!("{seed:040x}"),
            private_key: pem(pkcs8.as_ref()),
            public: DecodingKey::from_rsa_der(pair.public_key().as_ref()),
        })
    }

    /// The JSON key file that Google's console gives out.
    pub fn key_file(&self, token_uri: &str) -> String {
        let file = json!({
            "type": "service_account",
            "project_id": "sim-project",
            "private_key_id": self.private_key_id,
            "private_key": self.private_key,
            "client_email": self.client_email,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        });
        format!("{file:#}\n")
    }
}

impl AppStoreKey {
    fn generate(seed: u64) -> Result<Self, KeyError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
            .map_err(|_opaque| KeyError)?;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).map_err(|_opaque| KeyError)?;
        Ok(Self {
            key_id: "SIMKEY0001".into(),
            issuer_id: format!("57246542-96fe-1a63-e053-{:012x}", seed & 0xffff_ffff_ffff),
            p8: pem(pkcs8.as_ref()),
            public: DecodingKey::from_ec_der(pair.public_key().as_ref()),
        })
    }
}

/// PKCS#8 in PEM, 64 characters a line.
fn pem(pkcs8: &[u8]) -> String {
    let mut out = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (i, c) in STANDARD.encode(pkcs8).chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push_str("\n-----END PRIVATE KEY-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation, decode, encode};

    #[test]
    fn what_the_private_halves_sign_the_public_halves_verify() {
        let keys = Keys::generate(1).unwrap();
        let file: serde_json::Value =
            serde_json::from_str(&keys.service_account.key_file("http://127.0.0.1:1/token"))
                .unwrap();
        let rsa =
            EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
        let ec = EncodingKey::from_ec_pem(keys.app_store.p8.as_bytes()).unwrap();
        let claims = json!({ "iss": "x" });
        for (algorithm, private, public) in [
            (Algorithm::RS256, rsa, &keys.service_account.public),
            (Algorithm::ES256, ec, &keys.app_store.public),
        ] {
            let token = encode(&Header::new(algorithm), &claims, &private).unwrap();
            let mut validation = Validation::new(algorithm);
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            let data = decode::<serde_json::Value>(&token, public, &validation).unwrap();
            assert_eq!(data.claims, claims);
        }
    }
}
