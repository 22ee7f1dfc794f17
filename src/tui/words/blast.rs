//! Whom an act concerns: users who have the version, who take it each hour, who would be offered it. What is not counted is
//! left out, and an estimate says that it is one.

use chrono::TimeDelta;

use super::climb;
use super::format::count;
use crate::api::AppSnapshot;
use crate::api::wire::ShareView;
use crate::domain::rollout::Phased;
use crate::domain::{Exposure, StoreKind, Timestamp, Verb};

/// What the sources say of the version that is rolled out.
pub(crate) fn share(app: &AppSnapshot) -> Option<&ShareView> {
    let key = app.release.as_ref()?.version.key();
    let is_new = |share: &&ShareView| share.version.as_deref() == Some(key.as_str());
    app.shares.iter().find(is_new)
}

/// How fast users take it: `~1,900 users an hour`. Of a rollout younger than a day the mean since it began stands in.
pub(crate) fn pace(app: &AppSnapshot, now: Timestamp) -> Option<String> {
    if let Some(users) = app.gaining {
        return Some(format!("~{} users an hour", rough(users)));
    }
    let ran = now - app.started?;
    if ran < TimeDelta::hours(1) || ran > TimeDelta::hours(24) {
        return None;
    }
    let reached = share(app)?.users?;
    let mean = (reached as f64 * 3_600.0 / ran.as_seconds_f64()) as u64;
    (mean > 0).then(|| format!("~{} users an hour (estimate: the mean so far)", rough(mean)))
}

/// Users of a day that are on the version that is rolled out already, as far as they are counted.
pub(crate) fn reached(app: &AppSnapshot) -> u64 {
    share(app).and_then(|share| share.users).unwrap_or_default()
}

/// How many users an exposure of `to` adds within a day to those who are `reached`, and of how many: `up to ~83,000 users in
/// the first 24 h (25% of ~420,000 a day)`. None where it adds nobody, or nobody counts users.
pub(crate) fn adds(app: &AppSnapshot, to: Exposure, reached: u64) -> Option<String> {
    let daily = users_a_day(app)?;
    let offered = (daily as f64 * to.fraction()) as u64;
    let more = offered.saturating_sub(reached);
    (more > 0).then(|| {
        format!(
            "up to ~{} users in the first 24 h ({to} of ~{} a day)",
            rough(more),
            rough(daily)
        )
    })
}

/// The exposure that a verb leads to at once.
pub(crate) fn reaches(app: &AppSnapshot, verb: Verb) -> Option<Exposure> {
    let now = app.release.as_ref().map(|release| release.exposure);
    match verb {
        Verb::Advance => climb::next_stage(app).or(now),
        Verb::Complete => Some(Exposure::FULL),
        Verb::Start if app.waiting.is_some() => {
            let first_day = (app.store == StoreKind::AppStore).then(|| Phased::share_on(1));
            app.stages.first().copied().or(first_day)
        }
        _ => now,
    }
}

/// How many users a verb that raises exposure adds, where that can be said.
pub(crate) fn raised(app: &AppSnapshot, verb: Verb) -> Option<String> {
    let reached = match (verb, &app.waiting) {
        (Verb::Start, None) => return None,
        (Verb::Start, Some(_)) => 0,
        _ => reached(app),
    };
    adds(app, reaches(app, verb)?, reached)
}

/// Whom a verb that lowers exposure spares, and whom it does not.
pub(crate) fn lowered(app: &AppSnapshot, verb: Verb, now: Timestamp) -> String {
    let pace = pace(app, now);
    let stops = app.store == StoreKind::GooglePlay && verb != Verb::Hold;
    match (pace, stops) {
        (Some(pace), true) => format!("no new user gets it: {pace} fewer"),
        (None, true) => "no new user gets it".into(),
        (Some(pace), false) => format!("{pace} get it now; {}", verb.meaning(app.store)),
        (None, false) => verb.meaning(app.store).into(),
    }
}

/// Users of all versions in a day. Where some versions are counted in sessions alone their users are taken to have as many
/// sessions as the others; not where that is the most of them.
fn users_a_day(app: &AppSnapshot) -> Option<u64> {
    let (mut users, mut counted, mut all) = (0_u64, 0_u64, 0_u64);
    for share in &app.shares {
        all += share.sessions;
        if let Some(n) = share.users {
            users += n;
            counted += share.sessions;
        }
    }
    if users == 0 || counted * 2 < all {
        return None;
    }
    Some((users as f64 * all as f64 / counted as f64) as u64)
}

/// To two figures: an estimate must not look exact.
fn rough(n: u64) -> String {
    let mut unit = 1;
    while n / unit >= 100 {
        unit *= 10;
    }
    count((n + unit / 2) / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    #[test]
    fn an_estimate_never_looks_exact() {
        for (n, text) in [
            (0, "0"),
            (7, "7"),
            (99, "99"),
            (1_911, "1,900"),
            (1_951, "2,000"),
            (99_900, "100,000"),
            (420_337, "420,000"),
        ] {
            assert_eq!(rough(n), text);
        }
    }

    #[test]
    fn users_an_hour_are_measured_or_a_mean_that_says_so() {
        let mut app = fixture::announced().apps.remove(1);
        app.gaining = None;
        assert_eq!(pace(&app, fixture::now()), None, "the mean of two days");
        app.gaining = Some(1_911);
        let told = pace(&app, fixture::now());
        assert_eq!(told.as_deref(), Some("~1,900 users an hour"));
        app.gaining = None;
        app.started = Some(fixture::ago(10 * 3_600));
        let told = pace(&app, fixture::now()).unwrap();
        assert!(told.starts_with("~2,200 users") && told.contains("estimate"));
        app.shares.clear();
        assert_eq!(pace(&app, fixture::now()), None);
    }

    #[test]
    fn what_a_step_adds_is_of_all_users_less_those_who_have_it() {
        let mut app = fixture::healthy().apps.remove(0);
        let has_it = reached(&app);
        let quarter = adds(&app, Exposure::from_percent(25), has_it).unwrap();
        // 378,106 users counted on 893,879 sessions of 993,749: 420,350 a day; a quarter less 22,431.
        assert_eq!(
            quarter,
            "up to ~83,000 users in the first 24 h (25% of ~420,000 a day)"
        );
        let one = Exposure::from_percent(1);
        assert_eq!(adds(&app, one, has_it), None, "nobody new");
        assert!(adds(&app, one, 0).is_some(), "of a version that begins");
        for share in &mut app.shares {
            share.users = None;
        }
        assert_eq!(adds(&app, Exposure::FULL, 0), None);
    }
}
