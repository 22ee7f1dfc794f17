//! What is there already: apps, keys and sources that other tools' files and variables tell of, made into a first config.
//!
//! Must not write a file, and must not show a secret: keys are told by where they are. What is written passes the same
//! checks as any config before it is handed out.

mod app;
mod clues;
mod files;
mod formats;
mod sources;

use std::path::Path;

use super::{Loaded, Outcome, Surroundings, load};
use crate::domain::{PlainText, StoreKind};
use app::Draft;
use files::Project;

/// What was found, and what comes of it.
#[derive(Clone, Debug)]
pub struct Discovery {
    pub found: Vec<Finding>,
    /// What is worth knowing before it is used.
    pub remarks: Vec<PlainText>,
    /// The config; `None` where no app was found that can be watched.
    pub text: Option<String>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `Google Play: com.example.shop`
    pub what: PlainText,
    /// A file, or a variable: `$SUPPLY_PACKAGE_NAME`.
    pub place: PlainText,
}

/// What is looked at, for people whose project has none of it.
pub const LOOKED_AT: [&str; 6] = [
    "fastlane: Appfile (package_name, app_identifier, json_key_file), api_key.json, AuthKey_….p8",
    "the variables of fastlane, gplay, gpc, asc and Codemagic: SUPPLY_PACKAGE_NAME, SUPPLY_JSON_KEY, ASC_KEY_ID and so on",
    "Gradle's applicationId; .gpcrc.json, .gplay/config.yaml, .asc/config.json",
    "Firebase: google-services.json, GoogleService-Info.plist",
    "Sentry: .sentryclirc, sentry.properties, SENTRY_ORG, SENTRY_PROJECT, SENTRY_AUTH_TOKEN",
    "the variables of Datadog, New Relic, Bugsnag and Prometheus",
];

const HEAD: &str = "\
# haltline.toml, as `haltline init` made it of what it found. There is no secret in it: a key is told by where it is.
#
# `haltline config check` says what is wrong with it, `haltline doctor` tries every right, and `haltline config example` shows
# every key. Lines that begin with #: are suggestions: take the #: away, and fill in what is missing.
";

/// Looks from the working folder upward, and into the environment. `target` is where the config will be: paths in it are
/// relative to its folder.
pub fn discover(target: &Path, around: &Surroundings) -> Discovery {
    let project = Project::of(around);
    let mut discovery = Discovery {
        found: Vec::new(),
        remarks: Vec::new(),
        text: None,
    };
    let mut drafts = Vec::new();
    for store in [StoreKind::GooglePlay, StoreKind::AppStore] {
        let Some(mut draft) = Draft::of(&project, store, target) else {
            discovery.remarks.extend(app::without(&project, store));
            continue;
        };
        discovery.found.append(&mut draft.found);
        let problem = problem(&draft.written(), target, around);
        if let Some(why) = problem {
            let what = format!("{} is left out: {why}", draft.package);
            discovery.remarks.push(what.into());
            continue;
        }
        draft.sources = sources::of(&project, store, &draft.package, &mut discovery.found);
        draft.suggest_what_is_not_complete(|text| problem_free(text, target, around));
        if !draft.sources.iter().any(|source| source.active) {
            let what = format!(
                "no source of health was found for {}: until there is one, haltline watches its store alone",
                draft.id
            );
            discovery.remarks.push(what.into());
        }
        drafts.push(draft);
    }
    if !drafts.is_empty() {
        let apps: Vec<String> = drafts.iter().map(Draft::written).collect();
        discovery.text = Some(format!("{HEAD}{}", apps.concat()));
    }
    let mut seen = std::collections::BTreeSet::new();
    let known = |f: &Finding| (f.what.clone(), f.place.clone());
    discovery
        .found
        .retain(|finding| seen.insert(known(finding)));
    discovery
}

/// What is wrong with this text as a config, its credentials excepted.
fn problem(text: &str, target: &Path, around: &Surroundings) -> Option<String> {
    let loaded: Loaded = load::of_text(target, text, around);
    let wrong = (loaded.outcome() == Outcome::BadConfig).then(|| loaded.report.errors().next())?;
    wrong.map(|problem| format!("{}; {}", problem.what, problem.help))
}

fn problem_free(text: &str, target: &Path, around: &Surroundings) -> bool {
    problem(text, target, around).is_none()
}

#[cfg(test)]
mod tests;
