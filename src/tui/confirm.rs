//! The dialog before an act: what is, what will be, whom it hits, what cannot be undone, who will have done it.
//!
//! Lowering exposure takes a second key; raising it takes typing the app and the percentage. Enter and Space never
//! confirm, a paste never does, and for half a second after opening nothing does: keys typed ahead over a slow line must
//! not act. The dialog is about one revision of the app: the update closes it when that changes.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::climb;
use super::format::{age, fit};
use super::model::Model;
use super::state_words;
use crate::api::AppSnapshot;
use crate::domain::{Act, AppId, Exposure, PlainText, Timestamp, Verb};

/// How long a new dialog hears nothing but Esc.
pub(crate) const DEAF: TimeDelta = TimeDelta::milliseconds(500);
/// The reason where nobody has to give one.
const USUAL_REASON: &str = "from the screen";
/// Longest reason that can be typed, in columns.
const REASON_COLUMNS: usize = 200;
/// How long a disarm from the screen lasts.
const DISARM_FOR: TimeDelta = TimeDelta::hours(2);

/// What is asked of the person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// One key.
    Press,
    /// `y` for this app, `A` for every app.
    PressOrAll,
    /// The phrase, letter by letter; complete is confirmed. Before it a reason, where one must be given.
    Phrase {
        expected: String,
        typed: String,
        reason: Option<String>,
        /// The reason is being typed, not the phrase.
        at_reason: bool,
    },
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Confirm {
    pub(crate) app: AppId,
    pub(crate) revision: u64,
    /// The wall's time.
    pub(crate) opened: Timestamp,
    pub(crate) act: Act,
    /// False for an act on every app.
    pub(crate) one_app: bool,
    pub(crate) title: String,
    /// What the act is called: `halt`.
    pub(crate) name: &'static str,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) ask: Ask,
}

/// What a key did to the dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Stays,
    Cancelled,
    Confirmed {
        reason: PlainText,
        /// The act is for every app.
        every_app: bool,
    },
}

impl Confirm {
    /// A verb on the app shown.
    pub(crate) fn verb(model: &Model, app: &AppSnapshot, verb: Verb) -> Self {
        let read = app.store_read_at.map_or_else(
            || "never read".into(),
            |at| format!("read {} ago", age(model.now.watched - at)),
        );
        let now = format!("{} ({read})", state_words::of(app));
        let mut facts = vec![("Now", now), ("After", state_words::after(app, verb))];
        if verb == Verb::Halt {
            facts.push((
                "",
                "latched: only an admin resumes it, with a reason".into(),
            ));
        }
        if verb == Verb::Start
            && let Some(waiting) = &app.waiting
        {
            let version = &waiting.release.version;
            facts.push((
                "",
                format!("{version} waits, and begins at the first stage"),
            ));
        }
        if verb == Verb::Advance
            && let Some(gate) = app.gate.as_ref().filter(|gate| !gate.open)
        {
            let unmet = gate.wants.iter().filter(|want| want.met != Some(true));
            let unmet: Vec<String> = unmet
                .map(|want| format!("{} ({})", want.what, want.now))
                .collect();
            facts.push(("Overrules", unmet.join("; ")));
        }
        facts.push(("Blast", verb.meaning(app.store).into()));
        if let Some(reached) = state_words::reached(app) {
            let name = &app.version_name;
            facts.push(if verb.lowers() {
                ("Keeps", format!("{reached} stay on {name}"))
            } else {
                ("Has it", format!("{reached} on {name} already"))
            });
        }
        let undo = match verb {
            Verb::Halt => "R resumes it: an admin, with a reason",
            Verb::Pause | Verb::Hold => "R resumes it where it stopped",
            Verb::Start | Verb::Resume | Verb::Advance | Verb::Complete => {
                "H halts it again; users who update meanwhile keep it"
            }
        };
        facts.push(("Undo", undo.into()));
        if !verb.lowers() {
            facts.push(("Health", format!("{}: {}", app.health, app.sentence)));
            let stale = app.sources.iter().filter(|source| !source.is_fresh());
            let stale: Vec<String> = stale.map(|source| source.id.to_string()).collect();
            if !stale.is_empty() {
                facts.push(("Data", format!("not fresh: {}", stale.join(", "))));
            }
        }
        let ask = if verb.lowers() {
            Ask::Press
        } else {
            let now = app.release.as_ref().map(|release| release.exposure);
            let to = if verb == Verb::Advance {
                climb::next_stage(app).or(now)
            } else {
                now
            };
            // Past a gate that is shut, and out of a halt, the log is told why.
            let overrules = facts.iter().any(|(what, _)| *what == "Overrules");
            phrase(app, to, app.latched || overrules)
        };
        Self::new(
            model,
            app,
            Act::Do { verb, to: None },
            verb.name(),
            facts,
            ask,
        )
    }

