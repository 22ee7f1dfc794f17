//! Conversations with Sentry: one method an endpoint, every page of it, its rate limits obeyed.
//!
//! Owns URL, token, paging and limits. Must not know what the numbers mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::domain::Timestamp;
use crate::http::{Answer, BaseUrl, Call, Client};
use crate::ports::Clock;

use super::error::SentryError;
use super::wire::{EventBody, IssueBody, Number, SessionsBody, instant};

/// The endpoints used; Sentry counts requests for each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    Sessions,
    Issues,
    /// Spans as a series.
    Spans,
    /// Spans as a table.
    SpanTable,
    /// Events of one issue.
    Events,
}

impl Endpoint {
    /// Below the organization; events are further below, under their issue.
    fn segment(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Issues | Self::Events => "issues",
            Self::Spans => "events-timeseries",
            Self::SpanTable => "events",
        }
    }

    pub(super) fn scope(self) -> &'static str {
        match self {
            Self::Sessions | Self::Spans | Self::SpanTable => "org:read",
            Self::Issues | Self::Events => "event:read",
        }
    }

    pub(super) fn feeds(self) -> &'static str {
        match self {
            Self::Sessions => "sessions, users and adoption",
            Self::Issues => "top issues",
            Self::Spans | Self::SpanTable => "cold starts, requests and journeys",
            Self::Events => "more of a crash",
        }
    }
}

/// Query parameters; a name may repeat.
pub(super) type Params = Vec<(&'static str, String)>;

/// A full listing would be endless; what lies beyond has hardly any sessions.
const MAX_PAGES: usize = 20;

/// Whom to ask, and for what.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) base: BaseUrl,
    pub(super) token: SecretString,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) organization: String,
    /// Project and environment: on every request.
    pub(super) scope: Params,
    /// Until when an endpoint must not be asked.
    pub(super) quiet: Mutex<BTreeMap<Endpoint, Timestamp>>,
}

/// All pages of one question to the sessions endpoint.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) place: String,
    pub(super) intervals: Vec<Timestamp>,
    /// How far the answer reaches: its `end`, but never beyond the server's own time.
    pub(super) end: Timestamp,
    /// The server's time less ours.
    pub(super) skew: TimeDelta,
    /// By release and status; a group that came twice counts once.
    pub(super) groups: BTreeMap<(String, String), Group>,
    /// More pages than are read.
    pub(super) cut: bool,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) totals: BTreeMap<String, Number>,
    pub(super) series: BTreeMap<String, Vec<Number>>,
}

impl Api {
    /// Asks the sessions endpoint, following its pages.
    pub(super) async fn sessions(&self, params: &Params) -> Result<Sessions, SentryError> {
        let (mut cursor, mut seen) = (None, BTreeSet::new());
        let mut all: Option<Sessions> = None;
        loop {
            let (answer, body) = self
                .page::<SessionsBody>(Endpoint::Sessions, &[], params, cursor.as_deref())
                .await?;
            let nonsense = |why: &str| SentryError::Nonsense {
                place: answer.place().to_owned(),
                why: why.to_owned(),
            };
            let now = self.clock.now();
            let server_now = server_time(&answer).unwrap_or(now);
            let mut intervals = Vec::new();
            for raw in body.intervals.iter().flatten() {
                intervals.push(instant(raw).ok_or_else(|| nonsense("an interval is not a time"))?);
            }
            let end = match &body.end {
                Some(raw) => instant(raw).ok_or_else(|| nonsense("its end is not a time"))?,
                None => server_now,
            };
            let sessions = all.get_or_insert_with(|| Sessions {
                place: answer.place().to_owned(),
                intervals: intervals.clone(),
                end: end.min(server_now),
                skew: server_now - now,
                groups: BTreeMap::new(),
                cut: false,
            });
            if sessions.intervals != intervals {
                // The hour turned between two pages: the first page's windows are kept, this one's are of other times.
                return Err(nonsense("its pages are of different times"));
            }
            for group in body.groups {
                let Some(release) = group.by.release else {
                    continue;
                };
                if group.series.values().any(|s| s.len() != intervals.len()) {
                    return Err(nonsense("a series is not as long as its intervals"));
                }
                sessions.groups.insert(
                    (release, group.by.status.unwrap_or_default()),
                    Group {
                        totals: group.totals,
                        series: group.series,
                    },
                );
            }
            cursor = answer.header("link").and_then(next_cursor);
            match &cursor {
                Some(next) if seen.len() + 1 < MAX_PAGES && seen.insert(next.clone()) => {}
                more => {
                    sessions.cut = more.is_some();
                    break;
                }
            }
        }
        all.ok_or_else(|| SentryError::Nonsense {
            place: String::new(),
            why: "no answer".to_owned(),
        })
    }

