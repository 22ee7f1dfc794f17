//! `[[notify]]`, `[heartbeat]` and `[oncall]`, checked: what kind of channel it is, and what its adapter needs.

use std::net::IpAddr;
use std::path::PathBuf;

use chrono::TimeDelta;
use lettre::message::Mailbox;
use secrecy::SecretString;

use crate::domain::{Failure, PlainText};
use crate::policy::train::Train;

/// How a channel is reached.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// As in [`crate::policy::telling::Channel`].
    pub name: PlainText,
    pub kind: ChannelKind,
}

/// What a channel is. Secrets are read; base URLs have no slash at the end.
#[derive(Clone, Debug)]
pub enum ChannelKind {
    Log,
    PagerDuty {
        routing_key: SecretString,
        base_url: String,
    },
    /// One channel; the webhook's address says which, and is a secret.
    SlackWebhook {
        url: SecretString,
    },
    /// With a bot's token, so that what is said of one incident is one thread.
    SlackBot {
        token: SecretString,
        /// `#releases`, or an id.
        channel: String,
        base_url: String,
    },
    Alertmanager {
        base_url: String,
        user: Option<String>,
        /// Bearer token, or the password of `user`.
        token: Option<SecretString>,
    },
    Teams {
        url: SecretString,
    },
    Ntfy {
        base_url: String,
        /// Whoever knows it may read it, on most servers.
        topic: SecretString,
        token: Option<SecretString>,
    },
    Email(EmailConfig),
    Webhook {
        url: SecretString,
        /// `whsec_` and base64.
        secret: Option<SecretString>,
        headers: Vec<(String, SecretString)>,
    },
    Exec {
        /// The program and its arguments.
        run: Vec<String>,
        env: Vec<(String, SecretString)>,
        timeout: TimeDelta,
    },
    /// Configured well, but a secret of it cannot be had: whatever is told on it fails with this.
    Unusable {
        /// The kind that it would be.
        word: &'static str,
        why: Failure,
    },
}

/// `kind = "email"`
#[derive(Clone, Debug)]
pub struct EmailConfig {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Certificates in PEM that are trusted beside the system's: of a house that signs its own.
    pub ca: Option<PathBuf>,
    /// Who logs in, with what password.
    pub login: Option<(String, SecretString)>,
    pub from: Mailbox,
    /// At least one.
    pub to: Vec<Mailbox>,
}

/// How a conversation with a mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It begins in the clear; nothing is said before it is encrypted.
    Starttls,
    Implicit,
    /// Not at all: to this machine only.
    None,
}

/// `[heartbeat]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// The name of a channel that takes heartbeats.
    pub channel: PlainText,
    pub every: TimeDelta,
}

/// `[oncall]`
#[derive(Clone, Debug)]
pub enum OnCallConfig {
    PagerDuty {
        /// Ids; at least one.
        schedules: Vec<String>,
        token: SecretString,
        base_url: String,
    },
    /// A train of which only the watch matters.
    Rotation(Train),
    /// Its token cannot be had.
    Unusable { why: Failure },
}

impl ChannelKind {
    /// As the config says it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::PagerDuty { .. } => "pagerduty",
            Self::SlackWebhook { .. } | Self::SlackBot { .. } => "slack",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Teams { .. } => "teams",
            Self::Ntfy { .. } => "ntfy",
            Self::Email(_) => "email",
            Self::Webhook { .. } => "webhook",
            Self::Exec { .. } => "exec",
            Self::Unusable { word, .. } => word,
        }
    }
}

/// This machine, by a name or number that means it whatever a resolver says.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
