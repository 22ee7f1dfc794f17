use serde_json::{Value, json};

use super::*;
use crate::domain::{FailureKind, Status, Target, Version};
use crate::http::testing::{Reply, Seen, Server, key_file, reply, vendor};

/// Answers in Play's place before the canned answers do.
type Script = fn(&Seen) -> Option<Reply>;

fn staged() -> Value {
    json!({"track": "production", "releases": [
        {"name": "2.1.0", "versionCodes": ["210"], "status": "inProgress", "userFraction": 0.05},
        {"name": "2.0.0", "versionCodes": ["200"], "status": "completed"},
    ]})
}

fn refused(status: u16, message: &str) -> Reply {
    reply(
        status,
        json!({"error": {"code": status, "message": message}}),
    )
}

/// A server with one track, whose edits are `e1`, `e2`, …
async fn server(track: Value, script: Script) -> Server {
    let mut edits = 0;
    Server::start(move |seen| {
        if let Some(answer) = script(seen) {
            return answer;
        }
        match (seen.method.as_str(), seen.target.as_str()) {
            (_, "/token") => reply(200, json!({"access_token": "t", "expires_in": 3599})),
            ("POST", path) if path.ends_with("/edits") => {
                edits += 1;
                reply(200, json!({"id": format!("e{edits}"), "expiryTimeSeconds": "1"}))
            }
            ("GET", path) if path.ends_with("/releases") => reply(200, json!({"releases": [
                {"releaseName": "2.1.0", "releaseLifecycleState": "PUBLISHED", "activeArtifacts": [{"versionCode": 210}]}]})),
            ("GET", _) => reply(200, track.clone()),
            // Empty, as Play's own answers sometimes are.
            _ => reply(200, ""),
        }
    })
    .await
}

fn settings(server: &Server, track: &str) -> Settings {
    Settings {
        base: BaseUrl::parse(&server.base).unwrap(),
        package: "com.example.shop".into(),
        track: track.into(),
        key: SecretString::from(key_file(&format!("{}/token", server.base)).to_string()),
        version_code: None,
    }
}

fn play(server: &Server) -> GooglePlay {
    GooglePlay::new(&Accounts::new(vendor().0), settings(server, "production")).unwrap()
}

fn order(target: Target, in_review: InReview) -> Order {
    Order {
        version: Version::from_code(210),
        target,
        in_review,
        lifts: true,
    }
}

fn halt() -> Order {
    order(Target::Stopped, InReview::Ask)
}

/// What the server was asked, without the token grant and the package's own path.
fn asked(server: &Server) -> Vec<String> {
    server
        .lines()
        .iter()
        .filter(|line| !line.ends_with("/token"))
        .map(|line| line.replace("/androidpublisher/v3/applications/com.example.shop/", ""))
        .collect()
}

const ALL: Script = |_| None;

#[tokio::test]
async fn a_glance_opens_no_edit_and_a_read_leaves_none() {
    let server = server(staged(), ALL).await;
    let play = play(&server);
    let glance = play.glance().await.unwrap();
    assert_eq!(glance.fingerprint, "[210] PUBLISHED 2.1.0");
    assert_eq!(asked(&server), ["GET tracks/production/releases"]);
    let view = play.read().await.unwrap();
    assert_eq!(view.release.unwrap().status, Status::InProgress);
    assert_eq!(
        asked(&server)[1..],
        [
            "GET tracks/production/releases",
            "POST edits",
            "GET edits/e1/tracks/production",
            "DELETE edits/e1"
        ]
    );
}

#[tokio::test]
async fn a_read_that_fails_deletes_its_edit_too_and_a_failed_delete_is_no_failure() {
    let script: Script = |seen| {
        let track = seen.method == "GET" && seen.target.ends_with("/tracks/production");
        track.then(|| refused(403, "The caller does not have permission"))
    };
    let broken = server(staged(), script).await;
    assert_eq!(
        play(&broken).read().await.unwrap_err().kind,
        FailureKind::Rights
    );
    assert_eq!(asked(&broken).last().unwrap(), "DELETE edits/e1");

    let script: Script = |seen| (seen.method == "DELETE").then(|| refused(500, ""));
    let stuck = server(staged(), script).await;
    assert!(play(&stuck).read().await.is_ok());
}

#[tokio::test]
async fn a_halt_is_one_edit_and_asks_before_it_cancels_a_review() {
    let server = server(staged(), ALL).await;
    assert_eq!(play(&server).apply(&halt()).await, Ok(Applied::Written));
    assert_eq!(
        asked(&server),
        [
            "POST edits",
            "GET edits/e1/tracks/production",
            "PUT edits/e1/tracks/production",
            "POST edits/e1:validate",
            "POST edits/e1:commit?changesInReviewBehavior=ERROR_IF_IN_REVIEW",
        ]
    );
    let mut wanted = staged();
    wanted["releases"][0]["status"] = json!("halted");
    assert_eq!(server.seen()[3].json(), wanted);
}

