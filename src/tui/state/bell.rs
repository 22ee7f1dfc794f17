//! The bell: once when something becomes breached or not known any more, never again for the same.
//!
//! Goes by the newest picture, whatever moment is shown. What happens while it is muted is heard and not rung, so that the end
//! of a mute rings for nothing old.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::model::Model;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::api::wire::WatcherState;
use crate::domain::{AppId, Health, PlainText, Timestamp};
use crate::tui::style::theme::Tone;
use crate::tui::words::format;
use crate::tui::words::headline::Headline;

/// How long a mute lasts.
const MUTE: TimeDelta = TimeDelta::minutes(30);
/// A watcher that is away for less is not rung for.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// What has been heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell {
    /// The person wants none.
    pub(crate) off: bool,
    /// By the wall.
    muted_until: Option<Timestamp>,
    heard: Heard,
}

/// What is alarming at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
struct Heard {
    /// Nobody watches.
    blind: bool,
    /// Of each app the version and how bad it is.
    apps: BTreeMap<AppId, (PlainText, Option<Alarm>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarm {
    Breached,
    Unknown,
}

impl Bell {
    /// A picture that somebody opens the screen on rings for nothing.
    pub(crate) fn opened_on(model: &Model) -> Self {
        Self {
            heard: heard(model),
            ..Self::default()
        }
    }
}

/// Whether to ring now; asked after every change.
pub(crate) fn rings(model: &mut Model) -> bool {
    let now = heard(model);
    if now == model.bell.heard {
        return false;
    }
    let before = std::mem::replace(&mut model.bell.heard, now);
    let now = &model.bell.heard;
    let new = |(id, (version, alarm)): (&AppId, &(PlainText, Option<Alarm>))| match alarm {
        None => false,
        Some(alarm) => match before.apps.get(id) {
            // A version that has just begun is not known yet; that is no news.
            Some((old, _)) if old != version => *alarm == Alarm::Breached,
            Some((_, old)) => *old != Some(*alarm),
            None => *alarm == Alarm::Breached,
        },
    };
    let alarm = (now.blind && !before.blind) || now.apps.iter().any(new);
    alarm && !model.bell.off && left(model).is_none()
}

/// Mutes it, or lets it ring again.
pub(crate) fn mute(model: &mut Model) {
    if model.bell.off {
        model.tell(Tone::Warning, "the bell is off already, by screen.toml");
    } else if left(model).is_some() {
        model.bell.muted_until = None;
        model.tell(Tone::Strong, "the bell rings again");
    } else {
        model.bell.muted_until = Some(model.now.wall + MUTE);
        model.tell(
            Tone::Strong,
            "the bell is muted for 30 minutes (m: rings again)",
        );
    }
}

/// For the header: `bell muted 29m`.
pub(crate) fn words(model: &Model) -> Option<String> {
    left(model).map(|left| format!("bell muted {}", format::left(left)))
}

/// How long it stays muted.
fn left(model: &Model) -> Option<TimeDelta> {
    let left = model.bell.muted_until? - model.now.wall;
    (left > TimeDelta::zero()).then_some(left)
}

fn heard(model: &Model) -> Heard {
    let gone = match model.link {
        Link::Lost { .. } => true,
        Link::Reconnecting { since } => model.present - since >= PATIENCE,
        Link::Opening | Link::Live => false,
    };
    let nobody = matches!(model.latest.watcher, WatcherState::NobodySince { .. });
    let apps = model.latest.apps.iter();
    Heard {
        blind: gone || nobody,
        apps: apps
            .map(|app| (app.id.clone(), (app.version_name.clone(), alarm(app))))
            .collect(),
    }
}

/// One that is stopped has been told of, and one that is not read yet is no news.
fn alarm(app: &AppSnapshot) -> Option<Alarm> {
    match Headline::of(app, true) {
        Headline::Breached => Some(Alarm::Breached),
        Headline::Unknown if app.health == Health::Unknown && app.store_read_at.is_some() => {
            Some(Alarm::Unknown)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::message::{Effect, Message};
    use super::*;
    use crate::api::Snapshot;
    use crate::tui::fixture;
    use crate::tui::tests::press;
    use crate::tui::update::update;
    use crossterm::event::KeyCode;

    fn see(model: &mut Model, snapshot: Snapshot) -> bool {
        update(model, Message::Snapshot(Arc::new(snapshot))).contains(&Effect::Bell)
    }

    fn later(model: &mut Model, minutes: i64) -> bool {
        let mut now = model.now;
        now.wall += TimeDelta::minutes(minutes);
        now.watched += TimeDelta::minutes(minutes);
        update(model, Message::Tick(now)).contains(&Effect::Bell)
    }

    #[test]
    fn it_rings_once_for_each_turn_to_the_bad() {
        let mut model = fixture::model(fixture::healthy());
        assert!(!see(&mut model, fixture::warning()));
        assert!(see(&mut model, fixture::announced()));
        assert!(!see(&mut model, fixture::announced()));
        assert!(
            !see(&mut model, fixture::halted()),
            "that was haltline itself"
        );
        assert!(!see(&mut model, fixture::healthy()));
        assert!(see(&mut model, fixture::unknown()));
        assert!(!see(&mut model, fixture::unknown()));
        assert!(
            see(&mut model, fixture::announced()),
            "known again, and bad"
        );

        let mut opened = fixture::model(fixture::announced());
        assert!(!later(&mut opened, 1), "somebody looks at it already");
    }

    #[test]
    fn a_mute_is_no_postponement() {
        let mut model = fixture::model(fixture::healthy());
        press(&mut model, KeyCode::Char('m'));
        assert_eq!(words(&model).unwrap(), "bell muted 30m");
        assert!(!see(&mut model, fixture::announced()));
        assert!(!later(&mut model, 31), "what was muted is old");
        assert_eq!(words(&model), None);
        assert!(!see(&mut model, fixture::announced()));
        see(&mut model, fixture::healthy());
        assert!(see(&mut model, fixture::announced()), "what is new rings");

        press(&mut model, KeyCode::Char('m'));
        press(&mut model, KeyCode::Char('m'));
        assert_eq!(words(&model), None, "the same key ends it");

        let mut model = fixture::model(fixture::healthy());
        model.bell.off = true;
        assert!(!see(&mut model, fixture::announced()));
    }

    #[test]
    fn a_version_that_has_just_begun_is_no_alarm() {
        let mut model = fixture::model(fixture::healthy());
        let mut next = fixture::unknown();
        for app in &mut next.apps {
            app.version_name = "8.44.0".into();
        }
        assert!(!see(&mut model, next));
    }

    #[test]
    fn a_watcher_that_is_gone_is_rung_for_once_it_stays_away() {
        let mut model = fixture::model(fixture::healthy());
        let since = model.now.watched;
        let lost = Message::Link(Link::Reconnecting { since });
        assert!(update(&mut model, lost).is_empty());
        assert!(later(&mut model, 1));
        assert!(!later(&mut model, 1));
        assert!(update(&mut model, Message::Link(Link::Live)).is_empty());
        assert_eq!(update(&mut model, Message::WatcherGone), [Effect::Bell]);
        assert!(!later(&mut model, 1));
    }

    #[test]
    fn it_rings_whatever_moment_is_shown() {
        let mut model = fixture::model(fixture::healthy());
        model.moment = super::super::moment::Moment::Frozen {
            since: model.now.wall,
        };
        assert!(see(&mut model, fixture::announced()));
    }
}
