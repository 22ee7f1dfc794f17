//! How the watcher is reached, in words, and what changes with it. Whatever it is, an old picture must not look like a live
//! one, and nothing may be done from it.

use std::borrow::Cow;

use super::format::{age, moment};
use super::plan::{Statement, say};
use crate::api::client::Link;
use crate::domain::{Timestamp, Verb};
use crate::tui::dialogs::direct;
use crate::tui::input::actions::Do;
use crate::tui::state::model::{Layer, Model};
use crate::tui::style::theme::Tone;
use crate::tui::update;

/// Behind what the watcher is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReachedBy {
    /// The journal on this machine, which this process reads.
    #[default]
    Journal,
    /// The socket of another process.
    Socket,
}

/// The first thing said where the picture is not a live one: what that is, since when, and how old the picture is.
pub(crate) fn statement(model: &Model) -> Option<Statement> {
    let (picture, now) = (&model.latest, model.present);
    let old = age(now - picture.at);
    let since = |since: Timestamp| format!("since {} ({})", moment(since, now), age(now - since));
    match model.link {
        Link::Live => None,
        Link::Opening if picture.apps.is_empty() => {
            let waits = match model.reached_by {
                ReachedBy::Journal => "the journal is being verified",
                ReachedBy::Socket => "the watcher has not answered yet",
            };
            let text = format!("OPENING: no picture was kept, {waits}");
            Some(say(Tone::Unknown, text))
        }
        Link::Opening => {
            let of = moment(picture.at, now);
            let waits = match model.reached_by {
                ReachedBy::Journal => "journal not verified yet",
                ReachedBy::Socket => "the watcher has not answered yet",
            };
            let text = format!("OPENING: picture of {of}, {old} old, {waits}");
            Some(say(Tone::Unknown, text))
        }
        Link::Reconnecting { since: lost } => {
            let text = format!(
                "RECONNECTING {}: picture {old} old, {}",
                since(lost),
                cut_off(model)
            );
            Some(say(Tone::Bad, text + &around(model)))
        }
        Link::Lost { since: lost } => {
            let acts = match model.reached_by {
                ReachedBy::Journal => "nothing acts",
                ReachedBy::Socket => "whether it acts is not known",
            };
            let text = format!(
                "LOST {}: picture {old} old, {}, {acts}",
                since(lost),
                cut_off(model)
            );
            Some(say(Tone::Bad, text + &around(model)))
        }
    }
}

/// What works all the same.
fn around(model: &Model) -> String {
    let halt = Do::Verb(Verb::Halt);
    if direct::is_offered(model, halt) {
        let key = model.keys.name("halt");
        format!("; {key} halts at the store itself")
    } else {
        String::new()
    }
}

/// Why there is no newer picture.
fn cut_off(model: &Model) -> &'static str {
    match (model.link, model.reached_by) {
        (Link::Lost { .. }, ReachedBy::Journal) => "the watcher has stopped",
        (Link::Lost { .. }, ReachedBy::Socket) => "the watcher cannot be reached",
        (_, ReachedBy::Journal) => "the journal cannot be read",
        (_, ReachedBy::Socket) => "the watcher does not answer",
    }
}

/// The same with since when, for a dialog: `the watcher does not answer since 03:12 (14 s)`.
pub(crate) fn out_of_reach(model: &Model) -> String {
    let now = model.present;
    match model.link {
        Link::Reconnecting { since } | Link::Lost { since } => {
            let (at, ago) = (moment(since, now), age(now - since));
            format!("since {at} ({ago}) {}", cut_off(model))
        }
        Link::Live | Link::Opening => cut_off(model).to_owned(),
    }
}

/// Why nothing can be done from here now, in few words.
pub(crate) fn locked(model: &Model) -> Option<&'static str> {
    match (model.link, model.reached_by) {
        (Link::Live, _) => None,
        (Link::Opening, ReachedBy::Journal) => {
            Some("the journal is not verified yet: wait a moment")
        }
        (Link::Opening, ReachedBy::Socket) => {
            Some("the watcher has not answered yet: wait a moment")
        }
        (Link::Reconnecting { .. }, ReachedBy::Journal) => Some("the journal cannot be read now"),
        (Link::Reconnecting { .. } | Link::Lost { .. }, _) => Some(cut_off(model)),
    }
}

/// What was said of an old picture, with when that was: in the present tense it would read as if it still held.
pub(crate) fn dated<'a>(model: &Model, said: &'a str) -> Cow<'a, str> {
    if model.link == Link::Live || said.is_empty() {
        return said.into();
    }
    let at = moment(model.snapshot.at, model.now.watched);
    format!("as of {at}: {said}").into()
}

/// The watcher is reached in another way. What was about to be confirmed was about another state.
pub(crate) fn changed(model: &mut Model, link: Link) {
    let before = std::mem::replace(&mut model.link, link);
    let why = match link {
        Link::Live => {
            direct::heard(model);
            let again = match model.reached_by {
                ReachedBy::Journal => "the journal is read again",
                ReachedBy::Socket => "the watcher answers again",
            };
            // What would have gone around the watcher goes through it now.
            if is_around(model) && update::close_dialog(model) {
                model.tell(Tone::Bad, format!("{again}: nothing was done"));
            } else if matches!(before, Link::Reconnecting { .. } | Link::Lost { .. }) {
                model.tell(Tone::Strong, again);
            }
            return;
        }
        _ => cut_off(model),
    };
    if !is_around(model) && update::close_dialog(model) {
        model.tell(Tone::Bad, format!("{why}: nothing was done"));
    }
}

