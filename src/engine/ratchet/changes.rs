//! Changes of the policy of a rollout that runs: weighed, proposed or carried out, and ended by themselves.

use std::sync::Arc;

use chrono::TimeDelta;

use super::super::commands::trusts;
use super::super::draft::Draft;
use super::super::plan::AppPlan;
use super::super::state::{AppState, Proposal};
use super::approvals::by_own_name;
use super::{PATIENCE, in_force, pinned, read};
use crate::domain::event::Urgency;
use crate::domain::{
    ActReply, ActRequest, Actor, AppId, Event, PlainText, PolicyChange, Refusal, Status, Timestamp,
};
use crate::policy::change::{Difference, compare, compare_rules, is_looser, named, with_override};
use crate::policy::{Policy, Role, Rule};

/// The longest that an override lasts: what is wanted for longer belongs into the policy.
const LONGEST_OVERRIDE: TimeDelta = TimeDelta::days(7);

/// A change, what it differs in, and who may make it.
struct Weighed {
    differences: Vec<Difference>,
    looser: bool,
    act: Ready,
}

/// What will be recorded.
enum Ready {
    Pin { policy: Policy, toml: String },
    Lay { until: Timestamp },
    Lift,
}

/// A person asks for a change of the policy.
pub(in super::super) fn ask(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    change: &PolicyChange,
) -> Result<ActReply, Refusal> {
    let weighed = weigh(draft, id, change)?;
    let access = &draft.plan.access;
    let (needed, what) = if weighed.looser {
        (Role::Admin, "loosening a policy")
    } else {
        (Role::Operator, "changing a policy")
    };
    access.permit((&request.actor, &request.standing), needed, what)?;
    if weighed.looser && access.two_person {
        by_own_name(&request.actor, what)?;
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    if weighed.differences.is_empty() && matches!(weighed.act, Ready::Pin { .. }) {
        return Ok(ActReply::Done);
    }
    // What was proposed was a change of another policy.
    if draft.app(id).proposal.is_some() {
        let why = format!("another change was asked for by {actor}").into();
        draft.emit(Some(id), Event::ProposalEnded { why });
    }
    if weighed.looser && access.two_person {
        return Ok(propose(draft, id, change, &weighed, actor, reason));
    }
    carry_out(draft, id, change, weighed, actor, reason);
    Ok(ActReply::Done)
}

fn propose(
    draft: &mut Draft<'_>,
    id: &AppId,
    change: &PolicyChange,
    weighed: &Weighed,
    actor: Actor,
    reason: PlainText,
) -> ActReply {
    let changes = words(&weighed.differences);
    let text = format!(
        "{id}: {actor} asks for a looser policy ({reason}): {}; another admin agrees within 24 h with: haltline approve {id} --reason …",
        joined(&changes)
    );
    let change = change.clone();
    let proposed = Event::ChangeProposed {
        change,
        actor,
        reason,
        changes,
    };
    draft.emit(Some(id), proposed);
    draft.tell(Some(id), Urgency::Warning, &text);
    let what = format!("a second admin: haltline approve {id} --reason …, within 24 h");
    ActReply::Waits { what: what.into() }
}

/// A second person agrees to the change that waits.
pub(super) fn agree(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    proposal: Proposal,
) -> Result<ActReply, Refusal> {
    let Proposal {
        change,
        actor,
        reason,
        ..
    } = proposal;
    let weighed = match weigh(draft, id, &change) {
        Ok(weighed) => weighed,
        Err(why) => {
            let ended = Event::ProposalEnded {
                why: why.as_str().into(),
            };
            draft.emit(Some(id), ended);
            return Err(why.into());
        }
    };
    let reason = format!(
        "{reason} (agreed to by {}: {})",
        request.actor, request.reason
    );
    carry_out(draft, id, &change, weighed, actor, reason.into());
    Ok(ActReply::Done)
}

fn weigh(draft: &Draft<'_>, id: &AppId, change: &PolicyChange) -> Result<Weighed, String> {
    trusts(draft)?;
    let (Some(plan), Some(app)) = (draft.app_plan(id), draft.state.app(id)) else {
        return Err("nothing is known of it yet".into());
    };
    if app.pinned.is_none() {
        return Err("no rollout runs, and the next one goes by the file: change it there".into());
    }
    let base = pinned(plan, app);
    let now = in_force(plan, app);
    match change {
        PolicyChange::Apply { name, toml } => {
            let policy = read(name.as_str(), toml)
                .map_err(|why| format!("policy {name} cannot be read: {why}"))?;
            let differences = compare(&base, &policy);
            let toml = toml.clone();
            Ok(Weighed {
                looser: is_looser(&differences),
                differences,
                act: Ready::Pin { policy, toml },
            })
        }
        PolicyChange::Override {
            rule,
            with,
            seconds,
        } => {
            let lasts = TimeDelta::seconds((*seconds).into());
            if lasts <= TimeDelta::zero() || lasts > LONGEST_OVERRIDE {
                return Err(format!(
                    "an override lasts from a second to {} days: what is wanted for longer belongs into the policy",
                    LONGEST_OVERRIDE.num_days()
                ));
            }
            let until = draft.now() + lasts;
            let written = named(&base, rule).map_err(|error| error.to_string())?;
            let laid = with_override(written, with).map_err(|error| error.to_string())?;
            let was = by_name(&now, rule);
            let differences = compare_rules(was, laid.as_ref());
            if differences.is_empty() && !app.overrides.contains_key(rule) {
                return Err(format!("rule {rule} is so already"));
            }
            // Neither what is written nor what lies over it now may be got round, and what tightens may not end sooner.
            let looser = is_looser(&differences)
                || is_looser(&compare_rules(Some(written), laid.as_ref()))
                || ends_sooner(app, rule, until) && is_looser(&compare_rules(was, Some(written)));
            let act = Ready::Lay { until };
            Ok(Weighed {
                differences,
                looser,
                act,
            })
        }
        PolicyChange::EndOverride { rule } => {
            if !app.overrides.contains_key(rule) {
                let known: Vec<&str> = app.overrides.keys().map(PlainText::as_str).collect();
                return Err(if known.is_empty() {
                    "nothing lies over any rule".to_owned()
                } else {
                    format!("nothing lies over {rule}, but over {}", known.join(", "))
                });
            }
            let differences = compare_rules(by_name(&now, rule), by_name(&base, rule));
            Ok(Weighed {
                looser: is_looser(&differences),
                differences,
                act: Ready::Lift,
            })
        }
    }
}

fn by_name<'a>(policy: &'a Policy, rule: &PlainText) -> Option<&'a Rule> {
    policy.rules.iter().find(|known| known.id == *rule)
}

