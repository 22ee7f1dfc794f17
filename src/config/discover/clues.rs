//! What a project and its environment tell of apps, keys and sources, each with where it was found.

use std::path::{Path, PathBuf};

use super::files::{self, Project, Text};
use super::formats::{self, FirebaseApp};
use crate::config::secret;
use crate::domain::StoreKind;

/// Folders of the usual projects in which a platform has its own files.
const FASTLANE: [&str; 4] = ["fastlane", "android/fastlane", "ios/fastlane", ".fastlane"];
const GRADLE: [&str; 6] = [
    "app/build.gradle.kts",
    "app/build.gradle",
    "android/app/build.gradle.kts",
    "android/app/build.gradle",
    "build.gradle.kts",
    "build.gradle",
];
const GOOGLE_SERVICES: [&str; 3] = [
    "app/google-services.json",
    "android/app/google-services.json",
    "google-services.json",
];
const PODFILES: [&str; 2] = ["Podfile", "ios/Podfile"];

/// Something found, and where, in words that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clue<T> {
    pub(super) value: T,
    pub(super) place: String,
}

impl<T> Clue<T> {
    fn new(value: T, place: impl Into<String>) -> Self {
        Self {
            value,
            place: place.into(),
        }
    }
}

/// What is said of Sentry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sentry {
    pub(super) organization: Option<Clue<String>>,
    pub(super) project: Option<Clue<String>>,
    pub(super) url: Option<Clue<String>>,
}

/// Package or bundle id of the app of a store, the first place that says one.
pub(super) fn application(project: &Project<'_>, store: StoreKind) -> Option<Clue<String>> {
    let variables: &[&str] = match store {
        StoreKind::GooglePlay => &["SUPPLY_PACKAGE_NAME", "GPC_APP", "GPLAY_PACKAGE"],
        StoreKind::AppStore => &["DELIVER_APP_IDENTIFIER", "PILOT_APP_IDENTIFIER"],
    };
    let of_env = variables.iter().find_map(|name| variable(project, name));
    let fine = |clue: &Clue<String>| is_application(&clue.value);
    of_env
        .filter(fine)
        .or_else(|| in_appfiles(project, store).filter(fine))
        .or_else(|| match store {
            StoreKind::GooglePlay => in_android_files(project).filter(fine),
            StoreKind::AppStore => {
                let apps = apple_firebase(project).into_iter();
                apps.map(|app| Clue::new(app.value.package, app.place))
                    .find(fine)
            }
        })
}

fn in_appfiles(project: &Project<'_>, store: StoreKind) -> Option<Clue<String>> {
    appfiles(project).into_iter().find_map(|file| {
        let said = formats::appfile(&file.text, project.around);
        let value = match store {
            StoreKind::GooglePlay => said.package_name,
            StoreKind::AppStore => said.app_identifier,
        };
        Some(Clue::new(value?, project.shown(&file.path)))
    })
}

fn appfiles(project: &Project<'_>) -> Vec<Text> {
    let names = FASTLANE.map(|folder| format!("{folder}/Appfile"));
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("Appfile");
    project.all(&names)
}

fn in_android_files(project: &Project<'_>) -> Option<Clue<String>> {
    let first = |names: &[&str], read: &dyn Fn(&str) -> Option<String>| {
        let files = project.all(names);
        files
            .into_iter()
            .find_map(|file| Some(Clue::new(read(&file.text)?, project.shown(&file.path))))
    };
    first(&[".gpcrc.json"], &|text| formats::json_text(text, "app"))
        .or_else(|| {
            first(&[".gplay/config.yaml"], &|text| {
                formats::line_value(text, "default_package", ':')
            })
        })
        .or_else(|| first(&GRADLE, &formats::application_id))
        .or_else(|| {
            first(&GOOGLE_SERVICES, &|text| {
                let mut apps = formats::google_services(text).into_iter();
                // Of several, which one it is nobody knows.
                apps.next()
                    .filter(|_| apps.len() == 0)
                    .map(|app| app.package)
            })
        })
}

/// Where a key of Google's is that no convention finds: the Appfile's `json_key_file`.
pub(super) fn play_key(project: &Project<'_>) -> Option<Clue<PathBuf>> {
    appfiles(project).into_iter().find_map(|file| {
        let raw = formats::appfile(&file.text, project.around).json_key_file?;
        // fastlane runs beside its folder, or in it.
        let folder = file.path.parent()?;
        let beside = folder.parent().unwrap_or(folder);
        let found = [beside, folder].map(|base| project.around.expand(&raw, base));
        let path = found.into_iter().find(|path| path.is_file())?;
        Some(Clue::new(path, project.shown(&file.path)))
    })
}

/// A key of App Store Connect's that no convention finds: fastlane's `api_key.json`, or an `AuthKey_….p8`.
pub(super) fn apple_key(project: &Project<'_>) -> Option<Clue<PathBuf>> {
    let names = FASTLANE.map(|folder| format!("{folder}/api_key.json"));
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("api_key.json");
    let json = project.paths(&names).into_iter().next();
    let path = json.or_else(|| {
        let home = project.around.home.as_deref();
        let of_project = project.folders.iter().flat_map(|folder| {
            let below = ["", "private_keys", "fastlane", "ios/fastlane"];
            below.map(|name| folder.join(name))
        });
        let of_home = home.into_iter().flat_map(|home| {
            let below = [
                "private_keys",
                ".private_keys",
                ".appstoreconnect/private_keys",
            ];
            below.map(|name| home.join(name))
        });
        let mut all = of_project
            .chain(of_home)
            .flat_map(|folder| files::listed(&folder));
        all.find(|path| key_id(path).is_some() && path.is_file())
    })?;
    let place = project.shown(&path);
    Some(Clue::new(path, place))
}

