//! The dialog before an act: what is, what will be, whom it hits, what cannot be undone, who will have done it.
//!
//! Lowering exposure takes a second key, raising it takes typing the app and the percentage. Enter and Space never confirm, a
//! paste never does, and for half a second after opening nothing does: keys typed ahead over a slow line must not act. Nor
//! must words meant for another window: a letter that is not the answer makes the dialog deaf for as long again. The dialog is
//! about one revision of the app: the update closes it when that changes. What each dialog tells is in the files below this.

mod direct;
mod fact;
mod lower;
mod machine;
mod raise;

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::api::AppSnapshot;
use crate::domain::{Act, AppId, Exposure, PlainText, Timestamp, Verb};
use crate::tui::input::actions::Do;
use crate::tui::input::keymap::Chord;
use crate::tui::state::model::Model;
use crate::tui::words::format::fit;

pub(crate) use fact::{About, Fact};

/// How long a new dialog hears nothing but Esc.
pub(crate) const DEAF: TimeDelta = TimeDelta::milliseconds(500);
/// The reason where nobody has to give one.
const USUAL_REASON: &str = "from the screen";
/// Longest reason that can be typed, in columns.
const REASON_COLUMNS: usize = 200;

/// What is asked of the person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// One key; where `all` is given, another one is for every app.
    Press { yes: char, all: Option<char> },
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
    /// When it was opened, or a letter was typed that is no answer: the wall's time.
    pub(crate) deaf_since: Timestamp,
    pub(crate) act: Act,
    /// False for an act on every app.
    pub(crate) one_app: bool,
    /// It goes around a watcher that cannot be reached.
    pub(crate) direct: bool,
    pub(crate) title: String,
    /// What the act is called: `halt`.
    pub(crate) name: &'static str,
    pub(crate) facts: Vec<Fact>,
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
        if super::direct::is_offered(model, Do::Verb(verb)) {
            direct::dialog(model, app, verb)
        } else if verb.lowers() {
            lower::dialog(model, app, verb)
        } else {
            raise::dialog(model, app, verb)
        }
    }

    /// The gate ahead, as far as approval goes, or a change that waits for a second person.
    pub(crate) fn approve(model: &Model, app: &AppSnapshot) -> Self {
        raise::approve(model, app)
    }

    /// Hold the announced act.
    pub(crate) fn postpone(model: &Model, app: &AppSnapshot) -> Self {
        machine::postpone(model, app)
    }

    /// Somebody is on it.
    pub(crate) fn acknowledge(model: &Model, app: &AppSnapshot) -> Self {
        machine::acknowledge(model, app)
    }

    /// Automation off, or on again where it is off.
    pub(crate) fn disarm(model: &Model, app: &AppSnapshot) -> Self {
        if app.disarmed.is_some() || model.snapshot.disarmed.is_some() {
            machine::arm(model, app)
        } else {
            machine::disarm(model, app)
        }
    }

    /// `id` is the action's: whichever key opens it must not be the one that confirms it.
    fn new(
        model: &Model,
        app: &AppSnapshot,
        (id, name): (&str, &'static str),
        act: Act,
        mut facts: Vec<Fact>,
        mut ask: Ask,
    ) -> Self {
        if let Ask::Press { yes, all } = &mut ask {
            let opens = |c: char| model.keys.keys(id).contains(&Chord::Char(c));
            if opens(*yes) {
                *yes = 'o';
            }
            *all = all.map(|c| if opens(c) { 'E' } else { c });
        }
        facts.push(also(model, &act, &ask));
        Self {
            app: app.id.clone(),
            revision: app.revision,
            deaf_since: model.now.wall,
            act,
            one_app: true,
            direct: false,
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

    /// How much of the time in which it hears nothing is left, 0 to 1.
    pub(crate) fn deafness(&self, wall: Timestamp) -> f64 {
        let open = wall - self.deaf_since;
        // A wall clock that was set back must not make it deaf for ever.
        if open < TimeDelta::zero() || open >= DEAF {
            return 0.0;
        }
        1.0 - open.as_seconds_f64() / DEAF.as_seconds_f64()
    }

    pub(crate) fn is_deaf(&self, wall: Timestamp) -> bool {
        self.deafness(wall) > 0.0
    }

    /// Whether the picture is still the one that the dialog is about.
    pub(crate) fn holds(&self, app: Option<&AppSnapshot>) -> bool {
        app.is_some_and(|app| app.revision == self.revision)
    }

    pub(crate) fn press(&mut self, key: KeyEvent, wall: Timestamp) -> Outcome {
        if key.code == KeyCode::Esc {
            return Outcome::Cancelled;
        }
        if key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
        {
            return Outcome::Stays;
        }
        let deaf = self.is_deaf(wall);
        match &mut self.ask {
            Ask::Press { yes, all } => match key.code {
                KeyCode::Char(c) if c == *yes || Some(c) == *all => {
                    if deaf {
                        return Outcome::Stays;
                    }
                    Outcome::Confirmed {
                        reason: USUAL_REASON.into(),
                        every_app: Some(c) == *all || !self.one_app,
                    }
                }
                KeyCode::Char('q' | 'n') if !deaf => Outcome::Cancelled,
                KeyCode::Char(_) => {
                    self.deaf_since = wall;
                    Outcome::Stays
                }
                _ => Outcome::Stays,
            },
            Ask::Phrase { .. } if deaf => Outcome::Stays,
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

/// A second key.
const PRESS: Ask = Ask::Press {
    yes: 'y',
    all: None,
};

fn phrase(app: &AppSnapshot, to: Option<Exposure>, with_reason: bool) -> Ask {
    let percent = to.map_or(0.0, Exposure::percent);
    Ask::Phrase {
        expected: format!("{} {percent}", app.id),
        typed: String::new(),
        reason: with_reason.then(String::new),
        at_reason: with_reason,
    }
}

/// Who is told, and who will have done it.
fn also(model: &Model, act: &Act, ask: &Ask) -> Fact {
    let reason = match ask {
        Ask::Phrase {
            reason: Some(_), ..
        } => "with the reason you type".to_owned(),
        _ => format!("“{USUAL_REASON}”"),
    };
    let told: Vec<&str> = model.snapshot.told.iter().map(PlainText::as_str).collect();
    let told = if told.is_empty() || *act == Act::Acknowledge {
        String::new()
    } else {
        format!("tells {}; ", told.join(", "))
    };
    let actor = crate::tui::input::rights::actor(model);
    About::Also.tell(format!("{told}audit: {actor}, {reason}"))
}

#[cfg(test)]
mod tests;
