//! `[[app.health]]` of the ready config, kind by kind.

use super::{ORGANIZATION, quoted, token_file};
use crate::simulator::fault::Vendor;
use crate::simulator::http_json::TOKEN_HEADER;
use crate::simulator::launch::Urls;
use crate::simulator::scenario::AppPlan;
use crate::simulator::{Keys, bugsnag};

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
pub(super) fn table(kind: &str, app: &AppPlan, urls: &Urls, _keys: &Keys) -> String {
    let id = quoted(app.id.as_str());
    let from = |vendor| {
        format!(
            "token = \"file:{}\"\nbase_url = {}\n",
            token_file(vendor),
            quoted(urls.of(vendor))
        )
    };
    let rest = match kind {
        "sentry" => format!(
            "organization = \"{ORGANIZATION}\"\nproject = {id}\n\
             release = \"{{package}}@{{version}}+{{build}}\"\n{}",
            from(Vendor::Sentry)
        ),
        "bugsnag" => format!(
            "project = {}\n{}",
            quoted(&bugsnag::project_of(app.id.as_str())),
            from(Vendor::Bugsnag)
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
