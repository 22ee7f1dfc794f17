//! `POST /v1/acts`: what a person asks for. Who they are is found out here, at every act; what they may do is the engine's to
//! say.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::peer::Peer;
use super::problem::{Kind, Problem};
use super::routes::App;
use crate::api::acts::AskedAct;
use crate::domain::{Act, ActReply, RefusalKind};
use crate::ports::clock::{Clock as _, WallClock};

/// Of a body, in bytes.
const LONGEST: usize = 64 << 10;
/// For a body to come.
const SENT: Duration = Duration::from_secs(5);
/// For the watcher to take it or refuse it.
const PATIENCE: Duration = Duration::from_secs(12);
const LONGEST_ID: usize = 64;

pub(super) async fn act(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = parsed(&whole(&headers, body).await?)?;
    let (actor, standing) = peer.person(&app.settings.host).await?;
    let role = app.settings.access.borrow().role_of(&actor, &standing);
    if !app.acts.take(peer.uid, role, WallClock.now()) {
        return Err(Problem::new(Kind::TooMany, "too many acts were asked for"));
    }
    let mut request = asked.by(actor, standing);
    // Nobody shall spend another one's ids.
    request.id = format!("{}/{}", peer.uid, request.id);
    let reply = app.settings.client.act(request);
    match tokio::time::timeout(PATIENCE, reply).await {
        Ok(Ok(reply)) => Ok((status(&reply), Json(reply)).into_response()),
        Ok(Err(_)) | Err(_) => {
            Err(Problem::no_answer().hint("ask again with the same id: that is asking once"))
        }
    }
}

async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Kind::TooLarge, "an act has at most 64 KiB");
    let said = headers.get(header::CONTENT_LENGTH);
    let said = said.and_then(|said| said.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > LONGEST as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(SENT, axum::body::to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_longer_or_cut)) => Err(too_large()),
        Err(_) => Err(Problem::new(
            Kind::BadRequest,
            "the act did not come within 5 s",
        )),
    }
}

/// Every word of it is understood, or none is acted on: `"expcet": 7` must not pass for an act that expects nothing.
fn parsed(body: &[u8]) -> Result<AskedAct, Problem> {
    let bad = |what: String| Problem::new(Kind::BadRequest, what);
    let said: Value =
        serde_json::from_slice(body).map_err(|error| bad(format!("an act is JSON: {error}")))?;
    let asked: AskedAct =
        serde_json::from_value(said.clone()).map_err(|error| bad(format!("an act: {error}")))?;
    let understood = serde_json::to_value(&asked).unwrap_or_default();
    let is_new = |name: &&String| understood.get(name).is_none();
    let left = said.as_object().and_then(|said| {
        said.iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .find(is_new)
    });
    match left.map(String::as_str) {
        Some("actor" | "standing") => {
            return Err(bad("who asks is not said, but found out".into()));
        }
        Some(other) => return Err(bad(format!("an act like this has no {other:?}"))),
        None => {}
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    if asked.id.is_empty() || asked.id.len() > LONGEST_ID || !asked.id.chars().all(fine) {
        let what = "an id is 1 to 64 of a-z, A-Z, 0-9, '.', '_', ':' and '-'";
        return Err(
            bad(what.into()).hint("choose a new one for each act, and the same one to ask again")
        );
    }
    if asked.reason.as_str().trim().is_empty() && wants_reason(&asked.act) {
        return Err(bad("say why in a few words: reason".into()));
    }
    Ok(asked)
}

/// As on the command line.
fn wants_reason(act: &Act) -> bool {
    match act {
        Act::Do { .. }
        | Act::Disarm { .. }
        | Act::Approve
        | Act::Declare { .. }
        | Act::Withdraw { .. }
        | Act::Change { .. } => true,
        Act::Postpone | Act::Acknowledge | Act::Note { .. } | Act::Arm | Act::Report { .. } => {
            false
        }
    }
}

/// Of what kind a refusal is, is the engine's to say.
fn status(reply: &ActReply) -> StatusCode {
    match reply {
        ActReply::Taken { .. } | ActReply::Done | ActReply::Waits { .. } => StatusCode::OK,
        ActReply::Refused(refusal) => match refusal.kind {
            RefusalKind::Rights => StatusCode::FORBIDDEN,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Stale | RefusalKind::State => StatusCode::CONFLICT,
            RefusalKind::Unanswered => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(body: &str) -> String {
        parsed(body.as_bytes()).unwrap_err().error.what.to_string()
    }

    #[test]
    fn the_requests_of_the_readme_are_as_they_should_be() {
        let readme = include_str!("../../../README.md");
        let bodies = readme.split("-d '").skip(1);
        let bodies: Vec<&str> = bodies.filter_map(|rest| rest.split('\'').next()).collect();
        assert!(!bodies.is_empty());
        for body in bodies {
            assert!(parsed(body.as_bytes()).is_ok(), "{body}");
        }
        let paths = super::super::openapi::document()["paths"].clone();
        let addresses = readme.split("http://localhost/").skip(1);
        for address in addresses.filter_map(|rest| rest.split([' ', '?', '\'', '\n']).next()) {
            let known = paths.get(format!("/{address}"));
            assert!(known.is_some(), "there is no /{address}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_acted_on() {
        let fine = r#"{"id":"a-1","app":"shop","act":"do","verb":"advance","to":"20%","reason":"ok","expect":7}"#;
        assert_eq!(parsed(fine.as_bytes()).unwrap().expect, Some(7));
        let fine = r#"{"id":"a-1","app":"shop","act":"acknowledge","expect":null}"#;
        assert!(parsed(fine.as_bytes()).is_ok());
        for (body, part) in [
            ("", "an act is JSON"),
            ("[]", "an act:"),
            (r#"{"id":"1","act":"explode"}"#, "unknown variant"),
            (
                r#"{"id":"1","act":"do","verb":"halt","reason":"x","expcet":7}"#,
                "has no \"expcet\"",
            ),
            (
                r#"{"id":"1","act":"arm","actor":{"kind":"haltline"}}"#,
                "found out",
            ),
            (
                r#"{"id":"1","act":"arm","standing":{"own":true}}"#,
                "found out",
            ),
            (r#"{"id":"","act":"arm"}"#, "an id is"),
            (r#"{"id":"a b","act":"arm"}"#, "an id is"),
            (
                r#"{"id":"1","app":"shop","act":"do","verb":"halt"}"#,
                "say why",
            ),
            (
                r#"{"id":"1","app":"shop","act":"do","verb":"halt","reason":" \u202e "}"#,
                "say why",
            ),
        ] {
            assert!(why(body).contains(part), "{body}: {}", why(body));
        }
        let long = format!(r#"{{"id":"{}","act":"arm"}}"#, "1".repeat(65));
        assert!(why(&long).contains("an id is"));
    }
}
