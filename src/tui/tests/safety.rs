//! Nobody hurts a rollout by accident: whatever is typed, mashed or pasted, from wherever on the screen.
//!
//! A witness of its own looks on. It knows the rules of a confirmation, and nothing of how the dialogs keep them. Screens are
//! reached by keys alone, so that what is added to the table of actions is tried as well.

use std::sync::Arc;

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::super::fixture;
use super::super::update::update;
use crate::api::ActRequest;
use crate::api::client::Link;
use crate::api::wire::WatcherState;
use crate::domain::{Act, Timestamp};
use crate::tui::input::actions::ACTIONS;
use crate::tui::input::keymap::Chord;
use crate::tui::state::message::{Effect, Message};
use crate::tui::state::model::{Layer, Model};

const STILL: TimeDelta = TimeDelta::zero();
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// What was pressed since a dialog opened.
#[derive(Clone, Debug)]
struct Opened {
    by: KeyEvent,
    at: Timestamp,
    /// What is typed by now, of the keys that came half a second later or more.
    typed: String,
}

impl Opened {
    fn long_enough(&self, wall: Timestamp) -> bool {
        wall - self.at >= TimeDelta::milliseconds(500)
    }

    fn hear(&mut self, key: KeyEvent, wall: Timestamp) {
        let typed = !key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if !typed || !self.long_enough(wall) {
            return;
        }
        match key.code {
            KeyCode::Char(c) => self.typed.push(c),
            KeyCode::Backspace => drop(self.typed.pop()),
            _ => {}
        }
    }
}

/// A screen, and who looks on.
#[derive(Clone)]
struct Watched {
    name: String,
    model: Model,
    opened: Option<Opened>,
    /// How many acts were asked for.
    asked: usize,
}

impl Watched {
    fn new(name: &str, model: Model) -> Self {
        let name = name.to_owned();
        Self {
            name,
            model,
            opened: None,
            asked: 0,
        }
    }

    /// A key, so long after the one before it.
    fn press(&mut self, key: KeyEvent, pause: TimeDelta) {
        let mut now = self.model.now;
        now.wall += pause;
        update(&mut self.model, Message::Tick(now));
        let free = is_free(&self.model);
        let before = dialog(&self.model);
        if let Some(opened) = &mut self.opened {
            opened.hear(key, now.wall);
        }
        let effects = update(&mut self.model, Message::Key(key));
        for effect in effects {
            if let Effect::Ask { request, .. } = effect {
                assert!(free, "{}: {key:?} asks for {request:?}", self.name);
                if !only_words(&request.act) {
                    self.judge(&request, key, now.wall);
                }
                self.asked += 1;
            }
        }
        let after = dialog(&self.model);
        if after.is_none() {
            self.opened = None;
        } else if before != after {
            self.opened = Some(Opened {
                by: key,
                at: now.wall,
                typed: String::new(),
            });
        }
    }

    fn judge(&self, request: &ActRequest, key: KeyEvent, wall: Timestamp) {
        let words = format!("{}: {key:?} asks for {request:?}", self.name);
        let Some(opened) = &self.opened else {
            panic!("{words}, and no dialog was open");
        };
        assert!(opened.long_enough(wall), "{words} within half a second");
        assert!(key != opened.by, "{words}, with the key that opened it");
        let KeyCode::Char(letter) = key.code else {
            panic!("{words}, with a key that is no letter");
        };
        assert!(letter != ' ' && !key.modifiers.intersects(KeyModifiers::CONTROL));
        let apps = &self.model.snapshot.apps;
        if let Some(id) = &request.app {
            let app = apps.iter().find(|app| app.id == *id).unwrap();
            assert_eq!(request.expect, Some(app.revision), "{words}");
        }
        if raises(&request.act) {
            let app = request.app.as_ref().unwrap();
            let (rest, percent) = opened.typed.rsplit_once(' ').expect(&words);
            assert!(rest.ends_with(app.as_str()), "{words}: {:?}", opened.typed);
            assert!(percent.parse::<f64>().is_ok(), "{words}");
        }
    }
}

