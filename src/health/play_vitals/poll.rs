//! One poll: what is due is read, then all that is known is told.
//!
//! The crash rates must be read; without the others the report says in a note what is missing.

use chrono::TimeDelta;

use crate::domain::{PlainText, Reading, SourceReport, Timestamp};
use crate::ports::HealthQuery;

use super::error::VitalsError;
use super::known::Wish;
use super::rows::{self, Owners};
use super::sets::Set;
use super::time::Period;
use super::{Memory, PlayVitals, anomalies, issues};

/// How far back evidence reaches, and how far before it the baseline's past.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);
/// Google computes by the hour at most: nothing is asked more often than this.
pub(super) const EVERY: TimeDelta = TimeDelta::minutes(5);
/// A set that is this far behind is worth a note: an hour, or a day, that came late.
const HOURS_BEHIND: TimeDelta = TimeDelta::hours(12);
const DAYS_BEHIND: TimeDelta = TimeDelta::hours(75);

/// The versions asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    /// Key of the version watched.
    pub(super) new: String,
    pub(super) owners: Owners,
}

impl About {
    pub(super) fn of(query: &HealthQuery) -> Result<Self, VitalsError> {
        let new = query.version.key();
        let mut owners = Owners::new();
        let own = query.also.iter().chain([&query.version]);
        let own = own.map(|version| (version, new.clone()));
        let old = query.baseline.iter().map(|old| (old, old.key()));
        for (version, key) in old.chain(own) {
            let code = version.build.as_str();
            if code.parse::<u64>().is_err() {
                return Err(VitalsError::NoCode(version.to_string().into()));
            }
            owners.insert(code.to_owned(), key);
        }
        Ok(Self { new, owners })
    }

    /// The version codes of the version watched.
    pub(super) fn codes(&self) -> impl Iterator<Item = &String> {
        let own = self.owners.iter().filter(|(_, owner)| **owner == self.new);
        own.map(|(code, _)| code)
    }
}

impl PlayVitals {
    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, VitalsError> {
        let about = About::of(query)?;
        let reach = if query.past { LOOK_BACK * 2 } else { LOOK_BACK };
        let from = query.now - reach;
        let due = {
            let mut memory = self.memory();
            if memory.about != about {
                *memory = Memory {
                    about: about.clone(),
                    ..Memory::default()
                };
            }
            memory.is_due(query.now, from)
        };
        if due {
            self.round(&about, from, query.now).await?;
        }
        Ok(self.memory().told(query))
    }

    /// Asks for everything that may have changed.
    async fn round(
        &self,
        about: &About,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<(), VitalsError> {
        let wish = Wish {
            owners: &about.owners,
            from,
            now,
        };
        let mut notes = Vec::new();
        let mut moved = false;
        for set in Set::ALL {
            let mut known = self.memory().sets.remove(&set);
            let refreshed = self.refresh(set, &mut known, &wish).await;
            self.memory().sets.extend(known.map(|known| (set, known)));
            match refreshed {
                Ok(new) => moved |= new,
                Err(error) if set == Set::Crashes => return Err(error),
                Err(error) => notes.push(missing(set.words(), error)),
            }
        }
        let since = self.memory().first().unwrap_or(now - LOOK_BACK);
        match issues::top(&self.api, about, since.max(now - LOOK_BACK), now).await {
            Ok(top) => self.memory().issues = top,
            Err(error) => notes.push(missing("top issues", error)),
        }
        if moved {
            match anomalies::since(&self.api, about, now).await {
                Ok(found) => self.memory().anomalies = found,
                Err(error) => notes.push(missing("anomalies", error)),
            }
        }
        let mut memory = self.memory();
        memory.notes = notes;
        memory.asked = Some(now);
        Ok(())
    }
}

impl Memory {
    fn is_due(&self, now: Timestamp, from: Timestamp) -> bool {
        let rested = self.asked.is_some_and(|at| (at..at + EVERY).contains(&now));
        let reaches = self.sets.values().all(|known| known.reaches(from));
        !(rested && reaches)
    }

