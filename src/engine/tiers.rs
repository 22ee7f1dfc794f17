//! Tiers: which answer holds, by the numbers and by what people declare, and what a declaration does.
//!
//! A tier that a number breaches acts as the rule that it is (see [`super::health`]). Here are the answers to warnings, which hold
//! while the warning lasts, and to declarations, which are decided when a person declares and need no health data.

use std::sync::Arc;

use chrono::TimeDelta;

use super::acts;
use super::draft::Draft;
use super::ratchet;
use super::state::{AppState, TierAnswer, WithheldAct};
use crate::domain::event::Urgency;
use crate::domain::{
    ActReply, ActRequest, Actor, AppId, Event, Fix, Health, PlainText, Refusal, Verb,
};
use crate::policy::{Action, Assessment, NextTrain, Policy, Rule, Tier, When};

/// An answer that holds.
struct Answer<'p> {
    tier: &'p Tier,
    respond: Action,
    ground: Ground,
}

/// What an answer rests on.
enum Ground {
    /// A warning, and why.
    Warning(PlainText),
    /// A rule fired, which has told and done what it does.
    Rule,
    /// A person declared a flow, and what they said.
    Declared(PlainText),
}

/// Brings the answer that holds into line with what is known; `seen` is the newest assessment, where there is a new one. An answer
/// acts as it becomes stronger, once: what people lift afterwards stays lifted. True where one that was declared did.
pub(super) fn settle(
    draft: &mut Draft<'_>,
    id: &AppId,
    policy: &Policy,
    seen: Option<&Assessment>,
) -> bool {
    let before = draft.app(id).tier.clone();
    let mut acted = false;
    let strongest = strongest(draft, id, policy, seen);
    let now = strongest.as_ref().map(|answer| TierAnswer {
        name: answer.tier.name.clone(),
        say: answer.tier.say.clone(),
        verb: answer.respond.verb(),
    });
    if now != before {
        let rises = now.as_ref().map(|now| now.verb) > before.as_ref().map(|before| before.verb);
        let (to, say, verb) = now.map_or((None, PlainText::default(), None), |now| {
            (Some(now.name), now.say, now.verb)
        });
        draft.emit(Some(id), Event::TierChanged { to, say, verb });
        if let Some(answer) = strongest {
            acted = rises && matches!(answer.ground, Ground::Declared(_));
            changed(draft, id, &answer, rises);
        } else {
            let words = format!("{id}: no tier's answer holds any more");
            draft.tell(Some(id), Urgency::Info, &words);
        }
    }
    lift_hold(draft, id, policy, seen);
    acted
}

/// Of several that do the same the last one counts: declared before numbers, and the worst of those.
fn strongest<'p>(
    draft: &Draft<'_>,
    id: &AppId,
    policy: &'p Policy,
    seen: Option<&Assessment>,
) -> Option<Answer<'p>> {
    let (app, next) = (draft.app(id), next_train(draft, id));
    let warned = warned(policy, &app, seen).map(|tier| {
        let status = seen.and_then(|seen| seen.tier.as_ref());
        let why = status.map_or_else(PlainText::default, |status| status.why.clone());
        Answer {
            tier,
            respond: tier.answer(next, draft.now()),
            ground: Ground::Warning(why),
        }
    });
    let mut fired: Vec<&Rule> = policy.rules.iter().collect();
    fired.retain(|rule| app.fired.contains_key(&rule.id));
    fired.sort_by(|a, b| a.depth(b));
    let fired = fired.into_iter().filter_map(|rule| {
        Some(Answer {
            tier: policy.tier_of(&rule.id)?,
            respond: rule.action,
            ground: Ground::Rule,
        })
    });
    let declared = app.declared.iter().filter_map(|(flow, (fix, actor))| {
        let (tier, respond) = answer_to(policy, *fix, next, draft)?;
        let ground = Ground::Declared(declared(flow, *fix, actor));
        Some(Answer {
            tier,
            respond,
            ground,
        })
    });
    let all = warned.into_iter().chain(fired).chain(declared);
    all.max_by_key(|answer| answer.respond)
}

fn declared(flow: &PlainText, fix: Fix, actor: &Actor) -> PlainText {
    let fix = fix.word();
    format!("critical flow {flow} broken, fix {fix}, declared by {actor}").into()
}

/// Tells of an answer, and does what it does where it has become stronger.
fn changed(draft: &mut Draft<'_>, id: &AppId, answer: &Answer<'_>, rises: bool) {
    let Answer {
        tier,
        respond,
        ground,
    } = answer;
    let (name, say) = (&tier.name, &tier.say);
    match ground {
        Ground::Warning(why) => {
            let words = format!("{id}: {name}: {why}. {say}");
            draft.tell(Some(id), Urgency::Warning, words.trim_end());
            if *respond == Action::Hold && rises {
                hold(draft, id, tier, why.clone());
            }
        }
        Ground::Rule if say.is_empty() => {}
        Ground::Rule => draft.tell(Some(id), Urgency::Warning, &format!("{id}: {name}: {say}")),
        Ground::Declared(why) if rises => act(draft, id, tier, *respond, why),
        Ground::Declared(_) => {}
    }
}

