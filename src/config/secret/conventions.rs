//! The variables and files in which other release tools keep credentials, tried in order where a config names none.
//!
//! The first one that is set decides, also where it is wrong: passing over it silently would use a key that nobody meant.

use std::path::Path;

use super::{AppStoreKey, BadSecret, Found, Reference, api_key_json, read_env, read_file};
use crate::config::Surroundings;

/// How a variable holds its secret.
#[derive(Clone, Copy)]
enum Form {
    /// One of our own references.
    Reference,
    Path,
    Content,
    /// Content, or `@file:PATH`, or `@env:NAME`.
    At,
    PathOrContent,
}

const PLAY: &[(&str, Form)] = &[
    ("HALTLINE_PLAY_CREDENTIALS", Form::Reference),
    ("SUPPLY_JSON_KEY", Form::Path),
    ("SUPPLY_JSON_KEY_DATA", Form::Content),
    ("ANDROID_PUBLISHER_CREDENTIALS", Form::Content),
    ("GOOGLE_PLAY_SERVICE_ACCOUNT_CREDENTIALS", Form::At),
    ("GCLOUD_SERVICE_ACCOUNT_CREDENTIALS", Form::At),
    ("GPC_SERVICE_ACCOUNT", Form::PathOrContent),
    ("GPLAY_SERVICE_ACCOUNT", Form::Path),
    ("GOOGLE_APPLICATION_CREDENTIALS", Form::Path),
];

/// The variables in which a key for Google Play may be, in their order.
pub(in crate::config) fn play_variables() -> impl Iterator<Item = &'static str> {
    PLAY.iter().map(|(name, _)| *name)
}

/// A key for Google Play; `None` where there is none anywhere.
pub(in crate::config) fn play(
    base: &Path,
    around: &Surroundings,
) -> Option<Result<Found, BadSecret>> {
    let in_env = PLAY.iter().find_map(|(name, form)| {
        let value = around.var(name)?;
        Some(named(read_form(name, value, *form, base, around), name))
    });
    in_env.or_else(|| {
        let path = around
            .home
            .as_ref()?
            .join(".config/gcloud/application_default_credentials.json");
        path.exists().then(|| read_file(&path))
    })
}

fn read_form(
    name: &str,
    value: &str,
    form: Form,
    base: &Path,
    around: &Surroundings,
) -> Result<Found, BadSecret> {
    let path = |raw: &str| read_path(raw, around);
    match form {
        Form::Reference => Reference::parse(value)?.read(base, around),
        Form::Path => path(value),
        Form::PathOrContent if !value.trim_start().starts_with('{') => path(value),
        Form::At => match (value.strip_prefix("@file:"), value.strip_prefix("@env:")) {
            (Some(raw), _) => path(raw),
            (_, Some(other)) => read_env(other, around),
            _ => read_env(name, around),
        },
        Form::Content | Form::PathOrContent => read_env(name, around),
    }
}

/// The file whose path a variable holds, relative to where the command is run, as with the tools whose variable it is.
fn read_path(raw: &str, around: &Surroundings) -> Result<Found, BadSecret> {
    // Somebody put the key itself there: it must not be told as a file that is missing.
    if raw.trim_start().starts_with('{') || raw.contains("-----BEGIN") {
        return Err(BadSecret::new(
            "the variable holds a key where the path of one is wanted",
            "write the key to a file of mode 600 and set the variable to its path",
        ));
    }
    read_file(&around.expand(raw, &around.cwd))
}

/// Says in the origin, and in an error, from which variable it came.
fn named(result: Result<Found, BadSecret>, name: &str) -> Result<Found, BadSecret> {
    match result {
        Ok(mut found) => {
            let by_itself = found.origin.ends_with(&format!("variable {name}"));
            if !by_itself {
                found.origin = format!("{} (from ${name})", found.origin);
            }
            Ok(found)
        }
        Err(error) => Err(BadSecret {
            what: format!("{} (from ${name})", error.what),
            ..error
        }),
    }
}

/// Variables of one tool that together make an App Store Connect key.
struct Family {
    key_id: &'static str,
    issuer_id: &'static str,
    path: &'static str,
    content: &'static str,
    base64: &'static str,
    /// Where this is `true` or `1`, `content` is base64.
    content_is_base64: &'static str,
}

const FAMILIES: &[Family] = &[
    Family {
        key_id: "ASC_KEY_ID",
        issuer_id: "ASC_ISSUER_ID",
        path: "ASC_PRIVATE_KEY_PATH",
        content: "ASC_PRIVATE_KEY",
        base64: "ASC_PRIVATE_KEY_B64",
        content_is_base64: "",
    },
    Family {
        key_id: "APP_STORE_CONNECT_API_KEY_KEY_ID",
        issuer_id: "APP_STORE_CONNECT_API_KEY_ISSUER_ID",
        path: "APP_STORE_CONNECT_API_KEY_KEY_FILEPATH",
        content: "APP_STORE_CONNECT_API_KEY_KEY",
        base64: "",
        content_is_base64: "APP_STORE_CONNECT_API_KEY_IS_KEY_CONTENT_BASE64",
    },
    Family {
        key_id: "SPACESHIP_CONNECT_API_KEY_ID",
        issuer_id: "SPACESHIP_CONNECT_API_ISSUER_ID",
        path: "SPACESHIP_CONNECT_API_KEY_FILEPATH",
        content: "SPACESHIP_CONNECT_API_KEY",
        base64: "",
        content_is_base64: "",
    },
    Family {
        key_id: "APP_STORE_CONNECT_KEY_IDENTIFIER",
        issuer_id: "APP_STORE_CONNECT_ISSUER_ID",
        path: "",
        content: "APP_STORE_CONNECT_PRIVATE_KEY",
        base64: "",
        content_is_base64: "",
    },
];

