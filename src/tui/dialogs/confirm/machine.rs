//! What a dialog tells of an act on haltline itself: hold what is announced, take note of it, automation off and on.

use chrono::TimeDelta;

use super::{About, Ask, Confirm, PRESS};
use crate::api::AppSnapshot;
use crate::domain::Act;
use crate::tui::input::rights;
use crate::tui::state::model::Model;
use crate::tui::words::format::{countdown, moment};
use crate::tui::words::{incident, plan};

/// How long a disarm from the screen lasts.
const DISARM_FOR: TimeDelta = TimeDelta::hours(2);
/// How long an announced act is held.
const HELD_FOR: TimeDelta = TimeDelta::minutes(15);

pub(super) fn postpone(model: &Model, app: &AppSnapshot) -> Confirm {
    let mut facts = Vec::new();
    if let Some(act) = &app.announced {
        let now = model.now.watched;
        let until = act.due.max(now) + HELD_FOR;
        facts.push(About::Now.tell(format!(
            "{} in {} by rule {}",
            act.verb,
            countdown(act.due - now),
            act.rule
        )));
        facts.push(About::After.tell(format!(
            "{} at {} instead, unless the data turn good",
            act.verb,
            moment(until, now)
        )));
    }
    let pace = crate::tui::words::blast::pace(app, model.now.watched);
    let pace = pace.unwrap_or_else(|| "new users".into());
    facts.push(About::Blast.tell(format!("{pace} go on getting this version meanwhile")));
    facts.push(About::Undo.tell(format!(
        "{} or {} stops it at once; an act can be held once only",
        model.keys.name("halt"),
        model.keys.name("pause")
    )));
    Confirm::new(
        model,
        app,
        ("postpone", "hold"),
        Act::Postpone,
        facts,
        PRESS,
    )
}

pub(super) fn acknowledge(model: &Model, app: &AppSnapshot) -> Confirm {
    let now = app
        .needs_person
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| Some(plan::statements(model, app).into_iter().next()?.text))
        .unwrap_or_default();
    let actor = rights::actor(model);
    let mut facts = vec![
        About::Now.tell(now),
        About::After.tell(format!("everybody sees that {actor} is on it")),
        About::Blast.tell("nothing changes for users: rules and announced acts go on"),
        About::Undo.tell("none; a new breach asks anew"),
    ];
    facts.extend(incident::silenced(model, app).map(|text| About::Adds.tell(text)));
    let name = "acknowledge";
    Confirm::new(model, app, (name, name), Act::Acknowledge, facts, PRESS)
}

pub(super) fn disarm(model: &Model, app: &AppSnapshot) -> Confirm {
    let now = model.now.watched;
    let until = now + DISARM_FOR;
    let ends = moment(until, now);
    let mut facts = Vec::new();
    if let Some(act) = &app.announced {
        let left = countdown(act.due - now);
        facts.push(About::Now.tell(format!("{} in {left} by rule {}", act.verb, act.rule)));
    } else {
        let armed = plan::statements(model, app).into_iter().next();
        facts.extend(armed.map(|it| About::Now.tell(it.text)));
    }
    facts.push(About::After.tell(format!(
        "haltline watches and tells, but does nothing until {ends} (2 h)"
    )));
    facts.push(About::Blast.tell(format!(
        "a bad rollout goes on until a person stops it; {} and {} work as ever",
        model.keys.name("halt"),
        model.keys.name("pause")
    )));
    let again = model.keys.name("disarm");
    facts.push(About::Undo.tell(format!("{again} again, or haltline arm: anybody")));
    let ask = Ask::Press {
        yes: 'y',
        all: (model.snapshot.apps.len() > 1).then_some('A'),
    };
    let act = Act::Disarm { until };
    Confirm::new(model, app, ("disarm", "disarm"), act, facts, ask)
}

pub(super) fn arm(model: &Model, app: &AppSnapshot) -> Confirm {
    let one_app = app.disarmed.is_some();
    let off = app.disarmed.as_ref().or(model.snapshot.disarmed.as_ref());
    let now = off.map_or_else(String::new, |off| {
        format!("off by {}: {}", off.actor, off.reason)
    });
    let mut facts = vec![
        About::Now.tell(now),
        About::After.tell("rules act by themselves again, at once"),
    ];
    if !app.fired.is_empty() {
        let fired: Vec<_> = app
            .fired
            .iter()
            .map(crate::domain::PlainText::as_str)
            .collect();
        facts.push(About::Blast.tell(format!("fired meanwhile: {}", fired.join(", "))));
    } else if app.climbs {
        facts.push(About::Blast.tell("gates that are open let the rollout go up again"));
    }
    let again = model.keys.name("disarm");
    facts.push(About::Undo.tell(format!("{again} again: anybody")));
    let mut dialog = Confirm::new(model, app, ("disarm", "arm"), Act::Arm, facts, PRESS);
    dialog.one_app = one_app;
    if !one_app {
        dialog.title = "ARM every app".into();
    }
    dialog
}