#[tokio::test]
async fn what_is_so_already_is_left_alone() {
    let server = server(staged(), ALL).await;
    let go_on = order(Target::InProgress { exposure: None }, InReview::Ask);
    assert_eq!(play(&server).apply(&go_on).await, Ok(Applied::AlreadySo));
    assert_eq!(asked(&server)[2..], ["DELETE edits/e1"]);
}

#[tokio::test]
async fn failures_before_the_commit_are_surely_not_applied_and_the_edit_goes() {
    let scripts: [(Script, FailureKind); 4] = [
        (
            |seen| (seen.method == "PUT").then(|| reply(503, "")),
            FailureKind::Retry,
        ),
        (
            |seen| {
                seen.target
                    .ends_with(":validate")
                    .then(|| refused(400, "This Edit has been deleted."))
            },
            FailureKind::Conflict,
        ),
        (
            |seen| {
                seen.target
                    .contains(":commit")
                    .then(|| refused(400, "This Edit has been deleted."))
            },
            FailureKind::Conflict,
        ),
        (
            |seen| {
                (seen.method == "PUT").then(|| {
                    refused(
                        400,
                        "Only releases with status draft may be created on draft app.",
                    )
                })
            },
            FailureKind::Refused,
        ),
    ];
    for (script, kind) in scripts {
        let server = server(staged(), script).await;
        let failure = play(&server).apply(&halt()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(!failure.place.as_str().contains("e1"), "{failure}");
        assert_eq!(asked(&server).last().unwrap(), "DELETE edits/e1");
    }
}

/// Play is said to take one release of each status only.
#[tokio::test]
async fn a_halt_goes_through_though_an_old_halted_release_is_in_the_way() {
    let mut track = staged();
    let old = json!({"versionCodes": ["205"], "status": "halted", "userFraction": 0.01});
    track["releases"].as_array_mut().unwrap().push(old);
    let script: Script = |seen| {
        let two = seen.body.matches("halted").count() == 2;
        two.then(|| refused(400, "Releases of a track must have different statuses."))
    };
    let server = server(track, script).await;
    assert_eq!(play(&server).apply(&halt()).await, Ok(Applied::Written));
    let puts = asked(&server)
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!(puts, 2);
}

#[tokio::test]
async fn a_commit_that_fails_inside_play_is_ambiguous_and_sent_once() {
    let script: Script = |seen| seen.target.contains(":commit").then(|| reply(500, ""));
    let staged_server = server(staged(), script).await;
    let failure = play(&staged_server).apply(&halt()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous);
    assert!(failure.what.as_str().contains("not known"));
    let commits = |server: &Server| {
        let asked = asked(server);
        asked.iter().filter(|line| line.contains(":commit")).count()
    };
    assert_eq!(commits(&staged_server), 1);

    let full = json!({"track": "production", "releases": [{"versionCodes": ["210"], "status": "completed"}]});
    let full_server = server(full, script).await;
    let failure = play(&full_server).apply(&halt()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Ambiguous);
    assert!(failure.what.as_str().contains("fall back"), "{failure}");
}

/// Refuses commits with words that nobody has on record while the list says that a release is in review.
const IN_REVIEW: Script = |seen| {
    if seen.target.contains("ERROR_IF_IN_REVIEW") {
        return Some(refused(400, "Precondition check failed."));
    }
    seen.target.ends_with("/releases").then(|| {
        reply(
            200,
            json!({"releases": [{"releaseLifecycleState": "RELEASE_LIFECYCLE_STATE_IN_REVIEW"}]}),
        )
    })
};

#[tokio::test]
async fn a_review_in_the_way_is_asked_about_or_cancelled_as_ordered() {
    let asking = server(staged(), IN_REVIEW).await;
    let failure = play(&asking).apply(&halt()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InReview);
    assert!(failure.hint.as_str().contains("haltline halt"), "{failure}");
    assert_eq!(asked(&asking).last().unwrap(), "DELETE edits/e1");

    let cancelling = server(staged(), IN_REVIEW).await;
    let order = order(Target::Stopped, InReview::Cancel);
    assert_eq!(play(&cancelling).apply(&order).await, Ok(Applied::Written));
    assert_eq!(
        asked(&cancelling)[4..],
        [
            "POST edits/e1:commit?changesInReviewBehavior=ERROR_IF_IN_REVIEW",
            "GET tracks/production/releases",
            "POST edits/e1:commit?changesInReviewBehavior=CANCEL_IN_REVIEW_AND_SUBMIT",
        ]
    );
}

#[tokio::test]
async fn a_refused_commit_is_no_review_where_nothing_is_in_review() {
    let script: Script = |seen| {
        seen.target
            .contains(":commit")
            .then(|| refused(400, "Precondition check failed."))
    };
    let server = server(staged(), script).await;
    let order = order(Target::Stopped, InReview::Cancel);
    let failure = play(&server).apply(&order).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(!asked(&server).iter().any(|line| line.contains("CANCEL")));
}

#[tokio::test]
async fn tracks_are_named_as_on_the_wire() {
    for (track, path) in [
        ("qa", "tracks/internal/releases"),
        ("wear:production", "tracks/wear%3Aproduction/releases"),
        (
            "Friends & family/1",
            "tracks/Friends%20%26%20family%2F1/releases",
        ),
    ] {
        let server = server(staged(), ALL).await;
        let play = GooglePlay::new(&Accounts::new(vendor().0), settings(&server, track)).unwrap();
        play.glance().await.unwrap();
        assert_eq!(asked(&server), [format!("GET {path}")]);
    }
}

/// One edit at a time per account and package. The guard is the turn taken in `track` and `carry_out`.
#[tokio::test]
async fn two_tracks_of_one_package_do_not_kill_each_others_edits() {
    let server = server(staged(), ALL).await;
    let accounts = Accounts::new(vendor().0);
    let production = GooglePlay::new(&accounts, settings(&server, "production")).unwrap();
    let beta = GooglePlay::new(&accounts, settings(&server, "beta")).unwrap();
    let halt = halt();
    let (a, b) = tokio::join!(
        async {
            for _ in 0..5 {
                production.apply(&halt).await.unwrap();
            }
        },
        async {
            for _ in 0..5 {
                beta.read().await.unwrap();
            }
        }
    );
    let ((), ()) = (a, b);
    let mut open = false;
    for line in asked(&server) {
        if line == "POST edits" {
            assert!(!open, "an edit was opened beside another");
            open = true;
        } else if line.contains(":commit") || line.starts_with("DELETE") {
            open = false;
        }
    }
    let tokens = server
        .lines()
        .iter()
        .filter(|line| line.ends_with("/token"))
        .count();
    assert_eq!(tokens, 1, "both draw on one token");
}

#[tokio::test]
async fn doctor_names_the_right_that_is_missing() {
    let fine = server(staged(), ALL).await;
    let checks = play(&fine).access().await;
    assert_eq!(checks.len(), 3);
    assert!(checks.iter().all(|check| check.result.is_ok()));
    assert!(
        !asked(&fine)
            .iter()
            .any(|line| line.contains("PUT") || line.contains(":commit"))
    );

    let script: Script = |seen| {
        let edit = seen.target.ends_with("/edits");
        edit.then(|| refused(403, "The caller does not have permission"))
    };
    let reader = server(staged(), script).await;
    let checks = play(&reader).access().await;
    assert!(checks[1].result.is_ok());
    assert!(checks[2].right.as_str().starts_with("start, pause, halt"));
    let failure = checks[2].result.clone().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rights);

    let script: Script = |seen| {
        let token = seen.target == "/token";
        token.then(|| {
            reply(
                400,
                json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
            )
        })
    };
    let locked_out = server(staged(), script).await;
    let checks = play(&locked_out).access().await;
    assert_eq!(checks.len(), 1);
    assert_eq!(
        checks[0].result.clone().unwrap_err().kind,
        FailureKind::Credentials
    );

    let mut settings = settings(&fine, "production");
    settings.version_code = Some(7);
    let elsewhere = GooglePlay::new(&Accounts::new(vendor().0), settings).unwrap();
    let checks = elsewhere.access().await;
    assert_eq!(
        checks[2].result.clone().unwrap_err().kind,
        FailureKind::NotFound
    );
}

#[tokio::test]
async fn an_answer_that_is_not_plays_is_told_with_its_place() {
    let script: Script = |seen| {
        seen.target
            .ends_with("/edits")
            .then(|| reply(200, "<html>login</html>"))
    };
    let server = server(staged(), script).await;
    let failure = play(&server).read().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert_eq!(failure.place.as_str(), "POST …/com.example.shop/edits");
}

#[tokio::test]
async fn a_token_that_dies_in_mid_edit_is_replaced() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static DIED: AtomicBool = AtomicBool::new(false);
    let script: Script = |seen| {
        let dies = seen.target.contains(":commit") && !DIED.swap(true, Ordering::Relaxed);
        dies.then(|| refused(401, "Request had invalid authentication credentials."))
    };
    let server = server(staged(), script).await;
    assert_eq!(play(&server).apply(&halt()).await, Ok(Applied::Written));
    let tokens = server
        .lines()
        .iter()
        .filter(|line| line.ends_with("/token"))
        .count();
    assert_eq!(tokens, 2);
}
