//! `[[app.health]]` of the ready config, kind by kind.

use super::{ORGANIZATION, PLAY_KEY, promql, quoted, token_file};
use crate::simulator::fault::Vendor;
use crate::simulator::launch::Urls;
use crate::simulator::prometheus::APP_ID;
use crate::simulator::scenario::{AppPlan, StratumPlan};
use crate::simulator::{Keys, big_query, crashlytics};
use std::collections::BTreeSet;

use crate::simulator::new_relic::ACCOUNT as NEW_RELIC_ACCOUNT;

/// Where Datadog's second key lies.
pub(super) const DATADOG_APP_KEY: &str = "datadog-app.token";

/// The kinds of strata of the app's users that a collector of events can tell.
fn strata(app: &AppPlan) -> String {
    let known = |plan: &StratumPlan| {
        let kinds = [
            ("country", plan.country.is_some()),
            ("device", plan.device.is_some()),
            ("os", plan.os.is_some()),
        ];
        kinds
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(kind, _)| kind)
    };
    let kinds: BTreeSet<&str> = app.strata.iter().flat_map(known).collect();
    if kinds.is_empty() {
        return String::new();
    }
    let kinds: Vec<String> = kinds.into_iter().map(quoted).collect();
    format!("strata = [{}]\n", kinds.join(", "))
}

/// `[app.health.journey.NAME]` of every journey that some version has; `query` makes begun and completed of a name.
fn journeys(app: &AppPlan, query: impl Fn(&str, &str) -> String) -> String {
    let names: BTreeSet<&String> = app
        .versions
        .iter()
        .flat_map(|v| v.journeys.keys())
        .collect();
    let tables = names.into_iter().map(|name| {
        format!(
            "[app.health.journey.{name}]\nstarted = {}\ncompleted = {}\n",
            quoted(&query(name, "started")),
            quoted(&query(name, "completed")),
        )
    });
    tables.collect()
}

/// The table of one kind; a kind that there is no vendor of is left to the config's checks.
pub(super) fn table(kind: &str, app: &AppPlan, urls: &Urls, _keys: &Keys) -> String {
    let id = quoted(app.id.as_str());
    let from = |vendor| {
        format!(
            "token = \"file:{}\"\nbase_url = {}\n",
            token_file(vendor),
            quoted(urls.of(vendor))
        )
    };
    // Google's sources have the key of the app's store.
    let base_url = |vendor| format!("base_url = {}\n", quoted(urls.of(vendor)));
    let signed_in = |vendor| {
        format!(
            "credentials = \"file:{PLAY_KEY}\"\nbase_url = {}\n",
            quoted(urls.of(vendor))
        )
    };
    let rest = match kind {
        "sentry" => format!(
            "organization = \"{ORGANIZATION}\"\nproject = {id}\n\
             release = \"{{package}}@{{version}}+{{build}}\"\n{}",
            from(Vendor::Sentry)
        ),
        "play-vitals" => base_url(Vendor::PlayReporting),
        // Credentials and address are the store's.
        "app-store-reviews" => format!("lookup_url = {}\n", quoted(urls.of(Vendor::AppleLookup))),
        "crashlytics" => format!(
            "application = {}\n{}",
            quoted(&crashlytics::application(app)),
            signed_in(Vendor::Crashlytics)
        ),
        "crashlytics-bigquery" => format!(
            "project = \"{}\"\n{}",
            big_query::PROJECT,
            signed_in(Vendor::BigQuery)
        ),
        "prometheus" => format!("{}{}", from(Vendor::Prometheus), promql::tables(app)),
        "embrace" => format!(
            "application = {}\n{}",
            quoted(APP_ID),
            from(Vendor::Prometheus).replace(
                &quoted(urls.of(Vendor::Prometheus)),
                &quoted(&format!("{}/metrics", urls.of(Vendor::Prometheus)))
            )
        ),
        "datadog" => format!(
            "application = {id}\nrelease = \"{{version}}+{{build}}\"\napp_key = \"file:{DATADOG_APP_KEY}\"\n{}{}{}",
            from(Vendor::Datadog),
            strata(app),
            journeys(app, |name, end| format!(
                "@type:action @action.name:{name}_{end}"
            )),
        ),
        "new-relic" => format!(
            "account = {NEW_RELIC_ACCOUNT}\napplication = {}\n{}{}{}",
            quoted(&app.name),
            from(Vendor::NewRelic),
            strata(app),
            journeys(app, |name, end| format!(
                "MobileUserAction WHERE name = '{name}_{end}'"
            )),
        ),
        _ => String::new(),
    };
    format!("\n[[app.health]]\nkind = {}\n{rest}", quoted(kind))
}
