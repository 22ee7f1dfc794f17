//! `[app.store]`: which release on which store, and the key to it.

use std::ops::Range;

use secrecy::SecretString;

use super::{Credential, Ctx};
use crate::config::StoreConfig;
use crate::config::file::RawStore;
use crate::config::problem::Problem;
use crate::config::secret::{self, AppStoreKey, BadSecret, Found, Reference};
use crate::config::tree::At;
use crate::domain::rollout::InReview;
use crate::domain::{AppId, StoreKind};

pub(super) const DEFAULT_TRACK: &str = "production";
pub(super) const GOOGLE_PLAY: &str = "https://androidpublisher.googleapis.com";
pub(super) const APP_STORE: &str = "https://api.appstoreconnect.apple.com";

const KINDS: [(&str, StoreKind); 2] = [
    ("google-play", StoreKind::GooglePlay),
    ("app-store", StoreKind::AppStore),
];

pub(super) fn kind(word: &str) -> Option<StoreKind> {
    let (_, kind) = KINDS.iter().find(|(known, _)| *known == word)?;
    Some(*kind)
}

pub(super) fn resolve(ctx: &mut Ctx<'_>, app: &AppId, store: &At<RawStore>) -> Option<StoreConfig> {
    let help = "write kind = \"google-play\" or \"app-store\"";
    let at = ctx.required(&store.span, "kind", store.value.kind.as_ref(), help)?;
    match ctx.one_of("kind", at, &KINDS)? {
        StoreKind::GooglePlay => google_play(ctx, app, store),
        StoreKind::AppStore => app_store(ctx, app, store),
    }
}

fn google_play(ctx: &mut Ctx<'_>, app: &AppId, store: &At<RawStore>) -> Option<StoreConfig> {
    let raw = &store.value;
    let not_here = [
        ("bundle_id", span_of(raw.bundle_id.as_ref())),
        ("key_id", span_of(raw.key_id.as_ref())),
        ("issuer_id", span_of(raw.issuer_id.as_ref())),
    ];
    refuse_others_keys(ctx, "app-store", not_here);
    let help = "write package = \"com.example.shop\"";
    let package = ctx
        .required(&store.span, "package", raw.package.as_ref(), help)
        .filter(|at| named_well(ctx, "package", at));
    let track = raw.track.as_ref();
    let track_fine = track.is_none_or(|at| track_well(ctx, at));
    if let Some(at) = raw.version_code.as_ref().filter(|at| at.value == 0) {
        ctx.push(Problem::error(
            at.span.clone(),
            "a version code is at least 1",
        ));
    }
    let in_review = match &raw.in_review {
        Some(at) => ctx.one_of(
            "in_review",
            at,
            &[("ask", InReview::Ask), ("cancel", InReview::Cancel)],
        ),
        None => Some(InReview::default()),
    };
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), GOOGLE_PLAY);
    let key = play_key(ctx, app, store, loopback);
    let (package, in_review) = (package?, in_review?);
    if !track_fine {
        return None;
    }
    Some(match key? {
        Ok(key) => StoreConfig::GooglePlay {
            package: package.value.clone(),
            track: track.map_or_else(|| DEFAULT_TRACK.to_owned(), |at| at.value.clone()),
            key,
            version_code: raw.version_code.as_ref().map(|at| at.value),
            in_review,
            base_url,
        },
        Err(why) => StoreConfig::Unusable {
            kind: StoreKind::GooglePlay,
            why,
        },
    })
}

fn app_store(ctx: &mut Ctx<'_>, app: &AppId, store: &At<RawStore>) -> Option<StoreConfig> {
    let raw = &store.value;
    let not_here = [
        ("package", span_of(raw.package.as_ref())),
        ("track", span_of(raw.track.as_ref())),
        ("in_review", span_of(raw.in_review.as_ref())),
    ];
    refuse_others_keys(ctx, "google-play", not_here);
    refuse_others_keys(
        ctx,
        "google-play",
        [("version_code", span_of(raw.version_code.as_ref()))],
    );
    let help = "write bundle_id = \"com.example.shop\"";
    let bundle_id = ctx
        .required(&store.span, "bundle_id", raw.bundle_id.as_ref(), help)
        .filter(|at| named_well(ctx, "bundle_id", at));
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), APP_STORE);
    let key = app_store_key(ctx, app, store, loopback);
    let bundle_id = bundle_id?;
    let key = match key? {
        Ok(key) => key,
        Err(why) => {
            return Some(StoreConfig::Unusable {
                kind: StoreKind::AppStore,
                why,
            });
        }
    };
    let key_id = match (&raw.key_id, key.key_id) {
        (Some(at), _) => at.value.clone(),
        (None, Some(key_id)) => key_id,
        (None, None) => {
            let help = "write key_id = \"…\": it is in the file name, AuthKey_<key_id>.p8";
            ctx.missing(&store.span, "key_id", help);
            return None;
        }
    };
    Some(StoreConfig::AppStore {
        bundle_id: bundle_id.value.clone(),
        key: key.pem,
        key_id,
        issuer_id: raw
            .issuer_id
            .as_ref()
            .map(|at| at.value.clone())
            .or(key.issuer_id),
        base_url,
    })
}

type Key<T> = Option<Result<T, crate::domain::Failure>>;

