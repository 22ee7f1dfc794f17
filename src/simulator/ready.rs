//! The ready `haltline.toml` of a running simulator, with keys and tokens beside it: what haltline itself, or any other
//! client of the vendors, needs to be run against the simulated world.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use toml::Table;

use super::Keys;
use super::fault::Vendor;
use super::launch::Urls;
use super::scenario::{AppPlan, READY_POLICY, Scenario};
use crate::domain::StoreKind;

mod promql;
mod sources;

const PLAY_KEY: &str = "play.json";
/// Organization of the fake Sentry; its projects are called like the apps.
pub const ORGANIZATION: &str = "acme";

/// Writes the files into `dir` (made where there is none), readable by their owner alone; the path of the config.
pub(super) fn write(
    dir: &Path,
    scenario: &Scenario,
    urls: &Urls,
    keys: &Keys,
    shared_clock: bool,
) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let p8 = format!("AuthKey_{}.p8", keys.app_store.key_id);
    let account = keys
        .service_account
        .key_file(&format!("{}/token", urls.google_play));
    put(&dir.join(PLAY_KEY), &account)?;
    put(&dir.join(&p8), &keys.app_store.p8)?;
    for vendor in Vendor::ALL {
        let path = dir.join(token_file(vendor));
        put(&path, &format!("{}\n", keys.token(vendor)))?;
    }
    let app_key = format!("{}\n", keys.datadog_app_key());
    put(&dir.join(sources::DATADOG_APP_KEY), &app_key)?;

    put(&dir.join(sources::PROGRAM), &sources::program())?;

    let mut text = format!(
        "# {}\n\n[watcher]\npoll = {}\nstate = {}\n",
        scenario.description,
        span(scenario.watch.poll.0),
        quoted(&dir.join("state").to_string_lossy()),
    );
    if shared_clock {
        text = format!("{text}clock = {}\n", quoted(&urls.control));
    }
    for app in &scenario.apps {
        text += &app_table(app, &scenario.watch.app, urls, keys, &p8);
        for kind in &scenario.watch.health {
            let own = format!("[[app.health]]\n{}", lines(&scenario.watch.source));
            text += &sources::table(kind, app, urls).replacen("[[app.health]]\n", &own, 1);
        }
    }
    text += &policy(scenario);
    text.push('\n');
    text.push_str(&scenario.watch.config);
    let path = dir.join("haltline.toml");
    put(&path, &text)?;
    Ok(path)
}

/// Where a vendor's token lies, beside the config.
fn token_file(vendor: Vendor) -> String {
    format!("{}.token", vendor.key().replace('_', "-"))
}

fn app_table(app: &AppPlan, of_all: &Table, urls: &Urls, keys: &Keys, p8: &str) -> String {
    let store = match app.store {
        StoreKind::GooglePlay => format!(
            "package = {}\ntrack = {}\ncredentials = \"file:{PLAY_KEY}\"\nbase_url = {}\n",
            quoted(&app.package),
            quoted(&app.track),
            quoted(&urls.google_play),
        ),
        StoreKind::AppStore => format!(
            "bundle_id = {}\ncredentials = \"file:{p8}\"\nkey_id = {}\nissuer_id = {}\nbase_url = {}\n",
            quoted(&app.package),
            quoted(&keys.app_store.key_id),
            quoted(&keys.app_store.issuer_id),
            quoted(&urls.app_store),
        ),
    };
    let kind = app.store.word();
    let mut own = Table::from_iter([("policy".to_owned(), READY_POLICY.into())]);
    own.extend(of_all.clone());
    own.extend(app.watch.clone());
    let own = lines(&own);
    format!(
        "\n[[app]]\nid = {id}\nname = {name}\n{own}\n[app.store]\nkind = \"{kind}\"\n{store}",
        id = quoted(app.id.as_str()),
        name = quoted(&app.name),
    )
}

fn policy(scenario: &Scenario) -> String {
    let grace = span(scenario.watch.grace.0);
    let rule = |id: &str, floor: &str, action: &str| {
        format!(
            "\n[[policy.{READY_POLICY}.rule]]\nid = \"{id}\"\nmetric = \"crash_free_sessions\"\nfloor = \"{floor}\"\n\
             action = \"{action}\"\ngrace = {grace}\n"
        )
    };
    let mut text = format!(
        "\n[policy.{READY_POLICY}]\ndescription = {}\n",
        quoted(&format!("for the scenario {}", scenario.name))
    );
    text += &rule("crash-free-floor", "99.85%", "pause");
    text += &rule("crash-free-limit", "99.50%", "halt");
    let watch = &scenario.watch;
    for (kind, tables) in [
        ("rule", &watch.rules),
        ("stage", &watch.stages),
        ("tier", &watch.tiers),
    ] {
        let written = |table| format!("\n[[policy.{READY_POLICY}.{kind}]]\n{}", lines(table));
        text.extend(tables.iter().map(written));
    }
    text
}

/// A table's content, each value on its key's line: what is below a header stays below it.
fn lines(table: &Table) -> String {
    let line = |(key, value)| format!("{key} = {value}\n");
    table.iter().map(line).collect()
}

fn span(span: TimeDelta) -> String {
    quoted(&humantime::format_duration(span.to_std().unwrap_or_default()).to_string())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Writes a file that only its owner may read, in place of one that is there.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
