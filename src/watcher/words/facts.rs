//! What stands beside the sentence: the numbers that it rests on, and the command to type next.

use crate::domain::event::Finding;
use crate::domain::{AppId, Counts, Health, Metric, PlainText, Status, StoreKind, Timestamp, Verb};
use crate::engine::AppState;
use crate::policy::explain;

/// A rule that has fired.
pub(super) struct Fired<'a> {
    /// `rule crash-ratio`
    pub called: String,
    pub verb: Option<Verb>,
    pub metric: Metric,
    pub finding: &'a Finding,
}

/// What is known of an app whose release is watched.
pub(super) struct Known<'a> {
    pub store: StoreKind,
    pub state: &'a AppState,
    pub new_name: &'a PlainText,
    pub old_name: Option<PlainText>,
    pub fired: Option<Fired<'a>>,
    /// Users of the version in the last day.
    pub users: Option<u64>,
}

type Fact = (PlainText, PlainText);

fn fact(name: impl Into<PlainText>, value: impl Into<PlainText>) -> Fact {
    (name.into(), value.into())
}

impl Known<'_> {
    /// Each with what it is; what is not known is left out.
    pub(super) fn facts(&self, now: Timestamp) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(release) = &self.state.release {
            let mut shown = format!(
                "{} at {}",
                release.status.word(self.store),
                release.exposure
            );
            if let Some(phased) = &release.phased {
                shown = format!("{shown}, day {}", phased.day);
            }
            facts.push(fact("rollout", shown));
        }
        facts.push(fact("verdict", self.state.health.to_string()));
        if let Some(fired) = &self.fired {
            self.fired(fired, now, &mut facts);
        }
        if let Some(users) = self.users {
            let value = format!("{} in the last day", explain::count(users));
            facts.push(fact("users reached", value));
        }
        if let Some(started) = self.state.started {
            facts.push(fact("started", age(started, now)));
        }
        if let Some(incident) = &self.state.incident
            && let Some((actor, at)) = &incident.acknowledged
        {
            facts.push(fact(
                "acknowledged",
                format!("by {actor}, {}", age(*at, now)),
            ));
        }
        facts
    }

    fn fired(&self, fired: &Fired<'_>, now: Timestamp, facts: &mut Vec<Fact>) {
        let Fired {
            called,
            verb,
            metric,
            finding,
        } = fired;
        let does = verb.map_or("notify", Verb::name);
        facts.push(fact("fired", format!("{called} ({does})")));
        let label = metric.label();
        let measured = |name: &str, counts: Counts| {
            let value = format!(
                "{}: {} of {} {} {}",
                explain::share(metric, counts),
                explain::count(counts.failures),
                explain::count(counts.trials),
                metric.trial_word(),
                metric.failure_word(),
            );
            fact(format!("{label}, {name}"), value)
        };
        facts.push(measured(self.new_name.as_str(), finding.new));
        if let Some(old) = finding.old.filter(|old| old.trials > 0) {
            let name = self.old_name.as_ref().map_or("before", PlainText::as_str);
            facts.push(measured(name, old));
            let rates = finding.new.failure_rate().zip(old.failure_rate());
            if let Some((new, old)) = rates.filter(|(_, old)| *old > 0.0) {
                facts.push(fact("times as often", explain::times(new / old)));
            }
        }
        if let Some(ln_evidence) = finding.ln_evidence {
            facts.push(fact("if nothing were wrong", explain::one_in(ln_evidence)));
        }
        let through = finding.through;
        let value = format!("{}, {}", through.format("%H:%M UTC"), age(through, now));
        facts.push(fact("data to", value));
    }
}

/// `4 min ago`, `2 h ago`, `3 days ago`
fn age(then: Timestamp, now: Timestamp) -> String {
    let minutes = (now - then).num_minutes().max(0);
    match minutes {
        0 => "just now".to_owned(),
        1..=119 => format!("{minutes} min ago"),
        120..=2_879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    }
}

