//! What stands around the channels: `[escalation]`, `[heartbeat]`, and that somebody is woken at all.

use chrono::TimeDelta;

use super::{Known, find};
use crate::config::file::{RawEscalation, RawFile, RawHeartbeat};
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{ChannelKind, HeartbeatConfig};
use crate::domain::{AppId, PlainText, Urgency};

/// Nobody finds telephone, glasses and the key in less.
const SHORTEST_ESCALATION: TimeDelta = TimeDelta::minutes(1);
const EVERY: TimeDelta = TimeDelta::seconds(60);
const SHORTEST_BEAT: TimeDelta = TimeDelta::seconds(10);
/// Who notices an hour later need not be told at all.
const LONGEST_BEAT: TimeDelta = TimeDelta::hours(1);

/// After how long a page goes to the next level.
pub(super) fn escalation(ctx: &mut Ctx<'_>, at: Option<&At<RawEscalation>>) -> Option<TimeDelta> {
    let at = at?;
    let Some(after) = &at.value.after else {
        let help =
            "write after = \"10m\": how long a page may stay without anybody acknowledging it";
        ctx.missing(&at.span, "after", help);
        return None;
    };
    if after.value.0 < SHORTEST_ESCALATION {
        let what = "after must be at least a minute: somebody has to wake up first";
        ctx.push(Problem::error(after.span.clone(), what).help("write after = \"10m\""));
        return None;
    }
    Some(after.value.0)
}

/// `[heartbeat]`; `whole`: every channel could be read.
pub(super) fn heartbeat(
    ctx: &mut Ctx<'_>,
    at: Option<&At<RawHeartbeat>>,
    whole: bool,
    channels: &[Known<'_>],
) -> Option<HeartbeatConfig> {
    let at = at?;
    let every = ctx.positive("every", at.value.every.as_ref(), EVERY);
    let mut fine = true;
    if let Some(written) = &at.value.every
        && !(SHORTEST_BEAT..=LONGEST_BEAT).contains(&every)
    {
        let what = "every must be 10 seconds at least and an hour at most";
        ctx.push(Problem::error(written.span.clone(), what).help("write every = \"60s\""));
        fine = false;
    }
    let help = "write channel = \"NAME\": a [[notify]] of kind \"alertmanager\" or \"webhook\"";
    let wanted = ctx.required(&at.span, "channel", at.value.channel.as_ref(), help)?;
    let known = find(ctx, wanted, whole, channels)?;
    let word = known.kind.word();
    if !matches!(word, "alertmanager" | "webhook") {
        let what = format!(
            "{:?} is of kind \"{word}\", which takes no heartbeat",
            wanted.value
        );
        let help = "heartbeats go to whoever notices that they stop: a [[notify]] of kind \"alertmanager\" or \"webhook\"";
        ctx.push(Problem::error(wanted.span.clone(), what).help(help));
        fine = false;
    }
    fine.then(|| HeartbeatConfig {
        channel: known.channel.name.clone(),
        every,
    })
}

/// Escalation needs somebody to go to, and who waits for one needs it to come.
pub(super) fn levels(
    ctx: &mut Ctx<'_>,
    escalation: Option<&At<RawEscalation>>,
    channels: &[Known<'_>],
) {
    let higher = |known: &&Known<'_>| known.channel.level > 0;
    match escalation {
        Some(at) => {
            if !channels.iter().any(|known| higher(&known)) {
                let what =
                    "nobody is told when a page is escalated: no [[notify]] has a level above 0";
                let help =
                    "write level = 1 in the [[notify]] that hears of what nobody acknowledged";
                ctx.push(Problem::warning(at.span.clone(), what).help(help));
            }
        }
        None => {
            for known in channels.iter().filter(higher) {
                let level = known.raw.and_then(|raw| raw.value.level.as_ref());
                let Some(at) = level else { continue };
                let what = format!(
                    "the channel {:?} never hears anything: without [escalation] nothing gets to level {}",
                    known.channel.name.as_str(),
                    at.value
                );
                let help = "write [escalation] with after = \"10m\", or leave level out";
                ctx.push(Problem::warning(at.span.clone(), what).help(help));
            }
        }
    }
}

/// A page wakes somebody: some channel beside the log takes those of each app, at once.
pub(super) fn heard(ctx: &mut Ctx<'_>, raw: &RawFile, channels: &[Known<'_>]) {
    let written = channels.iter().find_map(|known| known.raw);
    let around = raw.escalation.as_ref().map(|at| &at.span);
    let around = around.or(raw.heartbeat.as_ref().map(|at| &at.span));
    let Some(first) = written.map(|at| &at.span).or(around) else {
        // Who has written nothing of it has not forgotten anything: `config check` and `doctor` say where pages go.
        return;
    };
    let takes = |app: &AppId, owner: Option<&PlainText>| {
        channels.iter().any(|known| {
            !matches!(known.kind, ChannelKind::Log)
                && known.channel.wants(Urgency::Page, Some((app, owner)), 0)
        })
    };
    let mut unheard = Vec::new();
    let mut apps = 0;
    for app in &raw.app {
        let id = app.value.id.as_ref();
        let Some(Ok(id)) = id.map(|at| AppId::try_from(at.value.clone())) else {
            continue;
        };
        let owner = app.value.owner.as_ref();
        let owner = owner.map(|at| PlainText::from(at.value.as_str()));
        apps += 1;
        if !takes(&id, owner.as_ref()) {
            unheard.push((id, &app.span));
        }
    }
    let help = "a [[notify]] without apps and owners hears of all; urgency = \"page\" keeps it to what wakes somebody";
    if apps > 0 && unheard.len() == apps {
        let what = "nobody is woken: no channel but the log takes pages at once";
        ctx.push(Problem::warning(first.clone(), what).help(help));
        return;
    }
    for (id, span) in unheard {
        let what =
            format!("nobody is woken for {id}: no channel but the log takes its pages at once");
        ctx.push(Problem::warning(span.clone(), what).help(help).of_app(&id));
    }
}