    /// The gate ahead, as far as approval goes, or a change that waits for a second person.
    pub(crate) fn approve(model: &Model, app: &AppSnapshot) -> Self {
        let mut facts = Vec::new();
        let mut to = app.release.as_ref().map(|release| release.exposure);
        if let Some(proposal) = &app.proposal {
            facts.push(("Now", proposal.to_string()));
            facts.push((
                "After",
                "the rollout goes by the looser policy, at once".into(),
            ));
            facts.push(("Who", "somebody else than the person who asked".into()));
        } else if let Some((next, others)) = climb::to_approve(app) {
            to = Some(next);
            facts.push(("Now", format!("the gate to {next} waits for a person")));
            let waits: Vec<String> = others
                .iter()
                .map(|want| format!("{} ({})", want.what, want.now))
                .collect();
            facts.push((
                "After",
                if waits.is_empty() {
                    format!("haltline goes to {next} at its next look")
                } else {
                    format!("haltline goes to {next} once: {}", waits.join("; "))
                },
            ));
            facts.push(("Health", format!("{}: {}", app.health, app.sentence)));
            facts.push((
                "Undo",
                "hold or pause; a stop takes every approval back".into(),
            ));
        }
        let ask = phrase(app, to, false);
        Self::new(model, app, Act::Approve, "approve", facts, ask)
    }

    /// Hold the announced act.
    pub(crate) fn postpone(model: &Model, app: &AppSnapshot) -> Self {
        let mut facts = Vec::new();
        if let Some(act) = &app.announced {
            let left = super::format::countdown(act.due - model.now.watched);
            facts.push((
                "Now",
                format!("{} in {left} by rule {}", act.verb, act.rule),
            ));
            facts.push((
                "After",
                format!(
                    "{} 15 minutes later at most, unless the data turn good",
                    act.verb
                ),
            ));
        }
        facts.push((
            "Blast",
            "the rollout goes on meanwhile; new users still get this version".into(),
        ));
        facts.push(("Once", "an announced act can be held once only".into()));
        Self::new(model, app, Act::Postpone, "hold", facts, Ask::Press)
    }

    /// Automation off.
    pub(crate) fn disarm(model: &Model, app: &AppSnapshot) -> Self {
        let until = model.now.watched + DISARM_FOR;
        let facts = vec![
            (
                "After",
                format!(
                    "haltline watches and tells, but does nothing until {} (2 h)",
                    super::format::moment(until, model.now.watched)
                ),
            ),
            (
                "Blast",
                "a bad rollout goes on until a person stops it; H and P work as ever".into(),
            ),
            ("Undo", "D again, or haltline arm".into()),
        ];
        let ask = if model.snapshot.apps.len() > 1 {
            Ask::PressOrAll
        } else {
            Ask::Press
        };
        Self::new(model, app, Act::Disarm { until }, "disarm", facts, ask)
    }

    /// Automation on.
    pub(crate) fn arm(model: &Model, app: &AppSnapshot) -> Self {
        let one_app = app.disarmed.is_some();
        let off = app.disarmed.as_ref().or(model.snapshot.disarmed.as_ref());
        let now = off.map_or_else(String::new, |off| {
            format!("off by {}: {}", off.actor, off.reason)
        });
        let facts = vec![
            ("Now", now),
            ("After", "rules act by themselves again, at once".into()),
            ("Undo", "D again".into()),
        ];
        let mut dialog = Self::new(model, app, Act::Arm, "arm", facts, Ask::Press);
        dialog.one_app = one_app;
        if !one_app {
            dialog.title = "ARM every app".into();
        }
        dialog
    }

