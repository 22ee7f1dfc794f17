//! With real programs.

use serde_json::Value;

use super::*;
use crate::notify::testing;

fn exec(script: &str, folder: &std::path::Path) -> Exec {
    let settings = Settings {
        run: ["sh", "-c", script, "sh", "$HOME; x"]
            .map(str::to_owned)
            .to_vec(),
        env: vec![("WAKE_TOKEN".into(), "c4n4ry-token".into())],
        timeout: Duration::from_secs(20),
        folder: folder.to_owned(),
        host: "jump.example.com".into(),
    };
    Exec::new("exec".into(), settings)
}

async fn told(script: &str) -> Result<Option<PlainText>, Failure> {
    exec(script, std::path::Path::new("/"))
        .tell(&testing::message())
        .await
}

#[tokio::test]
async fn a_program_gets_the_message_on_its_input_and_little_else() {
    let folder = tempfile::tempdir().unwrap();
    let exec = exec(
        "cat >message; env >env; echo \"$1\" >argument",
        folder.path(),
    );
    assert_eq!(exec.tell(&testing::message()).await, Ok(None));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let message: Value = serde_json::from_str(&read("message")).unwrap();
    for (pointer, value) in [
        ("/schema", "haltline/message/v1"),
        ("/urgency", "page"),
        (
            "/text",
            "halted at 25%: crash-free sessions 98.10%, limit 99.85%",
        ),
        ("/about/app", "shop-android"),
        ("/about/build", "84300"),
        ("/facts/0/name", "crash-free sessions"),
        ("/facts/0/value", "98.10% of 12,480"),
        ("/incident/key", "haltline/shop-android/84300"),
        ("/incident/change", "opened"),
        ("/on_call", "alice"),
        ("/link", "https://grafana.example.com/d/1?a=1&b=2"),
    ] {
        assert_eq!(message.pointer(pointer).unwrap(), value, "{pointer}");
    }
    assert_eq!(message["ids"], serde_json::json!([7]));
    assert_eq!(read("argument"), "$HOME; x\n");
    let env = read("env");
    for told in [
        "HALTLINE_URGENCY=page",
        "HALTLINE_APP=shop-android",
        "HALTLINE_INCIDENT=haltline/shop-android/84300",
        "WAKE_TOKEN=c4n4ry-token",
    ] {
        assert!(env.lines().any(|line| line == told), "{told}: {env}");
    }
    assert!(!env.contains("CARGO"), "{env}");
}

#[tokio::test]
async fn its_exit_code_says_what_comes_next() {
    assert_eq!(told("exit 0").await, Ok(None));
    for (script, kind, said) in [
        (
            "echo busy >&2; exit 75",
            FailureKind::Retry,
            "busy (it ended with 75)",
        ),
        ("exit 1", FailureKind::Refused, "it ended with 1"),
        ("kill -9 $$", FailureKind::Retry, "it was killed"),
        (
            "echo \"no: $WAKE_TOKEN\" >&2; exit 2",
            FailureKind::Refused,
            "no: [secret] (it ended with 2)",
        ),
    ] {
        let failure = told(script).await.unwrap_err();
        assert_eq!((failure.kind, failure.what.as_str()), (kind, said));
    }
    let mut exec = exec("", std::path::Path::new("/"));
    exec.settings.run = vec!["./no-such-program".into()];
    let failure = exec.tell(&testing::message()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry);
    assert!(!format!("{:?}", exec.settings).contains("c4n4ry"));
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_what_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut exec = exec("sleep 600 & echo $! >pid; wait", folder.path());
    exec.settings.timeout = Duration::from_secs(1);
    let failure = exec.tell(&testing::message()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry);
    assert_eq!(failure.what.as_str(), "no end within 1s: it was killed");
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    let alive = || {
        // A zombie that nobody has taken care of yet is dead as well.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while alive() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_need_not_read_what_it_is_told() {
    let exec = exec("exec 0<&-; exit 0", std::path::Path::new("/"));
    assert_eq!(exec.tell(&testing::hostile()).await, Ok(None));
}
