//! The channels that are posted to over HTTP.

use std::collections::BTreeMap;

use super::secrets::{self, Had};
use crate::config::file::RawNotify;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::resolve::health::http_json;
use crate::config::tree::At;
use crate::config::{ChannelKind, base_url};

const PAGERDUTY: &str = "https://events.pagerduty.com";
const SLACK: &str = "https://slack.com";
const NTFY: &str = "https://ntfy.sh";

/// Headers of a webhook that are not the config's: a second one of them would make a message that no receiver takes.
const OURS: [&str; 8] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

pub(super) fn pagerduty(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let base_url = base(ctx, raw.base_url.as_ref(), PAGERDUTY);
    let help = "write routing_key = \"env:PAGERDUTY_KEY\": the integration key of an Events API v2 service";
    let key = ctx.required(&at.span, "routing_key", raw.routing_key.as_ref(), help)?;
    let key = secrets::by_reference(ctx, key, "pagerduty", secrets::routing_key)?;
    let base_url = base_url?;
    Some(key.map(|routing_key| ChannelKind::PagerDuty {
        routing_key,
        base_url,
    }))
}

pub(super) fn slack(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    match (&raw.webhook, &raw.token) {
        (Some(webhook), None) => {
            let of_bot = [("channel", &raw.channel), ("base_url", &raw.base_url)];
            let mut fine = true;
            for (key, value) in of_bot {
                if let Some(value) = value {
                    fine = false;
                    let what = format!(
                        "\"{key}\" goes with a bot's token: a webhook posts to one channel"
                    );
                    let help = "leave it out, or write token instead of webhook";
                    ctx.push(Problem::error(value.span.clone(), what).help(help));
                }
            }
            let url = secrets::by_reference(ctx, webhook, "slack", secrets::url)?;
            fine.then(|| url.map(|url| ChannelKind::SlackWebhook { url }))
        }
        (None, Some(token)) => {
            let base_url = base(ctx, raw.base_url.as_ref(), SLACK);
            let help = "write channel = \"#releases\", or its id";
            let channel = ctx.required(&at.span, "channel", raw.channel.as_ref(), help);
            let channel = channel.filter(|at| one_word(ctx, "channel", at));
            let token = secrets::by_reference(ctx, token, "slack", secrets::word)?;
            let (channel, base_url) = (channel?.value.clone(), base_url?);
            Some(token.map(|token| ChannelKind::SlackBot {
                token,
                channel,
                base_url,
            }))
        }
        (None, None) => {
            let help = "write webhook = \"env:SLACK_WEBHOOK\"; or token = \"env:SLACK_TOKEN\" and channel = \"#releases\", \
                        with which the messages of one incident are one thread";
            ctx.missing(&at.span, "webhook", help);
            None
        }
        (Some(webhook), Some(_)) => {
            let what = "a webhook or a bot's token, not both";
            let help = "with token the messages of one incident are one thread";
            ctx.push(Problem::error(webhook.span.clone(), what).help(help));
            None
        }
    }
}

pub(super) fn alertmanager(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let help = "write base_url = \"https://alertmanager.example.com\"";
    let wanted = ctx.required(&at.span, "base_url", raw.base_url.as_ref(), help);
    let base_url = wanted.and_then(|at| base(ctx, Some(at), ""));
    if raw.user.is_some() && raw.token.is_none() {
        let help = "write token = \"env:ALERTMANAGER_PASSWORD\": the password of user";
        ctx.missing(&at.span, "token", help);
        return None;
    }
    let token = secrets::optional(ctx, raw.token.as_ref(), "alertmanager", secrets::word)?;
    let base_url = base_url?;
    let user = raw.user.as_ref().map(|at| at.value.clone());
    Some(token.map(|token| ChannelKind::Alertmanager {
        base_url,
        user,
        token,
    }))
}

pub(super) fn teams(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let help = "write webhook = \"env:TEAMS_WEBHOOK\": the address of a workflow \"post to a channel when a webhook request is received\"";
    let webhook = ctx.required(&at.span, "webhook", at.value.webhook.as_ref(), help)?;
    let url = secrets::by_reference(ctx, webhook, "teams", secrets::url)?;
    Some(url.map(|url| ChannelKind::Teams { url }))
}

pub(super) fn ntfy(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let base_url = base(ctx, raw.base_url.as_ref(), NTFY);
    let help = "write topic = \"env:NTFY_TOPIC\"; or its name, where reading it takes a token";
    let topic = ctx.required(&at.span, "topic", raw.topic.as_ref(), help);
    let topic = topic.and_then(|at| secrets::maybe_secret(ctx, at, "ntfy", secrets::topic));
    let token = secrets::optional(ctx, raw.token.as_ref(), "ntfy", secrets::word);
    let (base_url, topic, token) = (base_url?, topic?, token?);
    Some(topic.and_then(|topic| {
        Ok(ChannelKind::Ntfy {
            base_url,
            topic,
            token: token?,
        })
    }))
}

pub(super) fn webhook(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let help =
        "write url = \"https://hooks.example.com/haltline\", or by reference where it is a secret";
    let url = ctx.required(&at.span, "url", raw.url.as_ref(), help);
    let url = url.and_then(|at| secrets::maybe_secret(ctx, at, "webhook", secrets::url));
    let secret = secrets::optional(ctx, raw.secret.as_ref(), "webhook", secrets::signing);
    let named = http_json::headers_well(ctx, &raw.headers);
    let named = none_of_ours(ctx, &raw.headers) && named;
    let headers = secrets::values(ctx, None, &raw.headers, "webhook");
    let (url, secret, headers) = (url?, secret?, headers.filter(|_| named)?);
    Some(url.and_then(|url| {
        Ok(ChannelKind::Webhook {
            url,
            secret: secret?,
            headers: headers?,
        })
    }))
}

fn none_of_ours(ctx: &mut Ctx<'_>, headers: &BTreeMap<String, At<String>>) -> bool {
    let mut fine = true;
    for (name, at) in headers {
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            fine = false;
            let what = format!("the header {name} is haltline's own: each message has it already");
            ctx.push(Problem::error(at.span.clone(), what).help("leave it out"));
        }
    }
    fine
}

/// A base URL without a slash at its end. How often a vendor is polled has nothing to do with whom people are told by, so that
/// this says nothing about what is loopback.
pub(super) fn base(ctx: &mut Ctx<'_>, at: Option<&At<String>>, default: &str) -> Option<String> {
    let Some(at) = at else {
        return Some(default.to_owned());
    };
    match base_url::check(&at.value) {
        Ok(_) => Some(at.value.trim_end_matches('/').to_owned()),
        Err(why) => {
            ctx.push(Problem::error(at.span.clone(), why));
            None
        }
    }
}

fn one_word(ctx: &mut Ctx<'_>, key: &str, at: &At<String>) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let fine = at.value.len() <= 80 && !at.value.contains(odd);
    if !fine {
        let what = format!("{key} = {:?} is not the name or id of a channel", at.value);
        ctx.push(
            Problem::error(at.span.clone(), what).help("such as \"#releases\" or \"C0123ABCD\""),
        );
    }
    fine
}