    fn new(
        model: &Model,
        app: &AppSnapshot,
        act: Act,
        name: &'static str,
        mut facts: Vec<(&'static str, String)>,
        ask: Ask,
    ) -> Self {
        let reason = match &ask {
            Ask::Phrase {
                reason: Some(_), ..
            } => "with the reason you type".to_owned(),
            _ => format!("reason “{USUAL_REASON}”"),
        };
        let actor = model.identity.actor();
        facts.push(("As", format!("{actor}, {reason}; in the audit log")));
        Self {
            app: app.id.clone(),
            revision: app.revision,
            opened: model.now.wall,
            act,
            one_app: true,
            title: format!(
                "{} {} {} {}",
                name.to_uppercase(),
                app.name,
                app.store.platform(),
                app.version_name
            ),
            name,
            facts,
            ask,
        }
    }

    /// Still within the time in which it hears nothing.
    pub(crate) fn is_deaf(&self, wall: Timestamp) -> bool {
        let open = wall - self.opened;
        open >= TimeDelta::zero() && open < DEAF
    }

    /// Whether the picture is still the one that the dialog is about.
    pub(crate) fn holds(&self, app: Option<&AppSnapshot>) -> bool {
        app.is_some_and(|app| app.revision == self.revision)
    }

    pub(crate) fn press(&mut self, key: KeyEvent, wall: Timestamp) -> Outcome {
        if key.code == KeyCode::Esc {
            return Outcome::Cancelled;
        }
        if self.is_deaf(wall)
            || key
                .modifiers
                .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
        {
            return Outcome::Stays;
        }
        match &mut self.ask {
            Ask::Press | Ask::PressOrAll => {
                let all = self.ask == Ask::PressOrAll;
                match key.code {
                    KeyCode::Char('y') => usual(!self.one_app),
                    KeyCode::Char('A') if all => usual(true),
                    KeyCode::Char('q' | 'n') => Outcome::Cancelled,
                    _ => Outcome::Stays,
                }
            }
            Ask::Phrase {
                expected,
                typed,
                reason,
                at_reason,
            } => {
                if let Some(reason) = reason.as_mut().filter(|_| *at_reason) {
                    match key.code {
                        KeyCode::Char(c) => *reason = fit(&format!("{reason}{c}"), REASON_COLUMNS),
                        KeyCode::Backspace => drop(reason.pop()),
                        // Goes on to the phrase; it does not confirm.
                        KeyCode::Enter | KeyCode::Tab => *at_reason = reason.trim().is_empty(),
                        _ => {}
                    }
                    return Outcome::Stays;
                }
                match key.code {
                    // Whatever is typed stays: a wrong letter must be taken back, or words meant for another window could
                    // hide the phrase.
                    KeyCode::Char(c) => *typed = fit(&format!("{typed}{c}"), REASON_COLUMNS),
                    KeyCode::Backspace => drop(typed.pop()),
                    KeyCode::BackTab => *at_reason = reason.is_some(),
                    _ => {}
                }
                if typed == expected {
                    let reason = reason.as_deref().unwrap_or(USUAL_REASON);
                    return Outcome::Confirmed {
                        reason: reason.into(),
                        every_app: false,
                    };
                }
                Outcome::Stays
            }
        }
    }
}

fn phrase(app: &AppSnapshot, to: Option<Exposure>, with_reason: bool) -> Ask {
    let percent = to.map_or(0.0, Exposure::percent);
    Ask::Phrase {
        expected: format!("{} {percent}", app.id),
        typed: String::new(),
        reason: with_reason.then(String::new),
        at_reason: with_reason,
    }
}

fn usual(every_app: bool) -> Outcome {
    Outcome::Confirmed {
        reason: USUAL_REASON.into(),
        every_app,
    }
}

#[cfg(test)]
mod tests;
