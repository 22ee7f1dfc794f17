use super::report::Report;
use super::verdict::{Awaited, Outcome, Over, Until};
use super::{junit, markdown};
use crate::api::wire::{ExecutionView, WaitingView};
use crate::api::{AppSnapshot, Snapshot};
use crate::cli::exit::Exit;
use crate::domain::execution::Phase;
use crate::domain::{Actor, Exposure, Health, PlainText, Status, Target, Verb, Version};
use crate::policy::WantKind;
use crate::tui::fixture;

fn until(raw: &str) -> Until {
    raw.parse().unwrap()
}

/// `shop-android` in this state of the screen's fixtures.
fn app(state: &str) -> AppSnapshot {
    let found = fixture::states()
        .into_iter()
        .find(|(name, _)| *name == state);
    let (_, Snapshot { apps, .. }) = found.unwrap();
    apps.into_iter()
        .find(|app| app.id.as_str() == "shop-android")
        .unwrap()
}

fn at(percent: u32) -> AppSnapshot {
    let mut app = app("healthy");
    app.release.as_mut().unwrap().exposure = Exposure::from_percent(percent);
    app
}

fn with_status(status: Status) -> AppSnapshot {
    let mut app = app("healthy");
    app.release.as_mut().unwrap().status = status;
    app
}

fn run_in(phase: Phase) -> ExecutionView {
    ExecutionView {
        number: 3,
        phase,
        since: fixture::now(),
        actor: Actor::Haltline,
        reason: PlainText::default(),
        policy_hash: String::new(),
    }
}

fn look(app: &AppSnapshot, goal: &str) -> Option<(Outcome, u8)> {
    let over = Awaited::new(None).look(app, until(goal));
    over.map(|over| (over.outcome, over.exit.code()))
}

fn too_late(app: &AppSnapshot) -> (u8, String) {
    let over = Awaited::new(None).cut_short(app, false);
    assert_eq!(over.outcome, Outcome::TimedOut);
    (over.exit.code(), over.why)
}

#[test]
fn goals_are_written_with_their_unit() {
    for fine in ["stage=25%", "stage=0.5%", "completed", "healthy"] {
        assert_eq!(until(fine).to_string(), fine);
    }
    for (bad, told) in [
        ("stage=25", "\"25%\""),
        ("stage=0%", "every release"),
        ("stage=150%", "0% to 100%"),
        ("done", "completed or healthy"),
    ] {
        let error = bad.parse::<Until>().unwrap_err();
        assert!(error.contains(told), "{bad}: {error}");
    }
}

#[test]
fn a_goal_is_reached_by_a_rollout_that_runs() {
    let reached = Some((Outcome::Reached, 0));
    assert_eq!(look(&at(5), "stage=25%"), None);
    assert_eq!(look(&at(25), "stage=25%"), reached);
    assert_eq!(look(&at(50), "stage=25%"), reached);
    assert_eq!(look(&at(50), "completed"), None);
    assert_eq!(look(&with_status(Status::Completed), "completed"), reached);
    assert_eq!(look(&with_status(Status::Completed), "stage=25%"), reached);
    assert_eq!(look(&at(5), "healthy"), reached);
    for state in ["unknown", "warning"] {
        assert_eq!(look(&app(state), "healthy"), None, "{state}");
    }
    // A draft is healthy for nobody.
    assert_eq!(look(&with_status(Status::Draft), "healthy"), None);
}

#[test]
fn a_stage_is_not_reached_while_a_stop_is_under_way() {
    let mut app = app("halting");
    assert_eq!(app.desire.as_ref().unwrap().target, Target::Stopped);
    assert_eq!(look(&app, "stage=5%"), None);
    app.desire.as_mut().unwrap().failed = true;
    app.needs_person = Some("the store refuses".into());
    assert_eq!(look(&app, "stage=5%"), Some((Outcome::Stopped, 11)));
    let mut breached = at(25);
    breached.health = Health::Breached;
    assert_eq!(look(&breached, "stage=25%"), None);
}

