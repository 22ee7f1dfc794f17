//! Which releases there are: the last day's, for adoption, and those of two weeks, to find a version and its first session.
//!
//! Sentry takes no wildcard, so a version that is known by its code alone is found by listing all releases.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::reading::VersionShare;

use super::api::{Api, Params, Sessions};
use super::error::SentryError;
use super::users::{DAY, USERS};
use super::windows::{COARSE, Owners, SESSIONS, interval, range, release_query};
use crate::health::release::ReleaseTemplate;

/// How far back a version's first session is looked for.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Sessions and users of every release in the 24 hours before `now`.
pub(super) async fn last_day(api: &Api, now: Timestamp) -> Result<Sessions, SentryError> {
    let mut params = range(now - DAY, now);
    params.extend([
        ("field", SESSIONS.to_owned()),
        ("field", USERS.to_owned()),
        ("interval", "1h".to_owned()),
        ("groupBy", "release".to_owned()),
        ("orderBy", format!("-{SESSIONS}")),
        ("includeSeries", "0".to_owned()),
        ("per_page", "100".to_owned()),
    ]);
    api.sessions(&params).await
}

/// Every release of the last two weeks.
pub(super) async fn look_back(api: &Api, now: Timestamp) -> Result<Sessions, SentryError> {
    let mut params = range(now - LOOK_BACK, now);
    params.extend([
        ("field", SESSIONS.to_owned()),
        ("interval", "1d".to_owned()),
        ("groupBy", "release".to_owned()),
        ("orderBy", format!("-{SESSIONS}")),
        ("includeSeries", "0".to_owned()),
        ("per_page", "100".to_owned()),
    ]);
    api.sessions(&params).await
}

/// The first hour of the last two weeks in which one of `releases` had a session.
pub(super) async fn first_hour(
    api: &Api,
    releases: &[String],
    now: Timestamp,
) -> Result<Option<Timestamp>, SentryError> {
    let mut params: Params = range(now - LOOK_BACK, now);
    params.extend([
        ("field", SESSIONS.to_owned()),
        ("interval", interval(COARSE)),
        ("groupBy", "release".to_owned()),
        ("includeTotals", "0".to_owned()),
        ("query", release_query(releases)),
    ]);
    let sessions = api.sessions(&params).await?;
    let series = sessions
        .groups
        .iter()
        .filter(|((release, _), _)| releases.contains(release))
        .filter_map(|(_, group)| group.series.get(SESSIONS));
    let firsts = series.filter_map(|series| {
        let mut counted = sessions.intervals.iter().zip(series);
        counted.find_map(|(start, n)| n.count().is_ok_and(|n| n > 0).then_some(*start))
    });
    Ok(firsts.min())
}

/// Adoption, most sessions first. The codes of one release are one share; how many users they have together no code tells.
pub(super) fn shares(
    day: &Sessions,
    owners: &Owners,
    template: &ReleaseTemplate,
) -> Result<Vec<VersionShare>, SentryError> {
    let nonsense = |why| SentryError::Nonsense {
        place: day.place.clone(),
        why,
    };
    let mut shares = Vec::new();
    for ((release, _), group) in &day.groups {
        let sessions = group.totals.get(SESSIONS).copied().unwrap_or_default();
        let users = group.totals.get(USERS).map(|users| users.count());
        let sessions = sessions.count().map_err(nonsense)?;
        if sessions > 0 {
            shares.push(VersionShare {
                label: template.label(release),
                version: owners.get(release).cloned(),
                sessions,
                users: users.transpose().map_err(nonsense)?,
            });
        }
    }
    shares.sort_by(|a, b| b.sessions.cmp(&a.sessions).then(a.label.cmp(&b.label)));
    Ok(merged(shares))
}

fn merged(shares: Vec<VersionShare>) -> Vec<VersionShare> {
    let mut merged: Vec<(VersionShare, usize)> = Vec::new();
    for share in shares {
        let same = merged
            .iter_mut()
            .find(|(first, _)| share.version.is_some() && first.version == share.version);
        match same {
            Some((first, more)) => {
                first.sessions = first.sessions.saturating_add(share.sessions);
                first.users = None;
                *more += 1;
            }
            None => merged.push((share, 0)),
        }
    }
    merged.sort_by_key(|(share, _)| std::cmp::Reverse(share.sessions));
    merged
        .into_iter()
        .map(|(mut share, more)| {
            if more > 0 {
                share.label = format!("{} and {more} more", share.label).into();
            }
            share
        })
        .collect()
}

/// Sessions by release name.
pub(super) fn names(sessions: &Sessions) -> BTreeMap<&str, u64> {
    sessions
        .groups
        .iter()
        .map(|((release, _), group)| {
            let n = group.totals.get(SESSIONS).copied().unwrap_or_default();
            (release.as_str(), n.count().unwrap_or(0))
        })
        .collect()
}

/// Sessions of the versions compared, together.
pub(super) fn sessions_of(day: &Sessions, owners: &Owners) -> u64 {
    let all = names(day).into_iter();
    all.filter(|(name, _)| owners.contains_key(*name))
        .map(|(_, n)| n)
        .sum()
}
