//! A track as Play shows it: which release is watched, and what to write so that only that one changes. Pure.
//!
//! The JSON as read is kept and echoed, so that fields nobody here knows survive a write (invariant 7). A release may hold
//! several version codes (multi-APK); the highest of them is its identity.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::summary::Summary;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Exposure, PlainText, Status, StoreView, Target, Version};

/// What a track does not allow, found before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    #[error("the track is not what Play documents: {0}")]
    Malformed(&'static str),
    #[error("no release with version code {0} is on the track any more")]
    Gone(PlainText),
    #[error("the release with version code {0} is a draft: it is not served to anybody yet")]
    Draft(u64),
    #[error("the release with version code {code} has the status {status:?}, unknown here")]
    UnknownStatus { code: u64, status: PlainText },
    #[error("version code {0} was stopped by somebody else meanwhile: nothing is raised")]
    Stopped(PlainText),
    #[error("version code {0} is fully released and cannot be staged again")]
    FullyReleased(u64),
    #[error("version code {0} was halted at 100 % and has no fraction to go on with")]
    NoFraction(u64),
    #[error("a staged release is for more than 0 % and less than 100 % of the users, not {0}")]
    NotStaged(Exposure),
    #[error("version code {other} is in progress on the same track: serving {code} would halt it")]
    OtherInProgress { code: u64, other: u64 },
    #[error("version code {0} was begun before and is halted")]
    Begun(u64),
    #[error(
        "version code {0} is approved and waits to be published, which only the Play Console does"
    )]
    Unpublished(u64),
}

/// A track, as read inside an edit.
#[derive(Clone, Debug)]
pub(super) struct Track {
    raw: Map<String, Value>,
    releases: Vec<Release>,
}

#[derive(Clone, Debug)]
struct Release {
    raw: Map<String, Value>,
    codes: Vec<u64>,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Draft,
    InProgress,
    Halted,
    Completed,
    Other(PlainText),
}

/// What an order comes to on this track.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    AlreadySo,
    Write(Write),
}

/// A change, as the whole track that is to be PUT.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub(super) track: Value,
    /// The same halt or beginning without what was halted before, for where Play takes one halted release a track only, or
    /// stumbles over one. Those serve nobody, and what is left out stays as it is by all that is known but one reading of
    /// the documentation.
    pub(super) without_other_halted: Option<Value>,
    /// Takes a release from everybody: only Play knows whether it has an earlier one to fall back on.
    pub(super) halts_completed: bool,
}

