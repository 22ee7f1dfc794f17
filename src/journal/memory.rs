//! A journal in memory, with the same answers: for tests and simulations, and for watching where the one on disk cannot
//! be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::readings::{self, SeriesKey};
use super::segments::{self, Segment};
use super::{adoption, append};
use crate::domain::{
    ActReply, ActRequest, AppId, Metric, Record, SourceId, SourceReport, Timestamp,
};
use crate::ports::{Adoption, Heard, Journal, JournalError, NewRecord, Series, Window};

#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Record>,
    series: BTreeMap<(AppId, SourceId, SeriesKey), BTreeMap<i64, Segment>>,
    /// What windows said before, each with when it was replaced.
    restated: BTreeMap<(AppId, SourceId, SeriesKey), Vec<(Segment, i64)>>,
    reports: BTreeMap<(AppId, SourceId), (Timestamp, SourceReport)>,
    /// By hour.
    adoption: BTreeMap<(AppId, SourceId), BTreeMap<i64, Adoption>>,
    requests: Vec<(ActRequest, Option<ActReply>)>,
}

impl MemoryJournal {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn append(&self, records: &[NewRecord]) -> Result<Vec<Record>, JournalError> {
        let mut inner = self.lock();
        let head = inner.records.last().map_or(0, |record| record.seq);
        let appended = (head + 1..)
            .zip(records)
            .map(|(seq, new)| append::decoded(seq, &append::body(seq, new)?))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| fault.while_writing("in memory".as_ref()))?;
        inner.records.extend_from_slice(&appended);
        Ok(appended)
    }

    fn append_answered(
        &self,
        records: &[NewRecord],
        request: &ActRequest,
        reply: &ActReply,
        at: Timestamp,
    ) -> Result<Vec<Record>, JournalError> {
        let appended = self.append(records)?;
        self.ask(request, at)?;
        self.answer(&request.id, reply)?;
        Ok(appended)
    }

    fn records_after(&self, seq: u64) -> Result<Vec<Record>, JournalError> {
        let inner = self.lock();
        let after = inner.records.iter().filter(|record| record.seq > seq);
        Ok(after.cloned().collect())
    }

    fn some_after(&self, seq: u64, most: usize) -> Result<Vec<Record>, JournalError> {
        let inner = self.lock();
        let after = inner.records.iter().filter(|record| record.seq > seq);
        Ok(after.take(most).cloned().collect())
    }

    fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(self.clone()))
    }

    fn save_report(
        &self,
        app: &AppId,
        source: &SourceId,
        observed_at: Timestamp,
        report: &SourceReport,
    ) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let observed = observed_at.timestamp_millis();
        let strata: Vec<SeriesKey> = inner
            .series
            .keys()
            .filter(|(of, by, _)| of == app && by == source)
            .map(|(_, _, key)| key.clone())
            .collect();
        let known = |metric: &Metric, version: &str| {
            let own = strata.iter();
            let own = own.filter(|(of, by, _)| of == metric && by == version);
            Ok::<_, JournalError>(own.map(|(_, _, stratum)| stratum.clone()).collect())
        };
        for (key, laid) in readings::laid_out(report, observed, known)? {
            let (Some(first), Some(last)) = (laid.first(), laid.last()) else {
                continue;
            };
            let key = (app.clone(), source.clone(), key);
            let Inner {
                series, restated, ..
            } = &mut *inner;
            let series = series.entry(key.clone()).or_default();
            let stored: Vec<Segment> = series
                .values()
                .filter(|old| old.start < last.end && first.start < old.end)
                .copied()
                .collect();
            for old in &stored {
                series.remove(&old.start);
            }
            let merged = segments::merge(&stored, &laid, observed);
            let stands = |old: &Segment| merged.iter().any(|new| new.agrees_with(old));
            let gone = stored
                .iter()
                .filter(|old| old.counts.is_some() && !stands(old));
            let gone = gone.map(|old| (*old, observed));
            restated.entry(key).or_default().extend(gone);
            series.extend(merged.into_iter().map(|new| (new.start, new)));
        }
        let rest = SourceReport {
            readings: Vec::new(),
            ..report.clone()
        };
        let key = (app.clone(), source.clone());
        if !report.shares.is_empty() {
            let kept = inner.adoption.entry(key.clone()).or_default();
            let new = !kept.contains_key(&adoption::hour(observed_at));
            if new {
                kept.retain(|hour, _| *hour >= adoption::first_kept(observed_at));
                let told = Adoption {
                    at: observed_at,
                    shares: adoption::cut(&report.shares),
                };
                kept.insert(adoption::hour(observed_at), told);
            }
        }
        if inner
            .reports
            .get(&key)
            .is_none_or(|(latest, _report)| *latest <= observed_at)
        {
            inner.reports.insert(key, (observed_at, rest));
        }
        Ok(())
    }

    fn readings(
        &self,
        app: &AppId,
        versions: &[String],
        metrics: Option<&[Metric]>,
        since: Timestamp,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Series>, JournalError> {
        let mut found = Vec::new();
        let inner = self.lock();
        for (key, series) in &inner.series {
            let (of_app, source, (metric, version, stratum)) = key;
            let wanted = metrics.is_none_or(|metrics| metrics.contains(metric));
            if of_app != app || !versions.contains(version) || !wanted {
                continue;
            }
            let then = as_of.map(|then| then.timestamp_millis());
            let stood = |from: i64| then.is_none_or(|then| from <= then);
            let standing = series.values().filter(|segment| stood(segment.first_seen));
            let restated = inner.restated.get(key).into_iter().flatten();
            let restated = restated.filter(|(old, gone)| {
                then.is_some_and(|then| *gone > then) && stood(old.first_seen)
            });
            let windows = standing.chain(restated.map(|(old, _gone)| old));
            let windows = windows.filter_map(segments::window);
            let mut windows: Vec<Window> = windows.filter(|window| window.start >= since).collect();
            windows.sort_by_key(|window| window.start);
            if !windows.is_empty() {
                found.push(Series {
                    source: source.clone(),
                    metric: metric.clone(),
                    version: version.clone(),
                    stratum: stratum.clone(),
                    windows,
                });
            }
        }
        found.sort_by(readings::in_order);
        Ok(found)
    }

    fn heard(&self, app: &AppId, by: Timestamp) -> Result<Vec<Heard>, JournalError> {
        let (inner, by) = (self.lock(), by.timestamp_millis());
        let standing = inner.series.iter();
        let standing = standing.flat_map(|(key, series)| series.values().map(move |it| (key, it)));
        let restated = inner.restated.iter();
        let restated =
            restated.flat_map(|(key, series)| series.iter().map(move |(it, _gone)| (key, it)));
        let mut heard = BTreeMap::<SourceId, (i64, i64)>::new();
        for ((of_app, source, _), segment) in standing.chain(restated) {
            if of_app == app && segment.counts.is_some() && segment.first_seen <= by {
                let (at, through) = heard.entry(source.clone()).or_insert((i64::MIN, i64::MIN));
                (*at, *through) = ((*at).max(segment.first_seen), (*through).max(segment.end));
            }
        }
        let heard = heard.into_iter().filter_map(|(source, (at, through))| {
            Some(Heard {
                source,
                at: Timestamp::from_timestamp_millis(at)?,
                through: Timestamp::from_timestamp_millis(through)?,
            })
        });
        Ok(heard.collect())
    }

    fn versions(&self, app: &AppId) -> Result<Vec<String>, JournalError> {
        let inner = self.lock();
        let of_app = inner.series.keys().filter(|(of_app, ..)| of_app == app);
        let versions = of_app.map(|(_, _, (_, version, _))| version.clone());
        Ok(versions.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn adoption(
        &self,
        app: &AppId,
        source: &SourceId,
        since: Timestamp,
    ) -> Result<Vec<Adoption>, JournalError> {
        let inner = self.lock();
        let kept = inner.adoption.get(&(app.clone(), source.clone()));
        let kept = kept.into_iter().flat_map(BTreeMap::values);
        Ok(kept.filter(|told| told.at >= since).cloned().collect())
    }

    fn latest_reports(
        &self,
        app: &AppId,
    ) -> Result<Vec<(SourceId, Timestamp, SourceReport)>, JournalError> {
        let inner = self.lock();
        let of_app = inner.reports.iter().filter(|((id, _), _)| id == app);
        Ok(of_app
            .map(|((_, source), (observed, report))| (source.clone(), *observed, report.clone()))
            .collect())
    }

    fn reported(&self) -> Result<BTreeMap<AppId, i64>, JournalError> {
        let mut marks = BTreeMap::new();
        for ((app, _source), (observed, _report)) in &self.lock().reports {
            *marks.entry(app.clone()).or_default() += observed.timestamp_millis();
        }
        Ok(marks)
    }

    fn ask(&self, request: &ActRequest, _at: Timestamp) -> Result<(), JournalError> {
        let mut inner = self.lock();
        if !inner
            .requests
            .iter()
            .any(|(asked, _)| asked.id == request.id)
        {
            inner.requests.push((request.clone(), None));
        }
        Ok(())
    }

    fn open_requests(&self) -> Result<Vec<ActRequest>, JournalError> {
        let inner = self.lock();
        let open = inner.requests.iter().filter(|(_, reply)| reply.is_none());
        Ok(open.map(|(request, _)| request.clone()).collect())
    }

    fn answer(&self, id: &str, reply: &ActReply) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let asked = inner.requests.iter_mut().find(|(asked, _)| asked.id == id);
        if let Some((_, slot @ None)) = asked {
            *slot = Some(reply.clone());
        }
        Ok(())
    }

    fn reply_to(&self, id: &str) -> Result<Option<ActReply>, JournalError> {
        let inner = self.lock();
        let asked = inner.requests.iter().find(|(asked, _)| asked.id == id);
        Ok(asked.and_then(|(_, reply)| reply.clone()))
    }

    fn asked(&self, id: &str) -> Result<Option<(ActRequest, Option<ActReply>)>, JournalError> {
        let inner = self.lock();
        let asked = inner.requests.iter().find(|(asked, _)| asked.id == id);
        Ok(asked.cloned())
    }
}
