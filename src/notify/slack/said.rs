//! Slack's words for why it did not take a message: <https://docs.slack.dev/reference/methods/chat.postMessage>.

use crate::domain::FailureKind;

/// What a code means, and what to do about it. A code that nobody knows is final: nearly all of them are.
pub(super) fn meaning(code: &str) -> (FailureKind, &'static str) {
    use FailureKind::{Credentials, Quota, Refused, Retry};
    match code {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => (Quota, ""),
        "fatal_error"
        | "internal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "rollup_error" => (Retry, ""),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "invalid_token" => (
            Credentials,
            "make a new token, and put it where the config looks for it",
        ),
        "missing_scope" | "no_permission" | "not_allowed_token_type" => (
            Credentials,
            "give the app the scope chat:write, and install it again",
        ),
        "not_in_channel" => (
            Refused,
            "invite the app into the channel: /invite and its name",
        ),
        "channel_not_found" => (
            Refused,
            "is the channel's name right? A private one needs the app as a member, or its id",
        ),
        "is_archived" | "channel_is_archived" => {
            (Refused, "the channel is archived: choose another")
        }
        "no_service" | "no_service_id" | "no_team" | "team_disabled" => (
            Refused,
            "the webhook is gone: make a new one in the app's settings",
        ),
        "action_prohibited"
        | "posting_to_general_channel_denied"
        | "restricted_action"
        | "restricted_action_read_only_channel" => (
            Refused,
            "the workspace's rules do not let the app post there: ask its admin",
        ),
        _ => (Refused, ""),
    }
}

/// What may help at once, so that a page is not lost for its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Without blocks.
    Plain,
    /// Outside the thread: somebody has deleted what it hangs on.
    Anew,
}

pub(super) fn remedy(code: &str) -> Option<Remedy> {
    match code {
        "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_payload"
        | "msg_blocks_too_long"
        | "msg_too_long" => Some(Remedy::Plain),
        "cannot_reply_to_message"
        | "invalid_thread_ts"
        | "message_not_found"
        | "thread_not_found" => Some(Remedy::Anew),
        _ => None,
    }
}