#[test]
fn stops_end_it_with_their_code() {
    assert_eq!(
        look(&app("halted"), "stage=5%"),
        Some((Outcome::Halted, 10))
    );
    let mut paused = with_status(Status::Stopped);
    assert_eq!(look(&paused, "stage=5%"), Some((Outcome::Stopped, 11)));
    paused.execution = Some(run_in(Phase::Paused));
    assert_eq!(look(&paused, "stage=5%"), Some((Outcome::Stopped, 11)));
    // A gate of the App Store holds it, and may let it go on.
    paused.execution = Some(run_in(Phase::Holding));
    assert_eq!(look(&paused, "stage=5%"), None);
    let mut held = at(5);
    held.hold = Some(fixture::alice());
    assert_eq!(look(&held, "stage=25%"), Some((Outcome::Stopped, 11)));
    assert_eq!(look(&held, "stage=5%"), Some((Outcome::Reached, 0)));
    // A resume is under way.
    let mut resumed = app("halting");
    resumed.release.as_mut().unwrap().status = Status::Stopped;
    let desire = resumed.desire.as_mut().unwrap();
    (desire.verb, desire.target) = (Verb::Resume, Target::InProgress { exposure: None });
    assert_eq!(look(&resumed, "completed"), None);
}

#[test]
fn a_release_that_is_replaced_never_gets_there() {
    let mut awaited = Awaited::new(None);
    let mut app = at(5);
    let goal = until("completed");
    assert!(awaited.look(&app, goal).is_none());
    let release = app.release.as_mut().unwrap();
    release.version = Version::from_code(84_400);
    release.status = Status::Completed;
    app.version_name = "8.44.0 (84400)".into();
    let over = awaited.look(&app, goal).unwrap();
    assert_eq!((over.outcome, over.exit), (Outcome::Gone, Exit::Refused));
    assert_eq!(over.why, "it has been replaced by 8.44.0 (84400)");
    app.release = None;
    let over = awaited.look(&app, goal).unwrap();
    assert_eq!(over.why, "it is gone from the store");
    app.store_failure =
        crate::domain::Failure::new(crate::domain::FailureKind::Retry, "down").into();
    assert_eq!(awaited.look(&app, goal), None);
}

/// The completed release before it is not what a pipeline waits for that has just uploaded the next one.
#[test]
fn what_waits_to_be_begun_is_waited_for() {
    let mut app = with_status(Status::Completed);
    let goal = until("completed");
    let mut waiting = app.release.clone().unwrap();
    waiting.version = Version::from_code(84_400);
    waiting.status = Status::Draft;
    app.waiting = Some(WaitingView {
        release: waiting,
        asked_by: None,
        gate: None,
    });
    assert!(Awaited::new(None).look(&app, goal).is_none());
    assert_eq!(
        too_late(&app),
        (
            11,
            "84400 waits for somebody to begin it: haltline start shop-android --reason …".into()
        )
    );
    let named = |name: &str| Awaited::new(Some(name.into())).look(&app, goal);
    assert_eq!(named("84300").unwrap().outcome, Outcome::Reached);
    assert_eq!(named("84500"), None);
    assert_eq!(named("84200").unwrap().outcome, Outcome::Gone);
}

#[test]
fn when_time_is_up_the_code_says_how_the_rollout_is() {
    let (code, why) = too_late(&at(5));
    assert_eq!(
        (code, why.as_str()),
        (12, "the time is up; the rollout is still fine")
    );
    assert_eq!(too_late(&app("unknown")).0, 15);
    assert_eq!(too_late(&app("halted")).0, 10);
    let mut asks = at(5);
    let want = asks.gate.as_mut().unwrap().wants.last_mut().unwrap();
    want.kind = WantKind::Approval;
    let (code, why) = too_late(&asks);
    assert_eq!(code, 11);
    assert!(why.contains("haltline approve shop-android"), "{why}");
    let app = at(5);
    let over = Awaited::new(None).cut_short(&app, true);
    assert_eq!(
        (over.outcome, over.exit),
        (Outcome::Interrupted, Exit::TimedOut)
    );
}

fn over(outcome: Outcome, exit: Exit, why: &str) -> Over {
    let why = why.to_owned();
    Over { outcome, exit, why }
}

