//! From readings to verdicts, and from verdicts to rules that fire.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::draft::Draft;
use super::guard::Guard;
use super::state::{AppState, Desire, Fired, LostSource, WithheldAct};
use super::{acts, gate, ladder, ratchet, tiers};
use crate::domain::event::{Finding, Urgency};
use crate::domain::{Actor, AppId, Event, PlainText, SourceId, Status, Verb};
use crate::policy::{
    Action, DataState, Disagreement, Observation, Rule, RuleState, RuleStatus, SourceState, assess,
};

/// Takes in what is known about an app's health now.
pub(super) fn observed(draft: &mut Draft<'_>, id: &AppId, observation: &Observation) {
    let Some(plan) = draft.app_plan(id) else {
        return;
    };
    sources(draft, id, observation);
    let policy = ratchet::in_force(plan, &draft.app(id));
    let mut assessment = assess(&policy, observation);
    opinions(draft, id, observation, &assessment.disagreements);
    launch(draft, id, assessment.dark.as_ref());
    let app = draft.app(id);
    if app.health != assessment.health || app.sentence.is_empty() {
        let (from, to, sentence) = (app.health, assessment.health, assessment.sentence.clone());
        draft.emit(Some(id), Event::VerdictChanged { from, to, sentence });
    }
    let rules: BTreeMap<_, _> = policy.rules.iter().map(|rule| (&rule.id, rule)).collect();
    // The strongest action first: a halt makes a pause of the same poll needless, not the other way round.
    let mut statuses: Vec<&RuleStatus> = assessment.rules.iter().collect();
    statuses.sort_by_key(|status| std::cmp::Reverse(status.action));
    for status in statuses {
        if let Some(rule) = rules.get(&status.rule) {
            follow(draft, id, rule, status);
        }
    }
    // A rule that has just fired comes before any gate.
    let _declared = tiers::settle(draft, id, &policy, Some(&assessment));
    gate::judge(draft, id, &policy, &mut assessment);
    ladder::climb(draft, id);
    draft.assessment = Some(assessment);
}

/// How many times as long as its data may be old a source is missed before somebody is woken.
const PAGE_AFTER: i32 = 3;

/// A source that stops being fresh is told: a stalled feed looks like success. Late data come by themselves, most often, so
/// that they are shown and not told.
fn sources(draft: &mut Draft<'_>, id: &AppId, observation: &Observation) {
    let app = draft.app(id);
    let asked = |lost: &&SourceId| observation.sources.iter().any(|source| source.id == **lost);
    for source in app.lost_sources.keys().filter(|lost| !asked(lost)) {
        let source = source.clone();
        let words = format!("{id}: {source}, which was blind, is not asked any more");
        draft.emit(Some(id), Event::SourceBack { source });
        draft.tell(Some(id), Urgency::Info, &words);
    }
    for source in &observation.sources {
        let lost = app.lost_sources.get(&source.id).cloned();
        match (source.state, lost) {
            (DataState::Fresh, Some(_)) => {
                draft.emit(
                    Some(id),
                    Event::SourceBack {
                        source: source.id.clone(),
                    },
                );
                draft.tell(
                    Some(id),
                    Urgency::Info,
                    &format!("{id}: {} is fresh again", source.id),
                );
            }
            (state, None) if state.is_told() => lose(draft, id, source),
            (state, Some(lost)) if state.is_told() => page(draft, id, source, &lost),
            _ => {}
        }
    }
}

fn lose(draft: &mut Draft<'_>, id: &AppId, source: &SourceState) {
    let why = source.why.clone().unwrap_or_else(|| "no fresh data".into());
    let words = format!(
        "{id}: health from {} unknown ({}): {why}",
        source.id,
        source.state.word()
    );
    draft.emit(
        Some(id),
        Event::SourceLost {
            source: source.id.clone(),
            why,
        },
    );
    let urgency = if source.required {
        Urgency::Warning
    } else {
        Urgency::Info
    };
    draft.tell(Some(id), urgency, &words);
}

