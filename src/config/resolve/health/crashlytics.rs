//! Firebase Crashlytics: `kind = "crashlytics"` (its API) and `kind = "crashlytics-bigquery"` (its export).

use chrono::TimeDelta;

use super::{Of, figures, secrets};
use crate::config::SourceConfig;
use crate::config::file::RawHealth;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::StoreKind;

const CRASHLYTICS: &str = "https://firebasecrashlytics.googleapis.com";
const BIG_QUERY: &str = "https://bigquery.googleapis.com";
const LOCATION: &str = "US";
/// A question to BigQuery costs money, and rows come in minutes.
const EVERY: TimeDelta = TimeDelta::minutes(15);
const GIGABYTE: u64 = 1_000_000_000;
/// What BigQuery bills at least for a table that is read.
const LEAST_BILLED: u64 = 10_000_000;

pub(super) fn api(ctx: &mut Ctx<'_>, of: Of<'_>, health: &At<RawHealth>) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write application = \"1:1234567890:android:0a1b2c3d4e5f6789\": the App ID in the Firebase console, under Project settings";
    let application = ctx.required(&health.span, "application", raw.application.as_ref(), help);
    let well = application.and_then(|at| app_id(ctx, of, at));
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), CRASHLYTICS);
    let key = secrets::google(ctx, of, health, "crashlytics", loopback)?;
    let application = well?;
    Some(match key {
        Ok(key) => SourceConfig::Crashlytics {
            application,
            key,
            base_url,
        },
        Err(why) => SourceConfig::Unusable { why },
    })
}

/// `1:NUMBER:android:HEX` of an app of this store.
fn app_id(ctx: &mut Ctx<'_>, of: Of<'_>, at: &At<String>) -> Option<String> {
    let parts: Vec<&str> = at.value.split(':').collect();
    let all =
        |text: &str, fine: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|b| fine(&b));
    let platform = match parts.as_slice() {
        ["1", number, platform @ ("android" | "ios"), hex]
            if all(number, u8::is_ascii_digit) && all(hex, u8::is_ascii_hexdigit) =>
        {
            *platform
        }
        _ => {
            let what = format!("application = {:?} is not an App ID of Firebase", at.value);
            let help = "it looks like 1:1234567890:android:0a1b2c3d4e5f6789, or with ios";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
            return None;
        }
    };
    let wanted = match of.kind? {
        StoreKind::GooglePlay => "android",
        StoreKind::AppStore => "ios",
    };
    if platform != wanted {
        let what = format!("application is one of {platform}, and this app's store is not");
        let help = format!("the App ID that is wanted has {wanted} in it");
        ctx.push(Problem::error(at.span.clone(), what).help(help));
        return None;
    }
    Some(at.value.clone())
}

pub(super) fn big_query(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    health: &At<RawHealth>,
) -> Option<SourceConfig> {
    let raw = &health.value;
    let help = "write project = \"acme-shop\": the id of the Google Cloud project that has the export and pays for queries";
    let project = ctx.required(&health.span, "project", raw.project.as_ref(), help);
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c);
    let project = project.and_then(|at| {
        word(
            ctx,
            "project",
            at,
            fine,
            "a-z, 0-9 and '-', such as \"acme-shop\"",
        )
    });
    let location = match &raw.location {
        None => Some(LOCATION.to_owned()),
        Some(at) => {
            let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
            word(
                ctx,
                "location",
                at,
                fine,
                "such as \"US\", \"EU\" or \"europe-west1\"",
            )
        }
    };
    let sessions_table = table(
        ctx,
        of,
        ("sessions_table", "firebase_sessions"),
        raw.sessions_table.as_ref(),
    );
    let crashes_table = table(
        ctx,
        of,
        ("crashes_table", "firebase_crashlytics"),
        raw.crashes_table.as_ref(),
    );
    let max_billed = match &raw.max_billed {
        None => Some(GIGABYTE),
        Some(at) => bytes(ctx, at),
    };
    let every = ctx.positive("every", raw.every.as_ref(), EVERY);
    let strata = figures::strata(ctx, raw, &["os"]);
    let (base_url, loopback) = ctx.base_url(raw.base_url.as_ref(), BIG_QUERY);
    let key = secrets::google(ctx, of, health, "crashlytics-bigquery", loopback)?;
    let (project, location) = (project?, location?);
    let (sessions_table, crashes_table) = (sessions_table?, crashes_table?);
    let (max_billed, strata) = (max_billed?, strata?);
    Some(match key {
        Ok(key) => SourceConfig::CrashlyticsBigQuery {
            project,
            location,
            sessions_table,
            crashes_table,
            max_billed,
            every,
            key,
            base_url,
            strata,
        },
        Err(why) => SourceConfig::Unusable { why },
    })
}

/// A value of certain characters only.
fn word(
    ctx: &mut Ctx<'_>,
    key: &str,
    at: &At<String>,
    fine: impl Fn(char) -> bool,
    help: &str,
) -> Option<String> {
    let well = !at.value.is_empty() && at.value.chars().all(fine);
    if !well {
        let what = format!("{key} = {:?} is not one of Google Cloud", at.value);
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    well.then(|| at.value.clone())
}

/// `dataset.table`: it becomes part of a query, so nothing but letters, digits and underscores is taken. By default the table
/// that Firebase streams into.
fn table(
    ctx: &mut Ctx<'_>,
    of: Of<'_>,
    (key, dataset): (&str, &str),
    at: Option<&At<String>>,
) -> Option<String> {
    let Some(at) = at else {
        let platform = match of.kind? {
            StoreKind::GooglePlay => "ANDROID",
            StoreKind::AppStore => "IOS",
        };
        let fine = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let package: String = of.package.chars().map(fine).collect();
        return Some(format!("{dataset}.{package}_{platform}_REALTIME"));
    };
    let name = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let well =
        matches!(at.value.split('.').collect::<Vec<_>>().as_slice(), [d, t] if name(d) && name(t));
    if !well {
        let what = format!("{key} = {:?} is not a table", at.value);
        let help = format!(
            "write dataset.table with a-z, 0-9 and '_', such as \"{dataset}.com_example_shop_ANDROID_REALTIME\"; a wildcard would count twice"
        );
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    well.then(|| at.value.clone())
}

/// `1GB`, `500MB`: of a thousand each, as Google bills them.
fn bytes(ctx: &mut Ctx<'_>, at: &At<String>) -> Option<u64> {
    let text = at.value.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let times: Option<u64> = match unit.trim() {
        "MB" => Some(1_000_000),
        "GB" => Some(GIGABYTE),
        "TB" => Some(1_000 * GIGABYTE),
        _ => None,
    };
    let bytes = times.and_then(|times| number.parse::<u64>().ok()?.checked_mul(times));
    let problem = match bytes {
        None => Problem::error(
            at.span.clone(),
            format!("max_billed = {:?} is no number of bytes", at.value),
        )
        .help("write a whole number with MB, GB or TB, such as \"1GB\""),
        Some(bytes) if bytes < LEAST_BILLED => Problem::error(
            at.span.clone(),
            "max_billed is less than what BigQuery bills for any query",
        )
        .help("at least \"10MB\"; \"1GB\" is the default"),
        Some(bytes) => return Some(bytes),
    };
    ctx.push(problem);
    None
}