    /// The first page of issues.
    pub(super) async fn issues(&self, params: &Params) -> Result<Vec<IssueBody>, SentryError> {
        let (_answer, issues) = self.page(Endpoint::Issues, &[], params, None).await?;
        Ok(issues)
    }

    /// One answer about spans.
    pub(super) async fn spans<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        params: &Params,
    ) -> Result<(Answer, T), SentryError> {
        self.page(endpoint, &[], params, None).await
    }

    /// The first page of events of an issue.
    pub(super) async fn events(
        &self,
        issue: &str,
        params: &Params,
    ) -> Result<Vec<EventBody>, SentryError> {
        let below = [issue, "events"];
        let (_answer, events) = self.page(Endpoint::Events, &below, params, None).await?;
        Ok(events)
    }

    async fn page<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        below: &[&str],
        params: &Params,
        cursor: Option<&str>,
    ) -> Result<(Answer, T), SentryError> {
        self.may_ask(endpoint)?;
        let root = ["api", "0", "organizations", &self.organization];
        // The empty segment is the slash at the end: without it Sentry redirects.
        let path = [&root[..], &[endpoint.segment()], below, &[""]].concat();
        let mut url = self.base.join(&path);
        // Only the cursor of a paging link is used, so that no answer can lead the token to another host.
        let cursor = cursor.map(|cursor| ("cursor", cursor.to_owned()));
        let pairs = self.scope.iter().chain(params).chain(&cursor);
        url.query_pairs_mut().extend_pairs(pairs);
        let call = Call::get(url).bearer(&self.token);
        let answer = self.client.send(call).await?;
        let wait = self.heed_limits(endpoint, &answer);
        if !answer.is_success() {
            return Err(SentryError::refused(endpoint, &answer, wait));
        }
        let body = answer.json()?;
        Ok((answer, body))
    }

    fn may_ask(&self, endpoint: Endpoint) -> Result<(), SentryError> {
        let quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = quiet
            .get(&endpoint)
            .map(|until| *until - self.clock.now())
            .filter(|left| *left > TimeDelta::zero());
        match left {
            Some(left) => Err(SentryError::Quiet {
                endpoint,
                wait: whole_seconds(left),
            }),
            None => Ok(()),
        }
    }

    /// Remembers when a used-up limit is renewed; gives the seconds until then.
    fn heed_limits(&self, endpoint: Endpoint, answer: &Answer) -> Option<u32> {
        let number = |name| answer.header(name)?.trim().parse::<i64>().ok();
        let limited = answer.status == 429;
        if !limited && number("x-sentry-rate-limit-remaining") != Some(0) {
            return None;
        }
        // The reset is a time of the server's clock: it is the distance that holds on ours.
        let now = self.clock.now();
        let server_now = server_time(answer).unwrap_or(now).timestamp();
        let wait = number("retry-after")
            .or_else(|| Some(number("x-sentry-rate-limit-reset")? - server_now))
            .or(limited.then_some(60))?
            .clamp(1, 3600);
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        quiet.insert(endpoint, now + TimeDelta::seconds(wait));
        u32::try_from(wait).ok()
    }
}

fn whole_seconds(left: TimeDelta) -> u32 {
    let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn server_time(answer: &Answer) -> Option<Timestamp> {
    let date = DateTime::parse_from_rfc2822(answer.header("date")?).ok()?;
    Some(date.with_timezone(&Utc))
}

/// The cursor of the next page: `<url>; rel="next"; results="true"; cursor="0:100:0"`. A next page without results is none.
fn next_cursor(link: &str) -> Option<String> {
    // A URL may hold commas, so the parts are told apart by their opening bracket.
    let next = link
        .split('<')
        .find(|part| part.contains(r#"rel="next""#) && part.contains(r#"results="true""#))?;
    let (_, after) = next.split_once(r#"; cursor=""#)?;
    let (cursor, _) = after.split_once('"')?;
    (!cursor.is_empty()).then(|| cursor.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_next_page_with_results_is_followed() {
        let link = |results: &str| {
            format!(
                r#"<https://sentry.io/a/?x=1,2&cursor=0:0:1>; rel="previous"; results="true"; cursor="0:0:1", <https://sentry.io/a/?cursor=0:100:0>; rel="next"; results="{results}"; cursor="0:100:0""#
            )
        };
        assert_eq!(next_cursor(&link("true")).as_deref(), Some("0:100:0"));
        assert_eq!(next_cursor(&link("false")), None);
        assert_eq!(next_cursor(""), None);
        assert_eq!(next_cursor(r#"<x>; rel="next"; results="true""#), None);
    }
}
