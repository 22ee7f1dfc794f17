//! How the watcher is reached, in words, and what changes with it. Whatever it is, an old picture must not look like a live
//! one, and nothing may be done from it.

use std::borrow::Cow;

use super::format::{age, moment};
use super::model::Model;
use super::plan::{Statement, say};
use super::theme::Tone;
use super::update;
use crate::api::client::Link;
use crate::domain::Timestamp;

/// The first thing said where the picture is not a live one: what that is, since when, and how old the picture is.
pub(crate) fn statement(model: &Model) -> Option<Statement> {
    let (picture, now) = (&model.latest, model.present);
    let old = age(now - picture.at);
    let since = |since: Timestamp| format!("since {} ({})", moment(since, now), age(now - since));
    match model.link {
        Link::Live => None,
        Link::Opening if picture.apps.is_empty() => {
            let text = "OPENING: no picture was kept, the journal is being verified";
            Some(say(Tone::Unknown, text))
        }
        Link::Opening => {
            let of = moment(picture.at, now);
            let text = format!("OPENING: picture of {of}, {old} old, journal not verified yet");
            Some(say(Tone::Unknown, text))
        }
        Link::Reconnecting { since: lost } => {
            let text = format!(
                "RECONNECTING {}: picture {old} old, the journal cannot be read",
                since(lost)
            );
            Some(say(Tone::Bad, text))
        }
        Link::Lost { since: lost } => {
            let text = format!(
                "LOST {}: picture {old} old, the watcher has stopped, nothing acts",
                since(lost)
            );
            Some(say(Tone::Bad, text))
        }
    }
}

/// Why nothing can be done from here now, in few words.
pub(crate) fn locked(model: &Model) -> Option<&'static str> {
    match model.link {
        Link::Live => None,
        Link::Opening => Some("the journal is not verified yet: wait a moment"),
        Link::Reconnecting { .. } => Some("the journal cannot be read now"),
        Link::Lost { .. } => Some("the watcher has stopped"),
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
            if matches!(before, Link::Reconnecting { .. }) {
                model.tell(Tone::Strong, "the journal is read again");
            }
            return;
        }
        Link::Opening | Link::Reconnecting { .. } => "the journal cannot be read",
        Link::Lost { .. } => "the watcher has stopped",
    };
    if update::close_dialog(model) {
        model.tell(Tone::Bad, format!("{why}: nothing was done"));
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use crossterm::event::{KeyCode, KeyEvent};

    use super::super::actions::ACTIONS;
    use super::super::fixture;
    use super::super::headline::Headline;
    use super::super::message::{Effect, Message};
    use super::super::model::Layer;
    use super::super::tests::{SIZES, picture, press};
    use super::super::theme::Theme;
    use super::super::update::update;
    use super::*;

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
