//! With real programs and a real server.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;

use super::*;
use crate::domain::{AppId, Check, Exposure, Version};
use crate::http::Limits;
use crate::http::testing::{Reply, Server, reply};

const LONG: Duration = Duration::from_mins(1);

fn request(how: CheckHow, limit: Duration) -> CheckRequest {
    CheckRequest {
        app: AppId::try_from("shop-android".to_owned()).unwrap(),
        version: Version::named("8.43.0", "84300"),
        stage: Exposure::from_percent(25),
        check: Check {
            how,
            timeout: TimeDelta::from_std(limit).unwrap(),
            every: TimeDelta::minutes(5),
        },
    }
}

async fn asked(how: CheckHow, limit: Duration, folder: &Path) -> Result<String, String> {
    let limits = Limits {
        body: LONGEST_ANSWER,
        ..Limits::default()
    };
    let checks = Checks::new(Client::new(limits).unwrap(), folder.to_owned());
    let result = checks.check(&request(how, limit)).await;
    result
        .map(|word| word.to_string())
        .map_err(|word| word.to_string())
}

/// Has the shell run this text.
async fn script(text: &str, limit: Duration) -> Result<String, String> {
    asked(shell(text), limit, Path::new("/")).await
}

fn shell(text: &str) -> CheckHow {
    CheckHow::Exec(
        ["sh", "-c", text, "sh", "$HOME; x"]
            .map(str::to_owned)
            .to_vec(),
    )
}

async fn address(url: String, limit: Duration) -> Result<String, String> {
    asked(CheckHow::Http(url), limit, Path::new("/")).await
}

fn text(status: u16, body: &str) -> Reply {
    reply(status, body).header("content-type", "text/plain; charset=utf-8")
}

#[tokio::test]
async fn a_program_passes_with_zero_and_its_last_line_says_why() {
    let said = script(
        "echo looking; echo '312 of 312 passed'; echo; echo noise >&2",
        LONG,
    )
    .await;
    assert_eq!(said.unwrap(), "312 of 312 passed");
    assert_eq!(script("exit 0", LONG).await.unwrap(), "it passed");
    let said = script("echo '2 of 312 failed'; exit 7", LONG).await;
    assert_eq!(said.unwrap_err(), "2 of 312 failed (it ended with 7)");
    let said = script("echo 'no such device' >&2; exit 1", LONG).await;
    assert_eq!(said.unwrap_err(), "no such device (it ended with 1)");
    assert_eq!(
        script("kill -9 $$", LONG).await.unwrap_err(),
        "it was killed"
    );
}

