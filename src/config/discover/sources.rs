//! The sources of health that a project has, or could have with what is known of it.

use super::Finding;
use super::app::{finding, toml_text};
use super::clues::{self, Clue};
use super::files::Project;
use crate::config::{base_url, secret};
use crate::domain::{PlainText, StoreKind};

const SENTRY: &str = "https://sentry.io";

/// One `[[app.health]]`.
pub(super) struct Source {
    /// Why it is there, or what it wants.
    comment: String,
    /// Its table without the header.
    table: String,
    /// Else a suggestion, commented out.
    pub(super) active: bool,
}

impl Source {
    pub(super) fn written(&self) -> String {
        let table = format!("[[app.health]]\n{}", self.table);
        let mark = |line: &str| match (self.active, line.starts_with('#')) {
            (true, _) | (_, true) => format!("{line}\n"),
            (false, _) => format!("#: {line}\n"),
        };
        let lines: String = table.lines().map(mark).collect();
        format!("\n# {}\n{lines}", self.comment)
    }
}

/// The most telling first. Those that want something that nobody told are suggestions.
pub(super) fn of(
    project: &Project<'_>,
    store: StoreKind,
    package: &str,
    found: &mut Vec<Finding>,
) -> Vec<Source> {
    let mut all = Vec::new();
    all.extend(sentry(project, store, found));
    let crashlytics = crashlytics(project, store, package, found);
    all.extend(crashlytics.map(|source| Source {
        active: source.active && all.is_empty(),
        ..source
    }));
    all.extend(
        VENDORS
            .iter()
            .filter_map(|vendor| vendor.source(project, found)),
    );
    let others = all.iter().any(|source| source.active);
    all.extend(of_store(store, others));
    all
}

fn sentry(project: &Project<'_>, store: StoreKind, found: &mut Vec<Finding>) -> Option<Source> {
    let told = clues::sentry(project, store);
    let token = secret::sentry(&project.around.cwd, project.around);
    let (organization, project_name) = match (&told.organization, &told.project) {
        (Some(organization), Some(project)) => (organization, project),
        (None, None) if token.is_none() => return None,
        (organization, project) => {
            let value = |clue: &Option<Clue<String>>| {
                clue.as_ref().map_or("…", |c| c.value.as_str()).to_owned()
            };
            return Some(Source {
                comment: "Sentry: name the organization and the project of this app".into(),
                table: format!(
                    "kind = \"sentry\"\norganization = {}\nproject = {}\n",
                    toml_text(&value(organization)),
                    toml_text(&value(project))
                ),
                active: false,
            });
        }
    };
    let what = format!("Sentry: {}/{}", organization.value, project_name.value);
    found.push(finding(what, &project_name.place));
    let is_loopback = told
        .url
        .as_ref()
        .is_some_and(|url| url.value.starts_with("http://"));
    let base_url = match told.url {
        Some(url) if url.place.starts_with('$') => format!("# base_url: {}\n", url.place),
        Some(url) if url.value.trim_end_matches('/') != SENTRY => format!(
            "base_url = {}    # {}\n",
            toml_text(&url.value),
            PlainText::new(&url.place)
        ),
        _ => String::new(),
    };
    let token = match token {
        // On loopback nothing is looked for.
        Some(Ok(of)) if !is_loopback => {
            found.push(finding("a token for Sentry".into(), &of.origin));
            format!(
                "# token: found by convention, {}",
                PlainText::new(&of.origin)
            )
        }
        Some(Err(_)) if !is_loopback => {
            "# token: found by convention, but it cannot be used: see `haltline config check`"
                .into()
        }
        _ => "token = \"env:SENTRY_AUTH_TOKEN\"    # scopes org:read, project:read, event:read"
            .into(),
    };
    let table = format!(
        "kind = \"sentry\"\norganization = {}    # {}\nproject = {}    # {}\n{base_url}{token}\n",
        toml_text(&organization.value),
        PlainText::new(&organization.place),
        toml_text(&project_name.value),
        PlainText::new(&project_name.place),
    );
    Some(Source {
        comment: "Sentry: sessions, users and crashes of each release, minutes late.".into(),
        table,
        active: true,
    })
}

/// Active where the build brings it along: Firebase alone may be there for something else.
fn crashlytics(
    project: &Project<'_>,
    store: StoreKind,
    package: &str,
    found: &mut Vec<Finding>,
) -> Option<Source> {
    let app = clues::firebase(project, store, package)?;
    let built_in = clues::has_crashlytics(project, store);
    let what = if built_in { "Crashlytics" } else { "Firebase" };
    found.push(finding(
        format!("{what}: {}", app.value.application),
        &app.place,
    ));
    let mut table = format!(
        "kind = \"crashlytics\"\napplication = {}    # {}\n",
        toml_text(&app.value.application),
        PlainText::new(&app.place)
    );
    // On Google Play the store's own account is taken.
    let has_key = store == StoreKind::GooglePlay
        || secret::play(&project.around.cwd, project.around).is_some();
    if !has_key {
        table += "credentials = \"file:firebase.json\"\n";
    }
    Some(Source {
        comment:
            "Firebase Crashlytics: the service account needs the role Firebase Crashlytics Viewer."
                .into(),
        table,
        active: built_in && has_key,
    })
}

