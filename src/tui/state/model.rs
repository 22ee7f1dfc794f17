//! Everything the screen knows: the picture from the watcher, the time, and where the person is in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::bell::Bell;
use super::charts;
use super::columns::Picker;
use super::evidence::Evidence;
use super::lists::Lists;
use super::look::Look;
use super::message::Now;
use super::moment::Moment;
use crate::api::client::Link;
use crate::api::wire::{History, WatcherState};
use crate::api::{AppSnapshot, Me, Snapshot};
use crate::domain::{Actor, AppId, PlainText, Record, Timestamp, rollout::Status};
use crate::tui::dialogs::confirm::Confirm;
use crate::tui::dialogs::direct::Around;
use crate::tui::dialogs::guide::Guide;
use crate::tui::dialogs::help::Help;
use crate::tui::dialogs::palette::Palette;
use crate::tui::dialogs::prompt::Prompt;
use crate::tui::input::keymap::Keymap;
use crate::tui::style::theme::{self, Theme, Tone};
use crate::tui::words::format::Zone;
use crate::tui::words::headline::Headline;
use crate::tui::words::link::ReachedBy;

/// How long a notice stays up.
pub(crate) const NOTICE_LIFE: TimeDelta = TimeDelta::seconds(6);

/// Who sits in front of the screen: what the audit log will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub user: PlainText,
    pub host: PlainText,
}

impl Identity {
    pub(crate) fn actor(&self) -> Actor {
        Actor::Person {
            name: self.user.clone(),
            host: self.host.clone(),
        }
    }
}

/// The parts of the picture; the number is the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pane {
    Health = 1,
    Rules,
    Versions,
    Rollout,
    Crashes,
    Events,
    Levers,
    Sources,
}

impl Pane {
    pub(crate) const ALL: [Self; 8] = [
        Self::Health,
        Self::Rules,
        Self::Versions,
        Self::Rollout,
        Self::Crashes,
        Self::Events,
        Self::Levers,
        Self::Sources,
    ];

    pub(crate) fn number(self) -> u32 {
        self as u32
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Rules => "Rules",
            Self::Versions => "Adoption",
            Self::Rollout => "Rollout",
            Self::Crashes => "Crashes",
            Self::Events => "Events",
            Self::Levers => "Levers",
            Self::Sources => "Sources",
        }
    }
}

/// What the screen is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum View {
    /// All rollouts, a line each.
    Overview,
    /// One of them, in panes.
    Rollout,
}

/// What lies over the picture and takes the keys.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    Help(Box<Help>),
    Palette(Box<Palette>),
    Prompt(Box<Prompt>),
    /// Really leave? Something is under way.
    Quit,
    Columns(Picker),
    Confirm(Box<Confirm>),
    /// What is recorded of an event.
    Evidence(Box<Evidence>),
    /// What can be written to a file.
    Export,
    /// One crash, looked at.
    Crash(Box<Look>),
}