const JSON_PATHS: &[&str] = &[
    "APP_STORE_CONNECT_API_KEY_PATH",
    "DELIVER_API_KEY_PATH",
    "PILOT_API_KEY_PATH",
];

/// A key for App Store Connect, and where it came from; `None` where there is none anywhere. `key_id` is the config's.
pub(in crate::config) fn app_store(
    key_id: Option<&str>,
    base: &Path,
    around: &Surroundings,
) -> Option<Result<(AppStoreKey, String), BadSecret>> {
    let keyed = |found: Result<Found, BadSecret>| {
        found.and_then(|found| Ok((AppStoreKey::of(&found, base)?, found.origin)))
    };
    let own = "HALTLINE_APP_STORE_CREDENTIALS";
    if let Some(value) = around.var(own) {
        let found = Reference::parse(value).and_then(|reference| reference.read(base, around));
        return Some(keyed(named(found, own)));
    }
    let [asc, others @ ..] = FAMILIES else {
        return None;
    };
    if let Some(found) = of_family(asc, base, around) {
        return Some(found);
    }
    for name in JSON_PATHS {
        if let Some(path) = around.var(name) {
            let found = read_path(path, around);
            return Some(keyed(named(found, name)));
        }
    }
    if let Some(found) = others
        .iter()
        .find_map(|family| of_family(family, base, around))
    {
        return Some(found);
    }
    let key_id = key_id.or_else(|| around.var(asc.key_id))?;
    // The id becomes part of a path.
    if !key_id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let home = around.home.as_ref();
    let folders = [
        Some(around.cwd.join("private_keys")),
        home.map(|home| home.join("private_keys")),
        home.map(|home| home.join(".private_keys")),
        home.map(|home| home.join(".appstoreconnect/private_keys")),
    ];
    folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(format!("AuthKey_{key_id}.p8")))
        .find(|path| path.exists())
        .map(|path| keyed(read_file(&path)))
}

fn of_family(
    family: &Family,
    base: &Path,
    around: &Surroundings,
) -> Option<Result<(AppStoreKey, String), BadSecret>> {
    let ids = || {
        (
            around.var(family.key_id).map(str::to_owned),
            around.var(family.issuer_id).map(str::to_owned),
        )
    };
    let with_ids = |mut key: AppStoreKey| {
        let (key_id, issuer_id) = ids();
        key.key_id = key_id.or(key.key_id);
        key.issuer_id = issuer_id.or(key.issuer_id);
        key
    };
    if let Some(path) = around.var(family.path) {
        let found = named(read_path(path, around), family.path);
        return Some(
            found.and_then(|found| Ok((with_ids(AppStoreKey::of(&found, base)?), found.origin))),
        );
    }
    let (name, is_base64) = if around.var(family.content).is_some() {
        let said = around.var(family.content_is_base64);
        (family.content, matches!(said, Some("true" | "1")))
    } else {
        (family.base64, true)
    };
    let value = around.var(name)?;
    let key =
        api_key_json::inline(value, is_base64).and_then(|pem| AppStoreKey::new(pem, None, None));
    Some(match key {
        Ok(key) => Ok((with_ids(key), format!("environment variable {name}"))),
        Err(error) => Err(BadSecret {
            what: format!("{} (from ${name})", error.what),
            ..error
        }),
    })
}

/// A token for Sentry: `SENTRY_AUTH_TOKEN`, else the nearest `.sentryclirc` upward, else the one in the home folder.
pub(in crate::config) fn sentry(
    base: &Path,
    around: &Surroundings,
) -> Option<Result<Found, BadSecret>> {
    let own = "HALTLINE_SENTRY_TOKEN";
    if let Some(value) = around.var(own) {
        let found = Reference::parse(value).and_then(|reference| reference.read(base, around));
        return Some(named(found, own));
    }
    if around.var("SENTRY_AUTH_TOKEN").is_some() {
        return Some(read_env("SENTRY_AUTH_TOKEN", around));
    }
    let upward = around.cwd.ancestors();
    let path = upward
        .chain(around.home.as_deref())
        .map(|folder| folder.join(".sentryclirc"))
        .find(|path| path.is_file())?;
    let file = match read_file(&path) {
        Ok(file) => file,
        Err(error) => return Some(Err(error)),
    };
    let token = ini(
        secrecy::ExposeSecret::expose_secret(&file.secret),
        "auth",
        "token",
    )?;
    Some(Ok(Found {
        secret: token.into(),
        ..file
    }))
}

/// Where Sentry is, for those who host it themselves: `SENTRY_URL`.
pub(in crate::config) fn sentry_url(around: &Surroundings) -> Option<&str> {
    around.var("SENTRY_URL")
}

/// `key` in `[section]` of an INI file.
pub(in crate::config) fn ini<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut current = "";
    text.lines().map(str::trim).find_map(|line| {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            current = name.trim();
            return None;
        }
        let (name, value) = line.split_once('=')?;
        let here = current == section && name.trim() == key;
        here.then(|| value.trim().trim_matches('"'))
    })
}
