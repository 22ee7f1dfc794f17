//! Resources in Apple's form, with the nulls that its bodies have and the dates as it mixes them.

use chrono::SubsecRound as _;
use serde_json::{Map, Value, json};

use super::catalog::{App, AppVersion};
use super::phased::Phased;
use crate::domain::Timestamp;

/// Relationships of a version that every answer has; strict clients break on a missing one.
const OF_VERSION: [&str; 11] = [
    "appClipDefaultExperience",
    "appStoreReviewDetail",
    "appStoreVersionExperiments",
    "appStoreVersionExperimentsV2",
    "appStoreVersionLocalizations",
    "appStoreVersionPhasedRelease",
    "appStoreVersionSubmission",
    "build",
    "customerReviews",
    "gameCenterAppVersion",
    "routingAppCoverage",
];
/// Relationships of an app that every answer has.
const OF_APP: [&str; 10] = [
    "appInfos",
    "appStoreVersions",
    "betaAppLocalizations",
    "betaAppReviewDetail",
    "betaGroups",
    "betaLicenseAgreement",
    "builds",
    "endUserLicenseAgreement",
    "gameCenterEnabledVersions",
    "preReleaseVersions",
];
/// Relationships of a build that every answer has.
const OF_BUILD: [&str; 9] = [
    "app",
    "appEncryptionDeclaration",
    "appStoreVersion",
    "betaAppReviewSubmission",
    "betaBuildLocalizations",
    "buildBetaDetail",
    "icons",
    "individualTesters",
    "preReleaseVersion",
];
/// What a version can be asked to bring along.
pub(super) const INCLUDABLE: [&str; 3] = ["app", "build", "appStoreVersionPhasedRelease"];

pub(super) fn app(app: &App, root: &str) -> Value {
    let this = format!("{root}/v1/apps/{}", app.id);
    json!({
        "type": "apps",
        "id": app.id,
        "attributes": {
            "name": app.name,
            "bundleId": app.bundle_id,
            "sku": app.plan,
            "primaryLocale": "en-US",
            "isOrEverWasMadeForKids": false,
            "subscriptionStatusUrl": null,
            "contentRightsDeclaration": null,
        },
        "relationships": only_links(&this, &OF_APP),
        "links": { "self": this },
    })
}

pub(super) fn version(app: &App, version: &AppVersion, include: &[&str], root: &str) -> Value {
    let this = format!("{root}/v1/appStoreVersions/{}", version.id);
    let mut relationships = only_links(&this, &OF_VERSION);
    for name in include {
        let data = match *name {
            "app" => json!({ "type": "apps", "id": app.id }),
            "build" => json!({ "type": "builds", "id": version.build_id }),
            _ => version.phased.as_ref().map_or(
                Value::Null,
                |phased| json!({ "type": "appStoreVersionPhasedReleases", "id": phased.id }),
            ),
        };
        let relationship = match *name {
            "app" => json!({ "data": data }),
            name => json!({ "data": data, "links": links(&this, name) }),
        };
        relationships.insert((*name).into(), relationship);
    }
    json!({
        "type": "appStoreVersions",
        "id": version.id,
        "attributes": {
            "platform": "IOS",
            "versionString": version.name,
            "appStoreState": version.state.old_word(),
            "appVersionState": version.state.word(),
            "copyright": null,
            "reviewType": "APP_STORE",
            "releaseType": "MANUAL",
            "earliestReleaseDate": null,
            "usesIdfa": null,
            "downloadable": true,
            "createdDate": date(version.created, &version.id),
        },
        "relationships": relationships,
        "links": { "self": this },
    })
}

/// What `include` brings along with these versions; `None` where it was not given.
pub(super) fn included(
    app: &App,
    versions: &[&AppVersion],
    include: &[&str],
    root: &str,
) -> Option<Vec<Value>> {
    if include.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    for name in include {
        match *name {
            "app" => all.push(self::app(app, root)),
            "build" => all.extend(versions.iter().map(|version| build(version, root))),
            _ => all.extend(
                versions
                    .iter()
                    .filter_map(|version| version.phased.as_ref())
                    .map(|phased| phased_release(phased, root)),
            ),
        }
    }
    Some(all)
}

pub(super) fn build(version: &AppVersion, root: &str) -> Value {
    let this = format!("{root}/v1/builds/{}", version.build_id);
    json!({
        "type": "builds",
        "id": version.build_id,
        "attributes": {
            "version": version.build,
            "uploadedDate": date(version.created, &version.build_id),
            "expirationDate": date(version.created + chrono::TimeDelta::days(90), &version.build_id),
            "expired": false,
            "minOsVersion": "17.0",
            "iconAssetToken": null,
            "processingState": "VALID",
            "buildAudienceType": "APP_STORE_ELIGIBLE",
            "usesNonExemptEncryption": false,
        },
        "relationships": only_links(&this, &OF_BUILD),
        "links": { "self": this },
    })
}

pub(super) fn phased_release(phased: &Phased, root: &str) -> Value {
    let day = (phased.day > 0).then_some(phased.day);
    json!({
        "type": "appStoreVersionPhasedReleases",
        "id": phased.id,
        "attributes": {
            "phasedReleaseState": phased.phase.word(),
            "startDate": phased.start.map(|start| date(start, &phased.id)),
            "totalPauseDuration": phased.missed,
            "currentDayNumber": day,
        },
        "links": { "self": format!("{root}/v1/appStoreVersionPhasedReleases/{}", phased.id) },
    })
}

fn only_links(this: &str, names: &[&str]) -> Map<String, Value> {
    let link = |name: &&str| ((*name).to_owned(), json!({ "links": links(this, name) }));
    names.iter().map(link).collect()
}

fn links(this: &str, name: &str) -> Value {
    json!({ "self": format!("{this}/relationships/{name}"), "related": format!("{this}/{name}") })
}

/// One of the formats that Apple's bodies mix; which one follows from the id.
pub(super) fn date(at: Timestamp, id: &str) -> String {
    let at = at.trunc_subsecs(0);
    match id.bytes().map(usize::from).sum::<usize>() % 3 {
        0 => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        1 => {
            let pacific = chrono::FixedOffset::west_opt(8 * 3600);
            pacific.map_or_else(
                || at.to_rfc3339(),
                |zone| at.with_timezone(&zone).to_rfc3339(),
            )
        }
        _ => at.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
    }
}
