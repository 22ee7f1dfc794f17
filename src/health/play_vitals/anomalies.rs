//! What Google itself finds unusual, as notes: it says no more than that something became worse than expected.

use chrono::TimeDelta;

use crate::domain::{PlainText, Timestamp};

use super::api::Api;
use super::error::VitalsError;
use super::poll::About;
use super::sets::VERSION;
use super::time::{Period, instant};
use super::wire::AnomalyBody;

/// How long ago it may have ended.
const LATELY: TimeDelta = TimeDelta::days(3);
const MOST: usize = 3;

/// Those of the versions asked about, and those of no version in particular.
pub(super) async fn since(
    api: &Api,
    about: &About,
    now: Timestamp,
) -> Result<Vec<PlainText>, VitalsError> {
    let found = api.anomalies(now - LATELY).await?.anomalies;
    let ours = found.iter().filter(|anomaly| {
        let mut versions = anomaly
            .dimensions
            .iter()
            .filter(|it| it.dimension == VERSION);
        versions.all(|version| about.owners.contains_key(&version.text()))
    });
    Ok(ours.take(MOST).map(note).collect())
}

fn note(anomaly: &AnomalyBody) -> PlainText {
    let values = anomaly.dimensions.iter();
    let values: Vec<String> = values
        .map(|it| format!("{} {}", it.dimension, it.text()))
        .collect();
    let of = if values.is_empty() {
        String::new()
    } else {
        format!(" of {}", values.join(", "))
    };
    let value = anomaly.metric.decimal_value.map(|value| value.0);
    let value = value.map_or_else(String::new, |value| format!(", {:.2} %", value * 100.0));
    let since = instant(&anomaly.timeline_spec.start_time, Period::Days);
    let since = since.map_or_else(String::new, |at| at.format(" since %Y-%m-%d").to_string());
    format!(
        "Google Play finds {}{of} unusually bad{since}{value}",
        anomaly.metric.metric
    )
    .into()
}
