//! One poll: builds and their sums, then the top errors. Without the latter the report says in a note what is missing.

use crate::domain::{Counts, Metric, PlainText, SourceReport};
use crate::health::silence::is_silence;
use crate::health::totals::Counter;
use crate::ports::HealthQuery;

use super::Bugsnag;
use super::builds::{Builds, label};
use super::error::BugsnagError;
use super::wire::ReleaseBody;

impl Bugsnag {
    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, BugsnagError> {
        let key = query.version.key();
        let builds = self.builds(query).await?;
        let mut report = SourceReport {
            read_through: Some(query.now),
            shares: builds.shares(),
            ..SourceReport::default()
        };
        self.sums(query, &builds, &mut report);
        let own = || builds.of(&key);
        report.first_session = own().filter_map(|release| release.release_time).min();
        report.past_from = report.first_session;
        let name = own().map(|release| release.app_version.as_str()).next();
        report.version_name = query.version.name.clone().or(name.map(PlainText::new));
        if own().next().is_none() {
            report.notes.push(self.unknown(query, &builds));
            return Ok(report);
        }
        if builds.more {
            let note = "adoption is among the newest builds that Bugsnag lists; sessions of older ones are not in it";
            report.notes.push(note.into());
        }
        match self.top(query).await {
            Ok(issues) => report.issues = issues,
            Err(error) => {
                let note = format!("no top errors: {}", error.into_failure());
                report.notes.push(note.into());
            }
        }
        Ok(report)
    }

    /// Windows out of the sums of the builds.
    fn sums(&self, query: &HealthQuery, builds: &Builds, report: &mut SourceReport) {
        let counters: Vec<Counter> = builds
            .all
            .iter()
            .flat_map(|(release, owner)| counters(release, owner.as_ref()))
            .collect();
        let mut memory = self.memory();
        let look = memory
            .marks
            .look(&counters, &query.version.key(), query.now);
        report.totals = memory.marks.totals();
        report.readings = look.readings;
        report.notes.extend(look.notes);
        let compared = builds.all.iter().filter(|(_, owner)| owner.is_some());
        let a_day = compared
            .filter_map(|(release, _)| release.sessions_count_in_last_24h)
            .fold(0_u64, u64::saturating_add);
        if let Some(still) = look.still_since
            && is_silence(a_day as f64, query.now - still)
        {
            report.read_through = Some(still);
            let since = still.format("%Y-%m-%d %H:%M UTC");
            let note = format!(
                "no session since {since}, where there are {a_day} a day: Bugsnag takes none in, or does not show them"
            );
            report.notes.push(note.into());
        }
        let own = builds.all.iter().filter(|(_, owner)| owner.is_some());
        if own.clone().count() > 0 && counters.iter().all(|counter| counter.version.is_none()) {
            let note =
                "Bugsnag gives no counts of sessions: the plan has none, or the app reports none";
            report.notes.push(note.into());
        } else if !counters.is_empty() {
            let note = "every session with an unhandled error counts as crashed: Bugsnag does not tell ANRs apart, nor what else the app reports as unhandled";
            report.notes.push(note.into());
        }
    }

    fn unknown(&self, query: &HealthQuery, builds: &Builds) -> PlainText {
        let newest: Vec<PlainText> = builds.all.iter().take(3).map(|(it, _)| label(it)).collect();
        let newest = match newest.as_slice() {
            [] => "it has none at all".to_owned(),
            labels => {
                let labels: Vec<&str> = labels.iter().map(PlainText::as_str).collect();
                format!("the newest are {}", labels.join(", "))
            }
        };
        format!(
            "Bugsnag has no build {} in the stage {}; {newest}",
            query.version, self.stage
        )
        .into()
    }
}

/// What is unhandled is crashes, ANRs and whatever else the app reports as such: exactly the sessions that were frustrating, and
/// at least those that crashed. Where Bugsnag gives no counts there are none.
fn counters(release: &ReleaseBody, owner: Option<&String>) -> Vec<Counter> {
    let counts = release
        .total_sessions_count
        .zip(release.unhandled_sessions_count);
    let Some((trials, failures)) = counts else {
        return Vec::new();
    };
    [Metric::CrashFreeSessions, Metric::FrustrationFreeSessions]
        .map(|metric| Counter {
            metric,
            of: PlainText::new(&release.id),
            version: owner.cloned(),
            since: release.release_time,
            counts: Counts { trials, failures },
        })
        .into()
}
