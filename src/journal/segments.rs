//! Which windows of a series count: the arithmetic of restatements. Pure.
//!
//! A series is what one source says of one metric of one version in one stratum. A report is the source's complete word on
//! the time from its first window's start to its last window's end, of whichever stratum: there it replaces everything that an older report
//! said, windows that it no longer gives and windows of another length included. So a source that falls back from
//! 5-minute to 1-hour buckets (or comes back) never counts twice. A window that a newer report covers in part is dropped
//! whole: losing counts until the next full read is safe, doubling them is not.
//!
//! In any order of arrival the outcome is the same: at each moment the word of the latest report that covers it stands, and
//! a window counts where that is its own report from start to end. To know it, time covered without a window is kept too,
//! as a segment without counts.

use std::collections::BTreeMap;

use crate::domain::{Counts, Reading, Timestamp};
use crate::ports::Window;

/// A stretch of time of a series, in milliseconds since 1970, end exclusive. The segments of a series never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) end: i64,
    /// `None` where a report covered the time, and gave no window that still stands.
    pub(super) counts: Option<Counts>,
    /// When these counts were observed first.
    pub(super) first_seen: i64,
    /// When a report covered this last.
    pub(super) seen: i64,
}

impl Segment {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    fn without_counts(self, (start, end): (i64, i64)) -> Self {
        Self {
            start,
            end,
            counts: None,
            ..self
        }
    }

    /// True where both say the same of the same window.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        (self.start, self.end, self.counts) == (other.start, other.end, other.counts)
    }
}

/// The windows of one series in one report as segments without holes. Windows of no length are left out; where windows of
/// one report overlap, the earlier start stands, then the shorter, then the one given last.
pub(super) fn lay_out<'a>(
    readings: impl IntoIterator<Item = &'a Reading>,
    observed: i64,
) -> Vec<Segment> {
    let windows: BTreeMap<(i64, i64), Counts> = readings
        .into_iter()
        .filter(|reading| reading.seconds > 0)
        .map(|reading| {
            let start = reading.start.timestamp_millis();
            let end = start + i64::from(reading.seconds) * 1000;
            ((start, end), reading.counts)
        })
        .collect();
    let mut laid: Vec<Segment> = Vec::with_capacity(windows.len());
    for ((start, end), counts) in windows {
        let segment = Segment {
            start,
            end,
            counts: Some(counts),
            first_seen: observed,
            seen: observed,
        };
        match laid.last() {
            Some(last) if start < last.end => continue,
            Some(last) if last.end < start => {
                let hole = (last.end, start);
                laid.push(segment.without_counts(hole));
            }
            _ => {}
        }
        laid.push(segment);
    }
    laid
}

/// The same, with the whole of a `cover` that reaches further: what was said of all strata, one of them may have no window in.
pub(super) fn stretch(laid: Vec<Segment>, cover: (i64, i64), observed: i64) -> Vec<Segment> {
    let hole = |start, end| Segment {
        start,
        end,
        counts: None,
        first_seen: observed,
        seen: observed,
    };
    let (from, to) = match (laid.first(), laid.last()) {
        (Some(first), Some(last)) => (first.start, last.end),
        _ => return vec![hole(cover.0, cover.1)],
    };
    let before = (cover.0 < from).then(|| hole(cover.0, from));
    let after = (to < cover.1).then(|| hole(to, cover.1));
    before.into_iter().chain(laid).chain(after).collect()
}

/// What stands after a report, of the time that it covers: `stored` are the segments that overlap it, in order.
pub(super) fn merge(stored: &[Segment], report: &[Segment], observed: i64) -> Vec<Segment> {
    let (Some(first), Some(last)) = (report.first(), report.last()) else {
        return stored.to_vec();
    };
    let cover = (first.start, last.end);
    let (newer, older): (Vec<Segment>, Vec<Segment>) =
        stored.iter().partition(|segment| segment.seen > observed);
    let same: BTreeMap<i64, &Segment> = older.iter().map(|old| (old.start, old)).collect();

    let mut merged = newer.clone();
    for segment in report {
        let cuts: Vec<(i64, i64)> = newer
            .iter()
            .filter(|newer| newer.overlaps(segment))
            .map(|newer| (newer.start, newer.end))
            .collect();
        if cuts.is_empty() {
            let before = same
                .get(&segment.start)
                .filter(|old| old.agrees_with(segment));
            merged.push(Segment {
                first_seen: before.map_or(observed, |old| old.first_seen),
                ..*segment
            });
        } else {
            let left = subtract((segment.start, segment.end), &cuts);
            merged.extend(left.into_iter().map(|part| segment.without_counts(part)));
        }
    }
    for old in &older {
        let left = subtract((old.start, old.end), &[cover]);
        merged.extend(left.into_iter().map(|part| old.without_counts(part)));
    }
    merged.sort_by_key(|segment| segment.start);
    merged
}

/// What is left of a stretch after the cuts, which are in order.
fn subtract((mut start, end): (i64, i64), cuts: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut left = Vec::new();
    for &(from, to) in cuts {
        if start < from {
            left.push((start, from.min(end)));
        }
        start = start.max(to);
    }
    if start < end {
        left.push((start, end));
    }
    left
}

/// A segment as the window it was; `None` where it has no counts.
pub(super) fn window(segment: &Segment) -> Option<Window> {
    Some(Window {
        start: Timestamp::from_timestamp_millis(segment.start)?,
        seconds: u32::try_from((segment.end - segment.start) / 1000).ok()?,
        counts: segment.counts?,
    })
}
