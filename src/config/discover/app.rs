//! An app of a store, as it is written: its table, its store and its key.

use std::path::Path;

use super::Finding;
use super::clues::{self, Clue};
use super::files::Project;
use super::sources::Source;
use crate::config::secret;
use crate::domain::{AppId, PlainText, StoreKind};

/// One `[[app]]` with all that is below it.
pub(super) struct Draft {
    pub(super) id: AppId,
    pub(super) package: String,
    /// `[[app]]` and `[app.store]`
    head: String,
    pub(super) sources: Vec<Source>,
    pub(super) found: Vec<Finding>,
}

impl Draft {
    /// `None` where nothing names an app of this store.
    pub(super) fn of(project: &Project<'_>, store: StoreKind, target: &Path) -> Option<Self> {
        let package = clues::application(project, store)?;
        let mut found = vec![finding(
            format!("{}: {}", store.name(), package.value),
            &package.place,
        )];
        let id = id(&package.value, store)?;
        let (kind, key, policy) = match store {
            StoreKind::GooglePlay => ("google-play", "package", "default"),
            StoreKind::AppStore => ("app-store", "bundle_id", "phased-ios"),
        };
        let base = target.parent().unwrap_or(Path::new(""));
        let credentials = match store {
            StoreKind::GooglePlay => play_key(project, base, &mut found),
            StoreKind::AppStore => apple_key(project, base, &mut found),
        };
        let head = format!(
            "\n[[app]]\nid = {id}\n\
             #: policy = \"{policy}\"    # a preset (`haltline policy presets`), or one of your own\n\
             mode = \"advise\"          # decides, shows and tells; without this line haltline acts too\n\
             \n[app.store]\nkind = \"{kind}\"\n{key} = {package}    # {place}\n{credentials}",
            id = toml_text(id.as_str()),
            package = toml_text(&package.value),
            place = PlainText::new(&package.place),
        );
        Some(Self {
            id,
            package: package.value,
            head,
            sources: Vec::new(),
            found,
        })
    }

    pub(super) fn written(&self) -> String {
        let sources: Vec<String> = self.sources.iter().map(Source::written).collect();
        format!("{}{}", self.head, sources.concat())
    }

    /// A source whose table is not complete yet becomes a suggestion.
    pub(super) fn suggest_what_is_not_complete(&mut self, is_fine: impl Fn(&str) -> bool) {
        for source in self.sources.iter_mut().filter(|source| source.active) {
            source.active = is_fine(&format!("{}{}", self.head, source.written()));
        }
    }
}

/// What there is of a store whose app nobody names.
pub(super) fn without(project: &Project<'_>, store: StoreKind) -> Option<PlainText> {
    match store {
        StoreKind::GooglePlay => {
            let key = secret::play_variables().find(|name| project.around.var(name).is_some())?;
            let what =
                format!("${key} is set, but nothing names a package: set SUPPLY_PACKAGE_NAME");
            Some(what.into())
        }
        StoreKind::AppStore => {
            let number = clues::apple_number(project)?;
            let what = format!(
                "the App Store's app {} ({}) is known by its number alone: set DELIVER_APP_IDENTIFIER to its bundle id",
                number.value, number.place
            );
            Some(what.into())
        }
    }
}

fn play_key(project: &Project<'_>, base: &Path, found: &mut Vec<Finding>) -> String {
    let in_env = secret::play_variables().any(|name| project.around.var(name).is_some());
    if !in_env && let Some(key) = clues::play_key(project) {
        found.push(finding("a key for Google Play".into(), &key.place));
        let reference = reference(project, base, &key.value);
        return format!(
            "credentials = {reference}    # {}\n",
            PlainText::new(&key.place)
        );
    }
    match secret::play(base, project.around) {
        Some(Ok(of)) => by_convention("Google Play", &of.origin, found),
        Some(Err(_)) => unusable(),
        None => "#: credentials = \"file:play.json\"    # a service account's key; or set SUPPLY_JSON_KEY\n".into(),
    }
}

fn apple_key(project: &Project<'_>, base: &Path, found: &mut Vec<Finding>) -> String {
    match secret::app_store(None, base, project.around) {
        Some(Ok((_, origin))) => return by_convention("App Store Connect", &origin, found),
        Some(Err(_)) => return unusable(),
        None => {}
    }
    let Some(key) = clues::apple_key(project) else {
        return "#: credentials = \"file:AuthKey_….p8\"    # with key_id and issuer_id, or fastlane's api_key.json\n".into();
    };
    found.push(finding("a key for App Store Connect".into(), &key.place));
    let reference = reference(project, base, &key.value);
    let Some(key_id) = clues::key_id(&key.value) else {
        return format!("credentials = {reference}\n");
    };
    let issuer_id = match clues::issuer_id(project) {
        Some(Clue { value, place }) => format!("issuer_id = {}    # {place}", toml_text(&value)),
        None => "#: issuer_id = \"…\"    # a team's key needs it, a person's own has none".into(),
    };
    let key_id = toml_text(key_id);
    format!("credentials = {reference}\nkey_id = {key_id}\n{issuer_id}\n")
}

/// A key that haltline finds by itself is not written down.
fn by_convention(whose: &str, origin: &str, found: &mut Vec<Finding>) -> String {
    found.push(finding(format!("a key for {whose}"), origin));
    format!(
        "# credentials: found by convention, {}\n",
        PlainText::new(origin)
    )
}

/// What is wrong with it may quote what it holds: the check says it, where it is known what is harmless.
fn unusable() -> String {
    "# credentials: found by convention, but it cannot be used: see `haltline config check`\n"
        .into()
}

pub(super) fn finding(what: String, place: &str) -> Finding {
    Finding {
        what: what.into(),
        place: place.into(),
    }
}

/// `file:…`, relative to the config's folder where that is the one that was looked from.
fn reference(project: &Project<'_>, base: &Path, path: &Path) -> String {
    let shown = if base == project.around.cwd {
        project.shown(path)
    } else {
        path.display().to_string()
    };
    toml_text(&format!("file:{shown}"))
}

pub(super) fn toml_text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// `shop-android`, of com.example.shop.
fn id(package: &str, store: StoreKind) -> Option<AppId> {
    let platform = match store {
        StoreKind::GooglePlay => "android",
        StoreKind::AppStore => "ios",
    };
    let says_nothing = |part: &&str| !matches!(*part, "android" | "ios" | "app" | "mobile" | "");
    let name = package.rsplit('.').find(says_nothing).unwrap_or("app");
    let fine = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(fine).take(40).collect();
    let id = format!("{}-{platform}", name.trim_matches('-'));
    AppId::try_from(id)
        .or_else(|_odd| AppId::try_from(platform.to_owned()))
        .ok()
}
