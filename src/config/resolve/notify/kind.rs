//! The kinds of channels: which keys each takes, what it hears where nothing is said, and who checks its table.

use super::secrets::Had;
use super::{email, exec, posted};
use crate::config::ChannelKind;
use crate::config::file::RawNotify;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::Urgency;
use crate::policy::telling::LOG;

/// One kind.
pub(super) struct Kind {
    pub(super) word: &'static str,
    /// Of [`RawNotify::of_some_kinds`].
    pub(super) keys: &'static [&'static str],
    pub(super) least: Urgency,
    pub(super) most: u32,
    /// As in [`crate::policy::telling::Channel`].
    pub(super) apart: bool,
    pub(super) resolve: fn(&mut Ctx<'_>, &At<RawNotify>) -> Had<ChannelKind>,
}

const CHAT: Kind = Kind {
    word: "",
    keys: &[],
    least: Urgency::Info,
    most: 10,
    apart: false,
    resolve: log,
};

pub(super) const KINDS: &[Kind] = &[
    // Whatever comes there rings: a page alone is worth that.
    Kind {
        word: "pagerduty",
        keys: &["routing_key", "base_url"],
        least: Urgency::Page,
        // It takes some 120 a minute, and one call rings for them all.
        most: 60,
        apart: true,
        resolve: posted::pagerduty,
    },
    Kind {
        word: "slack",
        keys: &["webhook", "token", "channel", "base_url"],
        resolve: posted::slack,
        ..CHAT
    },
    Kind {
        word: "alertmanager",
        keys: &["base_url", "user", "token"],
        most: 60,
        apart: true,
        resolve: posted::alertmanager,
        ..CHAT
    },
    Kind {
        word: "teams",
        keys: &["webhook"],
        resolve: posted::teams,
        ..CHAT
    },
    Kind {
        word: "ntfy",
        keys: &["topic", "token", "base_url"],
        resolve: posted::ntfy,
        ..CHAT
    },
    Kind {
        word: "email",
        keys: &[
            "host", "port", "tls", "ca", "user", "password", "from", "to",
        ],
        resolve: email::resolve,
        ..CHAT
    },
    Kind {
        word: "webhook",
        keys: &["url", "secret", "headers"],
        resolve: posted::webhook,
        ..CHAT
    },
    Kind {
        word: "exec",
        keys: &["run", "env", "timeout"],
        resolve: exec::resolve,
        ..CHAT
    },
    Kind {
        word: LOG,
        most: u32::MAX,
        ..CHAT
    },
];

#[expect(clippy::unnecessary_wraps, reason = "one of several that may fail")]
fn log(_ctx: &mut Ctx<'_>, _at: &At<RawNotify>) -> Had<ChannelKind> {
    Some(Ok(ChannelKind::Log))
}