/// Only from a picture of now, with somebody who carries it out, on a screen that may.
fn is_free(model: &Model) -> bool {
    let watched = !matches!(model.snapshot.watcher, WatcherState::NobodySince { .. });
    model.readonly.is_none() && model.moment.is_live() && model.link == Link::Live && watched
}

/// Which dialog is open.
fn dialog(model: &Model) -> Option<(String, Act)> {
    match &model.layer {
        Some(Layer::Confirm(dialog)) => Some((dialog.title.clone(), dialog.act.clone())),
        _ => None,
    }
}

/// It changes neither a rollout nor what haltline may do.
fn only_words(act: &Act) -> bool {
    matches!(act, Act::Note { .. })
}

fn raises(act: &Act) -> bool {
    match act {
        Act::Do { verb, .. } => !verb.lowers(),
        Act::Approve | Act::Change { .. } => true,
        _ => false,
    }
}

fn key(chord: Chord) -> KeyEvent {
    match chord {
        Chord::Char(c) => KeyEvent::from(KeyCode::Char(c)),
        Chord::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
        Chord::Code(code) => KeyEvent::from(code),
    }
}

/// Keys as they are written here: Enter, Tab and the arrow have signs of their own.
fn keys(text: &str) -> impl Iterator<Item = KeyEvent> {
    text.chars().map(|c| {
        KeyEvent::from(match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '←' => KeyCode::Left,
            c => KeyCode::Char(c),
        })
    })
}

/// Every key of the table, and every one that a dialog or a line may hear.
fn all_keys() -> Vec<KeyEvent> {
    let table = ACTIONS.iter().flat_map(|action| action.keys).copied();
    let mut all: Vec<KeyEvent> = table.map(key).collect();
    let others = ('!'..='~').map(KeyCode::Char);
    all.extend(others.map(KeyEvent::from));
    all.extend([KeyCode::Char(' '), KeyCode::Backspace, KeyCode::Delete].map(KeyEvent::from));
    all.extend(
        ['y', 'A', 'm', 'j'].map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)),
    );
    let mut seen = Vec::new();
    all.retain(|key| {
        let new = !seen.contains(key);
        seen.push(*key);
        new
    });
    all
}

/// Those that open or confirm something.
fn hot_keys() -> Vec<KeyEvent> {
    let acts = ACTIONS.iter().filter(|action| action.does.acts());
    let mut hot: Vec<_> = acts
        .flat_map(|action| action.keys)
        .copied()
        .map(key)
        .collect();
    hot.extend(keys("yyyyAoE \n\n\t5:."));
    hot
}

/// Every state, each as it was and behind every key of the table and some longer ways.
fn screens() -> Vec<Watched> {
    let longer = [
        "",
        "5z",
        "6z",
        "7z",
        "5\n",
        ":halt",
        ":halt\n",
        ":complete",
        ":complete\n",
        "/shop",
        "nseen",
        "g14:28",
        "g14:28\n",
        "←←",
        " ←",
        "oj",
        "Rshop-ios ",
        "Rshop-ios 1",
        "Rfixed\t",
        "Rfixed\tshop-android ",
        "Afine\tshop-android 2",
        "Yshop-android 2",
        "Sshop-android ",
        "RshopH",
    ];
    let table = ACTIONS.iter().flat_map(|action| action.keys).copied();
    let ways: Vec<Vec<KeyEvent>> = table
        .map(|chord| vec![key(chord)])
        .chain(longer.iter().map(|text| keys(text).collect()))
        .collect();
    let mut all = Vec::new();
    for (name, model) in fixture::models() {
        for way in &ways {
            let mut screen = Watched::new(name, model.clone());
            for key in way {
                screen.press(*key, SECOND);
            }
            all.push(screen);
        }
    }
    all
}

/// From every state, every two keys one after the other: as fast as they can come, and with time to read.
#[test]
fn no_two_keys_do_harm() {
    let keys = all_keys();
    for (name, model) in fixture::models() {
        let start = Watched::new(name, model);
        for pause in [STILL, SECOND] {
            let mut asked = 0;
            for first in &keys {
                let mut one = start.clone();
                one.press(*first, pause);
                for second in &keys {
                    let mut two = one.clone();
                    two.press(*second, pause);
                    asked += two.asked;
                }
            }
            // The witness must have had something to judge.
            let may = is_free(&start.model) && pause == SECOND;
            assert_eq!(asked > 0, may, "{name}: {asked}");
        }
    }
}