/// The tier that answers a warning now. A breach that has not fired yet, and blindness, take nothing back.
fn warned<'p>(policy: &'p Policy, app: &AppState, seen: Option<&Assessment>) -> Option<&'p Tier> {
    let named = |name: &PlainText| {
        let mut tiers = policy.tiers.iter();
        tiers.find(|tier| tier.name == *name && tier.answers_warnings())
    };
    let before = || app.tier.as_ref().and_then(|tier| named(&tier.name));
    match seen {
        Some(Assessment {
            tier: Some(status), ..
        }) => named(&status.name).or_else(before),
        Some(Assessment { health, .. }) if *health != Health::Unknown => None,
        _ => before(),
    }
}

/// Does what a declaration asks for.
fn act(draft: &mut Draft<'_>, id: &AppId, tier: &Tier, respond: Action, why: &PlainText) {
    let verb = match respond {
        Action::Notify => return,
        Action::Hold => return hold(draft, id, tier, why.clone()),
        Action::Pause => Verb::Pause,
        Action::Halt => Verb::Halt,
    };
    if !acts::is_needless(&draft.app(id), verb) {
        acts::propose(draft, id, &tier.name, verb, why, TimeDelta::zero());
    }
}

fn hold(draft: &mut Draft<'_>, id: &AppId, tier: &Tier, reason: PlainText) {
    if draft.app(id).hold.is_some() {
        return;
    }
    let actor = Actor::Rule {
        id: tier.name.clone(),
    };
    draft.emit(Some(id), Event::HoldSet { actor, reason });
    acts::hold_before_daily_step(draft, id);
}

/// Ends the hold of a tier that asks for none any more. While something worse is breached, or nobody can see, it stays.
fn lift_hold(draft: &mut Draft<'_>, id: &AppId, policy: &Policy, seen: Option<&Assessment>) {
    let app = draft.app(id);
    let Some(Actor::Rule { id: holder }) = &app.hold else {
        return;
    };
    let Some(tier) = policy.tiers.iter().find(|tier| tier.name == *holder) else {
        return;
    };
    let next = next_train(draft, id);
    let why = match tier.when {
        When::CriticalFlow { .. } if !is_wanted(draft, id, policy, holder, Action::Hold) => {
            "nothing declared asks for it any more"
        }
        When::Metric(_) if tier.answers_warnings() => {
            let stays = warned(policy, &app, seen).is_some_and(|warned| {
                warned.name == *holder && tier.answer(next, draft.now()) >= Action::Hold
            });
            let worse = seen.is_none_or(|seen| {
                seen.health == Health::Unknown
                    || seen
                        .tier
                        .as_ref()
                        .is_some_and(|status| status.respond > Action::Hold)
            });
            if stays || worse {
                return;
            }
            "the warning is over"
        }
        _ => return,
    };
    let (actor, reason) = (Actor::Haltline, why.into());
    draft.emit(Some(id), Event::HoldLifted { actor, reason });
}

fn next_train(draft: &Draft<'_>, id: &AppId) -> NextTrain {
    let plan = draft.app_plan(id);
    plan.map_or(NextTrain::Unsaid, |plan| {
        draft.plan.next_train(plan, draft.now())
    })
}

/// The strongest answer to a critical flow with such a fix.
fn answer_to<'p>(
    policy: &'p Policy,
    fix: Fix,
    next: NextTrain,
    draft: &Draft<'_>,
) -> Option<(&'p Tier, Action)> {
    let is_for = |tier: &&Tier| match tier.when {
        When::CriticalFlow { fix: of } => of.is_none_or(|of| of == fix),
        When::Metric(_) => false,
    };
    let tiers = policy.tiers.iter().filter(is_for);
    tiers
        .map(|tier| (tier, tier.answer(next, draft.now())))
        .max_by_key(|(_, respond)| *respond)
}

/// What a person's word about a critical flow rests on: the flow has a name, and a policy is in force.
fn allowed(draft: &Draft<'_>, id: &AppId, flow: &PlainText) -> Result<Arc<Policy>, String> {
    let Some(plan) = draft.app_plan(id) else {
        return Err("there is no such app".into());
    };
    if flow.is_empty() {
        return Err("name the critical flow: --critical-flow checkout".into());
    }
    Ok(ratchet::in_force(plan, &draft.app(id)))
}