fn ends_sooner(app: &AppState, rule: &PlainText, until: Timestamp) -> bool {
    let known = app.overrides.get(rule);
    known.is_some_and(|known| until < known.until)
}

fn carry_out(
    draft: &mut Draft<'_>,
    id: &AppId,
    change: &PolicyChange,
    weighed: Weighed,
    actor: Actor,
    reason: PlainText,
) {
    let Some(plan) = draft.app_plan(id) else {
        return;
    };
    let before = in_force(plan, &draft.app(id));
    let changes = words(&weighed.differences);
    let by = format!("by {actor} ({reason}): {}", joined(&changes));
    let (event, what) = match (weighed.act, change) {
        (Ready::Pin { policy, toml }, _) => {
            let (name, hash) = (policy.name, policy.hash);
            let what = format!("goes by policy {name} from now on, {by}");
            (
                Event::PolicyPinned {
                    name,
                    hash,
                    toml,
                    actor,
                    reason,
                    changes,
                },
                what,
            )
        }
        (Ready::Lay { until }, PolicyChange::Override { rule, with, .. }) => {
            let (rule, with) = (rule.clone(), with.clone());
            let end = until.format("%Y-%m-%d %H:%M UTC");
            let what = format!("rule {rule} is overridden until {end}, {by}");
            (
                Event::OverrideSet {
                    rule,
                    with,
                    until,
                    actor,
                    reason,
                    changes,
                },
                what,
            )
        }
        (_, PolicyChange::EndOverride { rule }) => {
            let what = format!("the override of rule {rule} is ended, {by}");
            let rule = rule.clone();
            (
                Event::OverrideEnded {
                    rule,
                    actor,
                    reason,
                },
                what,
            )
        }
        (Ready::Lay { .. } | Ready::Lift, _) => return,
    };
    draft.emit(Some(id), event);
    let note = follow_up(draft, id, plan, &before);
    let urgency = if weighed.looser {
        Urgency::Warning
    } else {
        Urgency::Info
    };
    draft.tell(Some(id), urgency, &format!("{id}: {what}{note}"));
}

