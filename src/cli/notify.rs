//! `haltline notify test`: whether a message gets through on each channel, before one has to.
//!
//! The messages are made here and go past the outbox: no journal knows of them, and nothing is tried again.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use serde::Serialize;

use super::args::{NotifyCommand, NotifyTestArgs};
use super::exit::Exit;
use super::{compose, identity, load, say};
use crate::config::{Config, Surroundings};
use crate::domain::suggest::did_you_mean;
use crate::domain::{Actor, Failure, FailureKind, PlainText, Timestamp, Urgency};
use crate::policy::telling::Channel;
use crate::ports::{Message, Notifier};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    channels: Vec<Line>,
}

/// What came of it on one channel.
#[derive(Serialize)]
struct Line {
    channel: PlainText,
    /// In words, without a secret.
    is: PlainText,
    outcome: Outcome,
    urgency: Urgency,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// The channel took it; whether somebody saw it, they know.
    Taken,
    Failed,
    /// It gets nothing that is so little urgent.
    LeftOut,
}

pub(super) async fn run(
    path: Option<&Path>,
    command: &NotifyCommand,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let NotifyCommand::Test(args) = command;
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let wanted = match wanted(&config, args) {
        Ok(wanted) => wanted,
        Err(exit) => return Ok(exit),
    };
    let channels = compose::channels(&config, &clock)?;
    let who = identity::person(around);
    let on_call = compose::asked(&config, &clock).await?;
    let on_call = on_call.and_then(Result::ok).flatten();
    let (who, now) = (&who, clock.now());
    let tries = channels.into_iter().filter_map(|channel| {
        let wants = wanted
            .iter()
            .find(|it| it.name.as_str() == channel.name())?;
        let urgency = args.urgency.map_or(wants.least, Urgency::from);
        let message = message(who, now, urgency, on_call.clone());
        Some(send(channel, wants, message))
    });
    let lines = join_all(tries).await;
    let exit = exit(&lines);
    if args.json {
        say::json(&Document {
            schema: "haltline/notify-test/v1",
            channels: lines,
        });
    } else {
        for line in &lines {
            say::out(&in_words(line));
        }
    }
    Ok(exit)
}

/// The channels that are tried; an unknown name is told.
fn wanted<'a>(config: &'a Config, args: &NotifyTestArgs) -> Result<Vec<&'a Channel>, Exit> {
    let all = &config.telling.channels;
    if args.channel.is_empty() {
        return Ok(all.iter().collect());
    }
    let one = |name: &PlainText| {
        let found = all.iter().find(|channel| channel.name == *name);
        found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|channel| channel.name.as_str()).collect();
            let help = did_you_mean(name.as_str(), &names);
            say::err(&format!("haltline: there is no channel {name}: {help}"));
            Exit::Usage
        })
    };
    args.channel.iter().map(one).collect()
}

fn message(who: &Actor, now: Timestamp, urgency: Urgency, on_call: Option<PlainText>) -> Message {
    let text = format!("TEST by {who}: this channel works, and nothing is wrong with any release");
    Message {
        ids: Vec::new(),
        at: now,
        urgency,
        text: text.into(),
        digest: Vec::new(),
        about: None,
        facts: vec![("asked for with".into(), "haltline notify test".into())],
        command: None,
        link: None,
        on_call,
        incident: None,
        thread: None,
    }
}

async fn send(channel: Arc<dyn Notifier>, wants: &Channel, message: Message) -> Line {
    let urgency = message.urgency;
    let (outcome, problem) = if urgency < wants.least {
        (Outcome::LeftOut, None)
    } else {
        match channel.tell(&message).await {
            Ok(_thread) => (Outcome::Taken, None),
            Err(failure) => (Outcome::Failed, Some(failure)),
        }
    };
    Line {
        channel: channel.name().into(),
        is: channel.describe().into(),
        outcome,
        urgency,
        problem,
    }
}

fn in_words(line: &Line) -> String {
    let Line {
        channel,
        is,
        urgency,
        ..
    } = line;
    let urgency = match urgency {
        Urgency::Info => "info",
        Urgency::Warning => "a warning",
        Urgency::Page => "a page",
    };
    match (line.outcome, &line.problem) {
        (Outcome::LeftOut, _) => format!("left out  {channel}: {is}: gets nothing like {urgency}"),
        (Outcome::Taken, _) => format!("taken     {channel}: {is}: {urgency}"),
        (Outcome::Failed, None) => format!("FAILED    {channel}: {is}"),
        (Outcome::Failed, Some(why)) => format!("FAILED    {channel}: {is}\n          {why}"),
    }
}

/// A credential that is wrong says so, whatever else is.
fn exit(lines: &[Line]) -> Exit {
    let mut problems = lines
        .iter()
        .filter_map(|line| line.problem.as_ref())
        .peekable();
    if problems.peek().is_none() {
        Exit::Fine
    } else if problems.any(|why| matches!(why.kind, FailureKind::Credentials | FailureKind::Rights))
    {
        Exit::Credentials
    } else {
        Exit::Internal
    }
}