/// Of `AuthKey_{key_id}.p8`.
pub(super) fn key_id(path: &Path) -> Option<&str> {
    let id = path
        .file_name()?
        .to_str()?
        .strip_prefix("AuthKey_")?
        .strip_suffix(".p8")?;
    let well = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric());
    well.then_some(id)
}

/// The issuer of a team's keys.
pub(super) fn issuer_id(project: &Project<'_>) -> Option<Clue<String>> {
    let names = [
        "ASC_ISSUER_ID",
        "APP_STORE_CONNECT_API_KEY_ISSUER_ID",
        "SPACESHIP_CONNECT_API_ISSUER_ID",
        "APP_STORE_CONNECT_ISSUER_ID",
    ];
    let found = names.iter().find_map(|name| variable(project, name));
    found.filter(|clue| {
        clue.value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// Apple's number of the app, which is not what a config wants.
pub(super) fn apple_number(project: &Project<'_>) -> Option<Clue<String>> {
    let of_file = || {
        let files = project.all(&[".asc/config.json"]);
        files.into_iter().find_map(|file| {
            let id = formats::json_text(&file.text, "app_id")?;
            Some(Clue::new(id, project.shown(&file.path)))
        })
    };
    let found = variable(project, "ASC_APP_ID").or_else(of_file);
    found.filter(|clue| clue.value.chars().all(|c| c.is_ascii_digit()))
}

/// Sentry's organization and project of a platform: its own `sentry.properties`, the environment, the nearest `.sentryclirc`.
pub(super) fn sentry(project: &Project<'_>, store: StoreKind) -> Sentry {
    let own = match store {
        StoreKind::GooglePlay => "android/sentry.properties",
        StoreKind::AppStore => "ios/sentry.properties",
    };
    let properties = project.all(&[own, "sentry.properties"]);
    let home = project
        .around
        .home
        .iter()
        .map(|home| home.join(".sentryclirc"));
    let mut rc = project.all(&[".sentryclirc"]);
    rc.extend(home.filter_map(files::read));
    let find = |name: &str, variable_name: &str, fine: &dyn Fn(&str) -> bool| {
        let in_properties = properties.iter().find_map(|file| {
            let value = formats::line_value(&file.text, &format!("defaults.{name}"), '=')?;
            Some(Clue::new(value, project.shown(&file.path)))
        });
        let in_rc = || {
            rc.iter().find_map(|file| {
                let value = secret::ini(&file.text, "defaults", name)?;
                Some(Clue::new(value.to_owned(), project.shown(&file.path)))
            })
        };
        in_properties
            .or_else(|| variable(project, variable_name))
            .or_else(in_rc)
            .filter(|clue| fine(&clue.value))
    };
    Sentry {
        organization: find("org", "SENTRY_ORG", &is_slug),
        project: find("project", "SENTRY_PROJECT", &is_slug),
        url: find("url", "SENTRY_URL", &|raw| {
            crate::config::base_url::check(raw).is_ok()
        }),
    }
}

/// Firebase's app of this package or bundle id.
pub(super) fn firebase(
    project: &Project<'_>,
    store: StoreKind,
    package: &str,
) -> Option<Clue<FirebaseApp>> {
    let apps = match store {
        StoreKind::GooglePlay => {
            let files = project.all(&GOOGLE_SERVICES);
            let of = |file: Text| {
                let place = project.shown(&file.path);
                let apps = formats::google_services(&file.text).into_iter();
                apps.map(move |app| Clue::new(app, place.clone()))
            };
            files.into_iter().flat_map(of).collect()
        }
        StoreKind::AppStore => apple_firebase(project),
    };
    let well = |app: &FirebaseApp| {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == ':';
        app.package == package && app.application.chars().all(fine)
    };
    apps.into_iter().find(|clue| well(&clue.value))
}

fn apple_firebase(project: &Project<'_>) -> Vec<Clue<FirebaseApp>> {
    const NAME: &str = "GoogleService-Info.plist";
    let folders = project.folders.iter().flat_map(|folder| {
        let ios = folder.join("ios");
        let targets = files::listed(&ios).into_iter().filter(|path| path.is_dir());
        [folder.clone(), ios.clone()].into_iter().chain(targets)
    });
    let files = folders.filter_map(|folder| files::read(folder.join(NAME)));
    let clue = |file: Text| {
        let app = formats::google_service_info(&file.text)?;
        Some(Clue::new(app, project.shown(&file.path)))
    };
    files.filter_map(clue).collect()
}

/// Whether the build brings Crashlytics along: that Firebase is there alone says nothing of it.
pub(super) fn has_crashlytics(project: &Project<'_>, store: StoreKind) -> bool {
    let names: &[&str] = match store {
        StoreKind::GooglePlay => &GRADLE,
        StoreKind::AppStore => &PODFILES,
    };
    let files = project.all(names);
    files
        .iter()
        .any(|file| file.text.to_lowercase().contains("crashlytics"))
}

/// A variable of the environment that is no secret.
pub(super) fn variable(project: &Project<'_>, name: &str) -> Option<Clue<String>> {
    let value = project.around.var(name)?.trim();
    (!value.is_empty()).then(|| Clue::new(value.to_owned(), format!("${name}")))
}

fn is_application(raw: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    raw.contains('.') && raw.len() <= 155 && raw.chars().all(fine)
}

fn is_slug(raw: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !raw.is_empty() && raw.len() <= 100 && raw.chars().all(fine)
}
