//! Against a PagerDuty of our own.

use super::pagerduty::{Schedules, Settings};
use super::*;
use crate::http::testing::{Server, reply};
use crate::http::{BaseUrl, Client, Limits};
use crate::ports::SimClock;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedules(server: &Server, clock: &Arc<SimClock>) -> Schedules {
    let settings = Settings {
        base: BaseUrl::parse(&server.base).unwrap(),
        token: "c4n4ry-token".into(),
        schedules: vec!["PFIRST".into(), "PSECOND".into()],
    };
    let clock: Arc<dyn Clock> = clock.clone();
    Schedules::new(settings, Client::new(Limits::default()).unwrap(), clock)
}

fn entry(user: &str, schedule: &str, level: u32, start: &str, end: &str) -> serde_json::Value {
    let time = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    serde_json::json!({
        "user": { "id": format!("U-{user}"), "type": "user_reference", "summary": user, "html_url": "https://acme.pagerduty.com" },
        "schedule": { "id": schedule, "summary": schedule },
        "escalation_policy": { "id": "E1" },
        "escalation_level": level,
        "start": time(start), "end": time(end),
    })
}

#[tokio::test]
async fn whoever_is_on_call_now_is_named_by_level_and_by_schedule() {
    let now = at("2026-03-30T03:00:00Z");
    let server = Server::start(move |_seen| {
        let entries = [
            entry(
                "Carol",
                "PSECOND",
                1,
                "2026-03-29T08:00:00Z",
                "2026-04-06T08:00:00Z",
            ),
            entry(
                "Alice",
                "PFIRST",
                1,
                "2026-03-29T08:00:00Z",
                "2026-03-30T08:00:00Z",
            ),
            // In another policy, on another level, as well.
            entry(
                "Alice",
                "PFIRST",
                2,
                "2026-03-29T08:00:00Z",
                "2026-03-30T08:00:00Z",
            ),
            // Not yet, not any more, on no schedule of ours.
            entry(
                "Dave",
                "PFIRST",
                1,
                "2026-03-30T08:00:00Z",
                "2026-03-31T08:00:00Z",
            ),
            entry(
                "Erin",
                "PFIRST",
                1,
                "2026-03-28T08:00:00Z",
                "2026-03-29T08:00:00Z",
            ),
            entry("Frank", "POTHER", 1, "", ""),
            entry("Grace", "PSECOND", 3, "", ""),
        ];
        reply(
            200,
            serde_json::json!({ "oncalls": entries, "limit": 100, "offset": 0, "more": false }),
        )
    })
    .await;
    let clock = Arc::new(SimClock::starting_at(now));
    let answer = schedules(&server, &clock).now(now).await;
    let who = "Alice until 08:00 UTC, Carol until Mon 2026-04-06 08:00 UTC, Grace";
    assert_eq!(answer.who.as_ref().map(PlainText::as_str), Some(who));
    assert_eq!(answer.again, now + EVERY);
    let seen = &server.seen()[0];
    assert_eq!(
        seen.line(),
        "GET /oncalls?schedule_ids%5B%5D=PFIRST&schedule_ids%5B%5D=PSECOND&earliest=true&limit=100&offset=0"
    );
    assert_eq!(
        seen.authorization.as_deref(),
        Some("Token token=c4n4ry-token")
    );
}

#[tokio::test]
async fn the_last_answer_holds_until_its_shift_or_half_an_hour_is_over() {
    let now = at("2026-03-30T07:50:00Z");
    let mut asked = 0;
    let server = Server::start(move |_seen| {
        asked += 1;
        if asked > 1 {
            return reply(503, "");
        }
        let entries = [
            entry("Alice", "PFIRST", 1, "", "2026-03-30T08:00:00Z"),
            entry("Bob", "PSECOND", 1, "", ""),
        ];
        reply(
            200,
            serde_json::json!({ "oncalls": entries, "more": false }),
        )
    })
    .await;
    let clock = Arc::new(SimClock::starting_at(now));
    let schedules = schedules(&server, &clock);
    let mut who = Vec::new();
    for minutes in [0, 5, 10, 29, 30] {
        let answer = schedules.now(now + TimeDelta::minutes(minutes)).await;
        who.push(answer.who.map(|who| who.to_string()));
    }
    let both = Some("Alice until 08:00 UTC, Bob".to_owned());
    let bob = Some("Bob".to_owned());
    assert_eq!(who, [both.clone(), both, bob.clone(), bob, None]);
}

#[tokio::test]
async fn all_pages_are_read_and_no_token_is_in_an_error() {
    let now = at("2026-03-30T03:00:00Z");
    let server = Server::start(move |seen| {
        let second = seen.target.contains("offset=100");
        let name = if second { "Bob" } else { "Alice" };
        let entries = [entry(name, "PFIRST", 1, "", "")];
        reply(
            200,
            serde_json::json!({ "oncalls": entries, "more": !second }),
        )
    })
    .await;
    let clock = Arc::new(SimClock::starting_at(now));
    let found = schedules(&server, &clock).asked().await.unwrap();
    assert_eq!(found.unwrap().as_str(), "Alice, Bob");
    for (status, kind) in [
        (401, crate::domain::FailureKind::Credentials),
        (404, crate::domain::FailureKind::Refused),
        (429, crate::domain::FailureKind::Retry),
        (200, crate::domain::FailureKind::Retry),
    ] {
        let server =
            Server::start(move |_seen| reply(status, "{\"error\": \"c4n4ry-token\"}")).await;
        let failure = schedules(&server, &clock).asked().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status}: {failure}");
        assert!(!failure.to_string().contains("c4n4ry"), "{failure}");
    }
}

#[tokio::test]
async fn what_is_told_is_kept_right_until_nobody_listens() {
    let start = at("2026-03-30T07:00:00Z");
    let clock = Arc::new(SimClock::starting_at(start));
    let (tell, mut told) = watch::channel(None);
    let turn = start + TimeDelta::hours(1);
    let ask = move |now: Timestamp| {
        let who = if now < turn { "alice" } else { "bob" };
        std::future::ready(Answer {
            who: Some(who.into()),
            again: if now < turn { turn } else { now },
        })
    };
    let kept = tokio::spawn(keep(ask, clock, tell));
    for who in ["alice", "bob"] {
        let wanted = Some(PlainText::new(who));
        assert!(told.wait_for(|told| *told == wanted).await.is_ok(), "{who}");
    }
    drop(told);
    kept.await.unwrap();
}
