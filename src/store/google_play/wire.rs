//! The calls themselves: where they go, what they send, and answers told from refusals.

use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Account;
use super::error::{PlayError, Refusal, Step};
use super::summary::Summaries;
use super::track::Track;
use crate::http::google_auth::Sending;
use crate::http::{Answer, BaseUrl, Body, Call};

/// One track of one package, as the API names it.
pub(super) struct Wire {
    pub(super) account: Account,
    pub(super) base: BaseUrl,
    pub(super) package: String,
    pub(super) track: String,
}

/// An open edit. Whoever opens one commits or deletes it.
pub(super) struct EditId(String);

/// What a commit shall do where changes are in review (`changesInReviewBehavior`).
#[derive(Clone, Copy, Debug)]
pub(super) enum Reviews {
    /// Refuse; the edit stays valid.
    Error,
    Cancel,
}

/// `AppEdit`. How long an edit lives is nowhere documented, so `expiryTimeSeconds` is not relied on: a dead edit says so.
#[derive(Deserialize)]
struct AppEdit {
    id: String,
}

impl Wire {
    pub(super) async fn list_releases(&self) -> Result<Summaries, PlayError> {
        let track = self.track_path();
        let url = self.url(&format!("tracks/{track}/releases"));
        let place = format!("GET …/{}/tracks/{}/releases", self.package, self.track);
        let answer = self
            .send(Step::ListReleases, &place, Call::get(url))
            .await?;
        read(Step::ListReleases, &place, &answer)
    }

    pub(super) async fn insert_edit(&self) -> Result<EditId, PlayError> {
        let url = self.url("edits");
        let place = format!("POST …/{}/edits", self.package);
        let call = Call::new(Method::POST, url, Body::Json(json!({})));
        let answer = self.send(Step::InsertEdit, &place, call).await?;
        let edit: AppEdit = read(Step::InsertEdit, &place, &answer)?;
        Ok(EditId(edit.id))
    }

    pub(super) async fn get_track(&self, edit: &EditId) -> Result<Track, PlayError> {
        let url = self.edit_url(edit, &format!("/tracks/{}", self.track_path()));
        let place = self.edit_place("GET", &format!("/tracks/{}", self.track));
        let answer = self.send(Step::GetTrack, &place, Call::get(url)).await?;
        Ok(Track::parse(read(Step::GetTrack, &place, &answer)?)?)
    }

    /// The answer may be empty, and where it is not, it is no proof: the read after the commit is.
    pub(super) async fn put_track(&self, edit: &EditId, track: Value) -> Result<(), PlayError> {
        let url = self.edit_url(edit, &format!("/tracks/{}", self.track_path()));
        let place = self.edit_place("PUT", &format!("/tracks/{}", self.track));
        let call = Call::new(Method::PUT, url, Body::Json(track));
        self.send(Step::PutTrack, &place, call).await.map(drop)
    }

    pub(super) async fn validate(&self, edit: &EditId) -> Result<(), PlayError> {
        let url = self.edit_url(edit, ":validate");
        let place = self.edit_place("POST", ":validate");
        let call = Call::new(Method::POST, url, Body::Empty);
        self.send(Step::Validate, &place, call).await.map(drop)
    }

    pub(super) async fn commit(&self, edit: &EditId, reviews: Reviews) -> Result<(), PlayError> {
        let mut url = self.edit_url(edit, ":commit");
        let behavior = match reviews {
            Reviews::Error => "ERROR_IF_IN_REVIEW",
            Reviews::Cancel => "CANCEL_IN_REVIEW_AND_SUBMIT",
        };
        url.query_pairs_mut()
            .append_pair("changesInReviewBehavior", behavior);
        let place = self.edit_place("POST", ":commit");
        let call = Call::new(Method::POST, url, Body::Empty);
        self.send(Step::Commit, &place, call).await.map(drop)
    }

    pub(super) async fn delete_edit(&self, edit: &EditId) -> Result<(), PlayError> {
        let url = self.edit_url(edit, "");
        let place = self.edit_place("DELETE", "");
        let call = Call::new(Method::DELETE, url, Body::Empty);
        self.send(Step::DeleteEdit, &place, call).await.map(drop)
    }

    async fn send(&self, step: Step, place: &str, call: Call) -> Result<Answer, PlayError> {
        let sending = match step {
            Step::ListReleases | Step::GetTrack => Sending::Read,
            _ => Sending::Write,
        };
        let answer = self
            .account
            .auth
            .send(&call, sending)
            .await
            .map_err(|error| PlayError::unanswered(step, place, error))?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(PlayError::Refused {
            place: place.to_owned(),
            refusal: Refusal::read(step, &answer, self.account.http.clock().now()),
        })
    }

    /// The URL of `rest`, which is encoded already, below this package.
    fn url(&self, rest: &str) -> Url {
        let mut url = self
            .base
            .join(&["androidpublisher", "v3", "applications", &self.package]);
        let path = format!("{}/{rest}", url.path());
        url.set_path(&path);
        url
    }

    fn edit_url(&self, edit: &EditId, rest: &str) -> Url {
        self.url(&format!("edits/{}{rest}", encode(&edit.0)))
    }

    /// As an error names it: without the edit's id, so that the same fault reads the same twice.
    fn edit_place(&self, method: &str, rest: &str) -> String {
        format!("{method} …/{}/edits/{{id}}{rest}", self.package)
    }

    fn track_path(&self) -> String {
        encode(&self.track)
    }
}

fn read<T: serde::de::DeserializeOwned>(
    step: Step,
    place: &str,
    answer: &Answer,
) -> Result<T, PlayError> {
    answer.json().map_err(|error| PlayError::Http {
        step,
        error: error.at(place),
    })
}

/// Percent-encodes one path segment, the colon of `wear:production` too: Google reads a bare colon as the start of a verb.
fn encode(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