#[test]
fn enter_and_space_alone_confirm_nothing() {
    let (enter, space) = (
        KeyEvent::from(KeyCode::Enter),
        KeyEvent::from(KeyCode::Char(' ')),
    );
    for screen in screens() {
        let mut reached = vec![screen];
        for _ in 0..4 {
            reached = reached
                .iter()
                .flat_map(|screen| {
                    [enter, space].map(|key| {
                        let mut next = screen.clone();
                        next.press(key, SECOND);
                        next
                    })
                })
                .collect();
        }
        for end in reached {
            assert!(end.opened.is_none() || dialog(&end.model).is_some());
        }
    }
}

#[test]
fn a_paste_confirms_nothing() {
    for mut screen in screens() {
        let before = screen.model.layer.clone();
        let effects = update(&mut screen.model, Message::Paste);
        let asks = effects.iter().any(|it| matches!(it, Effect::Ask { .. }));
        assert!(!asks, "{}", screen.name);
        if let Some(Layer::Confirm(before)) = before {
            let Some(Layer::Confirm(after)) = &screen.model.layer else {
                panic!("{}: the dialog is gone", screen.name);
            };
            assert_eq!(before, *after, "{}", screen.name);
        }
    }
}

#[test]
fn another_revision_closes_every_dialog() {
    let mut closed = 0;
    for screen in screens() {
        if screen.opened.is_none() {
            continue;
        }
        let picture = |more: u64| {
            let mut picture = (*screen.model.snapshot).clone();
            picture.apps.iter_mut().for_each(|app| app.revision += more);
            Message::Snapshot(Arc::new(picture))
        };
        let mut same = screen.clone();
        update(&mut same.model, picture(0));
        assert!(dialog(&same.model).is_some(), "{}", screen.name);
        let mut other = screen.clone();
        update(&mut other.model, picture(1));
        assert!(dialog(&other.model).is_none(), "{}", screen.name);
        other.opened = None;
        for c in ['y', '5', 'A'] {
            other.press(KeyEvent::from(KeyCode::Char(c)), SECOND);
        }
        closed += 1;
    }
    assert!(closed > 100, "{closed}");
}

/// Whatever takes the ground from under a dialog closes it.
#[test]
fn a_watcher_that_is_gone_closes_every_dialog() {
    for screen in screens().into_iter().filter(|it| it.opened.is_some()) {
        let since = screen.model.now.watched;
        let mut nobody = (*screen.model.snapshot).clone();
        nobody.watcher = WatcherState::NobodySince { since: None };
        for message in [
            Message::WatcherGone,
            Message::Link(Link::Reconnecting { since }),
            Message::Link(Link::Opening),
            Message::Snapshot(Arc::new(nobody)),
        ] {
            let mut screen = screen.clone();
            update(&mut screen.model, message);
            assert!(dialog(&screen.model).is_none(), "{}", screen.name);
        }
    }
}

/// One of everything that may be pressed, and how long after the key before it.
fn some_key() -> impl Strategy<Value = (KeyEvent, TimeDelta)> {
    let keys = prop_oneof![
        prop::sample::select(hot_keys()),
        prop::sample::select(all_keys()),
    ];
    let pause = prop::sample::select(vec![0, 0, 120, 499, 500, 1_000, 1_000, 9_000]);
    (keys, pause).prop_map(|(key, pause)| (key, TimeDelta::milliseconds(pause)))
}

#[test]
fn no_six_keys_from_any_screen_do_harm() {
    let screens = screens();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20_000));
    let places = 0..screens.len();
    let strategy = (places, prop::collection::vec(some_key(), 1..=6));
    let mut asked = std::cell::Cell::new(0);
    let outcome = runner.run(&strategy, |(place, keys)| {
        let mut screen = screens[place].clone();
        for (key, pause) in keys {
            screen.press(key, pause);
        }
        asked.set(asked.get() + screen.asked);
        Ok(())
    });
    outcome.unwrap();
    assert!(*asked.get_mut() > 200, "hardly anything to judge");
}
