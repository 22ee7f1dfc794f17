use serde_json::json;

use super::*;
use crate::http::testing::{Server, reply, start_of_time};
use crate::http::{Call, Client, Limits};

async fn refusal(step: Step, status: u16, body: String) -> Failure {
    let server = Server::start(move |_| reply(status, &body)).await;
    let client = Client::new(Limits::default()).unwrap();
    let call = Call::get(reqwest::Url::parse(&server.base).unwrap());
    let answer = client.send(call).await.unwrap();
    PlayError::Refused {
        place: "POST …/com.example.shop/edits/{id}:commit".into(),
        refusal: Refusal::read(step, &answer, start_of_time()),
    }
    .into()
}

fn google(status: u16, message: &str, name: &str, reason: &str) -> String {
    json!({"error": {"code": status, "message": message, "status": name,
        "errors": [{"message": message, "domain": "androidpublisher", "reason": reason}]}})
    .to_string()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn every_refusal_on_record_has_a_kind_and_says_what_to_do() {
    use FailureKind::{Ambiguous, Conflict, Credentials, NotFound, Quota, Refused, Retry, Rights};
    let deleted = "This Edit has been deleted.";
    for (step, status, message, name, reason, kind, shown) in [
        (
            Step::Commit,
            400,
            deleted,
            "INVALID_ARGUMENT",
            "badRequest",
            Conflict,
            "ended by somebody else",
        ),
        (
            Step::PutTrack,
            400,
            deleted,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            Conflict,
            "of its own",
        ),
        (
            Step::Commit,
            410,
            "Gone",
            "",
            "editDeleted",
            Conflict,
            "ended by somebody else",
        ),
        (
            Step::Commit,
            404,
            "No such edit",
            "NOT_FOUND",
            "notFound",
            Conflict,
            "ended by somebody else",
        ),
        (
            Step::Commit,
            400,
            "This edit has expired please create a new Edit.",
            "FAILED_PRECONDITION",
            "",
            Conflict,
            "expired",
        ),
        (
            Step::Commit,
            409,
            "Try again",
            "ABORTED",
            "concurrentUpdate",
            Conflict,
            "at this moment",
        ),
        (
            Step::InsertEdit,
            404,
            "Package not found: com.example.shop.",
            "NOT_FOUND",
            "notFound",
            NotFound,
            "package name",
        ),
        (
            Step::InsertEdit,
            404,
            "No application was found",
            "",
            "applicationNotFound",
            NotFound,
            "package name",
        ),
        (
            Step::GetTrack,
            404,
            "Not found.",
            "NOT_FOUND",
            "notFound",
            NotFound,
            "no such track",
        ),
        (
            Step::PutTrack,
            404,
            "x",
            "",
            "trackEmpty",
            NotFound,
            "empty",
        ),
        (
            Step::InsertEdit,
            403,
            "The caller does not have permission",
            "PERMISSION_DENIED",
            "forbidden",
            Rights,
            "Release to production",
        ),
        (
            Step::InsertEdit,
            401,
            "x",
            "",
            "permissionDenied",
            Rights,
            "Users and permissions",
        ),
        (
            Step::InsertEdit,
            403,
            "Google Play Android Developer API has not been used in project 12 before or it is disabled.",
            "PERMISSION_DENIED",
            "accessNotConfigured",
            Rights,
            "enable it",
        ),
        (
            Step::InsertEdit,
            401,
            "Request had invalid authentication credentials.",
            "UNAUTHENTICATED",
            "",
            Credentials,
            "takes no token",
        ),
        (
            Step::InsertEdit,
            403,
            "x",
            "",
            "quotaExceeded",
            Quota,
            "too many",
        ),
        (
            Step::InsertEdit,
            429,
            "x",
            "RESOURCE_EXHAUSTED",
            "",
            Quota,
            "too many",
        ),
        (
            Step::Commit,
            400,
            "Changes cannot be sent for review automatically. Please set the query parameter changesNotSentForReview to true.",
            "",
            "",
            Refused,
            "send it for review there",
        ),
        (
            Step::Commit,
            400,
            "Changes are sent for review automatically. The query parameter changesNotSentForReview must not be set.",
            "",
            "",
            Refused,
            "must not be set",
        ),
        (
            Step::PutTrack,
            400,
            "Only releases with status draft may be created on draft app.",
            "",
            "",
            Refused,
            "never published",
        ),
        (
            Step::PutTrack,
            400,
            "The first release on a track cannot be staged",
            "",
            "",
            Refused,
            "first release",
        ),
        (
            Step::Validate,
            400,
            "Fully released can not be staged",
            "",
            "",
            Refused,
            "cannot be staged again",
        ),
        (
            Step::PutTrack,
            400,
            "Cannot halt release, no matching in progress release found.",
            "",
            "releaseToHaltNotFound",
            Refused,
            "left on it",
        ),
        (
            Step::PutTrack,
            400,
            "You can't halt a fully rolled out release and create a new fully rolled out release in a single edit.",
            "",
            "",
            Refused,
            "one edit",
        ),
        (
            Step::PutTrack,
            400,
            "HALTED release must have fraction",
            "",
            "",
            Refused,
            "must have fraction",
        ),
        (
            Step::PutTrack,
            400,
            "User fraction must be lower than one.",
            "",
            "",
            Refused,
            "lower than one",
        ),
        (
            Step::Commit,
            500,
            "Internal error encountered.",
            "INTERNAL",
            "backendError",
            Ambiguous,
            "not known",
        ),
        (Step::Commit, 503, "", "", "", Ambiguous, "not known"),
        (
            Step::Validate,
            503,
            "",
            "",
            "",
            Retry,
            "nothing was changed",
        ),
        (
            Step::InsertEdit,
            418,
            "I am a teapot\u{1b}[31m",
            "",
            "",
            Refused,
            "(HTTP 418): I am a teapot[31m",
        ),
    ] {
        let failure = refusal(step, status, google(status, message, name, reason)).await;
        assert_eq!(failure.kind, kind, "{status} {message}: {failure}");
        assert!(
            failure.to_string().contains(shown),
            "{status} {message}: {failure}"
        );
    }
}

#[tokio::test]
async fn bodies_that_are_not_googles_are_judged_by_their_status() {
    for body in [
        "",
        "<html>Bad gateway",
        "null",
        "[]",
        "{\"error\":\"x\"}",
        "{\"error\":{\"errors\":null,\"message\":null}}",
    ] {
        assert_eq!(
            refusal(Step::InsertEdit, 502, body.into()).await.kind,
            FailureKind::Retry,
            "{body}"
        );
        let refused = refusal(Step::PutTrack, 422, body.into()).await;
        assert_eq!(refused.kind, FailureKind::Refused, "{body}");
        assert_eq!(refused.what.as_str(), "Google Play answers HTTP 422");
    }
}

#[test]
fn before_the_commit_a_lost_answer_changed_nothing() {
    let lost = |step| {
        let error = HttpError::NoAnswer {
            place: "POST /edits/77:commit".into(),
            why: "time limit reached".into(),
        };
        Failure::from(PlayError::unanswered(
            step,
            "POST …/edits/{id}",
            CallError::Http(error),
        ))
    };
    for step in [
        Step::InsertEdit,
        Step::GetTrack,
        Step::PutTrack,
        Step::Validate,
    ] {
        assert_eq!(lost(step).kind, FailureKind::Retry);
    }
    assert_eq!(lost(Step::Commit).kind, FailureKind::Ambiguous);
    assert_eq!(lost(Step::Commit).place.as_str(), "POST …/edits/{id}");
}
