//! What the baseline was before the new version came: its hours and days of two weeks, asked for once a version.

use crate::domain::{Timestamp, Version};

use super::collector::{Of, Question, Range, What};
use super::error::RumError;
use super::poll::Poll;
use super::releases::{LOOK_BACK, Owners};
use super::windows::{self, COARSE, DAY, Tally};
use crate::domain::Reading;

impl Poll<'_> {
    /// Adds the past to the report of a version whose first session was at `first`.
    pub(super) async fn past(&mut self, owners: &Owners, first: Timestamp) {
        let key = self.query.baseline.as_ref().map(Version::key);
        let own = |(_, owner): &(&String, &String)| Some(*owner) == key.as_ref();
        let names: Owners = owners
            .iter()
            .filter(own)
            .map(|(name, owner)| (name.clone(), owner.clone()))
            .collect();
        let seam = windows::floor(first, COARSE);
        let read = if names.is_empty() {
            Ok(Vec::new())
        } else {
            self.before(&names, (seam - LOOK_BACK, seam)).await
        };
        match read {
            Ok(past) => {
                self.report.readings.extend(past);
                self.report.past_from = Some(seam - LOOK_BACK);
            }
            Err(error) => self.missing("past of the baseline", error),
        }
    }

    async fn before(&mut self, names: &Owners, range: Range) -> Result<Vec<Reading>, RumError> {
        let mut shares = self.metrics();
        shares.retain(|share| share.trials == What::Sessions);
        let mut past = Vec::new();
        let sessions = self.hours(&What::Sessions, names, range).await?;
        for share in &shares {
            let failures = self.hours(&share.failures, names, range).await?;
            past.extend(windows::readings(share, &sessions, &failures));
        }
        let midnight = windows::floor(range.1, DAY);
        past.extend(
            self.users_of(names, (midnight - LOOK_BACK, midnight))
                .await?,
        );
        Ok(past)
    }

    async fn hours(&self, what: &What, names: &Owners, range: Range) -> Result<Tally, RumError> {
        let question = Question {
            what: what.clone(),
            of: Of::Named(names.keys().cloned().collect()),
            by: Vec::new(),
            range,
            step: Some(COARSE),
        };
        let mut tally = Tally::new();
        for row in self.one(question).await? {
            if let Some(version) = names.get(&row.release) {
                let key = (version.clone(), String::new(), row.start, COARSE);
                *tally.entry(key).or_default() += row.count();
            }
        }
        Ok(tally)
    }
}
