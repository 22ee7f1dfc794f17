//! Which releases there are, which of them are the versions asked for, since when they have sessions, and whether there are
//! crashes at all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::reading::VersionShare;
use crate::domain::{PlainText, Timestamp, Version};

use super::Rum;
use super::collector::{Of, Question, Row, What};
use super::error::RumError;
use super::poll::{Poll, builds};
use super::windows::{COARSE, DAY, FINE, floor};

/// How far back a version's first session is looked for.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// An app with so many sessions in two weeks and no crash at all does not send its crashes: at 99.99 % crash-free sessions, better
/// than nearly all apps, there is one chance in seven to have none of 20 000, and one in 22 000 of 100 000.
const SURELY_A_CRASH: u64 = 100_000;

/// Which release names belong to which version (by its key).
pub(super) type Owners = BTreeMap<String, String>;

/// The releases of the versions asked for.
pub(super) struct Found {
    pub(super) owners: Owners,
    /// Sessions of each release in the last day.
    sessions: BTreeMap<String, u64>,
    /// Of the versions compared, together.
    pub(super) sessions_a_day: u64,
    /// The hour of the version's first session, where it was looked for.
    first_hour: Option<Timestamp>,
}

impl Poll<'_> {
    /// Names once found are kept: a release without a session in the last day is still one of them.
    pub(super) async fn releases(&mut self) -> Result<Found, RumError> {
        let to = self.query.now;
        let back = (floor(to - LOOK_BACK, COARSE), to);
        let ask = |what, of, range, step| Question {
            what,
            of,
            by: Vec::new(),
            range,
            step,
        };
        let day = (to - DAY, to);
        let mut questions = vec![
            ask(What::Sessions, Of::All, day, None),
            ask(What::Users, Of::All, day, None),
        ];
        let searches = self.searches();
        for (_, versions, step) in &searches {
            let of = Of::Versions(versions.clone());
            questions.push(ask(What::Sessions, of, back, *step));
        }
        let probes: Vec<What> = self.probes();
        for what in &probes {
            questions.push(ask(what.clone(), Of::Everything, back, None));
        }
        let mut answers = self.rum.collector.ask(&questions).await.into_iter();
        let mut next = || answers.next().unwrap_or_else(|| Ok(Vec::new()));
        let (sessions, users) = (next()?, next());
        let mut seen: BTreeSet<String> = sessions.iter().map(|row| row.release.clone()).collect();
        let mut first_hour = None;
        for (key, ..) in &searches {
            let rows = next()?;
            seen.extend(rows.iter().map(|row| row.release.clone()));
            if *key == self.query.version.key() {
                let own = rows.iter().filter(|row| row.count() > 0);
                first_hour = own.map(|row| row.start).min();
            }
            self.rum.memory().searched.insert(key.clone());
        }
        let probed: Vec<_> = probes.into_iter().map(|what| (what, next())).collect();
        self.probed(probed)?;

        let owners = self.owners(&seen);
        let users = users.unwrap_or_else(|error| {
            self.missing("users of the releases", error);
            Vec::new()
        });
        let sums = |rows: &[Row]| -> BTreeMap<String, u64> {
            rows.iter()
                .map(|row| (row.release.clone(), row.count()))
                .collect()
        };
        let (sessions, users) = (sums(&sessions), sums(&users));
        self.report.shares = self.shares(&sessions, &users, &owners);
        let own = sessions
            .iter()
            .filter(|(name, _)| owners.contains_key(*name));
        Ok(Found {
            sessions_a_day: own.map(|(_, n)| n).sum(),
            owners,
            sessions,
            first_hour,
        })
    }

    /// Versions that were not looked for yet, by key; the one watched hour by hour until its first session is known.
    fn searches(&self) -> Vec<(String, Vec<Version>, Option<TimeDelta>)> {
        let memory = self.rum.memory();
        let version = &self.query.version;
        let key = version.key();
        let mut searches = Vec::new();
        if !memory.searched.contains(&key) || !memory.first_session.contains_key(&key) {
            searches.push((key, builds(version, &self.query.also), Some(COARSE)));
        }
        if let Some(baseline) = &self.query.baseline
            && !memory.searched.contains(&baseline.key())
        {
            searches.push((baseline.key(), vec![baseline.clone()], None));
        }
        // A version that the names cannot tell apart is not looked for: everything would be it.
        let told = |version: &Version| self.rum.template.pattern(version).is_some();
        searches.retain(|(_, versions, _)| versions.iter().all(told));
        searches
    }

    /// What must have happened at least once for its share to mean anything, and has not been seen yet.
    fn probes(&self) -> Vec<What> {
        let seen = &self.rum.memory().seen;
        let mut probes: Vec<What> = [What::Crashed, What::Frozen]
            .into_iter()
            .filter(|what| !seen.contains(what) && self.rum.collector.knows(what))
            .collect();
        if probes.contains(&What::Crashed) {
            probes.push(What::Sessions);
        }
        probes
    }

    fn probed(&mut self, answers: Vec<(What, Result<Vec<Row>, RumError>)>) -> Result<(), RumError> {
        let mut counts = BTreeMap::new();
        for (what, answer) in answers {
            match answer {
                Ok(rows) => drop(counts.insert(what, rows.iter().map(Row::count).sum::<u64>())),
                Err(error) if what == What::Frozen => {
                    self.unseen.insert(what);
                    self.missing("ANRs and hangs", error);
                }
                Err(error) => return Err(error),
            }
        }
        let count = |what: &What| counts.get(what).copied();
        for (what, n) in &counts {
            if *n > 0 {
                self.rum.memory().seen.insert(what.clone());
            }
        }
        if count(&What::Frozen) == Some(0) {
            self.unseen.insert(What::Frozen);
            let note = "no ANR or hang in 14 days: frustration_free_sessions and anr_free_users are not read";
            self.report.notes.push(note.into());
        }
        let sessions = count(&What::Sessions).unwrap_or(0);
        // A small app may have no crash: then it is as good as it looks.
        if count(&What::Crashed) == Some(0) && sessions >= SURELY_A_CRASH {
            self.unseen.insert(What::Crashed);
            let note = format!(
                "no crash of any release in 14 days and {sessions} sessions: crashes do not reach {}, so that crash-free \
                 sessions are not read; check that crash reporting is on in the app, and {}",
                self.rum.collector.name(),
                self.rum.collector.check(),
            );
            self.report.notes.push(note.into());
        }
        Ok(())
    }

    fn owners(&mut self, seen: &BTreeSet<String>) -> Owners {
        let version = &self.query.version;
        let baseline = self.query.baseline.as_ref();
        let baseline = baseline.map(|b| (b.key(), vec![b.clone()]));
        let watched = (version.key(), builds(version, &self.query.also));
        let mut owners = Owners::new();
        let mut memory = self.rum.memory();
        for (key, builds) in baseline.into_iter().chain([watched]) {
            let is_one = |name: &&String| {
                let template = &self.rum.template;
                builds.iter().any(|build| template.matches(name, build))
            };
            let names = memory.names.entry(key.clone()).or_default();
            names.extend(seen.iter().filter(is_one).cloned());
            if names.is_empty() && key != version.key() {
                let note = format!("no session of the baseline {key} in the last 14 days");
                self.report.notes.push(note.into());
            }
            owners.extend(names.iter().map(|name| (name.clone(), key.clone())));
        }
        owners
    }

    /// Adoption, most sessions first. The releases of one version are one share; how many users they have together nobody tells.
    fn shares(
        &self,
        sessions: &BTreeMap<String, u64>,
        users: &BTreeMap<String, u64>,
        owners: &Owners,
    ) -> Vec<VersionShare> {
        let mut shares: Vec<VersionShare> = Vec::new();
        let mut sorted: Vec<_> = sessions.iter().filter(|(_, n)| **n > 0).collect();
        sorted.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        for (release, n) in sorted {
            let version = owners.get(release).cloned();
            let same = shares
                .iter_mut()
                .find(|share| version.is_some() && share.version == version);
            if let Some(share) = same {
                share.sessions = share.sessions.saturating_add(*n);
                share.users = None;
                continue;
            }
            shares.push(VersionShare {
                label: self.rum.template.label(release),
                version,
                sessions: *n,
                users: users.get(release).copied(),
            });
        }
        shares.sort_by_key(|share| std::cmp::Reverse(share.sessions));
        shares
    }

    /// Where the windows begin: as asked, or at the version's first session where nothing was read of it yet.
    pub(super) async fn begin(&mut self, found: &Found) -> Result<Timestamp, RumError> {
        let (to, key) = (self.query.now, self.query.version.key());
        let (known, missed) = {
            let memory = self.rum.memory();
            let known = memory.first_session.get(&key).copied();
            (known, memory.missed.contains(&key))
        };
        let since = self.query.since.filter(|_| !missed);
        if let (Some(_), None, Some(hour)) = (since, known, found.first_hour) {
            // The windows that hold the first session are not read again: this hour is looked at for its time alone.
            let question = Question {
                what: What::Sessions,
                of: Of::Named(self.rum.known_names(&self.query.version)),
                by: Vec::new(),
                range: (hour, (hour + COARSE).min(to)),
                step: Some(FINE),
            };
            let rows = self.one(question).await?;
            let first = rows
                .iter()
                .filter(|row| row.count() > 0)
                .map(|row| row.start);
            let first = first.min().unwrap_or(hour);
            self.first_session(&key, Some(first));
        }
        let oldest = to - LOOK_BACK;
        let first = known.or(found.first_hour).unwrap_or(oldest).max(oldest);
        Ok(since.unwrap_or(first))
    }

    pub(super) fn first_session(&self, key: &str, read: Option<Timestamp>) -> Option<Timestamp> {
        let mut memory = self.rum.memory();
        if let (None, Some(read)) = (memory.first_session.get(key), read) {
            memory.first_session.insert(key.to_owned(), read);
        }
        memory.first_session.get(key).copied()
    }

    pub(super) fn version_name(&self, found: &Found) -> Option<PlainText> {
        let version = &self.query.version;
        if version.name.is_some() {
            return version.name.clone();
        }
        let names = self.rum.known_names(version);
        let sessions = |name: &String| found.sessions.get(name).copied().unwrap_or(0);
        let most = names.iter().max_by_key(|name| sessions(name))?;
        Some(self.rum.template.read(most)?.version?.into())
    }
}

impl Rum {
    pub(super) fn unknown(&self, version: &Version, shares: &[VersionShare]) -> PlainText {
        if self.template.pattern(version).is_none() {
            return format!(
                "the release template {} has no {{build}}, so {version} cannot be told from the others",
                self.release
            )
            .into();
        }
        let seen: Vec<&str> = shares.iter().take(3).map(|s| s.label.as_str()).collect();
        let seen = match seen.as_slice() {
            [] => "it has none of any release".to_owned(),
            labels => format!("it knows {}", labels.join(", ")),
        };
        format!(
            "{} has no session of {version} in the last 14 days; {seen}. Releases are looked for as {}; check {}",
            self.collector.name(),
            self.release,
            self.collector.check(),
        )
        .into()
    }
}
