//! Every address answers what the document says, and the document is what the command prints.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::schema::faults;
use crate::support::run;
use crate::talk::{Answer, get, post};
use crate::world::{World, until};

/// What the document says of such an answer, and what of that is not so.
fn judged(document: &Value, (path, method): (&str, &str), answer: &Answer) -> Vec<String> {
    let place = format!(
        "/paths/{}/{method}/responses/{}",
        path.replace('/', "~1"),
        answer.status
    );
    let Some(said) = document.pointer(&place) else {
        return vec![format!("{place} is not in the document: {}", answer.body)];
    };
    let Some(schema) = said["content"].get(&answer.kind) else {
        return vec![format!("{place} has no {:?}", answer.kind)];
    };
    let value = match answer.kind.as_str() {
        "application/json" => answer.json(),
        "text/event-stream" => return event_faults(document, &schema["schema"], &answer.body),
        _ => Value::from(answer.body.as_str()),
    };
    faults(document, &schema["schema"], &value)
}

/// A comment is no event; of an event its name and what is in it.
fn event_faults(document: &Value, schema: &Value, body: &str) -> Vec<String> {
    let Some(first) = body.split("\n\n").find(|event| event.contains("data: ")) else {
        return Vec::new();
    };
    let field = |name: &str| first.lines().find_map(|line| line.strip_prefix(name));
    let (name, data) = (field("event: ").unwrap(), field("data: ").unwrap());
    let mut found = faults(document, schema, &json!({ "event": name, "data": data }));
    let data: Value = serde_json::from_str(data).unwrap();
    found.extend(faults(
        document,
        &schema["properties"]["data"]["contentSchema"],
        &data,
    ));
    found
}

#[test]
#[expect(clippy::too_many_lines, reason = "some lines a route")]
fn every_answer_is_as_documented() {
    let world = World::new("demo", "");
    let socket = world.socket();
    let document = get(socket, "/openapi.json").unwrap().json();
    assert_eq!(document, run(["openapi"]).lines()[0]);
    assert_eq!(document["openapi"], "3.1.0");

    let picture = until("sessions were counted", || {
        let picture = get(socket, "/v1/snapshot").unwrap().json();
        (!picture["apps"][0]["metrics"].as_array()?.is_empty()).then_some(picture)
    });
    let seq = picture["seq"].as_u64().unwrap();
    let mut seen = BTreeSet::new();
    let app = "/v1/apps/{app}";
    for (path, asked, status) in [
        ("/v1/snapshot", "/v1/snapshot", 200),
        ("/v1/picture", "/v1/picture", 200),
        ("/v1/me", "/v1/me", 200),
        (app, "/v1/apps/shop-android", 200),
        (app, "/v1/apps/nothing", 404),
        (app, "/v1/apps/%ff", 400),
        ("/v1/apps/{app}/history", "/v1/apps/shop-ios/history", 200),
        ("/v1/apps/{app}/history", "/v1/apps/nothing/history", 404),
        (
            "/v1/apps/{app}/issues/{source}/{id}",
            "/v1/apps/shop-android/issues/none/1",
            404,
        ),
        ("/v1/past", &format!("/v1/past?seq={seq}"), 200),
        ("/v1/past", "/v1/past?seq=9999999", 404),
        ("/v1/past", "/v1/past?at=yesterday", 400),
        ("/v1/past", "/v1/past", 400),
        ("/v1/events", "/v1/events?follow=false", 200),
        ("/v1/events", "/v1/events", 200),
        ("/v1/events", "/v1/events?after=-1", 400),
        ("/v1/events", "/v1/events?after=9999999", 404),
        ("/v1/events", "/v1/events?after=9999999&follow=false", 200),
        ("/v1/audit", "/v1/audit?app=shop-android", 200),
        ("/v1/audit", "/v1/audit?app=nothing", 404),
        ("/v1/audit", "/v1/audit?app=NO", 400),
        ("/livez", "/livez?verbose", 200),
        ("/readyz", "/readyz", 200),
        ("/metrics", "/metrics", 200),
        ("/openapi.json", "/openapi.json", 200),
    ] {
        let answer = get(socket, asked).unwrap();
        assert_eq!(answer.status, status, "{asked}: {}", answer.body);
        assert_eq!(
            judged(&document, (path, "get"), &answer),
            Vec::<String>::new(),
            "{asked}"
        );
        seen.insert(path.to_owned());
    }

    let note = r#"{"id":"n-1","app":"shop-android","act":"note","text":"looking"}"#;
    for (body, status) in [
        (note, 200),
        (
            r#"{"id":"n-2","app":"shop-android","act":"do","verb":"halt","reason":"x","expect":999999}"#,
            409,
        ),
        (
            r#"{"id":"n-1","app":"shop-android","act":"note","text":"something else"}"#,
            409,
        ),
        (r#"{"id":"n-3","app":"nothing","act":"acknowledge"}"#, 404),
        ("{", 400),
        (&format!("\"{}\"", "x".repeat(70_000)), 413),
    ] {
        let answer = post(socket, body).unwrap();
        assert_eq!(answer.status, status, "{}", answer.body);
        let found = judged(&document, ("/v1/acts", "post"), &answer);
        assert_eq!(found, Vec::<String>::new(), "{}", answer.body);
    }
    seen.insert("/v1/acts".to_owned());
    let paths: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(seen, paths, "every address is tried here");

    // Asked again with its id, it is not done again.
    assert_eq!(
        post(socket, note).unwrap().json(),
        json!({ "reply": "done" })
    );
    let audit = get(socket, "/v1/audit?app=shop-android").unwrap();
    assert_eq!(
        audit.body.matches("\"looking\"").count(),
        1,
        "{}",
        audit.body
    );
    // A stream goes on after the last one that came.
    let resumed = format!(
        "GET /v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: {}\r\n\r\n",
        seq - 1
    );
    let mut stream = crate::talk::connect(socket).unwrap();
    std::io::Write::write_all(&mut stream, resumed.as_bytes()).unwrap();
    let mut text = String::new();
    until("the next record", || {
        let mut part = [0; 4096];
        let length = std::io::Read::read(&mut stream, &mut part).unwrap();
        text.push_str(std::str::from_utf8(&part[..length]).ok()?);
        text.contains("\nid: ").then_some(())
    });
    let first = text
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    assert_eq!(first, seq.to_string());
    let put = "PUT /v1/acts HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(crate::talk::ask(socket, put).unwrap().status, 405);
}
