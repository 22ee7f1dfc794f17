//! Reading: the app by its bundle id, its versions, and the phased release of the one that rolls out.

use std::fmt::Write as _;

use super::AppStore;
use super::error::{AppStoreError, Malformed, Route};
use super::release::{self, Watched, watched};
use super::session::Urgency;
use super::version::{AppVersion, Joined, PLATFORM, PhasedRelease, State, Versions, build_number};
use super::wire::Single;
use crate::domain::rollout::{Glance, ReleaseView};
use crate::domain::{StoreView, Version};

/// Apple's largest page.
const PAGE: &str = "200";
/// What a glance asks for: [`State::can_roll_out`] in Apple's words.
const ROLLING_OUT: &str = "READY_FOR_DISTRIBUTION,PENDING_DEVELOPER_RELEASE,PENDING_APPLE_RELEASE,PROCESSING_FOR_DISTRIBUTION";

impl AppStore {
    /// Apple's id of the app. The filter also finds other apps, so the bundle id is compared here.
    pub(super) async fn app_id(&self, urgency: Urgency) -> Result<&str, AppStoreError> {
        if let Some(known) = self.app_id.get() {
            return Ok(known);
        }
        let url = self.session.url(
            &["apps"],
            &[("filter[bundleId]", &self.bundle_id), ("limit", PAGE)],
        );
        let apps = self.session.list(Route::APPS, url, urgency).await?;
        for app in apps.data {
            let bundle_id = app
                .text("bundleId")
                .map_err(AppStoreError::malformed(Route::APPS))?;
            if bundle_id == Some(self.bundle_id.as_str()) {
                return Ok(self.app_id.get_or_init(|| app.id));
            }
        }
        Err(AppStoreError::NoApp(self.bundle_id.clone()))
    }

    /// Every version of the app with its build and phased release; with `states` only those, as far as Apple filters.
    pub(super) async fn versions(
        &self,
        states: Option<&str>,
        urgency: Urgency,
    ) -> Result<Versions, AppStoreError> {
        let app_id = self.app_id(urgency).await?;
        let mut query = vec![
            ("filter[platform]", PLATFORM),
            ("include", "build,appStoreVersionPhasedRelease"),
            ("limit", PAGE),
        ];
        query.extend(states.map(|states| ("filter[appVersionState]", states)));
        let url = self
            .session
            .url(&["apps", app_id, "appStoreVersions"], &query);
        let answer = self.session.list(Route::VERSIONS, url, urgency).await?;
        Versions::parse(answer).map_err(AppStoreError::malformed(Route::VERSIONS))
    }

    /// One request: state, phase, day and pause of every version that could roll out.
    pub(super) async fn read_glance(&self) -> Result<Glance, AppStoreError> {
        let versions = self.versions(Some(ROLLING_OUT), Urgency::Glance).await?;
        let mut lines = Vec::new();
        for version in versions.all.iter().filter(|v| v.state.can_roll_out()) {
            let mut line = format!("{} {:?}", version.id(), version.state);
            if let Joined::Is(phased) = versions
                .phased(version)
                .map_err(AppStoreError::malformed(Route::VERSIONS))?
            {
                let (phase, day, paused) = (phased.phase.word(), phased.day, phased.paused_days);
                // Writing to a String cannot fail.
                let _infallible = write!(line, " {phase} {day} {paused}");
            }
            lines.push(line);
        }
        lines.sort_unstable();
        Ok(Glance {
            fingerprint: lines.join("\n"),
        })
    }

    pub(super) async fn read_view(&self) -> Result<StoreView, AppStoreError> {
        let versions = self.versions(None, Urgency::Read).await?;
        let Watched {
            version,
            waiting,
            previous,
            others,
        } = watched(&versions);
        if version.or(waiting).is_none() && versions.all.iter().any(|v| v.state == State::Unknown) {
            return Err(AppStoreError::malformed(Route::VERSIONS)(Malformed(
                "a version is in a state that this haltline does not know".into(),
            )));
        }
        let previous = match previous {
            Some(previous) => self
                .build_of(&versions, previous, Urgency::Read)
                .await?
                .map(|build| Version::named(&previous.name, &build)),
            None => None,
        };
        Ok(StoreView {
            release: self.view_of(&versions, version).await?,
            waiting: self.view_of(&versions, waiting).await?,
            previous,
            others,
        })
    }

    async fn view_of(
        &self,
        versions: &Versions,
        version: Option<&AppVersion>,
    ) -> Result<Option<ReleaseView>, AppStoreError> {
        let Some(version) = version else {
            return Ok(None);
        };
        let Some(build) = self.build_of(versions, version, Urgency::Read).await? else {
            return Err(AppStoreError::malformed(Route::BUILD)(Malformed(
                "an approved version has no build".into(),
            )));
        };
        let phased = self.phased_of(versions, version, Urgency::Read).await?;
        Ok(Some(release::view(version, &build, phased.as_ref())))
    }

    /// The build number of a version; asked for where the list did not bring it along.
    pub(super) async fn build_of(
        &self,
        versions: &Versions,
        version: &AppVersion,
        urgency: Urgency,
    ) -> Result<Option<String>, AppStoreError> {
        let joined = versions
            .build(version)
            .map_err(AppStoreError::malformed(Route::VERSIONS))?;
        match joined {
            Joined::Is(build) => return Ok(Some(build)),
            Joined::None => return Ok(None),
            Joined::Unsaid => {}
        }
        let url = self
            .session
            .url(&["appStoreVersions", version.id(), "build"], &[]);
        let answer: Single = self.session.get(Route::BUILD, url, urgency).await?;
        let build = answer.data.as_ref().map(build_number).transpose();
        Ok(build
            .map_err(AppStoreError::malformed(Route::BUILD))?
            .flatten())
    }

    /// The phased release of a version; asked for where the list did not bring it along. Apple says that there is none
    /// by `{"data":null}`, and by its specification also by 404.
    pub(super) async fn phased_of(
        &self,
        versions: &Versions,
        version: &AppVersion,
        urgency: Urgency,
    ) -> Result<Option<PhasedRelease>, AppStoreError> {
        let joined = versions
            .phased(version)
            .map_err(AppStoreError::malformed(Route::VERSIONS))?;
        match joined {
            Joined::Is(phased) => return Ok(Some(phased)),
            Joined::None => return Ok(None),
            Joined::Unsaid => {}
        }
        let path = [
            "appStoreVersions",
            version.id(),
            "appStoreVersionPhasedRelease",
        ];
        let url = self.session.url(&path, &[]);
        let answer: Single = match self.session.get(Route::PHASED, url, urgency).await {
            Err(AppStoreError::Refused(refused)) if refused.status == 404 => return Ok(None),
            other => other?,
        };
        answer
            .data
            .as_ref()
            .map(PhasedRelease::parse)
            .transpose()
            .map_err(AppStoreError::malformed(Route::PHASED))
    }
}