    /// The version's first window of crash rates.
    fn first(&self) -> Option<Timestamp> {
        self.sets.get(&Set::Crashes)?.first_of(&self.about.new)
    }

    /// Everything that is known and was asked for.
    fn told(&self, query: &HealthQuery) -> SourceReport {
        let first = self.first();
        let mut report = SourceReport {
            read_through: self.read_through(),
            first_session: first,
            issues: self.issues.clone(),
            ..SourceReport::default()
        };
        for (set, known) in &self.sets {
            report.readings.extend(self.readings(*set, known, query));
        }
        if let Some(first) = first.filter(|first| query.past && *first > query.now - LOOK_BACK) {
            report.past_from = Some(first - LOOK_BACK);
        }
        report.notes = self.all_notes(query);
        report
    }

    fn readings(&self, set: Set, known: &super::known::Known, query: &HealthQuery) -> Vec<Reading> {
        // Evidence begins with the version: the baseline alone says nothing.
        let Some(first) = known.first_of(&self.about.new) else {
            return Vec::new();
        };
        let oldest = known.fresh.period.floor(query.now - LOOK_BACK);
        let began = first.max(oldest);
        let past = (query.past && first > oldest).then(|| first - LOOK_BACK);
        rows::readings(set, &known.windows, |start, window, version| {
            let end = start + TimeDelta::seconds(i64::from(window.seconds));
            let own = start >= began && query.since.is_none_or(|since| end > since);
            let before = version != self.about.new
                && past.is_some_and(|past| (past..first).contains(&start));
            own || before
        })
    }

    /// How far the crash rates have been computed, and the ANR rates where they come as often.
    fn read_through(&self) -> Option<Timestamp> {
        let crashes = &self.sets.get(&Set::Crashes)?.fresh;
        let anrs = self.sets.get(&Set::Anrs).map(|known| &known.fresh);
        let anrs = anrs.filter(|anrs| anrs.period == crashes.period);
        Some(anrs.map_or(crashes.end, |anrs| anrs.end.min(crashes.end)))
    }

    fn all_notes(&self, query: &HealthQuery) -> Vec<PlainText> {
        let mut notes = self.notes.clone();
        let Some(crashes) = self.sets.get(&Set::Crashes) else {
            notes.push("Google Play has computed no vitals of this app yet".into());
            return notes;
        };
        if self.first().is_none() {
            let what = match crashes.fresh.period {
                Period::Hours => "an hour appears some hours",
                Period::Days => "a day appears a day or two",
            };
            let note = format!(
                "Google Play has no vitals of {} yet: {what} after its end, and what few users have is left out",
                query.version
            );
            notes.push(note.into());
        } else {
            let by = match crashes.fresh.period {
                Period::Hours => "hour, since it has many",
                Period::Days => "day",
            };
            let note = format!(
                "Google Play rounds its users, to 10 or more: counts are that exact. They are read by the {by}"
            );
            notes.push(note.into());
        }
        for (set, known) in &self.sets {
            let usual = match known.fresh.period {
                Period::Hours => HOURS_BEHIND,
                Period::Days => DAYS_BEHIND,
            };
            if query.now - known.fresh.end > usual {
                let end = known.fresh.end.format("%Y-%m-%d %H:%M UTC");
                let note = format!("Google Play has computed {} up to {end} only", set.words());
                notes.push(note.into());
            }
            if known.cut {
                let note = format!(
                    "Google Play has more rows of {} than haltline reads",
                    set.words()
                );
                notes.push(note.into());
            }
        }
        notes.extend(self.anomalies.iter().cloned());
        notes
    }
}

fn missing(what: &str, error: VitalsError) -> PlainText {
    format!("no news of {what}: {}", error.into_failure()).into()
}
