//! `[[notify]]`: the channels to people, and what each of them wants to hear.
//!
//! Owns what all kinds have in common: names, routing, and that no kind has another's keys. Files beside it: what each kind
//! needs, and what stands around the channels.

mod around;
mod email;
mod exec;
mod kind;
mod on_call;
mod posted;
mod secrets;

use std::collections::BTreeSet;
use std::ops::Range;

use self::kind::{KINDS, Kind};
use super::{Ctx, tables};
use crate::config::file::{RawFile, RawNotify};
use crate::config::problem::Problem;
use crate::config::tree::At;
use crate::config::{ChannelConfig, ChannelKind, HeartbeatConfig, OnCallConfig};
use crate::domain::suggest::did_you_mean;
use crate::domain::{AppId, PlainText, Urgency};
use crate::policy::Telling;
use crate::policy::telling::{self, Channel};
use crate::policy::train::Train;

/// Who is told what, and how each channel is reached.
pub(in crate::config) struct Resolved {
    pub(in crate::config) telling: Telling,
    pub(in crate::config) channels: Vec<ChannelConfig>,
    pub(in crate::config) heartbeat: Option<HeartbeatConfig>,
    pub(in crate::config) on_call: Option<OnCallConfig>,
}

/// A channel with its place in the file; the log may have none.
struct Known<'r> {
    channel: Channel,
    kind: ChannelKind,
    raw: Option<&'r At<RawNotify>>,
}

/// What channels may ask for: the apps of the file, and who owns them.
struct Apps<'r> {
    ids: Vec<&'r str>,
    owners: BTreeSet<&'r str>,
}

const URGENCIES: [(&str, Urgency); 3] = [
    ("info", Urgency::Info),
    ("warning", Urgency::Warning),
    ("page", Urgency::Page),
];

pub(super) fn resolve(ctx: &mut Ctx<'_>, raw: &RawFile, trains: &[Train]) -> Resolved {
    let of_app = |key: fn(&crate::config::file::RawApp) -> &Option<At<String>>| {
        raw.app
            .iter()
            .filter_map(move |app| key(&app.value).as_ref())
            .map(|at| at.value.as_str())
    };
    let apps = Apps {
        ids: of_app(|app| &app.id).collect(),
        owners: of_app(|app| &app.owner).collect(),
    };
    let mut channels: Vec<Known<'_>> = Vec::new();
    let mut whole = true;
    for at in &raw.notify {
        match channel(ctx, at, &apps) {
            Some(known) => {
                only_one(ctx, &known, &channels);
                channels.push(known);
            }
            None => whole = false,
        }
    }
    with_the_log(&mut channels);
    let escalate_after = around::escalation(ctx, raw.escalation.as_ref());
    let heartbeat = around::heartbeat(ctx, raw.heartbeat.as_ref(), whole, &channels);
    if whole && ctx.gone.is_empty() {
        around::levels(ctx, raw.escalation.as_ref(), &channels);
        around::heard(ctx, raw, &channels);
    }
    let on_call = on_call::resolve(ctx, raw, trains);
    let named = |known: &Known<'_>| ChannelConfig {
        name: known.channel.name.clone(),
        kind: known.kind.clone(),
    };
    Resolved {
        channels: channels.iter().map(named).collect(),
        telling: Telling {
            channels: channels.into_iter().map(|known| known.channel).collect(),
            escalate_after,
        },
        heartbeat,
        on_call,
    }
}

/// `None` where something of it is wrong, which has been told.
fn channel<'r>(ctx: &mut Ctx<'_>, at: &'r At<RawNotify>, apps: &Apps<'_>) -> Option<Known<'r>> {
    let raw = &at.value;
    let help =
        "write kind = \"pagerduty\", \"slack\", \"email\" or another of README's table of channels";
    let kind = ctx.required(&at.span, "kind", raw.kind.as_ref(), help);
    let words: Vec<(&str, &'static Kind)> = KINDS.iter().map(|kind| (kind.word, kind)).collect();
    let kind = kind.and_then(|at| ctx.one_of("kind", at, &words));
    let name = raw.name.as_ref().map_or_else(
        || Some(kind?.word),
        |at| {
            tables::named(ctx, "channel", &at.value, &at.span);
            Some(at.value.as_str())
        },
    );
    let routed = name.and_then(|name| routed(ctx, raw, name, kind?, apps));
    let kind = kind?;
    let mine = no_others_keys(ctx, kind.word, kind.keys, raw.of_some_kinds(), &whose);
    let made = match (kind.resolve)(ctx, at)? {
        Ok(made) => made,
        Err(why) => ChannelKind::Unusable {
            word: kind.word,
            why,
        },
    };
    Some(Known {
        channel: routed.filter(|_| mine)?,
        kind: made,
        raw: Some(at),
    })
}

