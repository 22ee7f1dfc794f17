//! Service accounts, shared by the apps that use them: one token each, and one edit at a time per account and package.
//!
//! On Play a second edit of the same account kills its first one for that package, so two tracks of one package take turns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use crate::http::google_auth::KeyError;
use crate::http::{GoogleAuth, Rate, ServiceAccount, VendorClient};

/// A tenth of Google's 3000 queries a minute, which all tools of a project share.
pub const RATE: Rate = Rate {
    per_minute: 300,
    burst: 60,
};

const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";

type Turn = Arc<tokio::sync::Mutex<()>>;

/// All service accounts of a process.
pub struct Accounts {
    http: Arc<VendorClient>,
    /// By e-mail address, key id and token URI.
    tokens: Mutex<BTreeMap<[String; 3], Arc<GoogleAuth>>>,
    /// By e-mail address and package: two keys of one account are one account to Play.
    turns: Mutex<BTreeMap<[String; 2], Turn>>,
}

/// A service account at work on one package.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) http: Arc<VendorClient>,
    pub(super) auth: Arc<GoogleAuth>,
    /// Held for the life of an edit.
    pub(super) turn: Turn,
}

impl Accounts {
    pub fn new(http: Arc<VendorClient>) -> Self {
        Self {
            http,
            tokens: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    pub(super) fn open(&self, key: &SecretString, package: &str) -> Result<Account, KeyError> {
        let account = ServiceAccount::parse(key)?;
        let email = account.email().to_owned();
        let id = [
            email.clone(),
            account.key_id().to_owned(),
            account.token_uri().to_string(),
        ];
        let auth = Arc::clone(
            self.tokens
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(id)
                .or_insert_with(|| {
                    Arc::new(GoogleAuth::new(account, &[SCOPE], Arc::clone(&self.http)))
                }),
        );
        let turn = Arc::clone(
            self.turns
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry([email, package.to_owned()])
                .or_default(),
        );
        Ok(Account {
            http: Arc::clone(&self.http),
            auth,
            turn,
        })
    }
}
