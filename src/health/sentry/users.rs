//! Users per UTC day: how many there were, how many met a crash or an ANR.
//!
//! Unique users cannot be summed over windows, so these readings are of whole UTC days, the running one included.

use chrono::TimeDelta;

use crate::domain::{Counts, Metric, Reading, Timestamp};

use super::api::{Api, Params, Sessions};
use super::error::SentryError;
use super::windows::{Owners, floor, range, release_query};

pub(super) const DAY: TimeDelta = TimeDelta::days(1);
pub(super) const USERS: &str = "count_unique(user)";
const CRASH_FREE: &str = "crash_free_rate(user)";
const ANR: &str = "anr_rate()";

/// The days from `from` to `to`; with the share of users that met an ANR where `anr` says to ask.
///
/// Sentry has no count of crashed users beside the total that could be added over the statuses (one user may be in
/// several), so the failures are the rate times the users, which is a whole number again.
pub(super) async fn read(
    api: &Api,
    owners: &Owners,
    (from, to): (Timestamp, Timestamp),
    anr: bool,
) -> Result<Vec<Reading>, SentryError> {
    let mut params: Params = range(floor(from, DAY), to);
    let fields = [USERS, CRASH_FREE]
        .into_iter()
        .chain(anr.then_some(ANR))
        .map(|field| ("field", field.to_owned()));
    params.extend(fields);
    params.extend([
        ("interval", "1d".to_owned()),
        ("groupBy", "release".to_owned()),
        ("includeTotals", "0".to_owned()),
        ("query", release_query(owners.keys())),
    ]);
    let sessions = api.sessions(&params).await?;
    let mut readings = readings(&sessions, owners)?;
    readings.retain(|reading| reading.start + DAY > from);
    Ok(readings)
}

fn readings(sessions: &Sessions, owners: &Owners) -> Result<Vec<Reading>, SentryError> {
    let mut days = std::collections::BTreeMap::<_, Counts>::new();
    for ((release, _), group) in &sessions.groups {
        let (Some(version), Some(users)) = (owners.get(release), group.series.get(USERS)) else {
            continue;
        };
        for (n, (start, users)) in sessions.intervals.iter().zip(users).enumerate() {
            let users = users.count().map_err(|why| SentryError::Nonsense {
                place: sessions.place.clone(),
                why,
            })?;
            let rate = |field: &str| group.series.get(field)?.get(n)?.rate();
            let bad = [
                (
                    Metric::CrashFreeUsers,
                    rate(CRASH_FREE).map(|free| 1.0 - free),
                ),
                (Metric::AnrFreeUsers, rate(ANR)),
            ];
            // A null rate is no data, even beside users.
            for (metric, bad) in bad {
                let Some(bad) = bad.filter(|_| users > 0) else {
                    continue;
                };
                let failures = ((bad * users as f64).round() as u64).min(users);
                let key = (metric.to_string(), version.clone(), *start);
                let counts = days.entry(key).or_default();
                *counts = *counts
                    + Counts {
                        trials: users,
                        failures,
                    };
            }
        }
    }
    Ok(days
        .into_iter()
        .filter_map(|((metric, version, start), counts)| {
            Some(Reading {
                metric: metric.parse().ok()?,
                version,
                stratum: String::new(),
                start,
                seconds: u32::try_from(DAY.num_seconds()).ok()?,
                counts,
            })
        })
        .collect())
}
