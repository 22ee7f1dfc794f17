//! With real programs.

use chrono::TimeDelta;

use super::*;
use crate::domain::Timestamp;

const LONG: Duration = Duration::from_mins(1);

fn now() -> Timestamp {
    "2026-11-20T10:30:00Z".parse().unwrap()
}

fn query() -> HealthQuery {
    HealthQuery {
        version: Version::named("8.43.0", "84300"),
        also: Vec::new(),
        baseline: Some(Version::from_code(84200)),
        since: Some(now() - TimeDelta::hours(2)),
        past: false,
        now: now(),
    }
}

fn exec(run: &[&str], timeout: Duration) -> Exec {
    Exec::new(Settings {
        id: SourceId("exec".into()),
        run: run.iter().map(|&word| word.to_owned()).collect(),
        env: vec![("TOKEN".into(), "s3cr3t-t0ken".into())],
        timeout,
        folder: "/".into(),
        package: "com.example.shop".into(),
    })
}

/// Has the shell run this text.
async fn script(text: &str, timeout: Duration) -> Result<SourceReport, Failure> {
    exec(&["sh", "-c", text, "sh", "$HOME; x"], timeout)
        .poll(&query())
        .await
}

const DOCUMENT: &str = r#"{"schema":"haltline/windows/v1","read_through":"2026-11-20T10:29:00Z","windows":[
    {"metric":"crash_free_sessions","version":"8.43.0+84300","start":"2026-11-20T10:00:00Z","seconds":300,"trials":10,"failures":1}]}"#;

#[tokio::test]
async fn what_a_program_prints_is_read() {
    let report = script(&format!("echo '{DOCUMENT}'"), LONG).await.unwrap();
    assert_eq!(report.readings.len(), 1);
    assert_eq!(report.readings[0].version, "8.43.0+84300");
}

#[tokio::test]
async fn it_is_told_what_is_wanted_and_has_no_other_environment() {
    // What it has goes into a note: what is printed is the only way out.
    let told = format!(
        "note=$(env | sort | tr '\\n' ' '); line=$(cat | tr -d '\"'); \
         echo '{DOCUMENT}' | sed \"s|]}}$|],\\\"notes\\\":[\\\"$1 $note\\\",\\\"$line\\\"]}}|\""
    );
    let report = script(&told, LONG).await.unwrap();
    let [environment, question] = &report.notes[..] else {
        panic!("{:?}", report.notes)
    };
    let environment = environment.as_str();
    assert!(
        environment.starts_with("$HOME; x "),
        "no shell: {environment}"
    );
    for wanted in [
        "HALTLINE_PACKAGE=com.example.shop",
        "HALTLINE_VERSION=8.43.0+84300",
        "HALTLINE_BUILD=84300",
        "HALTLINE_BASELINE=84200",
        "HALTLINE_BASELINE_BUILD=84200",
        "HALTLINE_SINCE=2026-11-20T08:30:00+00:00",
        "HALTLINE_NOW=2026-11-20T10:30:00+00:00",
        "TOKEN=s3cr3t-t0ken",
        "PATH=",
    ] {
        assert!(environment.contains(wanted), "{wanted} in {environment}");
    }
    // What cargo sets for a test stands for a secret of ours.
    assert!(!environment.contains("CARGO") && !environment.contains("HOME="));
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let question = question.as_str();
    assert!(
        question.contains("version:{build:84300,key:8.43.0+84300,name:8.43.0}"),
        "{question}"
    );
    assert!(
        question.contains("since:2026-11-20T08:30:00Z"),
        "{question}"
    );
}

