//! The releases that a journal has seen, from its events: what was offered from when on, and what really was done.
//!
//! Readings are not events: who keeps them adds the windows. Must not judge what was done.

use serde::Serialize;

use crate::domain::rollout::ReleaseView;
use crate::domain::{AppId, Event, Exposure, PlainText, Record, Status, Timestamp, Verb, Version};

/// One release, as long as it was watched.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRelease {
    pub version: Version,
    /// What the store served to the others when it was found.
    pub previous: Option<Version>,
    pub found: Timestamp,
    /// When another release took its place; `None`: it is still watched.
    pub replaced: Option<Timestamp>,
    /// What was offered from when on. A stop is not among them: who has the version keeps it.
    pub exposures: Vec<(Timestamp, Exposure)>,
    /// Everything that was asked of the store, in order.
    pub acts: Vec<PastAct>,
}

/// Something that really was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastAct {
    pub at: Timestamp,
    pub verb: Verb,
    /// Who wanted it.
    pub by: PlainText,
    pub reason: PlainText,
    /// When the store was read back and agreed; `None`: it never did.
    pub confirmed: Option<Timestamp>,
    #[serde(skip)]
    revision: u64,
}

/// The releases of one app, in the order in which they were found. One that is found again goes on.
pub fn releases<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    app: &AppId,
) -> Vec<PastRelease> {
    let mut past: Vec<PastRelease> = Vec::new();
    let of_app = |record: &&Record| record.app.as_ref() == Some(app);
    for Record { at, event, .. } in records.into_iter().filter(of_app) {
        match event {
            Event::ReleaseFound { release, previous } => {
                found(&mut past, *at, release, previous.as_ref());
            }
            Event::ReleaseGone => {
                if let Some(last) = past.last_mut() {
                    last.replaced.get_or_insert(*at);
                }
            }
            event => {
                if let Some(last) = past.last_mut() {
                    last.happened(*at, event);
                }
            }
        }
    }
    past
}

fn found(
    past: &mut Vec<PastRelease>,
    at: Timestamp,
    release: &ReleaseView,
    previous: Option<&Version>,
) {
    if let Some(last) = past.last_mut() {
        last.replaced.get_or_insert(at);
    }
    let known = past
        .iter()
        .position(|known| known.version == release.version);
    let mut found = known.map_or_else(
        || PastRelease {
            version: release.version.clone(),
            previous: previous.cloned(),
            found: at,
            replaced: None,
            exposures: Vec::new(),
            acts: Vec::new(),
        },
        |known| past.remove(known),
    );
    found.replaced = None;
    found.offered(at, release);
    past.push(found);
}

impl PastRelease {
    fn happened(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::StoreChanged { release }
            | Event::Drift { release, .. }
            | Event::ReadBackDiffers { release, .. } => self.offered(at, release),
            Event::DesireSet {
                revision,
                verb,
                actor,
                reason,
                ..
            } => self.acts.push(PastAct {
                at,
                verb: *verb,
                by: actor.to_string().into(),
                reason: reason.clone(),
                confirmed: None,
                revision: *revision,
            }),
            Event::DesireConfirmed { revision, .. } => {
                let asked = self.acts.iter_mut().find(|act| act.revision == *revision);
                if let Some(act) = asked {
                    act.confirmed = Some(at);
                }
            }
            _ => {}
        }
    }

    fn offered(&mut self, at: Timestamp, release: &ReleaseView) {
        let exposure = match release.status {
            Status::InProgress => release.exposure,
            Status::Completed => Exposure::FULL,
            Status::Draft | Status::Pending | Status::Stopped => return,
        };
        if self
            .exposures
            .last()
            .is_none_or(|(_, last)| *last != exposure)
        {
            self.exposures.push((at, exposure));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Target};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_timestamp(hour * 3_600, 0).unwrap()
    }

    fn view(code: u32, status: Status, percent: u32) -> ReleaseView {
        ReleaseView {
            version: Version::from_code(code),
            also: Vec::new(),
            label: PlainText::default(),
            status,
            exposure: Exposure::from_percent(percent),
            in_review: false,
            phased: None,
        }
    }

    fn records(events: Vec<(i64, &str, Event)>) -> Vec<Record> {
        let record = |(seq, (hour, app, event)): (usize, (i64, &str, Event))| Record {
            seq: seq as u64 + 1,
            at: at(hour),
            app: AppId::try_from(app.to_owned()).ok(),
            event,
        };
        events.into_iter().enumerate().map(record).collect()
    }

    #[test]
    fn a_journal_tells_what_was_offered_and_what_was_done() {
        let found = |code, percent, previous| Event::ReleaseFound {
            release: view(code, Status::InProgress, percent),
            previous: Some(Version::from_code(previous)),
        };
        let changed = |code, status, percent| Event::StoreChanged {
            release: view(code, status, percent),
        };
        let records = records(vec![
            (1, "shop", found(2, 1, 1)),
            (1, "other", found(7, 50, 6)),
            (2, "shop", changed(2, Status::InProgress, 5)),
            (
                3,
                "shop",
                Event::DesireSet {
                    revision: 4,
                    verb: Verb::Pause,
                    target: Target::Stopped,
                    version: None,
                    actor: Actor::Rule { id: "floor".into() },
                    reason: "it crashes".into(),
                },
            ),
            (3, "shop", changed(2, Status::Stopped, 5)),
            (
                4,
                "shop",
                Event::DesireConfirmed {
                    revision: 4,
                    verb: Verb::Pause,
                    exposure: Exposure::from_percent(5),
                },
            ),
            (9, "shop", found(3, 10, 1)),
            (10, "shop", changed(3, Status::Completed, 10)),
        ]);
        let app = AppId::try_from("shop".to_owned()).unwrap();
        let past = releases(&records, &app);
        let percent = Exposure::from_percent;
        assert_eq!(past.len(), 2);
        assert_eq!(past[0].replaced, Some(at(9)));
        assert_eq!(
            past[0].exposures,
            [(at(1), percent(1)), (at(2), percent(5))]
        );
        assert_eq!(past[0].acts.len(), 1);
        assert_eq!(past[0].acts[0].confirmed, Some(at(4)));
        assert_eq!(past[0].acts[0].by.as_str(), "rule floor");
        assert_eq!(past[1].previous, Some(Version::from_code(1)));
        assert_eq!(past[1].replaced, None);
        assert_eq!(
            past[1].exposures,
            [(at(9), percent(10)), (at(10), Exposure::FULL)]
        );
    }

    #[test]
    fn a_release_that_is_found_again_goes_on() {
        let found = |code| Event::ReleaseFound {
            release: view(code, Status::InProgress, 5),
            previous: None,
        };
        let records = records(vec![
            (1, "shop", found(2)),
            (2, "shop", Event::ReleaseGone),
            (3, "shop", found(2)),
        ]);
        let app = AppId::try_from("shop".to_owned()).unwrap();
        let past = releases(&records, &app);
        assert_eq!(past.len(), 1);
        assert_eq!((past[0].found, past[0].replaced), (at(1), None));
        assert_eq!(past[0].exposures.len(), 1);
    }
}