/// The dialog that is open goes around the watcher.
fn is_around(model: &Model) -> bool {
    matches!(&model.layer, Some(Layer::Confirm(dialog)) if dialog.direct)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use crossterm::event::{KeyCode, KeyEvent};

    use super::super::headline::Headline;
    use super::*;
    use crate::tui::fixture;
    use crate::tui::input::actions::ACTIONS;
    use crate::tui::state::message::{Effect, Message};
    use crate::tui::style::theme::Theme;
    use crate::tui::tests::{SIZES, picture, press};
    use crate::tui::update::update;

    fn links() -> [(Link, &'static str); 3] {
        let since = fixture::ago(41);
        [
            (Link::Opening, "OPENING: picture of"),
            (Link::Reconnecting { since }, "RECONNECTING since 14:31"),
            (Link::Lost { since }, "LOST since 14:31"),
        ]
    }

    #[test]
    fn every_link_but_a_live_one_is_told_at_the_top_and_turns_good_news_into_unknown() {
        for (link, words) in links() {
            for (name, snapshot) in fixture::states() {
                let mut model = fixture::model(snapshot);
                let live = model.headline(model.shown().unwrap());
                update(&mut model, Message::Link(link));
                let old = model.headline(model.shown().unwrap());
                // Bad news stay.
                let wanted = match live {
                    Headline::Healthy => Headline::Unknown,
                    other => other,
                };
                assert_eq!(old, wanted, "{name} {link:?}");
                for size in SIZES {
                    let drawn = picture(&model, Theme::new(true, true), size);
                    let top: Vec<&str> = drawn.lines().take(2).collect();
                    let said = top.join("\n").contains(words);
                    assert!(said, "{name} {link:?} {size:?}: {top:?}");
                    assert!(!drawn.contains("HEALTHY"), "{name} {link:?} {size:?}");
                    let dated = drawn.contains(&format!(
                        "as of {}",
                        super::super::format::minute(model.snapshot.at)
                    ));
                    assert!(dated, "{name} {link:?} {size:?}: {drawn}");
                }
            }
        }
    }

    #[test]
    fn no_act_passes_while_the_watcher_is_not_reached() {
        for (link, _) in links() {
            for (name, snapshot) in fixture::states() {
                let mut model = fixture::model(snapshot);
                update(&mut model, Message::Link(link));
                let acts = ACTIONS.iter().filter(|action| action.does.acts());
                for action in acts {
                    assert!(action.disabled(&model).is_some(), "{name}: {}", action.id);
                }
                for key in "HPRASYFDxan".chars() {
                    let key = KeyEvent::from(KeyCode::Char(key));
                    assert!(update(&mut model, Message::Key(key)).is_empty(), "{name}");
                    assert!(model.layer.is_none(), "{name}: {key:?}");
                }
            }
        }
    }

    #[test]
    fn a_dialog_closes_as_the_watcher_is_lost_from_sight() {
        for (link, _) in links() {
            let mut model = fixture::model(fixture::announced());
            press(&mut model, KeyCode::Char('H'));
            assert!(matches!(model.layer, Some(Layer::Confirm(_))));
            update(&mut model, Message::Link(link));
            assert!(model.layer.is_none());
            let told = model.notice.clone().unwrap().text;
            assert!(told.ends_with("nothing was done"), "{told}");
            let asked = press(&mut model, KeyCode::Char('y'));
            let act = |effect: &Effect| matches!(effect, Effect::Ask { .. });
            assert!(!asked.iter().any(act), "{asked:?}");
        }
    }

    /// The place of the person stays, whatever the picture that comes.
    #[test]
    fn from_the_kept_picture_to_the_live_one_without_losing_the_place() {
        let mut kept = fixture::healthy();
        kept.at -= TimeDelta::minutes(3);
        let mut model = fixture::model(kept);
        update(&mut model, Message::Link(Link::Opening));
        press(&mut model, KeyCode::Char(']'));
        press(&mut model, KeyCode::Char('6'));
        press(&mut model, KeyCode::Char('j'));
        let place = (model.app.clone(), model.focus, model.scroll.clone());
        update(&mut model, Message::Snapshot(fixture::healthy().into()));
        assert_eq!(model.headline(model.shown().unwrap()), Headline::Unknown);
        let effects = update(&mut model, Message::Link(Link::Live));
        assert!(effects.is_empty() && model.notice.is_none());
        assert_eq!(
            place,
            (model.app.clone(), model.focus, model.scroll.clone())
        );
        assert_eq!(model.headline(model.shown().unwrap()), Headline::Healthy);
    }

    #[test]
    fn without_a_kept_picture_the_screen_says_what_it_does() {
        let mut nothing = fixture::healthy();
        nothing.apps.clear();
        let mut model = fixture::model(nothing);
        update(&mut model, Message::Link(Link::Opening));
        for size in SIZES {
            let drawn = picture(&model, Theme::new(true, true), size);
            assert!(drawn.contains("OPENING: no picture was kept"), "{drawn}");
        }
        update(&mut model, Message::Snapshot(fixture::healthy().into()));
        assert!(model.shown().is_some(), "the first picture is gone to");
    }
}