#[tokio::test]
async fn a_program_is_told_what_it_is_asked_about_and_no_more() {
    let said = script(
        "echo \"$HALTLINE_APP $HALTLINE_VERSION $HALTLINE_STAGE $1\"",
        LONG,
    )
    .await;
    assert_eq!(said.unwrap(), "shop-android 8.43.0+84300 25% $HOME; x");
    // What cargo sets for a test stands for a secret of ours; PWD, SHLVL and _ are the shell's own.
    let said = script("env | cut -d= -f1 | sort | tr '\\n' ' '", LONG)
        .await
        .unwrap();
    let ours = [
        "HALTLINE_APP",
        "HALTLINE_STAGE",
        "HALTLINE_VERSION",
        "HOME",
        "PATH",
    ];
    for name in said.split(' ') {
        assert!(
            ours.contains(&name) || ["PWD", "SHLVL", "_", "OLDPWD"].contains(&name),
            "{said}"
        );
    }
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_what_it_has_started() {
    let said = script("sleep 600", Duration::from_millis(50)).await;
    assert_eq!(said.unwrap_err(), "no answer within 50ms");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let started = async {
        loop {
            match std::fs::read_to_string(&file) {
                Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let pid = tokio::select! {
        said = asked(shell("sleep 600 & echo $! >pid; wait"), LONG, folder.path()) => panic!("{said:?}"),
        pid = started => pid,
    };
    // Killed, and taken care of by whoever adopts it: a moment later.
    let gone = async {
        while !is_dead(&pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}

/// Nobody may have collected it yet.
fn is_dead(pid: &str) -> bool {
    let status = std::process::Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    status.trim().is_empty() || status.starts_with(['Z', 'X'])
}

#[tokio::test]
async fn what_a_program_leaves_running_keeps_nobody_waiting() {
    let said = script("sleep 600 & echo fine", LONG).await;
    assert_eq!(said.unwrap(), "fine");
}

#[tokio::test]
async fn a_program_that_talks_without_end_fills_no_memory() {
    let said = script("yes | head -c 3000000; echo; echo done", LONG).await;
    assert_eq!(said.unwrap(), "done");
    let said = script("head -c 300000 /dev/zero | tr '\\0' x; exit 1", LONG).await;
    let said = said.unwrap_err();
    assert!(said.len() < 1000 && said.starts_with("xxx"), "{said}");
}

#[tokio::test]
async fn what_it_says_is_harmless() {
    let said = script("printf '\\033]0;owned\\007red \\342\\200\\256gnp\\n'", LONG).await;
    assert_eq!(said.unwrap(), "]0;ownedred gnp");
}

#[tokio::test]
async fn a_relative_path_is_one_from_the_folder_of_the_config_on() {
    let words = |word: &str| CheckHow::Exec(vec![word.to_owned(), "said".to_owned()]);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/echo", folder.path().join("gate")).unwrap();
    assert_eq!(
        asked(words("./gate"), LONG, folder.path()).await.unwrap(),
        "said"
    );
    assert_eq!(
        asked(words("echo"), LONG, folder.path()).await.unwrap(),
        "said"
    );
    let told = asked(words("qa/none"), LONG, folder.path())
        .await
        .unwrap_err();
    assert!(told.starts_with("qa/none cannot be run: "), "{told}");
    let told = asked(CheckHow::Exec(Vec::new()), LONG, folder.path()).await;
    assert_eq!(told.unwrap_err(), "the check names no program");
}

#[tokio::test]
async fn an_address_passes_with_2xx_and_is_told_what_it_is_asked_about() {
    let server = Server::start(|seen| match seen.target.split('?').next() {
        Some("/plain") => text(200, "312 of 312\nall is well\n"),
        Some("/page") => reply(200, "<html></html>"),
        Some("/no") => text(409, "2 findings are open"),
        Some("/away") => reply(302, "").header("location", "https://example.com/"),
        _ => reply(503, ""),
    })
    .await;
    let at = |path: &str| format!("{}{path}", server.base);
    assert_eq!(
        address(at("/plain?key=1"), LONG).await.unwrap(),
        "all is well"
    );
    assert_eq!(address(at("/page"), LONG).await.unwrap(), "it answered 200");
    let told = address(at("/no"), LONG).await.unwrap_err();
    assert_eq!(told, "2 findings are open (it answered 409)");
    assert_eq!(address(at("/"), LONG).await.unwrap_err(), "it answered 503");
    let told = address(at("/away"), LONG).await.unwrap_err();
    assert!(told.contains("redirects"), "{told}");
    assert_eq!(
        server.seen()[0].line(),
        "GET /plain?key=1&app=shop-android&version=8.43.0%2B84300&stage=25%25"
    );
}

#[tokio::test]
async fn an_address_that_says_too_much_or_nothing_has_not_passed() {
    let server = Server::start(|_seen| text(200, &"x".repeat(LONGEST_ANSWER + 1))).await;
    let told = address(server.base.clone(), LONG).await.unwrap_err();
    assert!(told.contains("larger than 65536 bytes"), "{told}");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let told = address(url, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(told, "no answer within 200ms");
}

#[tokio::test]
async fn an_address_in_the_clear_is_asked_on_loopback_only() {
    let told = address("http://qa.example.com/gate".into(), LONG).await;
    assert!(told.unwrap_err().contains("must be https"));
    let told = address("qa".into(), LONG).await;
    assert!(told.unwrap_err().contains("no URL"));
}
