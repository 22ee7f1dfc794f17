//! The raw shape of who is told: `[[notify]]`, `[escalation]`, `[heartbeat]` and `[oncall]`, flat where keys depend on `kind`.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::tree::At;
use crate::policy::units::{Duration, Moment, WeekTime, Zone};

/// A channel to people. The log is one that is always there: `kind = "log"` tunes it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [[notify]]"
)]
pub struct RawNotify {
    /// "pagerduty", "slack", "alertmanager", "teams", "ntfy", "email", "webhook", "exec" or "log".
    pub kind: Option<At<String>>,
    /// What the channel is called, in the journal too: it should stay. Default: its kind.
    pub name: Option<At<String>>,

    /// The least urgent that it gets: "info", "warning" or "page". Default "page" for PagerDuty, "info" for the others.
    pub urgency: Option<At<String>>,
    /// Ids of the apps that it hears of. Default: all.
    pub apps: Option<At<Vec<At<String>>>>,
    /// Owners of the apps that it hears of, as in `owner` of an [[app]]. Default: all.
    pub owners: Option<At<Vec<At<String>>>>,
    /// 0 (default): it is told at once. Above: once so many [escalation]s have come without anybody acknowledging.
    pub level: Option<At<u32>>,
    /// So many messages a minute; what comes above that is put together in one. Default 10; of the log: no limit.
    pub most_per_minute: Option<At<u32>>,

    /// Where the server is. https anywhere, http to loopback only. Default: the vendor's own; Alertmanager has none.
    pub base_url: Option<At<String>>,
    /// PagerDuty: where the integration key of an Events API v2 service is: "env:NAME", "file:PATH", "credential:NAME" (systemd)
    /// or "command:PROGRAM ARG…".
    pub routing_key: Option<At<String>>,
    /// Slack, Teams: where the address of the incoming webhook or workflow is, which is a secret, given by reference.
    pub webhook: Option<At<String>>,
    /// Slack: where the bot's token is, instead of a webhook: messages of one incident then are one thread. Alertmanager, ntfy:
    /// where the access token is.
    pub token: Option<At<String>>,
    /// Slack: the channel that the bot posts to, such as "#releases" or its id.
    pub channel: Option<At<String>>,
    /// Alertmanager: user of basic authentication; the token is then the password. Email: who logs in.
    pub user: Option<At<String>>,
    /// ntfy: the topic; where whoever knows its name may read it, by reference.
    pub topic: Option<At<String>>,

    /// Email: the server that takes mail from us.
    pub host: Option<At<String>>,
    /// Email: its port. Default 587, or 465 with tls = "implicit".
    pub port: Option<At<u16>>,
    /// Email: "starttls" (default), "implicit", or "none", which is for loopback only.
    pub tls: Option<At<String>>,
    /// Email: a file of certificates (PEM) that are trusted beside the system's, for a server whose certificate the house signed.
    pub ca: Option<At<String>>,
    /// Email: where the password of `user` is.
    pub password: Option<At<String>>,
    /// Email: the sender, "haltline <haltline@example.com>".
    pub from: Option<At<String>>,
    /// Email: who gets it.
    pub to: Option<At<Vec<At<String>>>>,

    /// Webhook: the address; one that is a secret is given by reference.
    pub url: Option<At<String>>,
    /// Webhook: where the secret is that each message is signed with (Standard Webhooks): "whsec_" and base64. Default: none.
    pub secret: Option<At<String>>,
    /// Webhook: headers; a value that is a reference (env:, file:, credential:, command:) is read.
    pub headers: BTreeMap<String, At<String>>,

    /// exec: the program and its arguments, run without a shell in the config's folder, with the message as JSON on its input.
    pub run: Option<At<Vec<String>>>,
    /// exec: its environment, which otherwise has nothing but PATH and HOME; references are read.
    pub env: BTreeMap<String, At<String>>,
    /// exec: how long it may take. Default "30s".
    pub timeout: Option<At<Duration>>,
}