/// `None` where the config itself is wrong about it.
fn play_key(
    ctx: &mut Ctx<'_>,
    app: &AppId,
    store: &At<RawStore>,
    loopback: bool,
) -> Key<SecretString> {
    let span = credentials_span(store);
    let by_convention = store.value.credentials.is_none();
    let found = match &store.value.credentials {
        Some(at) => named(ctx, at)?,
        None if loopback => return refuse_to_search(ctx, store),
        None => secret::play(ctx.base, ctx.around).unwrap_or_else(|| {
            Err(BadSecret {
                what: "no credentials for Google Play: none in the config, none in the environment"
                    .into(),
                help: "write credentials = \"file:play.json\", or set SUPPLY_JSON_KEY".into(),
            })
        }),
    };
    let checked = found.and_then(|found| {
        let hint = |bad: BadSecret| BadSecret {
            what: format!("{} ({})", bad.what, found.origin),
            ..bad
        };
        secret::check_play_key(&found.secret).map_err(hint)?;
        Ok(found)
    });
    Some(match checked {
        Ok(found) => {
            ctx.credentials.push(Credential {
                app: Some(app.clone()),
                for_what: "google-play",
                origin: found.origin.into(),
                by_convention,
            });
            Ok(found.secret)
        }
        Err(bad) => Err(ctx.bad_secret(Some(app), span, &bad)),
    })
}

/// `None` where the config itself is wrong about it.
fn app_store_key(
    ctx: &mut Ctx<'_>,
    app: &AppId,
    store: &At<RawStore>,
    loopback: bool,
) -> Key<AppStoreKey> {
    if store.value.credentials.is_none() && loopback {
        return refuse_to_search(ctx, store);
    }
    let key_id = store.value.key_id.as_ref();
    let asked = (&store.span, store.value.credentials.as_ref(), key_id);
    apple_key(ctx, app, asked, "app-store")
}

/// A key of App Store Connect: the one that is named (else its table, for errors), or one that is found by convention.
pub(super) fn apple_key(
    ctx: &mut Ctx<'_>,
    app: &AppId,
    (table, credentials, key_id): (&Range<usize>, Option<&At<String>>, Option<&At<String>>),
    for_what: &'static str,
) -> Key<AppStoreKey> {
    let span = credentials.map_or(table, |at| &at.span).clone();
    let key_id = key_id.map(|at| at.value.as_str());
    let found = match credentials {
        Some(at) => named(ctx, at)?.and_then(|found| {
            let key = AppStoreKey::of(&found, ctx.base).map_err(|bad| BadSecret {
                what: format!("{} ({})", bad.what, found.origin),
                ..bad
            })?;
            Ok((key, found.origin))
        }),
        None => secret::app_store(key_id, ctx.base, ctx.around).unwrap_or_else(|| {
            Err(BadSecret {
                what: "no credentials for App Store Connect: none in the config, none in the environment".into(),
                help: "write credentials = \"file:AuthKey_….p8\" with key_id and issuer_id, or set \
                       APP_STORE_CONNECT_API_KEY_PATH"
                    .into(),
            })
        }),
    };
    Some(match found {
        Ok((key, origin)) => {
            ctx.credentials.push(Credential {
                app: Some(app.clone()),
                for_what,
                origin: origin.into(),
                by_convention: credentials.is_none(),
            });
            Ok(key)
        }
        Err(bad) => Err(ctx.bad_secret(Some(app), span, &bad)),
    })
}

/// What a reference leads to; `None` where it is no reference.
pub(super) fn named(ctx: &mut Ctx<'_>, at: &At<String>) -> Option<Result<Found, BadSecret>> {
    match Reference::parse(&at.value) {
        Ok(reference) => Some(reference.read(ctx.base, ctx.around)),
        Err(bad) => {
            ctx.push(Problem::error(at.span.clone(), bad.what).help(bad.help));
            None
        }
    }
}

/// A simulator is not handed whatever real key happens to lie about.
fn refuse_to_search<T>(ctx: &mut Ctx<'_>, store: &At<RawStore>) -> Key<T> {
    let help = "on loopback no credentials are looked for: write credentials = \"file:…\"";
    ctx.missing(&store.span, "credentials", help);
    None
}

fn credentials_span(store: &At<RawStore>) -> Range<usize> {
    let at = store.value.credentials.as_ref();
    at.map_or_else(|| store.span.clone(), |at| at.span.clone())
}

fn span_of<T>(at: Option<&At<T>>) -> Option<Range<usize>> {
    at.map(|at| at.span.clone())
}

fn refuse_others_keys<const N: usize>(
    ctx: &mut Ctx<'_>,
    owner: &str,
    keys: [(&str, Option<Range<usize>>); N],
) {
    for (key, span) in keys {
        if let Some(span) = span {
            let what = format!("\"{key}\" belongs to kind = \"{owner}\"");
            ctx.push(Problem::error(span, what).help("remove it, or change the kind"));
        }
    }
}

fn named_well(ctx: &mut Ctx<'_>, key: &str, at: &At<String>) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let well = at.value.chars().all(fine) && at.value.contains('.');
    if !well {
        let what = format!("{key} = {:?} is not an application's id", at.value);
        ctx.push(Problem::error(at.span.clone(), what).help("such as \"com.example.shop\""));
    }
    well
}

fn track_well(ctx: &mut Ctx<'_>, at: &At<String>) -> bool {
    let fine = |c: char| !c.is_control() && !matches!(c, '/' | '?' | '#' | '\\');
    let well = !at.value.trim().is_empty() && at.value.chars().all(fine);
    if !well {
        let what = format!("track = {:?} is not the name of a track", at.value);
        ctx.push(
            Problem::error(at.span.clone(), what)
                .help("such as \"production\" or \"wear:production\""),
        );
    }
    well
}
