//! The public lookup's answer: the rating that the store shows in one country.

use serde::Deserialize;

use crate::domain::{Level, Metric, Timestamp, Unit, Version};

/// `resultCount` and `results`; no result is an app that this country does not have.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rating {
    results: Vec<App>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct App {
    /// The version on sale.
    version: Option<String>,
    average_user_rating_for_current_version: Option<f64>,
    user_rating_count_for_current_version: Option<u64>,
}

impl Rating {
    /// `level:store_rating`, under the version on sale where it is one of `of`: what people see who look at its page. `None`
    /// where nobody has rated, or another version is on sale; `Err` says why there is none at all.
    pub(super) fn level(
        &self,
        of: &[Version],
        now: Timestamp,
    ) -> Result<Option<Level>, &'static str> {
        let app = self.results.first();
        let app = app.ok_or("Apple's lookup does not find the app in this country")?;
        let on_sale = app.version.as_deref().unwrap_or_default();
        let is = |version: &&Version| version.name.as_ref().is_some_and(|n| n.as_str() == on_sale);
        let (Some(version), Some(value), Some(count)) = (
            of.iter().find(is),
            app.average_user_rating_for_current_version,
            app.user_rating_count_for_current_version,
        ) else {
            return Ok(None);
        };
        // An app that nobody has rated has a rating of 0.
        let rated = count > 0 && (1.0..=5.0).contains(&value);
        Ok(rated.then(|| Level {
            metric: Metric::Level("store_rating".into()),
            version: version.key(),
            value,
            unit: Unit::Plain,
            trials: Some(count),
            start: now,
            seconds: 0,
        }))
    }
}