fn report<'a>(app: &'a AppSnapshot, over: &'a Over) -> Report<'a> {
    Report {
        app,
        until: Until::Stage(Exposure::from_percent(25)),
        over,
        watched: true,
    }
}

#[test]
fn summaries() {
    let mut app = at(5);
    app.execution = Some(run_in(Phase::Rolling));
    app.climbs = true;
    let late = over(
        Outcome::TimedOut,
        Exit::TimedOut,
        "the time is up; the rollout is still fine",
    );
    insta::assert_snapshot!(
        "late",
        markdown::summary(&report(&app, &late), fixture::now())
    );
    let mut app = self::app("halted");
    app.sentence = "# <b>8.43.0</b> | *crashes* `59×` [more](https://example.com) @all".into();
    let halted = over(Outcome::Halted, Exit::Halted, "it is halted at 5%");
    let mut report = report(&app, &halted);
    report.watched = false;
    insta::assert_snapshot!("halted", markdown::summary(&report, fixture::now()));
}

/// The name, and how it ended, of every test case.
fn cases(xml: &str) -> Vec<(String, String)> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite"))
        .unwrap();
    let cases: Vec<roxmltree::Node<'_, '_>> = suite
        .children()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    let count = |tag: &str| {
        cases
            .iter()
            .filter(|case| case.children().any(|node| node.has_tag_name(tag)))
            .count()
    };
    for (attribute, counted) in [
        ("tests", cases.len()),
        ("failures", count("failure")),
        ("skipped", count("skipped")),
    ] {
        assert_eq!(
            suite.attribute(attribute).unwrap(),
            counted.to_string(),
            "{attribute}"
        );
    }
    let ended = |case: &roxmltree::Node<'_, '_>| {
        let inner = case.first_element_child();
        inner.map_or("passed".to_owned(), |inner| {
            format!(
                "{}: {}",
                inner.tag_name().name(),
                inner.attribute("message").unwrap()
            )
        })
    };
    cases
        .iter()
        .map(|case| {
            let name = |attribute| case.attribute(attribute).unwrap();
            (
                format!("{} {}", name("classname"), name("name")),
                ended(case),
            )
        })
        .collect()
}

#[test]
fn junit_is_red_where_the_exit_code_is_not_zero() {
    let app = self::app("halted");
    let halted = over(
        Outcome::Halted,
        Exit::Halted,
        "it is \"halted\" & <latched>\u{1b}\u{ffff}",
    );
    let told = cases(&junit::xml(&report(&app, &halted)));
    let of = |name: &str| {
        let found = told.iter().find(|(case, _)| case == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {told:#?}"))
            .1
            .clone()
    };
    assert_eq!(
        of("shop-android.wait stage=25%"),
        "failure: it is \"halted\" & <latched>"
    );
    assert_eq!(of("shop-android.stage 5%"), "passed");
    assert_eq!(of("shop-android.stage 25%"), "skipped: not reached");
    let rule = of("shop-android.rule crash-ratio");
    assert!(
        rule.starts_with("failure: ") && rule.contains("limit"),
        "{rule}"
    );

    let app = at(25);
    let reached = over(Outcome::Reached, Exit::Fine, "it has reached 25%");
    let told = cases(&junit::xml(&report(&app, &reached)));
    assert!(
        told.iter().all(|(_, ended)| !ended.starts_with("failure")),
        "{told:#?}"
    );

    let app = at(5);
    let late = over(Outcome::TimedOut, Exit::TimedOut, "late");
    let told = cases(&junit::xml(&report(&app, &late)));
    let next = told
        .iter()
        .find(|(case, _)| case == "shop-android.stage 25%")
        .unwrap();
    assert!(next.1.contains("12h at 5%: 8h 20m so far"), "{next:?}");
}

/// Whatever the vendors call things, it is one XML document.
#[test]
fn every_state_makes_xml() {
    let late = over(Outcome::TimedOut, Exit::TimedOut, "late");
    for (_, snapshot) in fixture::states() {
        for mut app in snapshot.apps {
            app.sentence = "]]> </failure> &amp; \u{e000} 💥".into();
            cases(&junit::xml(&report(&app, &late)));
        }
    }
}
