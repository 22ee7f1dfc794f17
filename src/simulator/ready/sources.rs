//! `[[app.health]]` of the ready config, kind by kind.

use super::{ORGANIZATION, PLAY_KEY, promql, quoted, token_file};
use crate::simulator::fault::Vendor;
use crate::simulator::launch::Urls;
use crate::simulator::prometheus::APP_ID;
use crate::simulator::scenario::AppPlan;
use crate::simulator::{Keys, big_query, crashlytics};

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
             release = \"{{package}}@{{version}}+{{build}}\"\n{}{}",
            from(Vendor::Sentry),
            spans(app),
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
        _ => String::new(),
    };
    format!("\n[[app.health]]\nkind = {}\n{rest}", quoted(kind))
}

/// What Sentry's spans are asked for, of an app that is traced.
fn spans(app: &AppPlan) -> String {
    let journeys = app.journeys();
    if journeys.is_empty() {
        return String::new();
    }
    let mut text = "slow_cold_start = \"5s\"\nslow_request = \"2s\"\n".to_owned();
    for name in journeys {
        let started = format!("span.op:journey span.description:\"{name}\"");
        text += &format!(
            "[app.health.journey.{}]\nstarted = {}\ncompleted = {}\n",
            quoted(name),
            quoted(&started),
            quoted(&format!("{started} span.status:ok")),
        );
    }
    text
}