impl Track {
    /// A track without releases has no `releases` key.
    pub(super) fn parse(track: Value) -> Result<Self, TrackError> {
        let Value::Object(raw) = track else {
            return Err(TrackError::Malformed("not an object"));
        };
        let releases = match raw.get("releases") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(releases)) => releases
                .iter()
                .map(Release::parse)
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(TrackError::Malformed("releases is not a list")),
        };
        Ok(Self { raw, releases })
    }

    /// What haltline sees: the release with the code `wanted`, else the newest staged one, else the newest that is or was
    /// served to everybody. A release halted below one that everybody gets is over and done with, hence not watched; one
    /// that is newer than all of them and served to nobody yet waits.
    pub(super) fn view(
        &self,
        wanted: Option<u64>,
        summaries: &[Summary],
    ) -> Result<StoreView, TrackError> {
        let waits = |release: &Release| release.waits(summaries);
        let watched = match wanted {
            Some(code) => self
                .find(code)
                .filter(|index| self.releases.get(*index).is_some_and(|found| !waits(found))),
            None => self
                .newest_staged(summaries)
                .or_else(|| self.newest_full(summaries)),
        };
        let served = |release: &Release| release.state == State::Completed && !waits(release);
        let newest_out = self
            .newest(|index, release| Some(index) == watched || served(release))
            .and_then(|index| self.code(index));
        let waiting = self.newest(|_, release| {
            waits(release)
                && release.code() > newest_out
                && wanted.is_none_or(|code| release.codes.contains(&code))
        });
        let previous = self.newest(|index, release| Some(index) != watched && served(release));
        let view = |index: Option<usize>| {
            let release = index.and_then(|index| self.releases.get(index));
            release
                .map(|release| release.view(summaries, &self.other_codes(release)))
                .transpose()
        };
        let shown = [watched, waiting, previous].iter().flatten().count();
        let others = self.releases.len().saturating_sub(shown);
        Ok(StoreView {
            release: view(watched)?,
            waiting: view(waiting)?,
            previous: previous
                .and_then(|index| self.code(index))
                .map(Version::from_code),
            others: u32::try_from(others).unwrap_or(u32::MAX),
        })
    }

    /// How to bring the release with `version`'s code to `target`, changing nothing else: every other release is echoed as
    /// it was read, but for the old `completed` one when a new one completes, since Play takes one of them only.
    pub(super) fn plan(
        &self,
        version: &Version,
        target: Target,
        summaries: &[Summary],
    ) -> Result<Plan, TrackError> {
        let gone = || TrackError::Gone(version.build.clone());
        let code: u64 = version
            .build
            .as_str()
            .parse()
            .map_err(|_not_a_code| gone())?;
        let index = self.find(code).ok_or_else(gone)?;
        let release = self.releases.get(index).ok_or_else(gone)?;
        if target.is_met_by(&release.view(summaries, &[])?) {
            return Ok(Plan::AlreadySo);
        }
        // A draft that begins goes on as what it begins as.
        let written = match target {
            Target::Started { exposure } => self.begins_as(index, code, exposure, summaries)?,
            _ if release.state == State::Draft => return Err(TrackError::Draft(code)),
            _ => target,
        };
        let mut changed = release.raw.clone();
        match written {
            Target::Stopped => {
                changed.insert("status".into(), json!("halted"));
            }
            Target::InProgress { exposure } | Target::Started { exposure } => {
                self.check_staging(index, code, exposure)?;
                changed.insert("status".into(), json!("inProgress"));
                if let Some(exposure) = exposure {
                    changed.insert("userFraction".into(), json!(exposure.fraction()));
                }
            }
            Target::Completed => {
                changed.insert("status".into(), json!("completed"));
                // Both are for staged releases only.
                changed.remove("userFraction");
                changed.remove("countryTargeting");
            }
        }
        let with_change = |left_out: &[State]| {
            let mut releases = Vec::new();
            for (at, other) in self.releases.iter().enumerate() {
                if at == index {
                    releases.push(Value::Object(changed.clone()));
                } else if !left_out.contains(&other.state) {
                    releases.push(Value::Object(other.raw.clone()));
                }
            }
            let mut track = self.raw.clone();
            track.insert("releases".into(), Value::Array(releases));
            Value::Object(track)
        };
        let halts = written == Target::Stopped;
        let may_leave_halted = halts || matches!(target, Target::Started { .. });
        let beside_halted = self
            .newest(|at, other| at != index && other.state == State::Halted)
            .is_some();
        let (others, serving): (&[_], &[_]) = match written {
            Target::Completed => (&[State::Completed], &[State::Completed, State::Halted]),
            _ => (&[], &[State::Halted]),
        };
        Ok(Plan::Write(Write {
            track: with_change(others),
            without_other_halted: (may_leave_halted && beside_halted).then(|| with_change(serving)),
            halts_completed: halts && release.state == State::Completed,
        }))
    }

    /// Whether the release with `version`'s code is stopped.
    pub(super) fn is_stopped(&self, version: &Version) -> bool {
        let index = version.build.as_str().parse().ok();
        let index = index.and_then(|code| self.find(code));
        let release = index.and_then(|index| self.releases.get(index));
        release.is_some_and(|release| release.state == State::Halted)
    }

    /// What a draft becomes: staged, or for everybody. A staged release beside it would be halted by Play, so that has to
    /// be somebody's own decision first.
    fn begins_as(
        &self,
        index: usize,
        code: u64,
        exposure: Option<Exposure>,
        summaries: &[Summary],
    ) -> Result<Target, TrackError> {
        match self.releases.get(index) {
            Some(release) if release.is_unpublished(summaries) => {
                return Err(TrackError::Unpublished(code));
            }
            Some(release) if release.state == State::Draft => {}
            _ => return Err(TrackError::Begun(code)),
        }
        self.check_alone(index, code)?;
        Ok(match exposure {
            None | Some(Exposure::FULL) => Target::Completed,
            Some(_) => Target::InProgress { exposure },
        })
    }

    fn check_alone(&self, index: usize, code: u64) -> Result<(), TrackError> {
        let other = self.newest(|at, other| at != index && other.state == State::InProgress);
        match other.and_then(|other| self.code(other)) {
            Some(other) => Err(TrackError::OtherInProgress { code, other }),
            None => Ok(()),
        }
    }

    fn check_staging(
        &self,
        index: usize,
        code: u64,
        exposure: Option<Exposure>,
    ) -> Result<(), TrackError> {
        let release = self.releases.get(index);
        if release.is_some_and(|release| release.state == State::Completed) {
            return Err(TrackError::FullyReleased(code));
        }
        match exposure {
            None if release.and_then(Release::fraction).is_none() => {
                return Err(TrackError::NoFraction(code));
            }
            Some(wrong @ (Exposure::NONE | Exposure::FULL)) => {
                return Err(TrackError::NotStaged(wrong));
            }
            _ => {}
        }
        // Raising what is in progress adds no second release in progress; resuming may.
        match release.map(|release| &release.state) {
            Some(State::Halted) => self.check_alone(index, code),
            _ => Ok(()),
        }
    }

    fn code(&self, index: usize) -> Option<u64> {
        self.releases.get(index)?.code()
    }

    /// The release whose identity `code` is, else one that holds it; a draft only where nothing else does.
    fn find(&self, code: u64) -> Option<usize> {
        (0..self.releases.len())
            .filter_map(|index| Some((index, self.releases.get(index)?)))
            .filter(|(_, release)| release.codes.contains(&code))
            .max_by_key(|(index, release)| {
                let identity = release.code() == Some(code);
                (identity, release.state != State::Draft, Reverse(*index))
            })
            .map(|(index, _)| index)
    }

    fn newest_staged(&self, summaries: &[Summary]) -> Option<usize> {
        let full = self
            .newest(|_, release| {
                release.state == State::Completed && !release.is_unpublished(summaries)
            })
            .and_then(|index| self.code(index));
        self.newest(|_, release| match release.state {
            _ if release.is_unpublished(summaries) => false,
            State::InProgress => true,
            State::Halted => release.fraction().is_some() && release.code() > full,
            _ => false,
        })
    }

    fn newest_full(&self, summaries: &[Summary]) -> Option<usize> {
        self.newest(|_, release| match release.state {
            _ if release.is_unpublished(summaries) => false,
            State::Completed => true,
            State::Halted => release.fraction().is_none(),
            _ => false,
        })
    }

    /// The codes that this release alone has, but for the one that names it. A code that it retains from an earlier release
    /// is not its own: those sessions are the old version's.
    fn other_codes(&self, release: &Release) -> Vec<Version> {
        let retained = |code: &u64| {
            let others = self
                .releases
                .iter()
                .filter(|other| !std::ptr::eq(*other, release));
            others.into_iter().any(|other| other.codes.contains(code))
        };
        let own = release.codes.iter().filter(|code| !retained(code));
        own.filter(|code| Some(**code) != release.code())
            .map(Version::from_code)
            .collect()
    }

    /// The highest version code among the releases that have one and that `which` likes.
    fn newest(&self, which: impl Fn(usize, &Release) -> bool) -> Option<usize> {
        (0..self.releases.len())
            .filter_map(|index| Some((index, self.releases.get(index)?)))
            .filter(|(index, release)| which(*index, release))
            .filter_map(|(index, release)| Some((release.code()?, Reverse(index))))
            .max()
            .map(|(_, Reverse(index))| index)
    }
}

