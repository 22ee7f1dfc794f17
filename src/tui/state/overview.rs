//! All rollouts, a line each, worst first: what is selected, what is most pressing, and the way there and back.
//!
//! What is selected is the app that acts are about, known by its name, and it is always seen: neither a new order nor a filter
//! puts another one in its place.

pub(crate) mod figures;

use super::lists::{Hidden, List};
use super::model::{Model, Pane, View};
use super::sort;
use crate::api::AppSnapshot;
use crate::domain::AppId;
use crate::tui::input::actions::Do;
use crate::tui::style::theme::Tone;
use crate::tui::update::carry;
use crate::tui::words::headline::Headline;
use crate::tui::words::incident;
use crate::tui::words::plan::{self, Statement, say};

/// What the screen is about, to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    view: View,
    app: Option<AppId>,
    focus: Pane,
    tab: Option<Pane>,
    zoomed: bool,
}

impl Place {
    fn of(model: &Model) -> Self {
        Self {
            view: model.view,
            app: model.app.clone(),
            focus: model.focus,
            tab: model.tab,
            zoomed: model.zoomed,
        }
    }
}

/// There is something to choose from.
pub(crate) fn is_wanted(model: &Model) -> bool {
    model.snapshot.apps.len() > 1
}

/// Where a screen starts: at all rollouts, where there are several and the last one was not left elsewhere.
pub(crate) fn start(model: &mut Model) {
    model.view = if is_wanted(model) {
        model.lists.start.unwrap_or(View::Overview)
    } else {
        View::Rollout
    };
}

/// The place is left for another one.
pub(crate) fn leaving(model: &mut Model) {
    model.lists.before = Some(Place::of(model));
}

/// To the overview, or back to the rollout that is selected.
pub(crate) fn toggle(model: &mut Model) {
    match model.view {
        View::Overview => open(model),
        View::Rollout => up(model),
    }
}

/// To the overview.
pub(crate) fn up(model: &mut Model) {
    leaving(model);
    model.view = View::Overview;
    model.lists.opened = false;
}

/// The view before this one.
pub(crate) fn last_view(model: &mut Model) {
    let Some(place) = model.lists.before.clone() else {
        return;
    };
    leaving(model);
    let watched = |id: &AppId| model.snapshot.apps.iter().any(|app| app.id == *id);
    if place.app != model.app && place.app.as_ref().is_some_and(watched) {
        model.app_chosen = true;
        carry::show(model, place.app);
    }
    model.view = place.view;
    (model.focus, model.tab, model.zoomed) = (place.focus, place.tab, place.zoomed);
}

/// Opens the rollout that is selected.
pub(crate) fn open(model: &mut Model) {
    if model.shown().is_some() {
        leaving(model);
        model.app_chosen = true;
        model.view = View::Rollout;
        model.lists.opened = true;
    }
}

/// Moves the selection, rows down.
pub(crate) fn scroll(model: &mut Model, rows: isize) {
    let ids: Vec<_> = model.visible_apps().iter().map(|app| &app.id).collect();
    let at = ids.iter().position(|id| Some(*id) == model.app.as_ref());
    let last = ids.len().saturating_sub(1);
    let to = at.unwrap_or_default().saturating_add_signed(rows).min(last);
    let chosen = ids.get(to).copied().cloned();
    if chosen.is_some() {
        select(model, chosen);
    }
}

/// Selects a rollout.
pub(crate) fn select(model: &mut Model, app: Option<AppId>) {
    model.app_chosen = true;
    if app != model.app {
        carry::show(model, app);
    }
}

/// The next column, then the other way round: in the overview and in every list.
pub(crate) fn sort(model: &mut Model) {
    sort::next(model);
}

/// Why this cannot be done in the overview.
pub(crate) fn disabled(model: &Model, does: Do) -> Option<String> {
    let unopened = matches!(does, Do::NextPane | Do::PreviousPane | Do::Zoom);
    unopened.then(|| format!("open a rollout first ({})", model.keys.name("open")))
}

/// Selects the first row that matches, where the selected one does not.
pub(crate) fn select_a_match(model: &mut Model) {
    let matching = |app: &&&AppSnapshot| matches(model, app);
    if model.shown().is_some_and(|app| matches(model, app)) {
        return;
    }
    let found = model
        .visible_apps()
        .iter()
        .find(matching)
        .map(|app| app.id.clone());
    if found.is_some() {
        model.app_chosen = true;
        carry::show(model, found);
    }
}