/// A line that tells what became of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// When it goes by itself; `None` stays until a key is pressed.
    pub(crate) until: Option<Timestamp>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// The picture shown: the newest one, unless it stands still or is of the past.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The newest one, for alarms.
    pub(crate) latest: Arc<Snapshot>,
    pub(crate) moment: Moment,
    /// The watcher's time of what is shown, which stands still where the picture does.
    pub(crate) now: Now,
    /// The watcher's time now.
    pub(crate) present: Timestamp,
    pub(crate) link: Link,
    pub(crate) reached_by: ReachedBy,
    /// The way around a watcher that cannot be reached.
    pub(crate) around: Around,
    /// Who the watcher takes this screen's user for; `None` until it has said so.
    pub(crate) me: Option<Arc<Me>>,
    /// Why nothing can be done from this screen, where that is so.
    pub(crate) readonly: Option<PlainText>,
    /// What the charts are drawn of, as far as it was asked for.
    pub(crate) histories: BTreeMap<AppId, Arc<History>>,
    pub(crate) charts: charts::Asked,
    pub(crate) keys: Keymap,
    pub(crate) theme: Theme,
    /// What somebody chose on the screen, now or the last time.
    pub(crate) chosen_theme: Option<theme::Palette>,
    pub(crate) zone: Zone,
    pub(crate) bell: Bell,
    pub(crate) identity: Identity,
    /// Shown at the top right: `simulated, 60×`.
    pub(crate) banner: PlainText,
    /// What leaving means: `nothing is watching now`.
    pub(crate) after_quit: PlainText,
    /// The explanations, in the demo.
    pub(crate) guide: Option<Guide>,

    pub(crate) view: View,
    /// The app shown, by name: a new order of the list does not change it.
    pub(crate) app: Option<AppId>,
    /// A person chose the app; until then the screen goes to one that is breached.
    pub(crate) app_chosen: bool,
    pub(crate) focus: Pane,
    /// The pane shown where several share one place; `None` lets the state of the app decide.
    pub(crate) tab: Option<Pane>,
    pub(crate) zoomed: bool,
    pub(crate) scroll: BTreeMap<Pane, usize>,
    /// What of the lists is seen, and in which order.
    pub(crate) lists: Lists,
    pub(crate) layer: Option<Layer>,
    pub(crate) notice: Option<Notice>,
    /// Number of the next request.
    pub(crate) asked: u64,
    /// What was typed into the palette, oldest first.
    pub(crate) commands: Vec<String>,
    /// A picture of the past that nobody wants any more is on its way.
    pub(crate) unwanted: bool,
    /// Number of the event that is marked; `None` is the newest one, whichever it is.
    pub(crate) event: Option<u64>,
}

impl Model {
    pub(crate) fn new(snapshot: Arc<Snapshot>, now: Now, identity: Identity) -> Self {
        let mut model = Self {
            latest: Arc::clone(&snapshot),
            snapshot,
            moment: Moment::Live,
            now,
            present: now.watched,
            link: Link::Live,
            reached_by: ReachedBy::default(),
            around: Around::default(),
            me: None,
            readonly: None,
            histories: BTreeMap::new(),
            charts: charts::Asked::default(),
            keys: Keymap::default(),
            theme: Theme::default(),
            chosen_theme: None,
            zone: Zone::Utc,
            bell: Bell::default(),
            identity,
            banner: PlainText::default(),
            after_quit: PlainText::default(),
            guide: None,
            view: View::Rollout,
            app: None,
            app_chosen: false,
            focus: Pane::Health,
            tab: None,
            zoomed: false,
            scroll: BTreeMap::new(),
            lists: Lists::default(),
            layer: None,
            notice: None,
            asked: 0,
            commands: Vec::new(),
            unwanted: false,
            event: None,
        };
        model.app = model.first_app();
        super::overview::start(&mut model);
        model.bell = Bell::opened_on(&model);
        model
    }

    /// All apps, worst first; among equals in the order of the config.
    pub(crate) fn apps(&self) -> Vec<&AppSnapshot> {
        let mut apps: Vec<_> = self.snapshot.apps.iter().collect();
        apps.sort_by_key(|app| std::cmp::Reverse(self.severity(app)));
        apps
    }

    /// Where the screen starts: at the worst app of those that have been read.
    pub(crate) fn first_app(&self) -> Option<AppId> {
        let apps = self.apps();
        let read = apps.iter().find(|app| app.store_read_at.is_some());
        let first = read.copied().or_else(|| self.snapshot.apps.first());
        first.map(|app| app.id.clone())
    }

    /// The app on the screen.
    pub(crate) fn shown(&self) -> Option<&AppSnapshot> {
        let chosen = self.app.as_ref()?;
        self.snapshot.apps.iter().find(|app| app.id == *chosen)
    }

    /// How much an app needs to be looked at: larger is worse.
    pub(crate) fn severity(&self, app: &AppSnapshot) -> (Headline, bool) {
        let pressing = app.needs_person.is_some() || app.announced.is_some();
        (self.headline(app), pressing)
    }

