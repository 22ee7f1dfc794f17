use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::tests::{gate, healthy, told, with};
use crate::domain::{Metric, SourceId};
use crate::policy::assess::tests::{observed, on, steady, window};
use crate::policy::assessment::WantKind;
use crate::policy::ledger::Terms;
use crate::policy::observation::{Baseline, DataState, Observation, Paired};

/// One more metric of the same source.
fn also(mut observation: Observation, metric: &Metric, windows: Vec<Paired>) -> Observation {
    let ledger = Arc::make_mut(&mut observation.ledger);
    ledger.set(&with(""), metric, &SourceId("sentry".into()), None, windows);
    observation
}

/// What the want with these words says.
fn about(more: &str, observation: &Observation, words: &str) -> String {
    let told = told(&gate(&with(more), observation));
    let found = told.iter().find(|want| want.contains(words));
    found.unwrap_or_else(|| panic!("{words}: {told:?}")).clone()
}

#[test]
fn sessions_are_counted_by_the_metric_that_has_most_of_them() {
    let least = "min_sessions = 4844";
    assert_eq!(
        about(least, &healthy(28), "sessions:"),
        "✓ 4,844 sessions: 4,844"
    );
    assert_eq!(
        about(least, &healthy(27), "sessions:"),
        "○ 4,844 sessions: 4,671"
    );
    let more = also(healthy(27), &Metric::ErrorFreeSessions, steady(28, 3, 40));
    assert_eq!(about(least, &more, "sessions:"), "✓ 4,844 sessions: 4,844");
    // Cold starts and users are none.
    let starts = observed(Metric::SlowColdStarts, steady(100, 1, 20));
    assert_eq!(
        about(least, &starts, "sessions:"),
        "? 4,844 sessions: no source counts sessions"
    );
    let mut stale = healthy(40);
    stale.sources[0].state = DataState::Stale;
    assert_eq!(
        about(least, &stale, "sessions:"),
        "? 4,844 sessions: no source counts sessions"
    );
}

#[test]
fn a_required_metric_must_have_an_answer() {
    let required = "required = [\"error_free_sessions\"]";
    let words = "data of error-free";
    assert_eq!(
        about(required, &healthy(40), words),
        "? data of error-free sessions: no source gives error-free sessions"
    );
    let new_only = (0..40).map(|k| window(k, (173, 1), (0, 0))).collect();
    let mut alone = also(healthy(40), &Metric::ErrorFreeSessions, new_only);
    assert_eq!(
        about(required, &alone, words),
        "? data of error-free sessions: no sessions of 3.4.0 to compare with"
    );
    on(&mut alone, Terms::of(Baseline::None));
    assert_eq!(
        about(required, &alone, words),
        "✓ data of error-free sessions: 6,920 sessions"
    );
    let mut both = also(healthy(40), &Metric::ErrorFreeSessions, steady(30, 1, 20));
    assert_eq!(
        about(required, &both, words),
        "✓ data of error-free sessions: 5,190 sessions"
    );
    both.sources[0].why = Some("no answer since 12:00".into());
    both.sources[0].state = DataState::Late;
    assert_eq!(
        about(required, &both, words),
        "? data of error-free sessions: no answer since 12:00"
    );
}

fn of(stratum: &str, k: i64, new: u64) -> Paired {
    Paired {
        stratum: stratum.into(),
        ..window(k, (new, 0), (900, 1))
    }
}

#[test]
fn coverage_counts_strata_of_its_kind_that_the_new_version_was_seen_in() {
    let wanted = "coverage = { country = 2 }";
    let words = "country:";
    let crashes = |windows| observed(Metric::CrashFreeSessions, windows);
    assert_eq!(
        about(wanted, &healthy(40), words),
        "? country: 2 seen: no source tells country apart"
    );
    let other = crashes(vec![of("device=low", 0, 9), of("device=high", 0, 9)]);
    assert_eq!(
        about(wanted, &other, words),
        "? country: 2 seen: no source tells country apart"
    );
    let old_only = crashes(vec![
        of("country=DE", 0, 9),
        of("country=FR", 0, 0),
        of("country=", 1, 5),
    ]);
    assert_eq!(
        about(wanted, &old_only, words),
        "○ country: 2 seen: 1 so far"
    );
    let same = crashes(vec![
        of("country=DE,device=low", 0, 9),
        of("country=DE,device=high", 0, 9),
    ]);
    assert_eq!(about(wanted, &same, words), "○ country: 2 seen: 1 so far");
    let two = crashes(vec![
        of("device=low,country=DE", 0, 9),
        of("country=FR", 1, 1),
    ]);
    assert_eq!(about(wanted, &two, words), "✓ country: 2 seen: seen");
    // Another metric may have seen the rest.
    let rest = also(
        same,
        &Metric::ErrorFreeSessions,
        vec![of("country=AT", 0, 3)],
    );
    assert_eq!(about(wanted, &rest, words), "✓ country: 2 seen: seen");
}

const STRATA: [&str; 4] = [
    "country=DE",
    "country=FR,device=low",
    "device=low,country=AT",
    "",
];

proptest! {
    #[test]
    fn coverage_and_sessions_are_what_a_plain_count_says(
        rows in proptest::collection::btree_map((0..40i64, 0..STRATA.len()), 0..3u64, 1..40),
        least in 1..5usize,
    ) {
        let windows: Vec<Paired> = rows.iter().map(|((k, at), new)| of(STRATA[*at], *k, *new)).collect();
        let countries: BTreeSet<usize> = rows.iter().filter(|(_, new)| **new > 0).map(|((_, at), _)| *at).filter(|at| *at < 3).collect();
        let told = rows.keys().any(|(_, at)| *at < 3);
        let sessions: u64 = rows.values().sum();
        let policy = with(&format!("min_sessions = 20\ncoverage = {{ country = {least} }}"));
        let gate = gate(&policy, &observed(Metric::CrashFreeSessions, windows));
        let met = |kind| gate.wants.iter().find(|want| want.kind == kind).unwrap().met;
        prop_assert_eq!(met(WantKind::Sessions), Some(sessions >= 20));
        prop_assert_eq!(met(WantKind::Coverage), told.then_some(countries.len() >= least));
    }
}
