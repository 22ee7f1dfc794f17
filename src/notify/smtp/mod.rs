//! Email: plain text, encrypted on its way, what is said of one incident in one thread.
//!
//! Owns who has got a mail already: one address that is refused, or put off, keeps it from nobody else.

mod mail;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::Address;
use lettre::message::Mailbox;
use secrecy::SecretString;

use self::talk::{Handed, Relay};
use crate::domain::{Failure, FailureKind, PlainText};
use crate::ports::{Message, Notifier};

/// Of a whole conversation.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A mail server, and who is written to.
#[derive(Clone, Debug)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// Who logs in, with what password.
    pub login: Option<(String, SecretString)>,
    pub from: Mailbox,
    /// At least one.
    pub to: Vec<Mailbox>,
    /// This machine: who is writing.
    pub own: PlainText,
    /// Of a whole conversation: [`LIMIT`].
    pub limit: Duration,
}

/// How what is said is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It begins in the clear; nothing is said before it is encrypted.
    Starttls,
    Implicit,
    /// Not at all: for a server on this machine.
    None,
}

/// A list of people with addresses.
pub struct Smtp {
    name: PlainText,
    settings: Settings,
    /// How far the last mail has come, where it waits for somebody.
    partly: Mutex<Option<Partly>>,
}

#[derive(Clone, Default)]
struct Partly {
    mail: String,
    /// Served, or refused for good.
    done: BTreeSet<Address>,
    /// Somebody was served.
    taken: bool,
}

impl Smtp {
    pub fn new(name: PlainText, settings: Settings) -> Self {
        Self {
            name,
            settings,
            partly: Mutex::default(),
        }
    }

    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let id = mail::id(message, &self.settings);
        let so_far = self.so_far(&id);
        let addresses = self.settings.to.iter().map(|to| &to.email);
        let left: Vec<Address> = addresses
            .filter(|address| !so_far.done.contains(*address))
            .cloned()
            .collect();
        let mail = mail::of(message, &id, &self.settings).map_err(|error| {
            // Addresses were checked with the config, and nothing else of a mail can be wrong.
            Failure::new(
                FailureKind::Internal,
                format!("no mail can be made of it: {error}"),
            )
        })?;
        let handed = Relay::of(&self.settings).hand_over(&left, &mail).await?;
        self.served(so_far, handed)
    }

    /// Some may have it now, and some later: they alone are tried again.
    fn served(&self, mut so_far: Partly, handed: Handed) -> Result<(), Failure> {
        for (address, why) in &handed.never {
            tracing::warn!(channel = %self.name, "{address} gets no mail: {why}");
        }
        so_far.taken |= !handed.took.is_empty();
        let never = handed.never.into_iter();
        let (refused, first): (Vec<_>, Vec<_>) = never.unzip();
        so_far.done.extend(handed.took.into_iter().chain(refused));
        let mut partly = self.partly.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, later)) = handed.later.into_iter().next() else {
            *partly = None;
            return match first.into_iter().next() {
                Some(why) if !so_far.taken => Err(why),
                _ => Ok(()),
            };
        };
        *partly = Some(so_far);
        Err(later)
    }

    fn so_far(&self, mail: &str) -> Partly {
        let partly = self.partly.lock().unwrap_or_else(PoisonError::into_inner);
        let of_this = partly.as_ref().filter(|partly| partly.mail == mail);
        of_this.cloned().unwrap_or_else(|| Partly {
            mail: mail.to_owned(),
            ..Partly::default()
        })
    }
}

impl Notifier for Smtp {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn describe(&self) -> String {
        let Settings { host, to, .. } = &self.settings;
        let first = to.first().map(|to| to.email.to_string());
        let first = first.unwrap_or_default();
        match to.len() {
            0 | 1 => format!("email to {first} by {host}"),
            n => format!("email to {first} and {} more by {host}", n - 1),
        }
    }

    fn tell<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<PlainText>, Failure>> {
        Box::pin(async move { self.send(message).await.map(|()| None) })
    }
}
