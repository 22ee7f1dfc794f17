//! Who is on watch for an app, and what its train has due next: one short piece of the header, in the hours of the train's zone.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::format::width;
use crate::api::AppSnapshot;
use crate::domain::Timestamp;
use crate::tui::state::model::Model;

/// As much as fits into `room` columns: `watch @alice → Mon 09:00 CET, rollout Tue 09:00 CET`, and less.
pub(crate) fn words(model: &Model, app: &AppSnapshot, room: usize) -> Option<String> {
    let Some(name) = app.train.as_ref() else {
        let on_call = model.snapshot.on_call.as_ref()?;
        let words = format!("on call {on_call}");
        return (width(&words) <= room).then_some(words);
    };
    let trains = &model.snapshot.trains;
    let train = trains.iter().find(|train| train.train == *name)?;
    let moment = |at: Timestamp| moment(at, model.now.watched, train.zone);
    let owner = train.on_watch.as_ref().map(|owner| format!("@{owner}"));
    let short = owner.as_ref().map(|owner| format!("watch {owner}"));
    let until = train.until.map(moment);
    let watch = short.as_ref().map(|short| match &until {
        Some(until) => format!("{short} → {until}"),
        None => short.clone(),
    });
    let due = train.due.as_ref();
    let due = due.map(|(what, at)| format!("{what} {}", moment(*at)));
    let both = [watch.clone(), due.clone()].into_iter().flatten();
    let both = both.collect::<Vec<_>>().join(", ");
    // Of the two who is on watch is what is looked for at night.
    [Some(both), watch.or(due), short, owner]
        .into_iter()
        .flatten()
        .find(|words| !words.is_empty() && width(words) <= room)
}

/// `Mon 09:00 CET`, further away `12 Jan CET`.
fn moment(at: Timestamp, now: Timestamp, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let form = if at - now < TimeDelta::days(6) {
        "%a %H:%M %Z"
    } else {
        "%d %b %Z"
    };
    local.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    #[test]
    fn who_is_on_watch_is_what_is_left_where_there_is_little_room() {
        let model = fixture::model(fixture::train());
        let app = model.shown().unwrap();
        let at = |room| words(&model, app, room);
        let watch = "watch @alice → Mon 09:00 CET";
        assert_eq!(at(80), Some(format!("{watch}, rollout Tue 09:00 CET")));
        assert_eq!(at(50).as_deref(), Some(watch));
        assert_eq!(at(27).as_deref(), Some("watch @alice"));
        assert_eq!(at(11).as_deref(), Some("@alice"));
        assert_eq!(at(5), None);
    }

    #[test]
    fn a_train_that_nobody_watches_says_what_is_due() {
        let mut picture = fixture::train();
        let train = &mut picture.trains[0];
        (train.on_watch, train.until, train.after) = (None, None, None);
        let model = fixture::model(picture);
        let app = model.shown().unwrap();
        let due = "rollout Tue 09:00 CET";
        assert_eq!(words(&model, app, 80).as_deref(), Some(due));
        let mut app = app.clone();
        app.train = None;
        assert_eq!(words(&model, &app, 80), None);
    }
}
