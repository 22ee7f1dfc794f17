//! Trains, told: the watch is handed over, a date has come. What stands still is told in [`super::stall`].

use chrono::TimeDelta;

use super::draft::Draft;
use super::plan::Plan;
use crate::domain::event::Urgency;
use crate::domain::{Event, PlainText, Timestamp};
use crate::policy::train::{Train, What};

/// A date that is older when somebody begins to watch is no news.
const NEWS: TimeDelta = TimeDelta::days(1);

/// Tells what has come since the last look.
pub(super) fn tick(draft: &mut Draft<'_>) {
    for train in &draft.plan.trains {
        hand_over(draft, train);
        dates(draft, train);
    }
}

/// When there is something to tell next.
pub(super) fn wakes(plan: &Plan, now: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
    plan.trains.iter().flat_map(move |train| {
        let watch = train.on_watch(now).and_then(|watch| watch.next);
        let due = train.due(now).map(|(_, at)| at);
        watch.map(|(at, _)| at).into_iter().chain(due)
    })
}

/// Who has it the first time is written down and not told: nothing has changed.
fn hand_over(draft: &mut Draft<'_>, train: &Train) {
    let Some(watch) = train.on_watch(draft.now()) else {
        return;
    };
    let from = draft.state.on_watch.get(&train.name).cloned();
    if from.as_ref() == Some(&watch.owner) {
        return;
    }
    let to = watch.owner;
    let told = from.as_ref().map(|from| {
        let until = watch
            .next
            .map(|(at, _)| format!(" until {}", train.local(at)));
        format!(
            "train {}: @{to} is on watch{}, after @{from}",
            train.name,
            until.unwrap_or_default()
        )
    });
    let train = train.name.clone();
    draft.emit(None, Event::HandedOver { train, from, to });
    if let Some(words) = told {
        draft.tell(None, Urgency::Info, &words);
    }
}

fn dates(draft: &mut Draft<'_>, train: &Train) {
    let now = draft.now();
    let told = draft.state.due_told.get(&train.name).copied();
    let since = told.map_or(now - NEWS, |told| told.max(now - NEWS));
    for (what, due) in train.passed(since, now) {
        let words = date_words(train, what, due);
        draft.emit(
            None,
            Event::TrainDue {
                train: train.name.clone(),
                what: what.name().into(),
                due,
            },
        );
        draft.tell(None, Urgency::Info, &words);
    }
}

fn date_words(train: &Train, what: What, due: Timestamp) -> String {
    let watch = on_watch(Some(train), due);
    format!(
        "train {}: {} was due {}{watch}",
        train.name,
        what.name(),
        train.local(due)
    )
}

/// `, @alice is on watch`, where somebody is.
pub(super) fn on_watch(train: Option<&Train>, now: Timestamp) -> String {
    let watch = train.and_then(|train| train.on_watch(now));
    watch.map_or_else(String::new, |watch| {
        format!(", @{} is on watch", watch.owner)
    })
}

/// The train that releases of an app ride.
pub(super) fn of<'a>(plan: &'a Plan, name: Option<&PlainText>) -> Option<&'a Train> {
    plan.trains.iter().find(|train| Some(&train.name) == name)
}
