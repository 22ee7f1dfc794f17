//! Users per UTC day: how many there were, how many met a crash or a freeze.
//!
//! Distinct users cannot be added up over windows. Those of several releases of one version are added: hardly anybody has two
//! builds of it on one day.

use std::collections::BTreeMap;

use crate::domain::{Metric, Reading, Timestamp};

use super::collector::{Of, Question, Range, What};
use super::error::RumError;
use super::poll::Poll;
use super::releases::Owners;
use super::windows::{self, DAY, Share, Tally};

impl Poll<'_> {
    pub(super) async fn users(&mut self, owners: &Owners, (from, to): Range) {
        let days = (windows::floor(from, DAY), to);
        match self.users_of(owners, days).await {
            Ok(readings) => self.report.readings.extend(readings),
            Err(error) => self.missing("users", error),
        }
    }

    /// Readings of these whole days; the last one may be running.
    pub(super) async fn users_of(
        &mut self,
        owners: &Owners,
        days: Range,
    ) -> Result<Vec<Reading>, RumError> {
        let mut whats = vec![What::Sessions, What::Users];
        if !self.unseen.contains(&What::Crashed) {
            whats.extend([What::Crashed, What::CrashedUsers]);
        }
        // ANRs are Android's; a version with a name is one of the App Store.
        let frozen = self.rum.collector.knows(&What::FrozenUsers);
        let android = self.query.version.name.is_none();
        if frozen && android && !self.unseen.contains(&What::Frozen) {
            whats.push(What::FrozenUsers);
        }
        let questions: Vec<Question> = windows::cut(days, DAY)
            .into_iter()
            .flat_map(|(range, width)| {
                whats.iter().map(move |what| Question {
                    what: what.clone(),
                    of: Of::Named(owners.keys().cloned().collect()),
                    by: Vec::new(),
                    range,
                    step: Some(width),
                })
            })
            .collect();
        let mut tallies = BTreeMap::<What, Tally>::new();
        let answers = self.rum.collector.ask(&questions).await;
        for (question, answer) in questions.iter().zip(answers) {
            let tally = tallies.entry(question.what.clone()).or_default();
            for row in answer? {
                if let Some(version) = owners.get(&row.release) {
                    let key = (version.clone(), String::new(), row.start, DAY);
                    *tally.entry(key).or_default() += row.count();
                }
            }
        }
        Ok(self.believable(&tallies))
    }

    /// A user has a session at least, and a crashed one a crashed session: a count beyond that is of something else (distinct
    /// users over all versions have been seen in the place of the filtered ones), and worth nothing.
    fn believable(&mut self, tallies: &BTreeMap<What, Tally>) -> Vec<Reading> {
        let nothing = Tally::new();
        let of = |what: &What| tallies.get(what).unwrap_or(&nothing);
        let more = |part: &What, whole: &What| {
            let whole = of(whole);
            let most = |n: u64| n + n / 20 + 5;
            let beyond = |(key, count): (&(String, String, Timestamp, _), &u64)| {
                *count > most(whole.get(key).copied().unwrap_or(0))
            };
            of(part).iter().any(beyond)
        };
        let vendor = self.rum.collector.name();
        if more(&What::Users, &What::Sessions) || more(&What::CrashedUsers, &What::Crashed) {
            let note = format!("{vendor} counts more users than sessions: its users are not read");
            self.report.notes.push(note.into());
            return Vec::new();
        }
        if of(&What::Users).values().all(|users| *users == 0) {
            let note = format!("{vendor} knows no users of these versions: does the app set them?");
            self.report.notes.push(note.into());
        }
        let pairs = [
            (Metric::CrashFreeUsers, What::CrashedUsers),
            (Metric::AnrFreeUsers, What::FrozenUsers),
        ];
        let asked = pairs
            .into_iter()
            .filter(|(_, failures)| tallies.contains_key(failures));
        asked
            .flat_map(|(metric, failures)| {
                let share = Share {
                    metric,
                    trials: What::Users,
                    failures: failures.clone(),
                };
                windows::readings(&share, of(&What::Users), of(&failures))
            })
            .collect()
    }
}