fn matches(model: &Model, app: &AppSnapshot) -> bool {
    let filter = model.lists.filter(List::Overview);
    let words = || {
        let (_, next) = figures::next(model, app);
        let headline = model.headline(app).word();
        let (platform, version) = (app.store.platform(), &app.version_name);
        let who = figures::who(model, app).1;
        let groups = [&app.plan, &app.train].map(|it| it.as_ref().map_or("", |it| it.as_str()));
        format!(
            "{} {} {platform} {version} {headline} {next} {who} {} {}",
            app.id,
            app.name,
            app.policy,
            groups.join(" ")
        )
    };
    filter.is_empty() || filter.matches(&words())
}

/// What the filter hides; the selected row is seen in any case.
pub(crate) fn hidden(model: &Model) -> Hidden {
    let seen = |app: &&AppSnapshot| matches(model, app);
    let apps = model.apps();
    let unseen = apps
        .iter()
        .filter(|app| !seen(app) && Some(&app.id) != model.app.as_ref());
    let worst = unseen.map(|app| model.headline(app)).max();
    Hidden {
        shown: apps.iter().filter(|app| seen(app)).count(),
        all: apps.len(),
        worst: worst
            .filter(|it| *it >= Headline::Warning)
            .map(Headline::glyph),
    }
}

impl Model {
    /// The rows of the overview, in their order.
    pub(crate) fn visible_apps(&self) -> Vec<&AppSnapshot> {
        let mut apps = self.apps();
        if !self.lists.filter(List::Overview).is_empty() {
            apps.retain(|app| self.app.as_ref() == Some(&app.id) || matches(self, app));
        }
        sort::apps(self, &mut apps, self.lists.sort(List::Overview));
        apps
    }
}

/// What is said above the list, most pressing first: acts under way, questions to people, what holds for all. Keys are named
/// only where they would act on that very rollout.
pub(crate) fn statements(model: &Model) -> Vec<Statement> {
    let mut out: Vec<_> = plan::nobody(model).into_iter().collect();
    let apps = model.apps();
    let mut acting: Vec<_> = apps.iter().filter(|app| is_acting(app)).collect();
    acting.sort_by_key(|app| {
        let due = app.announced.as_ref().map(|act| act.due);
        (app.desire.is_none(), due.is_none(), due)
    });
    if let Some(app) = acting.first() {
        out.push(under_way(model, app));
    }
    if acting.len() > 1 {
        let others = names(acting.iter().skip(1).map(|app| &app.id));
        out.push(say(Tone::Bad, format!("also under way: {others}")));
    }
    let waits = |app: &&&AppSnapshot| app.needs_person.is_some() && app.acknowledged_by.is_none();
    let waiting: Vec<_> = apps.iter().filter(waits).map(|app| &app.id).collect();
    if !waiting.is_empty() {
        let text = format!("A PERSON MUST DECIDE: {}", names(waiting.into_iter()));
        out.push(say(Tone::Bad, text));
    }
    out.extend(plan::automation(model));
    out.extend(incident::mute(model));
    if acting.is_empty()
        && let Some(app) = apps.first()
    {
        let headline = model.headline(app);
        out.push(if headline >= Headline::Warning {
            say(headline.tone(), format!("{}: {}", app.id, app.sentence))
        } else {
            say(
                Tone::Plain,
                "no act is announced, and nothing waits for a person",
            )
        });
    }
    out
}

fn is_acting(app: &AppSnapshot) -> bool {
    app.announced.is_some() || app.desire.is_some()
}

/// `shop-android: HALT in 3m40s by rule crash-ratio (H now, x hold 15m)`
fn under_way(model: &Model, app: &AppSnapshot) -> Statement {
    let selected = model.app.as_ref() == Some(&app.id);
    let text = match (&app.desire, &app.announced) {
        (Some(desire), _) if desire.failed => plan::wanted(model, desire).text,
        (Some(desire), _) => {
            let asked = plan::requested(model, desire).text;
            format!("{asked} ago, {}", plan::wanted(model, desire).text)
        }
        (None, Some(act)) if selected => plan::with_keys(model, act),
        (None, Some(act)) => format!("{} (select it to act)", plan::coming(model, act)),
        (None, None) => String::new(),
    };
    say(Tone::Bad, format!("{}: {text}", app.id))
}

/// Three of them, and how many more.
fn names<'a>(ids: impl ExactSizeIterator<Item = &'a AppId>) -> String {
    let more = ids.len().saturating_sub(3);
    let named: Vec<&str> = ids.take(3).map(AppId::as_str).collect();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests;
