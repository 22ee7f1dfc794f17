//! Tokens and keys of sources: named by the file, found by convention, or those of the app's store.

use std::collections::BTreeMap;
use std::ops::Range;

use secrecy::SecretString;

use super::Of;
use crate::config::file::RawHealth;
use crate::config::resolve::store::named;
use crate::config::resolve::{Credential, Ctx};
use crate::config::secret::{self, BadSecret, Found};
use crate::config::tree::At;
use crate::domain::{AppId, Failure};

/// `None` where the config itself is wrong about it; `Err` where it is right and the secret cannot be had.
pub(in crate::config::resolve) type Had<T> = Option<Result<T, Failure>>;

/// A token that the file names under `key`; `convention` are variables of the environment where else it may be.
pub(super) fn token(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
    (key, at): (&str, Option<&At<String>>),
    (for_what, convention): (&'static str, Option<&str>),
    loopback: bool,
) -> Had<SecretString> {
    let by_convention = at.is_none();
    let found = match (at, convention) {
        (Some(at), _) => named(ctx, at)?,
        (None, Some(variable)) if !loopback && ctx.around.var(variable).is_some() => {
            secret::read_env(variable, ctx.around)
        }
        (None, convention) => {
            let help = match convention {
                Some(variable) => format!("write {key} = \"env:{variable}\" and set it"),
                None => format!("write {key} = \"env:NAME\" or \"file:PATH\""),
            };
            ctx.missing(&health.span, key, &help);
            return None;
        }
    };
    let found = found.and_then(|found| {
        secret::check_token(&found)?;
        Ok(found)
    });
    let span = at.map_or_else(|| health.span.clone(), |at| at.span.clone());
    Some(had(
        ctx,
        Some(of.app),
        span,
        (for_what, by_convention),
        found,
    ))
}

/// A service account's key: `credentials`, else that of the app's own store where that is Google Play, else found as the store's is.
pub(super) fn google(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
    for_what: &'static str,
    loopback: bool,
) -> Had<SecretString> {
    let of_store = of.store.and_then(|store| store.value.credentials.as_ref());
    let of_store = of_store.filter(|_| of.kind == Some(crate::domain::StoreKind::GooglePlay));
    let at = health.value.credentials.as_ref().or(of_store);
    let found = match at {
        Some(at) => named(ctx, at)?,
        None if loopback => {
            let help = "on loopback no credentials are looked for: write credentials = \"file:…\"";
            ctx.missing(&health.span, "credentials", help);
            return None;
        }
        None => secret::play(ctx.base, ctx.around).unwrap_or_else(|| {
            Err(BadSecret {
                what: format!(
                    "no credentials for {for_what}: none in the config, none in the environment"
                ),
                help: "write credentials = \"file:play.json\", a service account's key".into(),
            })
        }),
    };
    let found = found.and_then(|found| {
        let told = |bad: BadSecret| BadSecret {
            what: format!("{} ({})", bad.what, found.origin),
            ..bad
        };
        secret::check_play_key(&found.secret).map_err(told)?;
        Ok(found)
    });
    let span = at.map_or_else(|| health.span.clone(), |at| at.span.clone());
    Some(had(
        ctx,
        Some(of.app),
        span,
        (for_what, at.is_none()),
        found,
    ))
}

/// Values by name, of headers or of variables: one that is a reference to a secret is read, any other stands as it is.
pub(in crate::config::resolve) fn values(
    ctx: &mut Ctx<'_>,
    app: Option<&AppId>,
    raw: &BTreeMap<String, At<String>>,
    for_what: &'static str,
) -> Had<Vec<(String, SecretString)>> {
    let mut values = Vec::new();
    let mut missing = None;
    for (name, at) in raw {
        let scheme = at.value.split_once(':').map(|(scheme, _)| scheme);
        let is_reference = matches!(scheme, Some("env" | "file" | "credential" | "command"));
        if !is_reference {
            values.push((name.clone(), at.value.clone().into()));
            continue;
        }
        let found = named(ctx, at)?;
        match had(ctx, app, at.span.clone(), (for_what, false), found) {
            Ok(secret) => values.push((name.clone(), secret)),
            Err(why) => missing = missing.or(Some(why)),
        }
    }
    Some(missing.map_or(Ok(values), Err))
}

/// The secret; noted where it was found, or told why it cannot be had.
pub(in crate::config::resolve) fn had(
    ctx: &mut Ctx<'_>,
    app: Option<&AppId>,
    span: Range<usize>,
    (for_what, by_convention): (&'static str, bool),
    found: Result<Found, BadSecret>,
) -> Result<SecretString, Failure> {
    match found {
        Ok(found) => {
            ctx.credentials.push(Credential {
                app: app.cloned(),
                for_what,
                origin: found.origin.into(),
                by_convention,
            });
            Ok(found.secret)
        }
        Err(bad) => Err(ctx.bad_secret(app, span, &bad)),
    }
}