/// What it wants to hear.
fn routed(
    ctx: &mut Ctx<'_>,
    raw: &RawNotify,
    name: &str,
    kind: &Kind,
    apps: &Apps<'_>,
) -> Option<Channel> {
    let mut fine = true;
    let least = match &raw.urgency {
        Some(at) => ctx.one_of("urgency", at, &URGENCIES),
        None => Some(kind.least),
    };
    let ids = raw.apps.as_ref().map(|at| {
        let none = "add an [[app]] with this id";
        some_of(ctx, ("apps", "app"), at, &apps.ids, none, &mut fine)
    });
    let owners = raw.owners.as_ref().map(|at| {
        let known: Vec<&str> = apps.owners.iter().copied().collect();
        let none = "write owner = \"…\" in the [[app]] that it owns";
        some_of(ctx, ("owners", "owner"), at, &known, none, &mut fine)
    });
    let most = raw.most_per_minute.as_ref();
    if let Some(at) = most.filter(|at| at.value == 0) {
        let what = "most_per_minute = 0 lets nothing through";
        let help = "write 1 or more; what comes above it is put together in one message";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        fine = false;
    }
    let level = raw.level.as_ref().filter(|at| at.value > 0);
    if let Some(at) = level.filter(|_| kind.word == telling::LOG) {
        let what = "the log has no level: it is told at once";
        ctx.push(Problem::error(at.span.clone(), what).help("leave level out"));
        fine = false;
    }
    let ids = ids.map(|ids: BTreeSet<&str>| {
        let ids = ids.into_iter().map(str::to_owned);
        ids.filter_map(|id| AppId::try_from(id).ok()).collect()
    });
    let channel = Channel {
        name: name.into(),
        least: least?,
        apps: ids,
        owners: owners.map(|owners| owners.into_iter().map(PlainText::from).collect()),
        level: level.map_or(0, |at| at.value),
        most: most.map_or(kind.most, |at| at.value),
        apart: kind.apart,
    };
    fine.then_some(channel)
}

/// A list of names that are there; an empty one asks for nothing.
fn some_of<'r>(
    ctx: &mut Ctx<'_>,
    (key, one): (&str, &str),
    at: &'r At<Vec<At<String>>>,
    known: &[&str],
    none: &str,
    fine: &mut bool,
) -> BTreeSet<&'r str> {
    if at.value.is_empty() && ctx.gone.is_empty() {
        let what = format!("{key} = [] asks for nothing: this channel would hear of no app");
        let help = format!("name some, or leave {key} out to hear of all");
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        *fine = false;
    }
    for name in &at.value {
        if !known.contains(&name.value.as_str()) {
            tables::unknown(ctx, one, name, known, none);
            *fine = false;
        }
    }
    at.value.iter().map(|at| at.value.as_str()).collect()
}

/// No two channels have one name, and the log has its own.
fn only_one(ctx: &mut Ctx<'_>, known: &Known<'_>, before: &[Known<'_>]) {
    let Some(raw) = known.raw else { return };
    let name = known.channel.name.as_str();
    let span = raw.value.name.as_ref().map_or(&raw.span, |at| &at.span);
    let is_log = matches!(known.kind, ChannelKind::Log);
    let (what, help) = if is_log != (name == telling::LOG) {
        let what = "there is one log, and no other channel is called \"log\"";
        (
            what.to_owned(),
            "leave \"name\" out, or call it something else",
        )
    } else if before
        .iter()
        .any(|other| other.channel.name.as_str() == name)
    {
        let what = format!("two channels are called {name:?}");
        (what, "give each a name of its own: name = \"…\"")
    } else {
        return;
    };
    ctx.push(Problem::error(span.clone(), what).help(help));
}

/// It is always there, and comes first.
fn with_the_log(channels: &mut Vec<Known<'_>>) {
    if let Some(at) = channels
        .iter()
        .position(|known| matches!(known.kind, ChannelKind::Log))
    {
        let log = channels.remove(at);
        channels.insert(0, log);
        return;
    }
    let log = Telling::default()
        .channels
        .into_iter()
        .map(|channel| Known {
            channel,
            kind: ChannelKind::Log,
            raw: None,
        });
    channels.splice(0..0, log);
}

fn whose(key: &str) -> Vec<&'static str> {
    let whose = KINDS.iter().filter(|other| other.keys.contains(&key));
    whose.map(|other| other.word).collect()
}

fn no_others_keys(
    ctx: &mut Ctx<'_>,
    word: &str,
    keys: &[&str],
    written: Vec<(&'static str, Range<usize>)>,
    whose: &dyn Fn(&str) -> Vec<&'static str>,
) -> bool {
    let mut fine = true;
    for (key, span) in written {
        if !keys.contains(&key) {
            fine = false;
            let what = format!("kind = \"{word}\" has no \"{key}\"");
            let help = format!(
                "it belongs to {}: remove it, or change the kind",
                whose(key).join(", ")
            );
            ctx.push(Problem::error(span, what).help(help));
        }
    }
    fine
}

/// A name among the channels.
fn find<'a, 'r>(
    ctx: &mut Ctx<'_>,
    at: &At<String>,
    whole: bool,
    channels: &'a [Known<'r>],
) -> Option<&'a Known<'r>> {
    let found = channels
        .iter()
        .find(|known| known.channel.name.as_str() == at.value);
    // Where a channel could not be read, it may have been the one.
    if found.is_none() && whole && ctx.gone.is_empty() {
        let names: Vec<&str> = channels
            .iter()
            .map(|known| known.channel.name.as_str())
            .collect();
        let what = format!("there is no channel {:?}", at.value);
        ctx.push(Problem::error(at.span.clone(), what).help(did_you_mean(&at.value, &names)));
    }
    found
}