/// Wakes somebody, once, where a rollout goes on and nobody has been able to judge it for long.
fn page(draft: &mut Draft<'_>, id: &AppId, source: &SourceState, lost: &LostSource) {
    let now = draft.now();
    let app = draft.app(id);
    let running = app
        .release
        .as_ref()
        .is_some_and(|release| matches!(release.status, Status::InProgress | Status::Completed));
    // Stale data were stale before anybody was told so.
    let end = source
        .read_through
        .filter(|_| source.state == DataState::Stale);
    let blind = now - end.unwrap_or(lost.since).min(lost.since);
    let patience = TimeDelta::seconds(source.stale_after.into()) * PAGE_AFTER;
    if lost.paged || !source.required || !running || blind < patience {
        return;
    }
    let why = source.why.clone().unwrap_or_else(|| lost.why.clone());
    let words = format!(
        "{id}: health from {} unknown ({}) for {} min while the rollout goes on: {why}",
        source.id,
        source.state.word(),
        blind.num_minutes()
    );
    draft.emit(
        Some(id),
        Event::SourcePaged {
            source: source.id.clone(),
            why,
        },
    );
    draft.tell(Some(id), Urgency::Page, &words);
}

/// Sources that contradict each other are told of, once when it begins and once when it is over. It is no evidence against a
/// version, so that nothing else is done.
fn opinions(
    draft: &mut Draft<'_>,
    id: &AppId,
    observation: &Observation,
    disagreements: &[Disagreement],
) {
    let known = draft.app(id).disagreements.clone();
    for found in disagreements {
        let (metric, second) = (found.metric.clone(), found.second.source.clone());
        if known.contains_key(&(metric.clone(), second.clone())) {
            continue;
        }
        let sentence = found.sentence.clone();
        draft.tell(Some(id), Urgency::Warning, &format!("{id}: {sentence}"));
        let first = found.first.source.clone();
        draft.emit(
            Some(id),
            Event::SourcesDisagree {
                metric,
                first,
                second,
                sentence,
            },
        );
    }
    for ((metric, second), first) in known {
        let still = disagreements
            .iter()
            .any(|found| found.metric == metric && found.second.source == second);
        // Who says nothing now has not changed its mind.
        let mut sources = observation.sources.iter();
        let silent = sources.any(|source| {
            matches!(source.state, DataState::Missing | DataState::Anomalous)
                && (source.id == first || source.id == second)
        });
        if still || silent {
            continue;
        }
        let label = metric.label();
        draft.emit(
            Some(id),
            Event::SourcesAgree {
                metric,
                second: second.clone(),
            },
        );
        let words = format!("{id}: {second} does not contradict {first} on {label} any more");
        draft.tell(Some(id), Urgency::Info, &words);
    }
}

