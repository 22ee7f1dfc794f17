//! What goes over the wire when all is well, from the first page to the end of an incident.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use haltline::domain::{FailureKind, IncidentChange, Urgency};
use haltline::ports::{Incident, Notifier};
use serde_json::json;

use crate::channels::{KEY, Kit, SECRET, WHSEC, about, at, later, opened};
use crate::vendor::{Seen, Vendor, says};

const SLACK_OK: &str = r#"{"ok":true,"channel":"C0123","ts":"1503435956.000247","message":{}}"#;

#[tokio::test]
async fn pagerduty_from_trigger_to_resolve() {
    let ok = says(
        202,
        r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#,
    );
    let vendor = Vendor::start([ok]).await;
    let channel = Kit::new(&vendor.base).pagerduty();
    let mut quiet = later(IncidentChange::Updated, None);
    quiet.urgency = Urgency::Warning;
    for message in [
        opened(),
        quiet,
        later(IncidentChange::Acknowledged, None),
        later(IncidentChange::Resolved, None),
    ] {
        assert_eq!(channel.tell(&message).await, Ok(None));
    }
    let seen = vendor.seen();
    let actions: Vec<_> = seen
        .iter()
        .map(|seen| seen.json()["event_action"].clone())
        .collect();
    assert_eq!(actions, ["trigger", "acknowledge", "resolve"]);
    for seen in seen {
        assert_eq!(
            (seen.method.as_str(), seen.target.as_str()),
            ("POST", "/v2/enqueue")
        );
        assert_eq!(seen.json()["dedup_key"], KEY);
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn slack_makes_one_thread_of_an_incident() {
    let vendor = Vendor::start([says(200, SLACK_OK)]).await;
    let channel = Kit::new(&vendor.base).slack_bot();
    let thread = channel.tell(&opened()).await.unwrap();
    assert_eq!(thread.as_ref().unwrap().as_str(), "C0123:1503435956.000247");
    let message = later(IncidentChange::Acknowledged, thread.clone());
    assert_eq!(
        channel.tell(&message).await.unwrap(),
        thread,
        "it goes on in the same"
    );
    let message = later(IncidentChange::Resolved, thread.clone());
    channel.tell(&message).await.unwrap();
    let mut other = opened();
    other.incident = None;
    assert_eq!(
        channel.tell(&other).await,
        Ok(None),
        "no incident, no conversation"
    );
    let seen = vendor.seen();
    for seen in &seen {
        assert_eq!(seen.target, "/api/chat.postMessage");
        let bearer = format!("Bearer xoxb-{SECRET}");
        assert_eq!(seen.header("authorization"), Some(bearer.as_str()));
    }
    let place = |seen: &Seen| {
        let json = seen.json();
        let of = |name: &str| json.get(name).cloned().unwrap_or_default();
        json!([of("channel"), of("thread_ts"), of("reply_broadcast")])
    };
    let places: Vec<_> = seen.iter().map(place).collect();
    let ts = "1503435956.000247";
    assert_eq!(
        places,
        [
            json!(["#releases", null, null]),
            json!(["C0123", ts, false]),
            json!(["C0123", ts, true]),
            json!(["#releases", null, null]),
        ]
    );
}

#[tokio::test]
async fn slack_gets_a_page_that_it_refused_for_its_looks_as_text() {
    let no = says(200, r#"{"ok":false,"error":"invalid_blocks"}"#);
    let vendor = Vendor::start([no, says(200, SLACK_OK)]).await;
    let told = Kit::new(&vendor.base).slack_bot().tell(&opened()).await;
    assert!(told.unwrap().is_some());
    let seen = vendor.seen();
    assert!(seen[0].json().get("blocks").is_some() && seen[1].json().get("blocks").is_none());
    assert!(
        seen[1].json()["text"]
            .as_str()
            .unwrap()
            .contains("halted at 25%")
    );

    let vendor = Vendor::start([says(400, "invalid_payload"), says(200, "ok")]).await;
    let told = Kit::new(&vendor.base).slack_webhook().tell(&opened()).await;
    assert_eq!(told, Ok(None));
    assert_eq!(vendor.seen()[1].target, format!("/services/T0/B0/{SECRET}"));

    let never = says(400, "invalid_payload");
    let vendor = Vendor::start([never]).await;
    let failure = Kit::new(&vendor.base)
        .slack_webhook()
        .tell(&opened())
        .await
        .unwrap_err();
    assert_eq!(
        (failure.kind, vendor.seen().len()),
        (FailureKind::Refused, 2)
    );
}

#[tokio::test]
async fn slack_begins_anew_where_a_thread_was_deleted() {
    let no = says(200, r#"{"ok":false,"error":"thread_not_found"}"#);
    let vendor = Vendor::start([no, says(200, SLACK_OK)]).await;
    let message = later(IncidentChange::Updated, Some("C9:1.2".into()));
    let thread = Kit::new(&vendor.base)
        .slack_bot()
        .tell(&message)
        .await
        .unwrap();
    assert_eq!(thread.unwrap().as_str(), "C0123:1503435956.000247");
    let seen = vendor.seen();
    assert_eq!(seen[0].json()["thread_ts"], "1.2");
    assert_eq!(seen[1].json()["channel"], "#releases");
    assert!(seen[1].json().get("thread_ts").is_none());
}

#[tokio::test]
async fn a_webhook_is_signed_over_exactly_what_is_sent() {
    let vendor = Vendor::start([says(503, ""), says(204, "")]).await;
    let kit = Kit::new(&vendor.base);
    let channel = kit.webhook();
    channel.tell(&opened()).await.unwrap_err();
    kit.clock.advance_to(at(300));
    channel.tell(&opened()).await.unwrap();
    channel
        .tell(&later(IncidentChange::Resolved, None))
        .await
        .unwrap();
    let seen = vendor.seen();
    let key = STANDARD
        .decode(WHSEC.strip_prefix("whsec_").unwrap())
        .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    for seen in &seen {
        let id = seen.header("webhook-id").unwrap();
        let time = seen.header("webhook-timestamp").unwrap();
        let signature = seen.header("webhook-signature").unwrap();
        let tag = STANDARD
            .decode(signature.strip_prefix("v1,").unwrap())
            .unwrap();
        let signed = format!("{id}.{time}.{}", seen.body);
        hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
        assert!(!id.contains('.'));
        assert_eq!(seen.json()["id"], id);
        let kind = seen.header("content-type").unwrap();
        assert_eq!(kind, "application/cloudevents+json; charset=utf-8");
        assert_eq!(
            seen.header("x-gateway"),
            Some(format!("gw {SECRET}").as_str())
        );
        assert_eq!(seen.target, format!("/hook/{SECRET}?token={SECRET}"));
    }
    let header = |n: usize, name: &str| seen[n].header(name).unwrap().to_owned();
    assert_eq!(
        header(0, "webhook-id"),
        header(1, "webhook-id"),
        "the same at every try"
    );
    assert_eq!(seen[0].body, seen[1].body);
    assert_ne!(header(1, "webhook-id"), header(2, "webhook-id"));
    assert_eq!(
        header(0, "webhook-timestamp"),
        at(10).timestamp().to_string()
    );
    assert_eq!(
        header(1, "webhook-timestamp"),
        at(300).timestamp().to_string()
    );
}

#[tokio::test]
async fn the_others_say_what_they_have_to() {
    let vendor = Vendor::start([says(202, "")]).await;
    let kit = Kit::new(&vendor.base);
    assert_eq!(kit.teams().tell(&opened()).await, Ok(None));
    assert_eq!(
        vendor.seen()[0].target,
        format!("/workflows/1/triggers/manual?sig={SECRET}")
    );
    let published = r#"{"id":"2hf","time":1,"event":"message","topic":"t","message":"m"}"#;
    let vendor = Vendor::start([says(200, published)]).await;
    assert_eq!(
        Kit::new(&vendor.base).ntfy().tell(&opened()).await,
        Ok(None)
    );
    let seen = &vendor.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/"));
    let bearer = format!("Bearer tk_{SECRET}");
    assert_eq!(seen.header("authorization"), Some(bearer.as_str()));
    assert_eq!(seen.json()["topic"], format!("releases-{SECRET}"));
}

#[tokio::test]
async fn alertmanager_is_reminded_of_what_is_open() {
    let vendor = Vendor::start([says(200, "")]).await;
    let channel = Kit::new(&vendor.base).alertmanager();
    assert!(channel.reminded_every().is_some());
    channel.remind(&[], at(10)).await.unwrap();
    assert!(vendor.seen().is_empty(), "there is nothing to say");
    channel.tell(&opened()).await.unwrap();
    let open = Incident {
        key: KEY.into(),
        about: about(),
        opened: at(0),
        text: "halted at 25%".into(),
        acknowledged: false,
    };
    channel
        .remind(std::slice::from_ref(&open), at(60))
        .await
        .unwrap();
    channel
        .tell(&later(IncidentChange::Resolved, None))
        .await
        .unwrap();
    // That it is open was found out before it was over: told now, it would be open again.
    channel
        .remind(std::slice::from_ref(&open), at(110))
        .await
        .unwrap();
    assert_eq!(vendor.seen().len(), 3);
    channel.remind(&[open], at(120)).await.unwrap();
    let seen = vendor.seen();
    let alerts: Vec<_> = seen.iter().map(|seen| seen.json()[0].clone()).collect();
    for (alert, seen) in alerts.iter().zip(&seen) {
        assert_eq!(seen.target, "/api/v2/alerts");
        assert_eq!(alert["labels"], alerts[0]["labels"]);
        assert_eq!(alert["startsAt"], json!(at(0)));
    }
    let ends: Vec<_> = alerts.iter().map(|alert| alert["endsAt"].clone()).collect();
    assert_eq!(
        ends,
        [
            json!(at(610)),
            json!(at(660)),
            json!(at(10)),
            json!(at(720))
        ]
    );
    assert_eq!(alerts[1]["annotations"], alerts[0]["annotations"]);
    assert_ne!(
        alerts[3]["annotations"], alerts[0]["annotations"],
        "what was resolved is forgotten"
    );
}

#[tokio::test]
async fn heartbeats_are_of_those_that_take_them() {
    let vendor = Vendor::start([says(200, "")]).await;
    let kit = Kit::new(&vendor.base);
    kit.alertmanager().beat(at(60)).await.unwrap();
    kit.webhook().beat(at(60)).await.unwrap();
    let seen = vendor.seen();
    let alert = &seen[0].json()[0];
    assert_eq!(alert["labels"]["alertname"], "HaltlineHeartbeat");
    assert_eq!(alert["endsAt"], json!(at(240)));
    assert_eq!(
        seen[1].json()["type"],
        "dev.cdeventsx.haltline-watcher.alive.0.1.0"
    );
    assert!(seen[1].header("webhook-signature").is_some());
    for other in [
        Box::new(kit.pagerduty()) as Box<dyn Notifier>,
        Box::new(kit.slack_bot()),
        Box::new(kit.teams()),
        Box::new(kit.ntfy()),
    ] {
        let failure = other.beat(at(60)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
    }
}

#[test]
fn what_a_channel_is_called_is_no_secret() {
    let kit = Kit::new("http://127.0.0.1:9093");
    let said: Vec<String> = kit.all().iter().map(|channel| channel.describe()).collect();
    assert_eq!(
        said,
        [
            "pagerduty",
            "slack webhook",
            "slack #releases",
            "alertmanager http://127.0.0.1:9093",
            "teams workflow",
            "ntfy http://127.0.0.1:9093",
            "webhook, signed",
        ]
    );
}
