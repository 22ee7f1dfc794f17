//! The fake BigQuery as any client sees it: the part of the language that it documents, and nothing haltline needs in
//! particular.

use chrono::TimeDelta;

use super::eval::{Cell, Outcome, Parameter, Parameters, run};
use super::*;
use crate::ports::{Clock, SimClock};
use crate::simulator::{Scenario, traffic};

fn big_query(server: Server) -> BigQuery {
    let scenario = Scenario::load("demo").unwrap();
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 1, clock.clone());
    clock.advance_to(clock.now() + TimeDelta::minutes(95));
    BigQuery {
        server,
        world,
        jobs: Jobs::default(),
        window: Mutex::default(),
    }
}

fn ask(it: &BigQuery, text: &str, parameters: &Parameters) -> Result<Outcome, String> {
    let statement = sql::parse(text).map_err(|refusal| format!("{refusal:?}"))?;
    run(it, &statement, parameters).map_err(|refusal| format!("{refusal:?}"))
}

fn since(it: &BigQuery) -> Parameters {
    let at = it.world.start();
    let builds = vec![Cell::Text("84300".into())];
    Parameters::from([
        ("since".into(), Parameter::One(Cell::Time(at))),
        ("builds".into(), Parameter::Many(builds)),
    ])
}

const SESSIONS_TABLE: &str = "`sim-project.firebase_sessions.com_example_shop_ANDROID_REALTIME`";
const CRASHES_TABLE: &str = "`sim-project.firebase_crashlytics.com_example_shop_ANDROID_REALTIME`";

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let it = big_query(Server::default());
    let from = SESSIONS_TABLE;
    for (text, words) in [
        ("SELECT 1".to_owned(), "Unexpected end of script"),
        (
            format!("SELECT COUNT(DISTINCT session_id) AS n FROM {from} JOIN x"),
            r#"Unexpected \"JOIN\""#,
        ),
        (format!("SELECT COUNT(*) AS n FROM {from}"), "Unexpected"),
        (
            format!("SELECT SUM(session_id) AS n FROM {from}"),
            "Function not found: SUM",
        ),
        (
            format!("SELECT COUNT(DISTINCT event_id) AS n FROM {from}"),
            "Unrecognized name: event_id",
        ),
        (
            format!("SELECT COUNT(DISTINCT session_id) AS n FROM {from} GROUP BY t"),
            "Unrecognized name: t",
        ),
        (
            format!("SELECT event_type AS k, COUNT(DISTINCT session_id) AS n FROM {from}"),
            "neither grouped nor aggregated",
        ),
        (
            format!(
                "SELECT COUNT(DISTINCT session_id) AS n FROM {from} WHERE event_timestamp >= @until"
            ),
            "Query parameter 'until' not found",
        ),
        (
            format!(
                "SELECT COUNT(DISTINCT session_id) AS n FROM {from} WHERE event_type IN UNNEST(@since)"
            ),
            "must be arrays",
        ),
        (
            "SELECT COUNT(DISTINCT session_id) AS n FROM `a.b.c".to_owned(),
            "Unclosed identifier",
        ),
        (
            "SELECT COUNT(DISTINCT session_id) AS n FROM `sim-project.firebase_sessions.t`"
                .to_owned(),
            "Not found: Table sim-project:firebase_sessions.t was not found in location US",
        ),
    ] {
        let refusal = ask(&it, &text, &since(&it)).unwrap_err();
        assert!(refusal.contains(words), "{text}: {refusal}");
    }
}

#[test]
fn sums_are_the_worlds_up_to_what_was_streamed() {
    let it = big_query(Server::default());
    let (app, start) = (it.world.apps()[0].id.clone(), it.world.start());
    let cells = it
        .world
        .cells(&app, "84300", start, it.world.now() - TimeDelta::minutes(2));
    let sum = |of: &dyn Fn(&traffic::Cell) -> u64| cells.iter().map(of).sum::<u64>();
    let wanted = "WHERE event_timestamp >= @since AND application.build_version IN UNNEST(@builds)";
    let one = |expression: &str, table: &str, more: &str| {
        let text = format!("SELECT {expression} AS n FROM {table} {wanted}{more}");
        let outcome = ask(&it, &text, &since(&it)).unwrap();
        assert_eq!(outcome.rows.len(), 1);
        outcome.rows[0][0].clone()
    };
    let int = |n: u64| Cell::Int(n.cast_signed());
    let sessions = sum(&|cell| cell.sessions);
    assert_eq!(
        one("COUNT(DISTINCT session_id)", SESSIONS_TABLE, ""),
        int(sessions)
    );
    let users = traffic::users(sessions, TimeDelta::minutes(93));
    assert_eq!(
        one("COUNT(DISTINCT instance_id)", SESSIONS_TABLE, ""),
        int(users)
    );
    let fatal = " AND error_type = 'FATAL'";
    let crashed = sum(&|cell| cell.crashed.total());
    assert_eq!(
        one("COUNT(DISTINCT event_id)", CRASHES_TABLE, fatal),
        int(crashed)
    );
    let hit = traffic::affected(crashed, users);
    let told = one("COUNT(DISTINCT installation_uuid)", CRASHES_TABLE, fatal);
    assert!(
        matches!(told, Cell::Int(n) if n.unsigned_abs().abs_diff(hit) <= 1),
        "{told:?}, {hit}"
    );
    assert_eq!(
        one(
            "MIN(SAFE_CAST(application.build_version AS INT64))",
            CRASHES_TABLE,
            ""
        ),
        Cell::Int(84_300)
    );
    let newest = it.world.now() - TimeDelta::minutes(2) - TimeDelta::seconds(1);
    assert_eq!(
        one("MAX(event_timestamp)", SESSIONS_TABLE, ""),
        Cell::Time(newest)
    );
    assert_eq!(
        one(
            "MAX(event_timestamp)",
            SESSIONS_TABLE,
            " AND event_type = 'SESSION_END'"
        ),
        Cell::Null,
        "an aggregation of nothing is one row"
    );
}

#[test]
fn rows_come_in_order_and_times_in_two_notations() {
    let it = big_query(Server::default());
    let text = format!(
        "SELECT TIMESTAMP_TRUNC(event_timestamp, HOUR) AS t, COUNT(DISTINCT session_id) AS n FROM {SESSIONS_TABLE} \
         WHERE event_timestamp >= @since GROUP BY t ORDER BY t DESC LIMIT 1"
    );
    let outcome = ask(&it, &text, &since(&it)).unwrap();
    let last = it.world.start() + TimeDelta::hours(1);
    assert_eq!(outcome.rows.len(), 1);
    let seconds = last.timestamp();
    let micros = outcome.page(0, 9, true);
    assert_eq!(micros[0]["f"][0]["v"], format!("{seconds}000000"));
    let text = outcome.page(0, 9, false)[0]["f"][0]["v"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("E9"), "{text}");
    assert_eq!(text.parse::<f64>().unwrap() as i64, seconds);
    assert!(outcome.page(1, 9, true).is_empty());
}

#[test]
fn the_older_dialect_is_the_default() {
    let ask: jobs::Ask = serde_json::from_str(r#"{"query":"SELECT 1"}"#).unwrap();
    assert!(ask.use_legacy_sql);
}
