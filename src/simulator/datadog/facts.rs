//! What RUM knows of each event: its attributes, as the mobile SDKs send them.

use super::search::{Query, Wanted};
use crate::domain::StoreKind;
use crate::simulator::events::{Ended, Event, Happened};
use crate::simulator::scenario::AppPlan;

pub(super) const LOADING_TIME: &str = "@action.loading_time";
pub(super) const DURATION: &str = "@resource.duration";

/// Attributes of who had a session.
pub(super) const STRATA: [&str; 3] = ["@os.version_major", "@geo.country_iso_code", "@device.type"];

/// How an app of the simulated world tells the SDK its version.
pub(super) fn version(event: &Event<'_>) -> String {
    format!("{}+{}", event.version.name, event.version.build)
}

/// A session leaves an event of its own, and one of the error that it ended with.
pub(super) fn types(event: &Event<'_>) -> &'static [&'static str] {
    match event.what {
        Happened::Session(Ended::Well) => &["session"],
        Happened::Session(_) => &["session", "error"],
        Happened::ColdStart { .. } | Happened::Journey { .. } => &["action"],
        Happened::Request { .. } => &["resource"],
    }
}

/// An attribute of an event of this type.
pub(super) fn attribute(app: &AppPlan, event: &Event<'_>, kind: &str, key: &str) -> Option<String> {
    let ended = match event.what {
        Happened::Session(ended) => Some(ended),
        _ => None,
    };
    let error = kind == "error";
    let text = match key {
        "@type" => kind.to_owned(),
        "@application.id" => app.id.to_string(),
        "@session.type" => "user".to_owned(),
        "env" => "production".to_owned(),
        "version" => version(event),
        "@os.version_major" => event.stratum.get("os")?.clone(),
        "@geo.country_iso_code" => event.stratum.get("country")?.clone(),
        "@device.type" => event.stratum.get("device")?.clone(),
        "@session.error.count" if kind == "session" => {
            u8::from(ended != Some(Ended::Well)).to_string()
        }
        "@error.is_crash" if error => (ended == Some(Ended::Crashed)).to_string(),
        "@error.category" if error => match (ended, app.store) {
            (Some(Ended::Frozen), StoreKind::GooglePlay) => "ANR".to_owned(),
            (Some(Ended::Frozen), StoreKind::AppStore) => "App Hang".to_owned(),
            _ => "Exception".to_owned(),
        },
        "@action.type" => match event.what {
            Happened::ColdStart { .. } => "application_start".to_owned(),
            Happened::Journey { .. } => "custom".to_owned(),
            _ => return None,
        },
        "@action.name" => match &event.what {
            Happened::Journey { name, completed } => {
                format!(
                    "{name}_{}",
                    if *completed { "completed" } else { "started" }
                )
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(text)
}

/// Whether an event of this type matches. `slow` events are those above the bound that the query itself names.
pub(super) fn matches(app: &AppPlan, event: &Event<'_>, kind: &str, query: &Query) -> bool {
    query.matches(&|key, wanted| match (key, wanted, &event.what) {
        (LOADING_TIME, Wanted::Above(_), Happened::ColdStart { slow })
        | (DURATION, Wanted::Above(_), Happened::Request { slow }) => *slow,
        _ => attribute(app, event, kind, key).is_some_and(|value| wanted.text(&value)),
    })
}
