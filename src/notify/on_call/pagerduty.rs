//! Schedules of PagerDuty: <https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls>.

use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Answer, EVERY, until};
use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::{BaseUrl, Call, Client, HttpError};
use crate::ports::Clock;

/// How long the last answer is gone by where no new one comes.
const REMEMBERED: TimeDelta = TimeDelta::minutes(30);
/// On-calls a page of the answer, and pages: a schedule is told once for every policy that it is in.
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;
/// More people than that are not told one by one.
const MOST_NAMED: usize = 3;

const PLACE: &str = "GET /oncalls";

#[derive(Clone, Debug)]
pub struct Settings {
    pub base: BaseUrl,
    /// A REST API key; one that only reads will do.
    pub token: SecretString,
    /// Ids. Who is told first is on the first of them.
    pub schedules: Vec<String>,
}

/// Asks who is on call by schedules.
pub struct Schedules {
    settings: Settings,
    http: Client,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Asked>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    at: Timestamp,
    shifts: Vec<Shift>,
}

/// One person, until when (`None`: always).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shift {
    who: PlainText,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Page {
    oncalls: Vec<Entry>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct Entry {
    user: Named,
    schedule: Option<Named>,
    #[serde(default)]
    escalation_level: u32,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    summary: Option<String>,
}

impl Schedules {
    pub fn new(settings: Settings, http: Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings,
            http,
            clock,
            last: Mutex::default(),
        }
    }

    /// Who is on call now: as PagerDuty says, else as it said last.
    pub async fn now(&self, now: Timestamp) -> Answer {
        let mut last = self.last.lock().await;
        match self.ask(now).await {
            Ok(shifts) => *last = Some(Asked { at: now, shifts }),
            Err(failure) => tracing::warn!("who is on call is not known: {failure}"),
        }
        let fresh = last.as_ref().filter(|asked| now - asked.at < REMEMBERED);
        answer(fresh.map_or(&[], |asked| &asked.shifts), now)
    }

    /// One question, for `doctor` and the like: who would be named.
    ///
    /// # Errors
    /// Why PagerDuty does not say.
    pub async fn asked(&self) -> Result<Option<PlainText>, Failure> {
        let now = self.clock.now();
        Ok(answer(&self.ask(now).await?, now).who)
    }

    async fn ask(&self, now: Timestamp) -> Result<Vec<Shift>, Failure> {
        let mut entries = Vec::new();
        for page in 0..MOST_PAGES {
            let found = self.page(page * PAGE).await?;
            entries.extend(found.oncalls);
            if !found.more {
                break;
            }
        }
        Ok(shifts(entries, &self.settings.schedules, now))
    }

    async fn page(&self, offset: usize) -> Result<Page, Failure> {
        let mut url = self.settings.base.join(&["oncalls"]);
        {
            let mut query = url.query_pairs_mut();
            for schedule in &self.settings.schedules {
                query.append_pair("schedule_ids[]", schedule);
            }
            query.append_pair("earliest", "true");
            query.append_pair("limit", &PAGE.to_string());
            query.append_pair("offset", &offset.to_string());
        }
        let mut call = Call::get(url).header("accept", "application/vnd.pagerduty+json;version=2");
        let token = self.settings.token.expose_secret();
        call.authorization = Some(format!("Token token={token}").into());
        let answer = self.http.send(call).await.map_err(|error| broken(&error))?;
        match answer.status {
            200 => answer.json().map_err(|error| broken(&error)),
            401 | 403 => {
                let what = format!("PagerDuty answered {}", answer.status);
                let hint = "token takes a REST API key, not the integration key of a service";
                Err(Failure::new(FailureKind::Credentials, what)
                    .at(PLACE)
                    .hint(hint))
            }
            404 | 400 => {
                let what = format!("PagerDuty answered {}", answer.status);
                let hint = "are the ids in schedules right?";
                Err(Failure::new(FailureKind::Refused, what)
                    .at(PLACE)
                    .hint(hint))
            }
            status => {
                let what = format!("PagerDuty answered {status}");
                Err(Failure::new(FailureKind::Retry, what).at(PLACE))
            }
        }
    }
}

fn broken(error: &HttpError) -> Failure {
    Failure::new(FailureKind::Retry, error.to_string()).at(PLACE)
}

/// Those on call at `now`, each once: by level, then in the order of the schedules.
fn shifts(entries: Vec<Entry>, schedules: &[String], now: Timestamp) -> Vec<Shift> {
    let mut now_on_call: Vec<(u32, usize, Entry)> = entries
        .into_iter()
        .filter(|entry| entry.start.is_none_or(|start| start <= now))
        .filter(|entry| entry.end.is_none_or(|end| now < end))
        .filter_map(|entry| {
            let schedule = entry.schedule.as_ref()?;
            let rank = schedules.iter().position(|id| *id == schedule.id)?;
            Some((entry.escalation_level, rank, entry))
        })
        .collect();
    now_on_call.sort_by_key(|(level, rank, entry)| (*level, *rank, entry.end));
    let mut seen = Vec::new();
    let mut shifts = Vec::new();
    for (_, _, entry) in now_on_call {
        if seen.contains(&entry.user.id) {
            continue;
        }
        let who = entry.user.summary.as_deref().unwrap_or(&entry.user.id);
        shifts.push(Shift {
            who: who.into(),
            until: entry.end,
        });
        seen.push(entry.user.id);
    }
    shifts
}

/// What is said of these, and when that changes at the latest.
fn answer(shifts: &[Shift], now: Timestamp) -> Answer {
    let on: Vec<&Shift> = shifts
        .iter()
        .filter(|shift| shift.until.is_none_or(|until| now < until))
        .collect();
    let named = on.iter().take(MOST_NAMED);
    let mut names: Vec<String> = named
        .map(|shift| until(shift.who.as_str(), shift.until, now))
        .collect();
    if on.len() > MOST_NAMED {
        names.push(format!("{} more", on.len() - MOST_NAMED));
    }
    let ends = on.iter().filter_map(|shift| shift.until);
    Answer {
        who: (!names.is_empty()).then(|| names.join(", ").into()),
        again: ends.chain([now + EVERY]).min().unwrap_or(now + EVERY),
    }
}
