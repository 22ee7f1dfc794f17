use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::domain::{PlainText, Reading};
use crate::journal::MemoryJournal;
use crate::policy::RawPolicy;
use crate::ports::Window;

const RULES: &str = r#"
rule = [
    { id = "floor", metric = "crash_free_sessions", floor = "99.85%", action = "pause" },
    { id = "ratio", metric = "crash_free_sessions", worse_than_baseline = 1.5, action = "pause" },
    { id = "halt", metric = "crash_free_sessions", worse_than_baseline = 2.0, action = "halt" },
    { id = "users", metric = "crash_free_users", worse_than_baseline = 2.0, action = "pause" },
]
"#;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn policy() -> Policy {
    let raw: RawPolicy = toml::from_str(RULES).unwrap();
    raw.resolve("test").unwrap().0
}

fn at(seconds: i64) -> Timestamp {
    // A midnight.
    Timestamp::from_timestamp(20_000 * DAY + seconds, 0).unwrap()
}

fn source(name: &str) -> SourceId {
    SourceId(PlainText::new(name))
}

fn recipe() -> Recipe {
    Recipe {
        as_of: None,
        app: AppId::try_from("shop-android".to_owned()).unwrap(),
        sources: vec![source("sentry"), source("sentry-2")],
        new: "84300".into(),
        old: Some("84200".into()),
        baseline: Baseline::Read,
        evidence_from: None,
        old_seen: Some(at(-40 * DAY)),
    }
}

/// So many windows of this length from `start` on.
#[derive(Clone, Debug)]
struct Stretch {
    metric: Metric,
    version: &'static str,
    start: i64,
    seconds: u32,
    counts: Vec<(u64, u64)>,
    stratum: &'static str,
}

impl Stretch {
    fn readings(&self) -> impl Iterator<Item = Reading> + '_ {
        let starts = (0..).map(|n| self.start + n * i64::from(self.seconds));
        let told = starts.zip(&self.counts).filter(|(_, counts)| counts.0 > 0);
        told.map(|(start, (trials, failures))| Reading {
            metric: self.metric.clone(),
            version: self.version.into(),
            stratum: self.stratum.into(),
            start: at(start),
            seconds: self.seconds,
            counts: Counts::new(*trials, (*failures).min(*trials)).unwrap(),
        })
    }
}

fn report(stretches: &[Stretch]) -> SourceReport {
    SourceReport {
        readings: stretches.iter().flat_map(Stretch::readings).collect(),
        ..SourceReport::default()
    }
}

/// Everything that a ledger can be asked.
fn told(kept: &Kept) -> String {
    let mut told = format!("{:?} {:?}\n", kept.first, kept.ledger.terms());
    writeln!(told, "{:?}", kept.seconds).unwrap();
    for book in kept.ledger.books() {
        let weights: Vec<_> = (0..4).map(|rule| book.weight(rule)).collect();
        let since = book.worse_since();
        writeln!(
            told,
            "{} {}\n{:?}\n{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}\n{weights:?}",
            book.metric(),
            book.source(),
            book.windows(),
            book.first(),
            book.past(),
            book.worse(),
            since,
            book.totals(),
            book.is_baseline_absent(),
            book.ratio_lower(since, 0.05),
            book.trend(60),
        )
        .unwrap();
    }
    told
}

/// A journal, and what is kept of it.
struct Bench {
    policy: Policy,
    journal: MemoryJournal,
    kept: Option<Kept>,
}

impl Bench {
    fn new() -> Self {
        let (policy, journal) = (policy(), MemoryJournal::default());
        Self {
            policy,
            journal,
            kept: None,
        }
    }

    fn take(&mut self, recipe: &Recipe, name: &str, now: Timestamp, report: &SourceReport) {
        let source = source(name);
        let app = &recipe.app;
        self.journal.save_report(app, &source, now, report).unwrap();
        self.assess(recipe, Some(&Touched::by(&source, report)), now);
    }

    fn assess(&mut self, recipe: &Recipe, touched: Option<&Touched>, now: Timestamp) {
        let (policy, journal) = (&self.policy, &self.journal);
        let kept = self.kept.take();
        let kept = Kept::after(kept, recipe.clone(), policy, journal, touched, now).unwrap();
        let anew = Kept::anew(recipe.clone(), policy, journal, now).unwrap();
        assert_eq!(told(&kept), told(&anew));
        self.kept = Some(kept);
    }

    fn place(&self) -> *const Ledger {
        Arc::as_ptr(&self.kept.as_ref().unwrap().ledger)
    }
}

fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
    let counts = prop::collection::vec((0_u64..400, 0_u64..4), 1..8);
    let stretch = (any::<bool>(), 0_usize..4, -20_i64..60, counts, 0_usize..4).prop_map(
        |(is_new, shape, place, counts, part)| {
            let (metric, start, seconds) = match shape {
                0 => (Metric::CrashFreeUsers, place.div_euclid(24) * DAY, 86_400),
                1 => (Metric::CrashFreeSessions, place * HOUR, 3_600),
                _ => (Metric::CrashFreeSessions, place * HOUR / 4, 300),
            };
            Stretch {
                metric,
                version: if is_new { "84300" } else { "84200" },
                start,
                seconds,
                counts,
                stratum: ["", "", "os=14", "os=15"][part],
            }
        },
    );
    prop::collection::vec(stretch, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_kept_is_what_the_journal_says(
        polls in prop::collection::vec((stretches(), 0_u8..10, 0_i64..9, 0_u8..12), 1..12),
    ) {
        let mut bench = Bench::new();
        let mut recipe = recipe();
        let mut now = 10 * HOUR;
        for (stretches, which, later, change) in polls {
            // Answers may come in another order than they were asked for.
            now += later * HOUR - 2 * HOUR;
            match change {
                0 => recipe.evidence_from = Some(at(now)),
                1 => now += 7 * DAY,
                _ => {}
            }
            let name = if which < 6 { "sentry" } else { "sentry-2" };
            bench.take(&recipe, name, at(now), &report(&stretches));
        }
        bench.assess(&recipe, None, at(now));
    }
}

fn sessions(version: &'static str, start: i64, seconds: u32, windows: usize) -> Stretch {
    Stretch {
        metric: Metric::CrashFreeSessions,
        version,
        start,
        seconds,
        counts: vec![(500, 1); windows],
        stratum: "",
    }
}

fn users(start: i64, days: usize) -> [Stretch; 2] {
    ["84300", "84200"].map(|version| Stretch {
        metric: Metric::CrashFreeUsers,
        seconds: 86_400,
        ..sessions(version, start, 0, days)
    })
}

#[test]
fn a_usual_poll_copies_nothing_and_reads_only_what_it_touched() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    // The first poll: two weeks of the baseline's hours, three hours of both versions, the users of the first day.
    let mut first = vec![sessions("84200", -14 * DAY + 8 * HOUR, 3_600, 14 * 24)];
    for version in ["84300", "84200"] {
        first.push(sessions(version, 8 * HOUR, 300, 36));
    }
    first.extend(users(0, 1));
    bench.take(&recipe, "sentry", at(11 * HOUR), &report(&first));
    let place = bench.place();
    for poll in 1_i64..60 {
        let now = 11 * HOUR + 300 * poll;
        let mut next: Vec<Stretch> = ["84300", "84200"]
            .map(|version| sessions(version, now - 2 * HOUR, 300, 24))
            .into();
        next.extend(users(0, 1));
        bench.take(&recipe, "sentry", at(now), &report(&next));
        assert_eq!(bench.place(), place, "poll {poll}");
    }
    // Everything is read again, but for the past: nothing has changed.
    let mut full: Vec<Stretch> = ["84300", "84200"]
        .map(|version| sessions(version, 8 * HOUR, 300, 95))
        .into();
    full.extend(users(0, 1));
    bench.take(&recipe, "sentry", at(16 * HOUR), &report(&full));
    assert_eq!(bench.place(), place, "a full poll");
}

#[test]
fn what_a_second_source_says_is_kept_beside() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    let of =
        |start, windows| ["84300", "84200"].map(|version| sessions(version, start, 300, windows));
    bench.take(&recipe, "sentry", at(10 * HOUR), &report(&of(8 * HOUR, 24)));
    bench.take(
        &recipe,
        "sentry-2",
        at(10 * HOUR),
        &report(&of(8 * HOUR + 300, 20)),
    );
    let place = bench.place();
    // More of it, and some of it anew, copies nothing of the ledger.
    bench.take(
        &recipe,
        "sentry-2",
        at(11 * HOUR),
        &report(&of(9 * HOUR, 24)),
    );
    assert_eq!(bench.place(), place);
    let kept = bench.kept.as_ref().unwrap();
    let [second] = &kept.seconds[..] else {
        panic!("{:?}", kept.seconds);
    };
    assert_eq!(
        (&second.source, second.windows.len()),
        (&source("sentry-2"), 35)
    );
    assert_eq!(kept.ledger.books()[0].windows().len(), 24);
}

#[test]
fn another_policy_and_what_is_laid_over_a_rule_make_the_ledger_anew() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    let both = ["84300", "84200"].map(|version| sessions(version, 8 * HOUR, 300, 24));
    bench.take(&recipe, "sentry", at(10 * HOUR), &report(&both));
    let (file, rule) = (bench.policy.clone(), bench.policy.rules[0].id.clone());
    let text = RULES.replace("99.85%", "99.95%");
    let stricter: RawPolicy = toml::from_str(&text).unwrap();
    let stricter = stricter.resolve("test").unwrap().0;
    let off = crate::domain::RuleOverride::Off;
    let laid = crate::policy::change::with_overrides(&file, [(&rule, &off)]);
    for policy in [stricter, laid, file] {
        let place = bench.place();
        bench.assess(&recipe, None, at(10 * HOUR));
        assert_eq!(bench.place(), place, "nothing has changed");
        // What is kept says what a ledger made anew says: `assess` compares them.
        bench.policy = policy;
        let before = Arc::clone(&bench.kept.as_ref().unwrap().ledger);
        bench.assess(&recipe, None, at(10 * HOUR));
        assert_ne!(bench.place(), Arc::as_ptr(&before));
    }
}

