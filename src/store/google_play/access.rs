//! Which verbs the credentials are good for, as far as that shows without changing anything.

use super::{GooglePlay, PlayError};
use crate::domain::Failure;
use crate::ports::AccessCheck;

/// Tries the token, the cheap read, and an edit that is read and deleted. That a commit is taken shows at the first act
/// only: Play has no way to ask.
pub(super) async fn check(play: &GooglePlay) -> Vec<AccessCheck> {
    let token = play.wire.account.auth.token().await.map(drop);
    let mut checks = vec![AccessCheck {
        right: "watch: the service account's key, traded for a token".into(),
        result: token.map_err(Failure::from),
    }];
    if checks.iter().any(|check| check.result.is_err()) {
        return checks;
    }
    let listed = play.list().await.map(drop);
    checks.push(AccessCheck {
        right: "watch: View app information (read-only)".into(),
        result: listed.map_err(Failure::from),
    });
    let release_right = match play.wire.track.rsplit(':').next() {
        Some("production") => "Release to production, exclude devices, and use Play App Signing",
        _ => "Release apps to testing tracks",
    };
    let edited = edit_finds_release(play).await;
    checks.push(AccessCheck {
        right: format!(
            "start, pause, halt, resume, advance, complete: {release_right} (an edit was opened and deleted; a commit is not tried, so the first act is its proof)"
        )
        .into(),
        result: edited.map_err(Failure::from),
    });
    checks
}

/// Also tells where the configured version code is not on the track.
async fn edit_finds_release(play: &GooglePlay) -> Result<(), PlayError> {
    let view = play.track().await?.view(play.version_code, &[])?;
    match (view.release.or(view.waiting), play.version_code) {
        (None, Some(code)) => Err(super::TrackError::Gone(code.to_string().into()).into()),
        _ => Ok(()),
    }
}