/// A version that is offered and not seen wakes somebody, once, until sessions come.
fn launch(draft: &mut Draft<'_>, id: &AppId, dark: Option<&PlainText>) {
    match (&draft.app(id).dark, dark) {
        (None, Some(sentence)) => {
            draft.emit(
                Some(id),
                Event::DarkLaunch {
                    sentence: sentence.clone(),
                },
            );
            draft.tell(Some(id), Urgency::Page, &format!("{id}: {sentence}"));
        }
        (Some(_), None) => {
            draft.emit(Some(id), Event::DarkLaunchOver);
            let words = format!("{id}: sessions of the version have come: no dark launch");
            draft.tell(Some(id), Urgency::Info, &words);
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
}

/// Counts polls with newer data, and fires once there are enough.
fn follow(draft: &mut Draft<'_>, id: &AppId, rule: &Rule, status: &RuleStatus) {
    let app = draft.app(id);
    let known = app.breaches.get(&rule.id).copied();
    let finding = match (&status.state, &status.finding) {
        (RuleState::Breached, Some(finding)) => finding,
        // Blind is not better: what was counted so far stays counted.
        (RuleState::Unknown { .. }, _) => return,
        (state, finding) => {
            blameless(
                draft,
                id,
                rule,
                *state == RuleState::Blameless,
                finding.as_ref(),
            );
            if known.is_some() {
                draft.emit(
                    Some(id),
                    Event::RuleCleared {
                        rule: rule.id.clone(),
                    },
                );
            }
            return;
        }
    };
    let keeps = draft.plan.keeps(Guard::FireOnce);
    let fired = app.fired.get(&rule.id).filter(|_| keeps);
    if fired.is_some_and(|fired| !may_do_more(&app, *fired, status, finding)) {
        return retry_withheld(draft, id, rule, status);
    }
    let newer = known.is_none_or(|breach| breach.through < finding.through);
    if !newer {
        return;
    }
    let polls = known.map_or(1, |breach| breach.polls + 1);
    if polls < status.polls_needed {
        let (through, sentence) = (finding.through, finding.sentence.clone());
        return draft.emit(
            Some(id),
            Event::RuleBreached {
                rule: rule.id.clone(),
                polls,
                through,
                sentence,
            },
        );
    }
    let verb = status.action.verb();
    draft.emit(
        Some(id),
        Event::RuleFired {
            rule: rule.id.clone(),
            verb,
            finding: finding.clone(),
        },
    );
    act(draft, id, rule, status);
}

/// Whether a rule that has fired may fire anew: what kept it from more is gone, and what is known of the time after it fired
/// bears it out. Not while a person's decision is being carried out, which starts the evidence anew.
fn may_do_more(app: &AppState, fired: Fired, status: &RuleStatus, finding: &Finding) -> bool {
    let persons = |desire: &Desire| matches!(desire.actor, Actor::Person { .. });
    status.action.verb() > fired.verb
        && finding.through > fired.at
        && !app.desire.as_ref().is_some_and(persons)
}

/// Both versions alike are worse than the limit: an outage. Advancing holds until it is over; nothing is stopped.
fn blameless(draft: &mut Draft<'_>, id: &AppId, rule: &Rule, is: bool, finding: Option<&Finding>) {
    let actor = Actor::Rule {
        id: rule.id.clone(),
    };
    match (is, &draft.app(id).hold, finding) {
        (true, None, Some(finding)) => {
            let reason = finding.sentence.clone();
            draft.tell(Some(id), Urgency::Warning, &format!("{id}: hold: {reason}"));
            draft.emit(Some(id), Event::HoldSet { actor, reason });
        }
        (false, Some(holder), _) if *holder == actor && rule.action != Action::Hold => {
            let reason = "the outage is over".into();
            draft.emit(
                Some(id),
                Event::HoldLifted {
                    actor: Actor::Haltline,
                    reason,
                },
            );
        }
        _ => {}
    }
}

fn act(draft: &mut Draft<'_>, id: &AppId, rule: &Rule, status: &RuleStatus) {
    let Some(finding) = &status.finding else {
        return;
    };
    let app = draft.app(id);
    match status.action {
        Action::Notify => draft.tell(
            Some(id),
            Urgency::Warning,
            &format!("{id}: {}: {}", rule.id, finding.sentence),
        ),
        Action::Hold => {
            if app.hold.is_none() {
                let actor = Actor::Rule {
                    id: rule.id.clone(),
                };
                draft.emit(
                    Some(id),
                    Event::HoldSet {
                        actor,
                        reason: finding.sentence.clone(),
                    },
                );
                draft.tell(
                    Some(id),
                    Urgency::Warning,
                    &format!("{id}: hold: {}", finding.sentence),
                );
            }
        }
        Action::Pause | Action::Halt => {
            let verb = if status.action == Action::Halt {
                Verb::Halt
            } else {
                Verb::Pause
            };
            if !acts::is_needless(&app, verb) {
                acts::propose(draft, id, &rule.id, verb, &finding.sentence, rule.grace);
            }
        }
    }
}

/// An act that was withheld for a reason that has gone is proposed again, while the rule is still breached.
fn retry_withheld(draft: &mut Draft<'_>, id: &AppId, rule: &Rule, status: &RuleStatus) {
    let app = draft.app(id);
    let withheld = app.withheld.as_ref().filter(|act| act.rule == rule.id);
    if withheld.is_some_and(WithheldAct::is_passing) && acts::guard(draft, id).is_none() {
        act(draft, id, rule, status);
    }
}
