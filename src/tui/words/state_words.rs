//! What the store shows, in words of that store.

use super::format;
use crate::api::AppSnapshot;
use crate::domain::rollout::{ReleaseView, Status};
use crate::domain::{Exposure, StoreKind, Verb};

/// Where the release stands: `in progress 5%`, `halted at Google Play, 5% kept`, `day 3 of 7, 5%`.
pub(crate) fn of(app: &AppSnapshot) -> String {
    match &app.release {
        Some(shown) => release(app.store, shown),
        None if app.store_read_at.is_some() => "no release to watch".into(),
        None => format!("{} not read yet", app.store.name()),
    }
}

/// One release of that store.
pub(crate) fn release(store: StoreKind, release: &ReleaseView) -> String {
    let exposure = release.exposure;
    let mut words = match (release.status, &release.phased) {
        (Status::InProgress, Some(phased)) => format!("day {} of 7, {exposure}", phased.day),
        (Status::InProgress, None) => format!("in progress {exposure}"),
        (Status::Stopped, Some(phased)) => {
            format!("paused at the App Store on day {} ({exposure})", phased.day)
        }
        (Status::Stopped, None) if exposure == Exposure::FULL => {
            format!("{} at {}", store.stopped_word(), store.name())
        }
        (Status::Stopped, None) => {
            format!(
                "{} at {}, {exposure} kept",
                store.stopped_word(),
                store.name()
            )
        }
        (Status::Completed, _) => "completed 100%".into(),
        (status, _) => status.word(store).into(),
    };
    if release.in_review {
        words.push_str(", changes in review");
    }
    words
}

/// The same in few words, for beside the verdict: `Play: halted, 5% kept`.
pub(crate) fn brief(app: &AppSnapshot) -> String {
    let Some(release) = app
        .release
        .as_ref()
        .filter(|_| crate::tui::state::model::is_stopped(app))
    else {
        return of(app);
    };
    let exposure = release.exposure;
    match &release.phased {
        Some(phased) => format!("App Store: paused, day {} ({exposure})", phased.day),
        None => format!("Play: halted, {exposure} kept"),
    }
}

/// How many people the new version has reached, where a source tells: `52,310 users`.
pub(crate) fn reached(app: &AppSnapshot) -> Option<String> {
    let share = super::blast::share(app)?;
    Some(match share.users {
        Some(users) => format!("{} users", format::count(users)),
        None => format!("{} sessions a day", format::count(share.sessions)),
    })
}

/// What the store will show once the verb is carried out.
pub(crate) fn after(app: &AppSnapshot, verb: Verb) -> String {
    let Some(mut then) = app.release.clone() else {
        return String::new();
    };
    if verb == Verb::Advance {
        then.exposure = super::climb::next_stage(app).unwrap_or(then.exposure);
    }
    then.status = match verb {
        Verb::Pause | Verb::Halt => Status::Stopped,
        Verb::Advance if then.exposure == Exposure::FULL => Status::Completed,
        Verb::Resume | Verb::Advance => Status::InProgress,
        Verb::Complete => Status::Completed,
        Verb::Start | Verb::Hold => then.status,
    };
    release(app.store, &then)
}