/// What happens to a page that nobody acknowledges.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [escalation]"
)]
pub struct RawEscalation {
    /// A page that nobody has acknowledged for so long goes to the channels of the next level; and so on.
    pub after: Option<At<Duration>>,
}

/// Somebody else notices when haltline is not there any more.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [heartbeat]"
)]
pub struct RawHeartbeat {
    /// The name of a [[notify]] of kind "alertmanager" or "webhook", which hears of every good cycle.
    pub channel: Option<At<String>>,
    /// How often at most. Default "60s".
    pub every: Option<At<Duration>>,
}

/// Who is on call, for what people are told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table, written [oncall]")]
pub struct RawOnCall {
    /// "pagerduty", or "rotation": people take turns, week by week.
    pub kind: Option<At<String>>,

    /// PagerDuty: ids of the schedules, such as `["PABC123"]`.
    pub schedules: Option<At<Vec<At<String>>>>,
    /// PagerDuty: where the REST API key is; one that only reads will do.
    pub token: Option<At<String>>,
    /// PagerDuty: where its REST API is. Default "https://api.pagerduty.com".
    pub base_url: Option<At<String>>,

    /// Rotation: that of a [train.NAME], instead of one of its own.
    pub train: Option<At<String>>,
    /// Rotation: they take turns in this order.
    pub owners: Option<At<Vec<At<String>>>>,
    /// Rotation: the zone of its days and hours. Default "UTC".
    pub zone: Option<At<Zone>>,
    /// Rotation: when the watch is handed over. Default "mon 09:00".
    pub hand_over: Option<At<WeekTime>>,
    /// Rotation: a day of the first owner's week.
    pub first_week: Option<At<Moment>>,
}

fn span<T>(at: Option<&At<T>>) -> Option<Range<usize>> {
    at.map(|at| at.span.clone())
}

fn first<T>(of: &BTreeMap<String, At<T>>) -> Option<Range<usize>> {
    of.values().next().map(|at| at.span.clone())
}

fn written<const N: usize>(
    keys: [(&'static str, Option<Range<usize>>); N],
) -> Vec<(&'static str, Range<usize>)> {
    let written = keys.into_iter();
    written
        .filter_map(|(key, span)| Some((key, span?)))
        .collect()
}

impl RawNotify {
    /// The keys that only some kinds take and that are there, with where: what another kind's table must not have.
    pub(in crate::config) fn of_some_kinds(&self) -> Vec<(&'static str, Range<usize>)> {
        written([
            ("base_url", span(self.base_url.as_ref())),
            ("routing_key", span(self.routing_key.as_ref())),
            ("webhook", span(self.webhook.as_ref())),
            ("token", span(self.token.as_ref())),
            ("channel", span(self.channel.as_ref())),
            ("user", span(self.user.as_ref())),
            ("topic", span(self.topic.as_ref())),
            ("host", span(self.host.as_ref())),
            ("port", span(self.port.as_ref())),
            ("tls", span(self.tls.as_ref())),
            ("ca", span(self.ca.as_ref())),
            ("password", span(self.password.as_ref())),
            ("from", span(self.from.as_ref())),
            ("to", span(self.to.as_ref())),
            ("url", span(self.url.as_ref())),
            ("secret", span(self.secret.as_ref())),
            ("headers", first(&self.headers)),
            ("run", span(self.run.as_ref())),
            ("env", first(&self.env)),
            ("timeout", span(self.timeout.as_ref())),
        ])
    }
}

impl RawOnCall {
    /// The same of `[oncall]`.
    pub(in crate::config) fn of_some_kinds(&self) -> Vec<(&'static str, Range<usize>)> {
        written([
            ("schedules", span(self.schedules.as_ref())),
            ("token", span(self.token.as_ref())),
            ("base_url", span(self.base_url.as_ref())),
            ("train", span(self.train.as_ref())),
            ("owners", span(self.owners.as_ref())),
            ("zone", span(self.zone.as_ref())),
            ("hand_over", span(self.hand_over.as_ref())),
            ("first_week", span(self.first_week.as_ref())),
        ])
    }
}
