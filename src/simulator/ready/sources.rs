//! `[[app.health]]` of the ready config, kind by kind.

use super::{ORGANIZATION, PLAY_KEY, quoted, token_file};
use crate::simulator::fault::Vendor;
use crate::simulator::launch::Urls;
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
        "crashlytics" => format!(
            "application = {}\n{}",
            quoted(&crashlytics::application(app)),
            signed_in(Vendor::Crashlytics)
        ),
        "crashlytics-bigquery" => format!(
            "project = \"{}\"\nstrata = [\"os\"]\n{}",
            big_query::PROJECT,
            signed_in(Vendor::BigQuery)
        ),
        _ => String::new(),
    };
    format!("\n[[app.health]]\nkind = {}\n{rest}", quoted(kind))
}
