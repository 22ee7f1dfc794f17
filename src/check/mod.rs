//! Outside checks: a program that is run, or an address that is asked, before a stage is entered.
//!
//! Must not decide: it says whether the check passed, and its last word. What a check is told (app, version, stage) is the same
//! either way. Its time limit is the wall's whatever clock the watcher goes by, as that of every request is.

mod exec;
mod web;

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::domain::{CheckHow, PlainText};
use crate::http::Client;
use crate::ports::{CheckRequest, Checker};

/// Bytes of what a check says that are looked at: the last of a program's, the whole of an answer's.
pub const LONGEST_ANSWER: usize = 64 << 10;

/// Makes checks.
#[derive(Debug)]
pub struct Checks {
    client: Client,
    /// The config's folder: programs are run in it.
    folder: PathBuf,
}

impl Checks {
    /// `client` must have [`LONGEST_ANSWER`] as its cap of a body, and no time limit below that of a check.
    pub fn new(client: Client, folder: PathBuf) -> Self {
        Self { client, folder }
    }
}

impl Checker for Checks {
    fn check<'a>(
        &'a self,
        request: &'a CheckRequest,
    ) -> BoxFuture<'a, Result<PlainText, PlainText>> {
        Box::pin(async move {
            let asked = async {
                match &request.check.how {
                    CheckHow::Exec(words) => exec::run(words, &self.folder, request).await,
                    CheckHow::Http(url) => web::ask(&self.client, url, request).await,
                }
            };
            let limit = request.check.timeout.to_std().unwrap_or_default();
            tokio::time::timeout(limit, asked)
                .await
                .unwrap_or_else(|_elapsed| Err(format!("no answer within {}", words(limit)).into()))
        })
    }
}

fn words(limit: std::time::Duration) -> String {
    humantime::format_duration(limit).to_string()
}

#[cfg(test)]
mod tests;
