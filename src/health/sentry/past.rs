//! What the baseline was before the new version came: its hours and days of two weeks.
//!
//! Evidence is divided by how clustered its failures were, and the historical test compares with them. They never change
//! any more, so they are asked for once a version. Must not reach into the time that the finer windows cover.

use crate::domain::{PlainText, Reading, SourceReport, Timestamp, Version};
use crate::ports::HealthQuery;

use super::Sentry;
use super::error::SentryError;
use super::poll::missing;
use super::releases::LOOK_BACK;
use super::users::DAY;
use super::windows::{self, COARSE, Owners, floor};

impl Sentry {
    /// Adds the past to the report of a version whose first session was at `first`. Where the server cannot give it, it is
    /// asked again at the next poll; where it refuses to, the baseline has none.
    pub(super) async fn past(
        &self,
        query: &HealthQuery,
        owners: &Owners,
        first: Timestamp,
        report: &mut SourceReport,
    ) {
        let key = query.baseline.as_ref().map(Version::key);
        let of_baseline = |(_, owner): &(&String, &String)| Some(*owner) == key.as_ref();
        let names: Owners = owners
            .iter()
            .filter(of_baseline)
            .map(|(name, owner)| (name.clone(), owner.clone()))
            .collect();
        let seam = floor(first, COARSE);
        let read = if names.is_empty() {
            Ok(Vec::new())
        } else {
            self.before(&query.version, &names, seam).await
        };
        match read {
            Ok(past) => {
                report.readings.extend(past);
                report.past_from = Some(seam - LOOK_BACK);
            }
            Err(error) => {
                if error.is_bad_request() {
                    report.past_from = Some(seam);
                }
                let note: PlainText = missing("past of the baseline", error);
                report.notes.push(note);
            }
        }
    }

    async fn before(
        &self,
        version: &Version,
        names: &Owners,
        seam: Timestamp,
    ) -> Result<Vec<Reading>, SentryError> {
        let hours = windows::read(&self.api, names, (seam - LOOK_BACK, seam), COARSE).await?;
        let mut past = windows::readings(&hours.tallies, COARSE);
        let midnight = floor(seam, DAY);
        let days = (midnight - LOOK_BACK, midnight);
        past.extend(self.users(version, names, days).await?);
        Ok(past)
    }
}
