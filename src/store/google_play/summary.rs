//! What `applications.tracks.releases.list` tells: lifecycle states, names and version codes, but neither fraction nor halt.

use serde::{Deserialize, Deserializer};

use crate::domain::PlainText;

/// `ListReleaseSummariesResponse`
#[derive(Debug, Default, Deserialize)]
pub(super) struct Summaries {
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(super) releases: Vec<Summary>,
}

/// `ReleaseSummary`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Summary {
    #[serde(deserialize_with = "null_is_empty")]
    release_name: PlainText,
    #[serde(deserialize_with = "null_is_empty")]
    release_lifecycle_state: String,
    #[serde(deserialize_with = "null_is_empty")]
    active_artifacts: Vec<Artifact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Artifact {
    #[serde(deserialize_with = "null_is_empty")]
    version_code: u64,
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Summary {
    /// Without the prefix that Google's specification has and its prose leaves out.
    fn state(&self) -> &str {
        let state = self.release_lifecycle_state.as_str();
        state
            .strip_prefix("RELEASE_LIFECYCLE_STATE_")
            .unwrap_or(state)
    }

    pub(super) fn is_in_review(&self) -> bool {
        self.state() == "IN_REVIEW"
    }

    /// Approved, and held back until somebody publishes it.
    pub(super) fn is_unpublished(&self) -> bool {
        self.state() == "APPROVED_NOT_PUBLISHED"
    }

    pub(super) fn has_code(&self, code: u64) -> bool {
        self.active_artifacts
            .iter()
            .any(|artifact| artifact.version_code == code)
    }
}

impl Summaries {
    /// Changes when any state, name or version code does; Play promises no order, so it is sorted.
    pub(super) fn fingerprint(&self) -> String {
        let mut lines: Vec<String> = self
            .releases
            .iter()
            .map(|summary| {
                let mut codes: Vec<u64> = summary
                    .active_artifacts
                    .iter()
                    .map(|artifact| artifact.version_code)
                    .collect();
                codes.sort_unstable();
                format!("{codes:?} {} {}", summary.state(), summary.release_name)
            })
            .collect();
        lines.sort_unstable();
        lines.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Summaries {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn order_does_not_matter_and_states_names_and_codes_do() {
        let base = read(
            r#"{"releases":[
            {"releaseName":"2.1","releaseLifecycleState":"RELEASE_LIFECYCLE_STATE_PUBLISHED","activeArtifacts":[{"versionCode":210},{"versionCode":9}]},
            {"releaseName":"2.0","releaseLifecycleState":"PUBLISHED","activeArtifacts":[{"versionCode":200}]}]}"#,
        );
        let other_order = read(
            r#"{"releases":[
            {"releaseName":"2.0","releaseLifecycleState":"PUBLISHED","activeArtifacts":[{"versionCode":200}]},
            {"releaseName":"2.1","releaseLifecycleState":"PUBLISHED","activeArtifacts":[{"versionCode":9},{"versionCode":210}],"new":1}]}"#,
        );
        assert_eq!(base.fingerprint(), other_order.fingerprint());
        assert_eq!(
            base.fingerprint(),
            "[200] PUBLISHED 2.0; [9, 210] PUBLISHED 2.1"
        );
    }

    #[test]
    fn absent_and_null_things_are_survived() {
        assert_eq!(read("{}").fingerprint(), "");
        assert_eq!(read(r#"{"releases":null}"#).fingerprint(), "");
        let bare = read(r#"{"releases":[{},{"releaseName":null,"activeArtifacts":[{}]}]}"#);
        assert_eq!(bare.fingerprint(), "[0]  ; []  ");
    }
}