/// What has to be forgotten, and what not, after the policy in force was another one: a rule that is another now may fire anew, an
/// announced act that no rule asks for any more is not done, and an override whose rule is gone ends. What is to be said of it.
fn follow_up(draft: &mut Draft<'_>, id: &AppId, plan: &AppPlan, before: &Arc<Policy>) -> String {
    let app = draft.app(id);
    let base = pinned(plan, &app);
    for (rule, over) in &app.overrides {
        let fits = named(&base, rule).and_then(|rule| with_override(rule, &over.with));
        if let Err(why) = fits {
            let ended = Event::OverrideEnded {
                rule: rule.clone(),
                actor: Actor::Haltline,
                reason: why.to_string().into(),
            };
            draft.emit(Some(id), ended);
        }
    }
    let after = in_force(plan, &draft.app(id));
    let mut had_fired = Vec::new();
    let counted = app.breaches.keys().map(|rule| (rule, false));
    // One that has fired and is counted again is cleared twice: of the count, then of having fired.
    for (rule, fired) in counted.chain(app.fired.keys().map(|rule| (rule, true))) {
        if by_name(before, rule) != by_name(&after, rule) {
            if fired {
                had_fired.push(rule.to_string());
            }
            let rule = rule.clone();
            draft.emit(Some(id), Event::RuleCleared { rule });
        }
    }
    if let Some(act) = &app.announced {
        let asks = by_name(&after, &act.rule).and_then(|rule| rule.action.verb());
        if asks.is_none_or(|verb| verb < act.verb) {
            let (rule, why) = (
                act.rule.clone(),
                "the policy does not ask for it any more".into(),
            );
            draft.emit(Some(id), Event::ActCancelled { rule, why });
        }
    }
    let is_stopped = app
        .release
        .as_ref()
        .is_some_and(|it| it.status == Status::Stopped);
    let stops = app
        .desire
        .as_ref()
        .is_some_and(|desire| desire.verb.lowers());
    if had_fired.is_empty() || !(is_stopped || stops) {
        return String::new();
    }
    format!(
        "; {} had fired: what was stopped stays stopped until a person resumes it",
        had_fired.join(", ")
    )
}

/// Overrides and proposals whose time is over.
pub(in super::super) fn expire(draft: &mut Draft<'_>, id: &AppId) {
    let now = draft.now();
    let (Some(plan), Some(app)) = (draft.app_plan(id), draft.state.app(id)) else {
        return;
    };
    let late = app
        .proposal
        .as_ref()
        .filter(|it| it.since + PATIENCE <= now);
    if let Some(Proposal { actor, .. }) = late.cloned() {
        let why = "nobody agreed within 24 h";
        draft.emit(Some(id), Event::ProposalEnded { why: why.into() });
        let words = format!("{id}: the policy stays as it is: {why} to what {actor} asked for");
        draft.tell(Some(id), Urgency::Info, &words);
    }
    let overrides = draft.state.app(id).map(|app| &app.overrides);
    let over = overrides
        .into_iter()
        .flatten()
        .filter(|(_, over)| over.until <= now);
    let over: Vec<PlainText> = over.map(|(rule, _)| rule.clone()).collect();
    for rule in over {
        let before = in_force(plan, &draft.app(id));
        let back = by_name(&pinned(plan, &draft.app(id)), &rule).cloned();
        let changes = words(&compare_rules(by_name(&before, &rule), back.as_ref()));
        let words = format!(
            "{id}: the override of rule {rule} is over: {}",
            joined(&changes)
        );
        let (actor, reason) = (Actor::Haltline, "its time is over".into());
        draft.emit(
            Some(id),
            Event::OverrideEnded {
                rule,
                actor,
                reason,
            },
        );
        let note = follow_up(draft, id, plan, &before);
        draft.tell(Some(id), Urgency::Warning, &format!("{words}{note}"));
    }
}

pub(super) fn words(differences: &[Difference]) -> Vec<PlainText> {
    let words = differences
        .iter()
        .map(|difference| difference.words.clone());
    words.collect()
}

pub(super) fn joined(changes: &[PlainText]) -> String {
    let changes: Vec<&str> = changes.iter().map(PlainText::as_str).collect();
    if changes.is_empty() {
        "nothing differs".to_owned()
    } else {
        changes.join("; ")
    }
}