/// What the store itself tells.
fn of_store(store: StoreKind, others: bool) -> Vec<Source> {
    match store {
        StoreKind::GooglePlay => vec![
            Source {
                comment: "Play's own vitals, a day late; the Play Developer Reporting API must be enabled in the account's project.".into(),
                table: format!("kind = \"play-vitals\"\n{}", if others { "required = false\n" } else { "" }),
                active: !others,
            },
            Source {
                comment: "Reviews of the week, shown beside the figures; the account needs the right \"Reply to reviews\".".into(),
                table: "kind = \"play-reviews\"\n".into(),
                active: false,
            },
        ],
        StoreKind::AppStore => vec![Source {
            comment: "Reviews, rating and Apple's own measurements, shown beside the figures.".into(),
            table: "kind = \"app-store-reviews\"\n#: country = \"us\"\n".into(),
            active: false,
        }],
    }
}

/// A vendor whose variables are looked for.
struct Vendor {
    name: &'static str,
    kind: &'static str,
    /// Keys of the table that hold a secret, each with the variables that may; the first is what tells of the vendor.
    secrets: &'static [(&'static str, &'static [&'static str])],
    /// Keys that hold none.
    plain: &'static [(&'static str, &'static [&'static str])],
    /// What no variable tells.
    rest: &'static str,
}

const VENDORS: [Vendor; 4] = [
    Vendor {
        name: "Datadog RUM",
        kind: "datadog",
        secrets: &[
            ("token", &["DD_API_KEY", "DATADOG_API_KEY"]),
            (
                "app_key",
                &["DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_APP_KEY"],
            ),
        ],
        plain: &[(
            "application",
            &["DD_RUM_APPLICATION_ID", "DATADOG_APPLICATION_ID"],
        )],
        rest: "",
    },
    Vendor {
        name: "New Relic",
        kind: "new-relic",
        secrets: &[("token", &["NEW_RELIC_API_KEY", "NEW_RELIC_USER_KEY"])],
        plain: &[
            ("account", &["NEW_RELIC_ACCOUNT_ID"]),
            ("application", &["NEW_RELIC_APP_NAME"]),
        ],
        rest: "",
    },
    Vendor {
        name: "Bugsnag",
        kind: "bugsnag",
        secrets: &[(
            "token",
            &[
                "BUGSNAG_DATA_ACCESS_TOKEN",
                "BUGSNAG_AUTH_TOKEN",
                "BUGSNAG_PERSONAL_AUTH_TOKEN",
            ],
        )],
        plain: &[("project", &["BUGSNAG_PROJECT_ID"])],
        rest: "",
    },
    Vendor {
        name: "Prometheus",
        kind: "prometheus",
        secrets: &[],
        plain: &[("base_url", &["PROMETHEUS_URL", "PROMETHEUS_ADDRESS"])],
        rest: "[app.health.metric.crash_free_sessions]\nfailures = \"sum(increase(app_crashes_total{version=\\\"{version}\\\"}[{window}]))\"\n\
               trials = \"sum(increase(app_sessions_total{version=\\\"{version}\\\"}[{window}]))\"\n",
    },
];

impl Vendor {
    /// Active where all that it needs is known.
    fn source(&self, project: &Project<'_>, found: &mut Vec<Finding>) -> Option<Source> {
        let set = |names: &[&'static str]| {
            names
                .iter()
                .copied()
                .find(|name| project.around.var(name).is_some())
        };
        let telling = self.secrets.first().or(self.plain.first())?;
        let told = set(telling.1)?;
        found.push(finding(self.name.into(), &format!("${told}")));
        let mut lines = vec![format!("kind = \"{}\"\n", self.kind)];
        let mut complete = self.rest.is_empty();
        for (key, names) in self.secrets {
            let name = set(names);
            complete &= name.is_some();
            let name = name.or(names.first().copied()).unwrap_or_default();
            lines.push(format!("{key} = \"env:{name}\"\n"));
        }
        for (key, names) in self.plain {
            // An address may hold a password: one that does is not repeated.
            let fine =
                |clue: &Clue<String>| *key != "base_url" || base_url::check(&clue.value).is_ok();
            let clue = set(names)
                .and_then(|name| clues::variable(project, name))
                .filter(fine);
            complete &= clue.is_some();
            let (value, place) = match clue {
                Some(clue) => (clue.value, clue.place),
                None => ("…".to_owned(), "fill in".to_owned()),
            };
            // A number stands without quotes, and nothing else does.
            let number =
                *key == "account" && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            let value = if number {
                value
            } else {
                toml_text(PlainText::new(&value).as_str())
            };
            lines.push(format!("{key} = {value}    # {place}\n"));
        }
        let elsewhere = self.elsewhere(project);
        lines.extend(elsewhere.map(|url| format!("base_url = {}\n", toml_text(&url))));
        lines.push(self.rest.to_owned());
        Some(Source {
            comment: if complete {
                format!("{}: figures of each version.", self.name)
            } else {
                format!("{}: something is missing yet.", self.name)
            },
            table: lines.concat(),
            active: complete,
        })
    }

    /// Where the vendor is for those who are not in its first region.
    fn elsewhere(&self, project: &Project<'_>) -> Option<String> {
        match self.kind {
            "datadog" => {
                let site = project.around.var("DD_SITE")?;
                let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
                (site != "datadoghq.com" && site.chars().all(fine))
                    .then(|| format!("https://api.{site}"))
            }
            "new-relic" => {
                let region = project.around.var("NEW_RELIC_REGION")?;
                region
                    .eq_ignore_ascii_case("eu")
                    .then(|| "https://api.eu.newrelic.com".to_owned())
            }
            _ => None,
        }
    }
}