/// The command that whoever is there would type next: it stops what goes on, else says that somebody is there, else ends what
/// stands still. Nothing is guessed: where there is nothing to do there is no command.
pub(super) fn next_move(id: &AppId, app: &AppState, now: Timestamp) -> Option<String> {
    let release = app.release.as_ref()?;
    let running = matches!(release.status, Status::InProgress | Status::Completed);
    let stopped = release.status == Status::Stopped && !app.waits_at_gate();
    let unanswered = app
        .incident
        .as_ref()
        .is_some_and(|incident| incident.acknowledged.is_none());
    if let Some(act) = app.withheld.as_ref().filter(|_| running) {
        return Some(format!("haltline {} {id} --reason …", act.verb));
    }
    if app.announced.as_ref().is_some_and(|act| act.due > now) {
        return Some(format!("haltline disarm {id} --for 2h --reason …"));
    }
    if app.needs_person.is_some() {
        return Some(format!("haltline status {id}"));
    }
    if running && app.health == Health::Breached && app.desire.is_none() {
        return Some(format!("haltline halt {id} --reason …"));
    }
    if unanswered {
        return Some(format!("haltline ack {id}"));
    }
    stopped.then(|| format!("haltline resume {id} --reason …"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::ReleaseView;
    use crate::domain::{Exposure, Version};
    use chrono::TimeDelta;

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn state(status: Status) -> AppState {
        AppState {
            release: Some(ReleaseView {
                version: Version::from_code(84_300),
                also: Vec::new(),
                label: "8.43.0".into(),
                status,
                exposure: Exposure::from_percent(5),
                in_review: false,
                phased: None,
            }),
            started: Some(now() - TimeDelta::minutes(95)),
            health: Health::Breached,
            ..AppState::default()
        }
    }

    #[test]
    fn the_numbers_that_a_page_rests_on() {
        let finding = Finding {
            sentence: "".into(),
            new: Counts::new(2_480, 47).unwrap(),
            old: Counts::new(20_000, 30),
            ln_evidence: Some(9.0),
            ln_threshold: Some(5.7),
            through: now() - TimeDelta::minutes(4),
        };
        let state = state(Status::InProgress);
        let known = Known {
            store: StoreKind::GooglePlay,
            state: &state,
            new_name: &"8.43.0 (84300)".into(),
            old_name: Some("8.42.0 (84200)".into()),
            fired: Some(Fired {
                called: "rule crash-ratio".into(),
                verb: Some(Verb::Halt),
                metric: Metric::CrashFreeSessions,
                finding: &finding,
            }),
            users: Some(1_240),
        };
        let facts = known.facts(now());
        let lines: Vec<String> = facts.iter().map(|(a, b)| format!("{a}: {b}")).collect();
        assert_eq!(
            lines,
            [
                "rollout: in progress at 5%",
                "verdict: breached",
                "fired: rule crash-ratio (halt)",
                "crash-free sessions, 8.43.0 (84300): 98.1%: 47 of 2,480 sessions crashed",
                "crash-free sessions, 8.42.0 (84200): 99.85%: 30 of 20,000 sessions crashed",
                "times as often: 12.6×",
                "if nothing were wrong: at most 1 in 8,100",
                "data to: 14:09 UTC, 4 min ago",
                "users reached: 1,240 in the last day",
                "started: 95 min ago",
            ]
        );
    }

    #[test]
    fn the_command_is_what_one_would_do_next() {
        let id = AppId::try_from("shop-android".to_owned()).unwrap();
        let next = |app: &AppState| next_move(&id, app, now());
        let mut running = state(Status::InProgress);
        assert_eq!(
            next(&running).as_deref(),
            Some("haltline halt shop-android --reason …")
        );
        running.health = Health::Healthy;
        assert_eq!(next(&running), None);
        let stopped = state(Status::Stopped);
        assert_eq!(
            next(&stopped).as_deref(),
            Some("haltline resume shop-android --reason …")
        );
        assert_eq!(next(&AppState::default()), None);
    }
}
