//! `haltline notify test`: what each channel answers is told, and no secret of any of them.

use std::process::Output;

use haltline::simulator::SimTime;
use serde_json::Value;

use crate::channels::SECRET;
use crate::rollout::Rollout;
use crate::vendor::{Says, Vendor, says};

/// A channel of Slack's, whose whole address is a secret.
fn slack(name: &str) -> String {
    format!("[[notify]]\nkind = \"slack\"\nname = \"{name}\"\nwebhook = \"file:{name}\"\n")
}

async fn with(channels: &[(&str, &Vendor)], more: &str) -> Rollout {
    let tables: String = channels.iter().map(|(name, _)| slack(name)).collect();
    let rollout = Rollout::new(SimTime::from_the_wall(1.0), &(tables + more)).await;
    for (name, vendor) in channels {
        rollout.put(name, &format!("{}/services/T0/B0/{SECRET}", vendor.base));
    }
    rollout
}

/// Its exit code and what it printed; neither output shows a secret.
fn told(ended: &Output) -> (Option<i32>, String) {
    let out = String::from_utf8(ended.stdout.clone()).unwrap();
    let both = format!("{out}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(!both.contains(SECRET), "{both}");
    assert!(!both.contains("/services/"), "{both}");
    (ended.status.code(), out)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_channel_says_what_came_of_it() {
    let fine = Vendor::start([says(200, "ok")]).await;
    let no = Vendor::start([says(200, "no")]).await;
    let login = format!("https://login.example.com/{SECRET}");
    let moved = Vendor::start([says(302, "").with("location", login)]).await;
    let gone = Vendor::start([says(404, "no_service")]).await;
    let hangs = Vendor::start([Says::Nothing]).await;
    let more = r#"
[[notify]]
kind = "ntfy"
urgency = "page"
topic = "releases"
base_url = "http://127.0.0.1:1"

[[notify]]
kind = "email"
host = "127.0.0.1"
tls = "implicit"
ca = "gone.pem"
from = "haltline@example.com"
to = ["oncall@example.com"]
"#;
    let all = [
        ("fine", &fine),
        ("no", &no),
        ("moved", &moved),
        ("gone", &gone),
        ("hangs", &hangs),
    ];
    let rollout = with(&all, more).await;

    let (code, out) = told(&rollout.run(&["notify", "test"]).await);
    assert_eq!(code, Some(1), "{out}");
    for (name, word, why) in [
        ("log", "taken", ""),
        ("fine", "taken", ""),
        ("no", "FAILED", "not"),
        ("moved", "FAILED", "redirects"),
        ("gone", "FAILED", "404"),
        ("hangs", "FAILED", "time limit"),
        ("ntfy", "FAILED", "connection refused"),
        ("email", "FAILED", "gone.pem cannot be read"),
    ] {
        let mut lines = out.lines();
        let own = lines.find(|line| line.split_whitespace().nth(1) == Some(&format!("{name}:")));
        let own = own.unwrap_or_else(|| panic!("{name} is not there: {out}"));
        assert!(own.starts_with(word), "{own}");
        let reason = lines.next().unwrap_or_default();
        assert!(word == "taken" || reason.contains(why), "{name}: {reason}");
    }
    for vendor in [&fine, &no, &moved, &gone, &hangs] {
        let seen = vendor.seen();
        assert_eq!(seen.len(), 1, "tried once, and led nowhere else: {seen:?}");
        assert!(seen[0].body.contains("TEST by "), "{}", seen[0].body);
    }

    // One of them alone, and as a program reads it.
    let ended = rollout
        .run(&[
            "notify",
            "test",
            "fine",
            "ntfy",
            "--urgency",
            "warning",
            "--json",
        ])
        .await;
    let (code, out) = told(&ended);
    assert_eq!(code, Some(0), "what gets no warnings is left out: {out}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "haltline/notify-test/v1");
    let lines = document["channels"].as_array().unwrap().iter();
    let outcomes: Vec<_> = lines
        .map(|line| (&line["channel"], &line["outcome"]))
        .collect();
    assert_eq!(
        outcomes,
        [
            (&"fine".into(), &"taken".into()),
            (&"ntfy".into(), &"left-out".into()),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_credential_and_an_unknown_channel_have_codes_of_their_own() {
    let denies = Vendor::start([says(403, "invalid_token")]).await;
    let rollout = with(&[("denies", &denies)], "").await;
    let (code, out) = told(&rollout.run(&["notify", "test", "denies"]).await);
    assert_eq!(code, Some(3), "{out}");
    let ended = rollout.run(&["notify", "test", "denise"]).await;
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        said.contains("no channel denise") && said.contains("denies"),
        "{said}"
    );
    assert_eq!(denies.seen().len(), 1, "the other one told nobody");

    // Where the secret cannot be had, that channel alone says so.
    let missing = slack("missing");
    let fine = Vendor::start([says(200, "ok")]).await;
    let rollout = with(&[("fine", &fine)], &missing).await;
    let (code, out) = told(&rollout.run(&["notify", "test"]).await);
    assert_eq!(code, Some(3), "{out}");
    assert!(
        out.contains("FAILED    missing") && out.contains("taken     fine"),
        "{out}"
    );
}