    pub(crate) fn headline(&self, app: &AppSnapshot) -> Headline {
        Headline::of(app, self.is_watched())
    }

    /// Somebody is looking at the stores right now.
    pub(crate) fn is_watched(&self) -> bool {
        (self.link == Link::Live || self.moment.past().is_some())
            && !matches!(self.snapshot.watcher, WatcherState::NobodySince { .. })
    }

    /// The same of the newest picture, whichever is shown.
    pub(crate) fn is_live_watched(&self) -> bool {
        self.link == Link::Live && !matches!(self.latest.watcher, WatcherState::NobodySince { .. })
    }

    /// Somebody is there who reads the journal.
    pub(crate) fn reaches_journal(&self) -> bool {
        self.link == Link::Live
    }

    /// The events of the app shown and of the watcher itself, newest first, as far as they match the filter.
    pub(crate) fn events(&self) -> Vec<&Record> {
        self.all_events()
            .filter(|record| self.passes_event(record))
            .collect()
    }

    /// The same without a filter.
    pub(crate) fn all_events(&self) -> impl Iterator<Item = &Record> {
        let shown = self.app.as_ref();
        let events = self.snapshot.events.iter().rev();
        events
            .filter(move |record| record.app.is_none() || record.app.as_ref() == shown)
            .filter(|record| crate::tui::words::story::is_told(&record.event))
    }

    /// What leaving means: `nothing is watching now`; empty where nothing is to be said.
    pub(crate) fn after_quit(&self) -> String {
        match (&self.me, self.link) {
            (Some(me), Link::Live) => format!("the watcher goes on ({})", me.watcher),
            (Some(me), _) => format!(
                "whether the watcher goes on is not known ({} at last)",
                me.watcher
            ),
            (None, _) => self.after_quit.to_string(),
        }
    }

    pub(crate) fn offset(&self, pane: Pane) -> usize {
        self.scroll.get(&pane).copied().unwrap_or_default()
    }

    /// How many rows a pane has to scroll through.
    pub(crate) fn rows(&self, pane: Pane) -> usize {
        let Some(app) = self.shown() else { return 0 };
        match pane {
            // Alone on the screen one of them is chosen, for the chart.
            Pane::Health if self.zoomed => self.visible_metrics(app).len(),
            Pane::Health => crate::tui::view::health::rows(self, app),
            Pane::Rules => self.visible_rules(app).len(),
            Pane::Versions => crate::tui::view::versions::rows(self, app),
            Pane::Crashes => self.visible_issues(app).len(),
            Pane::Events => self.events().len(),
            // As many lines as they take at their narrowest, more or less: they are wrapped.
            Pane::Levers => app.way_out.len() * 2 + 10,
            Pane::Sources => crate::tui::view::sources::rows(self, app),
            Pane::Rollout => 0,
        }
    }

    /// The pane in a place that several of `panes` share.
    pub(crate) fn tab_among(&self, panes: &[Pane]) -> Pane {
        let stopped = self.shown().is_some_and(is_stopped);
        let levers = panes.contains(&Pane::Levers);
        let usual =
            if levers && (stopped || panes.len() < 3 && self.shown().is_some_and(needs_person)) {
                Pane::Levers
            } else {
                panes.first().copied().unwrap_or(Pane::Events)
            };
        self.tab.filter(|tab| panes.contains(tab)).unwrap_or(usual)
    }

    pub(crate) fn tell(&mut self, tone: Tone, text: impl Into<String>) {
        let lasting = tone == Tone::Bad;
        self.notice = Some(Notice {
            text: PlainText::from(text.into()).to_string(),
            tone,
            until: (!lasting).then(|| self.now.wall + NOTICE_LIFE),
        });
    }
}

/// The store says that the rollout stands.
pub(crate) fn is_stopped(app: &AppSnapshot) -> bool {
    app.release
        .as_ref()
        .is_some_and(|release| release.status == Status::Stopped)
}

fn needs_person(app: &AppSnapshot) -> bool {
    app.needs_person.is_some()
}