impl Release {
    fn parse(release: &Value) -> Result<Self, TrackError> {
        let Value::Object(raw) = release else {
            return Err(TrackError::Malformed("a release is not an object"));
        };
        let codes = match raw.get("versionCodes") {
            None | Some(Value::Null) => Vec::new(),
            // Documented as strings (int64); a number is understood too.
            Some(Value::Array(codes)) => codes
                .iter()
                .filter_map(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()))
                .collect(),
            Some(_) => return Err(TrackError::Malformed("versionCodes is not a list")),
        };
        let state = match raw.get("status").and_then(Value::as_str).unwrap_or("") {
            "draft" => State::Draft,
            "inProgress" => State::InProgress,
            "halted" => State::Halted,
            "completed" => State::Completed,
            other => State::Other(other.into()),
        };
        Ok(Self {
            raw: raw.clone(),
            codes,
            state,
        })
    }

    fn code(&self) -> Option<u64> {
        self.codes.iter().copied().max()
    }

    /// `userFraction`, where it is one.
    fn fraction(&self) -> Option<Exposure> {
        Exposure::from_fraction(self.raw.get("userFraction")?.as_f64()?)
    }

    /// Approved, and held back until somebody publishes it: on the track it looks as if it were served.
    fn is_unpublished(&self, summaries: &[Summary]) -> bool {
        self.code().is_some_and(|code| {
            let mut about = summaries.iter().filter(|summary| summary.has_code(code));
            about.any(Summary::is_unpublished)
        })
    }

    /// Served to nobody, and never was.
    fn waits(&self, summaries: &[Summary]) -> bool {
        self.state == State::Draft || self.is_unpublished(summaries)
    }

    fn view(&self, summaries: &[Summary], also: &[Version]) -> Result<ReleaseView, TrackError> {
        let code = self
            .code()
            .ok_or(TrackError::Malformed("a release without version codes"))?;
        let name = self.raw.get("name").and_then(Value::as_str);
        let (status, exposure) = match &self.state {
            _ if self.is_unpublished(summaries) => (Status::Pending, Exposure::NONE),
            State::Draft => (Status::Draft, Exposure::NONE),
            State::InProgress => {
                let without = TrackError::Malformed("an inProgress release without userFraction");
                (Status::InProgress, self.fraction().ok_or(without)?)
            }
            // Halted at 100 %: no fraction.
            State::Halted => (Status::Stopped, self.fraction().unwrap_or(Exposure::FULL)),
            State::Completed => (Status::Completed, Exposure::FULL),
            State::Other(status) => {
                let status = status.clone();
                return Err(TrackError::UnknownStatus { code, status });
            }
        };
        Ok(ReleaseView {
            also: also.to_vec(),
            version: Version::from_code(code),
            label: name.unwrap_or("").into(),
            status,
            exposure,
            in_review: summaries
                .iter()
                .any(|summary| summary.is_in_review() && summary.has_code(code)),
            phased: None,
        })
    }
}

#[cfg(test)]
mod tests;
