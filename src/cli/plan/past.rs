//! `haltline plan --from-history`: limits from what the journal knows of an app's past versions, as a policy to keep.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::table::wrapped;
use crate::cli::args::PlanArgs;
use crate::cli::exit::Exit;
use crate::cli::{load, say};
use crate::config::{AppConfig, Surroundings};
use crate::domain::{AppId, Metric, PlainText, SourceId, Timestamp};
use crate::journal::{Access, SqliteJournal};
use crate::policy::explain::{count, percent, times};
use crate::policy::planner::history::{Digest, PastVersion, Proposal, propose as limits};
use crate::policy::written;
use crate::ports::{Journal, JournalError};

/// Characters of a line of the comment.
const WIDTH: usize = 98;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    app: &'a AppId,
    #[serde(flatten)]
    proposal: &'a Proposal,
    /// The policy, as it is printed for people.
    toml: String,
}

/// Prints a policy with its reasons as comments, or says why there is too little to go by.
pub(super) fn propose(
    path: Option<&Path>,
    args: &PlanArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let config = match load::config(path, around) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let wrong = |what: &str| {
        say::err(&format!("haltline: {what}"));
        Ok(Exit::Usage)
    };
    let app = match (&args.app, config.apps.as_slice()) {
        (None, [only]) => only,
        (None, _) => return wrong("the config has several apps: say whose past with --app"),
        (Some(wanted), apps) => {
            if let Err(exit) = load::known(&wanted.0, apps.iter().map(|app| &app.id)) {
                return Ok(exit);
            }
            match apps.iter().find(|app| app.id == wanted.0) {
                Some(app) => app,
                None => return Ok(Exit::Usage),
            }
        }
    };
    let metric = &args.world.metric;
    if metric.counts_users() || !metric.is_good_share() {
        return wrong(&format!(
            "limits are proposed for shares of good sessions, such as crash_free_sessions; not for {metric}"
        ));
    }
    let state = &config.watcher.state;
    if !SqliteJournal::exists(state) {
        return wrong(&format!(
            "there is no journal in {} yet: run haltline watch for some releases first",
            state.display()
        ));
    }
    let journal = SqliteJournal::open(state, Access::ReadOnly)?;
    let proposal = match limits(metric, &past(&journal, app, metric)?) {
        Ok(proposal) => proposal,
        Err(too_little) => {
            say::err(&format!("haltline: {}: {too_little}", app.id));
            return Ok(Exit::Refused);
        }
    };
    let toml = policy(&app.id, &proposal);
    if args.json {
        say::json(&Document {
            schema: "haltline/plan-history/v1",
            app: &app.id,
            proposal: &proposal,
            toml,
        });
    } else {
        say::out(toml.trim_end());
    }
    Ok(Exit::Fine)
}

/// All that the journal has of the metric, from the first source of the config that it has any of.
fn past(
    journal: &dyn Journal,
    app: &AppConfig,
    metric: &Metric,
) -> Result<Vec<PastVersion>, JournalError> {
    let versions = journal.versions(&app.id)?;
    let all = Timestamp::UNIX_EPOCH;
    let series = journal.readings(
        &app.id,
        &versions,
        Some(std::slice::from_ref(metric)),
        all,
        None,
    )?;
    let rank = |source: &SourceId| {
        let known = app.health.iter().position(|health| health.id == *source);
        (known.unwrap_or(usize::MAX), source.clone())
    };
    let sources = series.iter().map(|series| rank(&series.source));
    let first = sources.min();
    let of = |version: &String| {
        let own = series
            .iter()
            .filter(|series| series.version == *version && Some(rank(&series.source)) == first);
        let windows = own.flat_map(|series| &series.windows);
        PastVersion {
            version: PlainText::new(version),
            windows: windows
                .map(|window| (window.start, window.counts))
                .collect(),
        }
    };
    Ok(versions.iter().map(of).collect())
}

/// A policy file that says of each limit where it comes from.
fn policy(app: &AppId, found: &Proposal) -> String {
    let mut out = String::new();
    for line in reasons(app, found) {
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
    }
    let description = format!(
        "limits of {app}'s own past: pause below {}, halt below {}",
        percent(1.0 - found.pause_above),
        percent(1.0 - found.halt_above)
    );
    let description = toml::Value::from(description);
    // Writing to a string cannot fail.
    let _infallible = writeln!(out, "description = {description}");
    for rule in found.rules() {
        out.push('\n');
        out.push_str(&written::rule_toml(&rule));
    }
    out
}

fn reasons(app: &AppId, found: &Proposal) -> Vec<String> {
    let good = |failing: f64| percent(1.0 - failing);
    let days: usize = found.versions.iter().map(|version| version.days).sum();
    let mut lines = vec![
        format!(
            "Proposed from the past of {app}: {}, {} versions, {days} days that count.",
            found.metric.label(),
            found.versions.len()
        ),
        String::new(),
        format!(
            "{:<16} {:<10} {:<10} {:>4} {:>9} {:>9} {:>9} {:>5}",
            "version", "from", "to", "days", "median", "worst 10%", "best 10%", "φ"
        ),
    ];
    lines.extend(found.versions.iter().map(row));
    lines.push(String::new());
    let clustering = match found.phi {
        Some(phi) => format!(
            "Clusters: the hours of a version vary {phi:.1} times as much as failures by themselves would have it."
        ),
        None => "Clusters: not known, since no version has a hundred hours.".to_owned(),
    };
    let prose = [
        format!(
            "A median version has {} in a median day, and one day in ten is at {} or below.",
            good(found.median),
            good(found.bad_day)
        ),
        format!(
            "Floors: pause below {}, which is {} the failures of a median day and clear of bad ones; halt below {}. The \
             industry starts at 99.85% and 99.5%, 3 and 10 times the failures of an app at 99.95%.",
            good(found.pause_above),
            times(found.pause_above / found.median),
            good(found.halt_above)
        ),
        format!(
            "Ratios: with nobody at fault, one version has up to {} the failures of another. A pause begins beyond {}, never \
             below the recommended 1.25×; a halt beyond {}.",
            times(found.apart),
            times(found.pause_ratio),
            times(found.halt_ratio)
        ),
        clustering,
        "What these limits see, once they are in a file:".to_owned(),
    ];
    lines.extend(prose.iter().flat_map(|text| wrapped(text, WIDTH, "")));
    lines.push(format!(
        "  haltline policy check FILE --sessions-per-day {:.0} --baseline {}{}",
        found.per_day,
        good(found.median),
        found
            .phi
            .map_or_else(String::new, |phi| format!(" --clustering {phi:.1}"))
    ));
    lines
}

fn row(version: &Digest) -> String {
    let good = |failing: f64| percent(1.0 - failing);
    format!(
        "{:<16} {} {} {:>4} {:>9} {:>9} {:>9} {:>5}",
        version.version,
        version.first,
        version.last,
        count(version.days as u64),
        good(version.median),
        good(version.bad_day),
        good(version.good_day),
        version
            .phi
            .map_or_else(|| "–".into(), |phi| format!("{phi:.1}"))
    )
}