/// A person declares a critical flow broken. Repeated, it is answered anew: with what is known of its fix now.
pub(super) fn declare(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    flow: &PlainText,
    fix: Fix,
) -> Result<ActReply, Refusal> {
    let policy = allowed(draft, id, flow)?;
    if draft.app(id).release.is_none() {
        return Err("the store shows no release that it could be about".into());
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    let why: PlainText = format!("{}: {reason}", declared(flow, fix, &actor)).into();
    let answer = answer_to(&policy, fix, next_train(draft, id), draft);
    let words = answer.map_or_else(
        || format!("no tier of policy {} answers that", policy.name),
        |(tier, _)| format!("{}. {}", tier.name, tier.say),
    );
    let words = format!("{id}: {why}: {words}");
    draft.emit(
        Some(id),
        Event::Declared {
            flow: flow.clone(),
            fix,
            actor,
            reason,
        },
    );
    let words = words.trim_end_matches([' ', '.']);
    draft.tell(Some(id), Urgency::Warning, words);
    let before = draft.state.last_revision;
    let acted = settle(draft, id, &policy, None);
    if let Some((tier, respond)) = answer.filter(|_| !acted) {
        act(draft, id, tier, respond, &why);
    }
    let app = draft.app(id);
    let desire = app.desire.clone().filter(|desire| desire.revision > before);
    let withheld = app
        .withheld
        .clone()
        .filter(|act| answer.is_some_and(|(tier, _)| tier.name == act.rule));
    Ok(match (desire, withheld) {
        (Some(desire), _) => ActReply::Taken {
            revision: desire.revision,
        },
        (None, Some(act)) => ActReply::Waits {
            what: acts::withheld_words(act.verb, &act.why).into(),
        },
        (None, None) => ActReply::Done,
    })
}

/// It works again: what it held goes on; what it stopped is lifted by a resume alone.
pub(super) fn withdraw(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    flow: &PlainText,
) -> Result<ActReply, Refusal> {
    let policy = allowed(draft, id, flow)?;
    let app = draft.app(id);
    if !app.declared.contains_key(flow) {
        let known: Vec<&str> = app.declared.keys().map(PlainText::as_str).collect();
        return Err(format!(
            "critical flow {flow} is not declared broken; declared are: {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )
        .into());
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    let words = format!("{id}: critical flow {flow} works again, says {actor}: {reason}");
    let why = format!("critical flow {flow} works again: {reason}").into();
    draft.emit(
        Some(id),
        Event::Withdrawn {
            flow: flow.clone(),
            actor,
            reason,
        },
    );
    let _acted = settle(draft, id, &policy, None);
    if let Some(act) = draft.app(id).withheld.clone()
        && is_declared_tier(&policy, &act.rule)
        && !is_wanted(draft, id, &policy, &act.rule, Action::Pause)
    {
        let rule = act.rule;
        draft.emit(Some(id), Event::ActCancelled { rule, why });
    }
    draft.tell(Some(id), Urgency::Info, &words);
    Ok(ActReply::Done)
}

fn is_declared_tier(policy: &Policy, name: &PlainText) -> bool {
    let declared = |tier: &Tier| matches!(tier.when, When::CriticalFlow { .. });
    let mut tiers = policy.tiers.iter();
    tiers.any(|tier| tier.name == *name && declared(tier))
}

/// Whether anything declared asks the tier of this name for so much.
fn is_wanted(
    draft: &Draft<'_>,
    id: &AppId,
    policy: &Policy,
    name: &PlainText,
    least: Action,
) -> bool {
    let next = next_train(draft, id);
    draft.app(id).declared.values().any(|(fix, _)| {
        answer_to(policy, *fix, next, draft)
            .is_some_and(|(tier, respond)| tier.name == *name && respond >= least)
    })
}

/// Time passed: a train may have left, and what kept a declared stop back may be gone.
pub(super) fn tick(draft: &mut Draft<'_>, id: &AppId) {
    let declares = |app: &AppState| !app.declared.is_empty();
    if !draft.state.app(id).is_some_and(declares) {
        return;
    }
    let Some(plan) = draft.app_plan(id) else {
        return;
    };
    let app = draft.app(id);
    let policy = ratchet::in_force(plan, &app);
    let _acted = settle(draft, id, &policy, None);
    let Some(act) = app.withheld.clone().filter(WithheldAct::is_passing) else {
        return;
    };
    let wanted = is_declared_tier(&policy, &act.rule)
        && is_wanted(draft, id, &policy, &act.rule, Action::Pause);
    if wanted && acts::guard(draft, id).is_none() {
        let flows = app.declared.iter();
        let why: Vec<String> = flows
            .map(|(flow, (fix, actor))| declared(flow, *fix, actor).to_string())
            .collect();
        let why = why.join("; ").into();
        acts::propose(draft, id, &act.rule, act.verb, &why, TimeDelta::zero());
    }
}