#[tokio::test]
async fn one_that_takes_too_long_is_ended() {
    let failure = script("sleep 600", Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(failure.what.as_str(), "no answer within 50ms");
    assert_eq!(failure.kind, FailureKind::Retry);
    assert_eq!(failure.place.as_str(), "run sh");
}

#[tokio::test]
async fn one_that_fails_is_quoted_without_its_secrets() {
    let text = "echo noise; echo first >&2; echo \"401 for $TOKEN\" >&2; exit 7";
    let failure = script(text, LONG).await.unwrap_err();
    assert_eq!(failure.what.as_str(), "it ended with 7: 401 for [secret]");
    assert_eq!(failure.kind, FailureKind::Retry);
    let failure = script(&format!("echo '{DOCUMENT}'; exit 1"), LONG).await;
    let failure = failure.unwrap_err();
    assert_eq!(
        failure.what.as_str(),
        "it ended with 1: it said nothing on standard error"
    );
    let failure = exec(&["no-such-program-here"], LONG).poll(&query()).await;
    let failure = failure.unwrap_err();
    assert!(
        failure
            .what
            .as_str()
            .starts_with("no-such-program-here cannot be run")
    );
    assert_eq!(failure.kind, FailureKind::Refused);
}

#[tokio::test]
async fn nonsense_and_floods_are_refused() {
    for (text, words) in [
        ("echo '<!DOCTYPE html><p>sign in'", "HTML instead of JSON"),
        ("true", "nothing was said"),
        ("echo 12", "its schema is none"),
        ("printf '\\377\\376'", "no JSON"),
        (
            "yes 1 | head -c 100000000",
            "sh says more than 1048576 bytes",
        ),
        ("yes", "sh says more than 1048576 bytes"),
    ] {
        let failure = script(text, LONG).await.unwrap_err();
        assert!(failure.what.as_str().contains(words), "{failure:?}");
        assert_eq!(failure.kind, FailureKind::Malformed, "{failure:?}");
    }
    // An endless complaint beside a fine answer does no harm.
    let report = script(
        &format!("yes | head -c 3000000 >&2; echo '{DOCUMENT}'"),
        LONG,
    )
    .await;
    assert_eq!(report.unwrap().readings.len(), 1);
}

#[tokio::test]
async fn doctor_looks_for_the_program_without_running_it() {
    let result = |run: &'static str| async move { exec(&[run], LONG).access().await.remove(0) };
    assert_eq!(result("sh").await.result, Ok(()));
    assert_eq!(result("sh").await.right.as_str(), "watch: run sh");
    assert_eq!(result("bin/sh").await.result, Ok(()));
    assert!(result("etc/passwd").await.result.is_err());
    assert!(result("no-such-program-here").await.result.is_err());
}

#[tokio::test]
async fn the_ready_program_tells_of_the_simulated_world() {
    use crate::domain::{Counts, Metric};
    use crate::simulator::fault::Vendor;
    use crate::simulator::{Options, Running, Scenario, SimTime};

    let options = Options {
        seed: 1,
        time: SimTime::from_the_wall(1.0),
        listen: None,
        dir: None,
    };
    let scenario = Scenario::load("crash-regression").unwrap();
    let running = Running::start(scenario, options).await.unwrap();
    let app = running.world.apps()[0].clone();
    let now = running.world.now();
    let from = now - TimeDelta::days(2);
    let at = running
        .urls
        .of(Vendor::HttpJson)
        .trim_start_matches("http://");
    let settings = |token: String| Settings {
        id: SourceId("exec".into()),
        run: ["bash", "windows.sh", at, app.id.as_str()]
            .map(str::to_owned)
            .into(),
        env: vec![("TOKEN".into(), token.into())],
        timeout: LONG,
        folder: running.config.parent().unwrap().to_owned(),
        package: app.package.clone(),
    };
    let old = &app.versions[0].build;
    let query = HealthQuery {
        version: Version::from_code(&app.versions[1].build),
        baseline: Some(Version::from_code(old)),
        since: Some(from),
        ..query()
    };
    let query = HealthQuery { now, ..query };
    let source = Exec::new(settings(running.keys.token(Vendor::HttpJson)));
    let report = source.poll(&query).await.unwrap();
    let own = report
        .readings
        .iter()
        .filter(|it| it.version == *old && it.metric == Metric::CrashFreeSessions);
    let sum: Counts = own.map(|it| it.counts).sum();
    let cells = running.world.cells(&app.id, old, from, now);
    let truth = Counts {
        trials: cells.iter().map(|cell| cell.sessions).sum(),
        failures: cells.iter().map(|cell| cell.crashed.total()).sum(),
    };
    // It begins with a whole window, and time goes on meanwhile.
    let near = |a: u64, b: u64| a.abs_diff(b) <= b / 50 + 3;
    assert!(
        sum.trials > 1000 && near(sum.trials, truth.trials),
        "{sum:?} of {truth:?}"
    );
    assert!(near(sum.failures, truth.failures), "{sum:?} of {truth:?}");

    let failure = Exec::new(settings("wrong".into()))
        .poll(&query)
        .await
        .unwrap_err();
    assert_eq!(
        failure.what.as_str(),
        "it ended with 1: the server answered 401"
    );
}
