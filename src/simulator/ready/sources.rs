//! `[[app.health]]` of the ready config, kind by kind.

use std::collections::BTreeSet;

use super::{ORGANIZATION, PLAY_KEY, promql, quoted, token_file};
use crate::simulator::fault::Vendor;
use crate::simulator::http_json::TOKEN_HEADER;
use crate::simulator::launch::Urls;
use crate::simulator::new_relic::ACCOUNT as NEW_RELIC_ACCOUNT;
use crate::simulator::prometheus::APP_ID;
use crate::simulator::scenario::{AppPlan, StratumPlan};
use crate::simulator::{big_query, bugsnag, crashlytics};

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

/// The program of a source `exec`, beside the config.
pub(super) const PROGRAM: &str = "windows.sh";

/// Asks for a document of windows and prints it. It needs no more than bash: not every machine has an HTTP client.
pub(super) fn program() -> String {
    format!(
        r#"# What is wanted is in the environment; what is found goes to standard output.
at=$1 app=$2
query="version=${{HALTLINE_VERSION//+/%2B}}&baseline=${{HALTLINE_BASELINE//+/%2B}}&since=${{HALTLINE_SINCE//+/%2B}}"
exec 3<>"/dev/tcp/${{at%:*}}/${{at##*:}}" || exit 1
printf 'GET /apps/%s/windows?%s HTTP/1.0\r\nHost: %s\r\n{TOKEN_HEADER}: %s\r\n\r\n' "$app" "$query" "$at" "$TOKEN" >&3
read -r -u 3 _ status _
while read -r -u 3 line && [ "$line" != $'\r' ]; do :; done
[ "$status" = 200 ] || {{ echo "the server answered $status" >&2; exit 1; }}
cat <&3
"#
    )
}

/// The table of one kind; a kind that there is no vendor of is left to the config's checks.
pub(super) fn table(kind: &str, app: &AppPlan, urls: &Urls) -> String {
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
        "bugsnag" => format!(
            "project = {}\n{}",
            quoted(&bugsnag::project_of(app.id.as_str())),
            from(Vendor::Bugsnag)
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
            "project = \"{}\"\nstrata = [\"os\"]\n{}",
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
        "http-json" => format!(
            "url = {}\nheaders = {{ {TOKEN_HEADER} = \"file:{}\" }}\n\
             metric.crash_free_sessions = {{ failures = \"/figures/sessions/crashed\", trials = \"/figures/sessions/all\" }}\n\
             metric.slow_cold_starts = {{ failures = \"/figures/cold_starts/slow\", trials = \"/figures/cold_starts/all\" }}\n\
             metric.\"level:cold_start_p99\" = {{ value = \"/figures/cold_starts/p99_ms\", unit = \"milliseconds\" }}\n",
            quoted(&format!(
                "{}/apps/{}/figures?build={{build}}&start={{start}}&end={{end}}",
                urls.of(Vendor::HttpJson),
                app.id
            )),
            token_file(Vendor::HttpJson)
        ),
        // A program that asks the server above, as one of a team's own would ask its warehouse.
        "exec" => format!(
            "run = [\"bash\", {}, {}, {id}]\nenv = {{ TOKEN = \"file:{}\" }}\n",
            quoted(PROGRAM),
            quoted(urls.of(Vendor::HttpJson).trim_start_matches("http://")),
            token_file(Vendor::HttpJson)
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
    let table = |name: &str| {
        let started = format!("span.op:journey span.description:\"{name}\"");
        format!(
            "[app.health.journey.{}]\nstarted = {}\ncompleted = {}\n",
            quoted(name),
            quoted(&started),
            quoted(&format!("{started} span.status:ok")),
        )
    };
    let tables: Vec<String> = journeys.into_iter().map(table).collect();
    format!(
        "slow_cold_start = \"5s\"\nslow_request = \"2s\"\n{}",
        tables.concat()
    )
}