#[test]
fn a_first_session_that_is_taken_back_is_noticed() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    let hours = sessions("84300", 8 * HOUR, 3_600, 2);
    bench.take(&recipe, "sentry", at(9 * HOUR), &report(&[hours]));
    // The journal drops an hour into which a report of five minutes reaches.
    let minutes = sessions("84300", 8 * HOUR + 1_800, 300, 18);
    bench.take(&recipe, "sentry", at(10 * HOUR), &report(&[minutes]));
    let first = bench.kept.as_ref().unwrap().first;
    assert_eq!(first, Some(at(8 * HOUR + 1_800)));
}

#[test]
fn the_past_is_there_and_so_is_the_baselines_own_rollout() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    // The baseline's own first three weeks, as they were watched, and long after them the new version's.
    let own = [sessions("84200", -41 * DAY, 3_600, 21 * 24)];
    bench.take(&recipe, "sentry", at(-20 * DAY), &report(&own));
    let news = [
        sessions("84200", -14 * DAY, 3_600, 14 * 24),
        sessions("84200", 0, 300, 24),
        sessions("84300", 0, 300, 24),
    ];
    bench.take(&recipe, "sentry", at(2 * HOUR), &report(&news));
    let kept = bench.kept.as_ref().unwrap();
    assert_eq!(kept.ledger.terms().old_began, Some(at(-41 * DAY)));
    let book = kept.ledger.book(&Metric::CrashFreeSessions).unwrap();
    let starts = |from: i64, to: i64| {
        let within = |window: &&Paired| (at(from)..at(to)).contains(&window.start);
        book.windows().iter().filter(within).count()
    };
    assert_eq!(
        starts(-41 * DAY, -27 * DAY),
        14 * 24,
        "two weeks of its own"
    );
    assert_eq!(starts(-27 * DAY, -14 * DAY), 0, "nothing between");
    assert_eq!(starts(-14 * DAY, 0), 14 * 24);
    let day = crate::policy::ledger::Basis::SameAge;
    assert_eq!(book.past().at(1).unwrap().0, day);
}

#[test]
fn evidence_of_a_long_rollout_moves_on_once_a_day() {
    let (mut bench, recipe) = (Bench::new(), recipe());
    let both = ["84300", "84200"].map(|version| sessions(version, 0, 3_600, 24 * 20));
    bench.take(&recipe, "sentry", at(20 * DAY), &report(&both));
    let from = |bench: &Bench| bench.kept.as_ref().unwrap().ledger.terms().from;
    assert_eq!(from(&bench), Some(at(6 * DAY)));
    let place = bench.place();
    bench.assess(&recipe, None, at(20 * DAY + 23 * HOUR));
    assert_eq!((from(&bench), bench.place()), (Some(at(6 * DAY)), place));
    bench.assess(&recipe, None, at(21 * DAY));
    assert_eq!(from(&bench), Some(at(7 * DAY)));
}

fn stored(version: &str, stratum: &str, windows: &[(i64, u64)]) -> Series {
    let window = |(minute, trials): &(i64, u64)| Window {
        start: at(minute * 60),
        seconds: 300,
        counts: Counts::new(*trials, 0).unwrap(),
    };
    Series {
        source: source("sentry"),
        metric: Metric::CrashFreeSessions,
        version: version.into(),
        stratum: stratum.into(),
        windows: windows.iter().map(window).collect(),
    }
}

#[test]
fn windows_of_both_versions_meet_by_start_length_and_stratum_in_any_order() {
    let mut hour = stored("84200", "", &[(5, 100)]);
    hour.windows[0].seconds = 3_600;
    let mut series = [
        stored("84300", "", &[(5, 3), (10, 4)]),
        stored("84200", "", &[(0, 50), (10, 60)]),
        stored("84200", "wifi", &[(10, 7)]),
        hour,
    ];
    let expected = [
        (0, 300, "", 0, 50),
        (5, 300, "", 3, 0),
        (5, 3_600, "", 0, 100),
        (10, 300, "", 4, 60),
        (10, 300, "wifi", 0, 7),
    ];
    for _ in 0..series.len() {
        series.rotate_left(1);
        let paired = side_by_side(series.iter(), "84300");
        let found: Vec<_> = paired
            .iter()
            .map(|pair| {
                let minute = (pair.start - at(0)).num_minutes();
                let (new, old) = (pair.new.trials, pair.old.trials);
                (minute, pair.seconds, pair.stratum.as_str(), new, old)
            })
            .collect();
        assert_eq!(found, expected);
    }
}
