//! `kind = "app-store-reviews"`

use super::Of;
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::resolve::store::{APP_STORE, apple_key};
use crate::config::tree::At;
use crate::domain::StoreKind;

const LOOKUP: &str = "https://itunes.apple.com";
const COUNTRY: &str = "us";

pub(super) fn resolve(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let store = of.store.filter(|_| of.kind == Some(StoreKind::AppStore));
    let store = store.map(|store| &store.value);
    // The same API as the store's: where that one is, this one is too.
    let of_store = store.and_then(|store| store.base_url.as_ref());
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref().or(of_store), APP_STORE);
    let lookup = match &raw.lookup_url {
        None if loopback => {
            let help =
                "a simulated app is not looked up at Apple's: write lookup_url = \"http://…\"";
            ctx.missing(&health.span, "lookup_url", help);
            None
        }
        at => Some(ctx.base_url(at.as_ref(), LOOKUP).0),
    };
    let country = country(ctx, raw.country.as_ref());
    let credentials = raw.credentials.as_ref();
    let credentials = credentials.or_else(|| store?.credentials.as_ref());
    if credentials.is_none() && loopback {
        let help = "on loopback no credentials are looked for: write credentials = \"file:…\"";
        ctx.missing(&health.span, "credentials", help);
        return None;
    }
    let key_id = store.and_then(|store| store.key_id.as_ref());
    let asked = (&health.span, credentials, key_id);
    let key = apple_key(ctx, of.app, asked, "app-store-reviews");
    let (lookup_url, country) = (lookup?, country?);
    let key = match key? {
        Ok(key) => key,
        Err(why) => return Some(SourceConfig::Unusable { why }),
    };
    // What the key itself says stands against the store's ids only where it is the store's key.
    let own = raw.credentials.is_some();
    let issuer_id = store.and_then(|store| Some(store.issuer_id.as_ref()?.value.clone()));
    let named = key_id.map(|at| at.value.clone());
    let key_id = if own {
        key.key_id.or(named)
    } else {
        named.or(key.key_id)
    };
    let Some(key_id) = key_id else {
        let help =
            "write key_id = \"…\" in [app.store]: it is in the file name, AuthKey_<key_id>.p8";
        ctx.missing(&health.span, "key_id", help);
        return None;
    };
    Some(SourceConfig::AppStoreReviews {
        bundle_id: of.package.to_owned(),
        key: key.pem,
        key_id,
        issuer_id: if own {
            key.issuer_id.or(issuer_id)
        } else {
            issuer_id.or(key.issuer_id)
        },
        base_url,
        lookup_url,
        country,
    })
}

/// Two letters, as the store's addresses have them.
fn country(ctx: &mut Ctx<'_>, raw: Option<&At<String>>) -> Option<String> {
    let Some(at) = raw else {
        return Some(COUNTRY.to_owned());
    };
    let well = at.value.len() == 2 && at.value.bytes().all(|b| b.is_ascii_alphabetic());
    if !well {
        let what = format!("country = {:?} is not a country of the App Store", at.value);
        ctx.push(
            Problem::error(at.span.clone(), what).help("two letters, such as \"us\" or \"de\""),
        );
        return None;
    }
    Some(at.value.to_ascii_lowercase())
}
