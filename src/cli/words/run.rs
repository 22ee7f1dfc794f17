//! The run of a policy in words: who moves the rollout on, what lies over the policy, what waits for a person.

use super::moment;
use crate::api::AppSnapshot;
use crate::api::wire::{DeclaredView, ExecutionView, OverrideView, WaitingView};
use crate::domain::execution::Phase;
use crate::domain::{PlainText, Status};
use crate::policy::{Want, WantKind};

/// One statement a line, each after the app's id.
pub(super) fn lines(app: &AppSnapshot) -> Vec<String> {
    let mut lines: Vec<String> = app.execution.iter().map(run).collect();
    lines.extend(app.stalled.as_ref().map(|why| format!("STALLED: {why}")));
    lines.extend(course(app));
    lines.extend(app.waiting.as_ref().map(|release| waiting(app, release)));
    lines.extend(
        app.plan
            .as_ref()
            .map(|plan| format!("plan {plan} ties it to other apps")),
    );
    lines.extend(
        app.tier
            .as_ref()
            .map(|tier| format!("tier {}: {}", tier.name, tier.say)),
    );
    lines.extend(app.declared.iter().map(declared));
    lines.extend(app.overrides.iter().map(laid_over));
    lines.extend(asked(app));
    lines
}

/// `run 12: rolling since 2026-01-10 14:32 UTC, by @alice: weekly train`
fn run(run: &ExecutionView) -> String {
    let ExecutionView {
        number,
        phase,
        since,
        actor,
        reason,
        ..
    } = run;
    format!(
        "run {number}: {phase} since {}, by {actor}: {reason}",
        moment(*since)
    )
}

/// Who moves it on, while it may move.
fn course(app: &AppSnapshot) -> Option<String> {
    let release = app.release.as_ref()?;
    let phase = app.execution.as_ref().map(|execution| execution.phase);
    if release.status == Status::Stopped && phase == Some(Phase::Holding) && app.hold.is_none() {
        return Some(
            "held before Apple's daily step; it goes on by itself once its gate is open".to_owned(),
        );
    }
    let moves = release.status == Status::InProgress
        && app.stages.iter().any(|stage| *stage > release.exposure);
    moves.then(|| {
        if app.climbs {
            "haltline carries the stages out".to_owned()
        } else {
            format!(
                "people move it on; haltline start {} --reason … lets haltline do it",
                app.id
            )
        }
    })
}

fn waiting(app: &AppSnapshot, waiting: &WaitingView) -> String {
    let (id, version) = (&app.id, &waiting.release.version);
    let Some(actor) = &waiting.asked_by else {
        return format!("{version} waits to be begun: haltline start {id} --reason …");
    };
    let wants = waiting.gate.iter().flat_map(|gate| &gate.wants);
    let unmet: Vec<String> = wants
        .filter(|want| want.met != Some(true))
        .map(|want| format!("{} ({})", want.what, want.now))
        .collect();
    let unmet = if unmet.is_empty() {
        "nothing".to_owned()
    } else {
        unmet.join("; ")
    };
    format!("{version} begins by itself, as {actor} asked; it still wants {unmet}")
}

fn declared(declared: &DeclaredView) -> String {
    let DeclaredView { flow, fix, actor } = declared;
    format!("{actor} declared {flow} broken, its fix {}", fix.word())
}

fn laid_over(over: &OverrideView) -> String {
    format!(
        "OVERRIDE of rule {} until {}, by {}: {}: {}",
        over.rule,
        moment(over.until),
        over.actor,
        joined(&over.changes),
        over.reason
    )
}

/// What lies over a rule, behind its state.
pub(super) fn overridden(app: &AppSnapshot, rule: &PlainText) -> String {
    let over = app.overrides.iter().find(|over| over.rule == *rule);
    over.map_or_else(String::new, |over| {
        format!(
            "; OVERRIDDEN until {} ({})",
            moment(over.until),
            joined(&over.changes)
        )
    })
}

/// What a person is asked for.
fn asked(app: &AppSnapshot) -> Vec<String> {
    let id = &app.id;
    let proposal = app.proposal.as_ref().map(|proposal| {
        format!("A SECOND PERSON IS WANTED: {proposal}: haltline approve {id} --reason …")
    });
    let gate = app.gate.as_ref().filter(|gate| {
        let wants = |want: &&Want| want.met != Some(true);
        let mut unmet = gate.wants.iter().filter(wants).peekable();
        unmet.peek().is_some() && unmet.all(|want| want.kind == WantKind::Approval)
    });
    let approval = gate.map(|gate| {
        format!(
            "A PERSON IS WANTED to approve {}: haltline approve {id} --reason …",
            gate.next
        )
    });
    let differs = app.policy_differs.then(|| {
        format!("the config has another policy than the one that the rollout goes by: haltline policy apply {id} --reason …")
    });
    [proposal, approval, differs]
        .into_iter()
        .flatten()
        .collect()
}

fn joined(parts: &[PlainText]) -> String {
    let parts: Vec<&str> = parts.iter().map(PlainText::as_str).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Fix};
    use crate::tui::fixture;

    fn told(state: &str) -> String {
        let found = fixture::states()
            .into_iter()
            .find(|(name, _)| *name == state);
        let (_, snapshot) = found.unwrap();
        super::super::lines(&snapshot, fixture::now()).join("\n")
    }

    #[track_caller]
    fn tells(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }

    #[test]
    fn a_run_says_who_moves_it_on_and_what_lies_over_its_rules() {
        let climbing = told("climbing");
        tells(
            &climbing,
            &[
                "run 12: rolling since 2026-01-10",
                "by @alice",
                "haltline carries the stages out",
                "plan shop ties it",
            ],
        );
        assert!(!climbing.contains("WANTED"), "{climbing}");
        tells(
            &told("approval"),
            &[
                "A PERSON IS WANTED to approve 25%: haltline approve shop-android",
                "OVERRIDE of rule crash-free-floor until 2026-01-10 16:32 UTC",
                "; OVERRIDDEN until 2026-01-10 16:32 UTC (floor 99.85% → 99.50% (looser))",
                "tier fix forward: ship the fix",
            ],
        );
        tells(&told("ios_gate"), &["held before Apple's daily step"]);
        tells(
            &told("healthy"),
            &["people move it on; haltline start shop-android"],
        );
    }

    #[test]
    fn what_people_said_and_what_waits_for_them_is_told() {
        let mut snapshot = fixture::healthy();
        let app = &mut snapshot.apps[0];
        app.stalled = Some("no step for 4 d".into());
        app.policy_differs = true;
        app.proposal = Some("@bob asks: floor 99.85% → 99.00%".into());
        app.declared.push(DeclaredView {
            flow: "checkout".into(),
            fix: Fix::Unknown,
            actor: Actor::Haltline,
        });
        let mut release = app.release.clone().unwrap();
        release.version = crate::domain::Version::from_code(84_400);
        app.waiting = Some(WaitingView {
            release,
            asked_by: None,
            gate: None,
        });
        let text = super::super::lines(&snapshot, fixture::now()).join("\n");
        tells(
            &text,
            &[
                "STALLED: no step for 4 d",
                "A SECOND PERSON IS WANTED: @bob asks: floor",
                "haltline policy apply shop-android",
                "declared checkout broken, its fix unknown",
                "84400 waits to be begun: haltline start shop-android",
            ],
        );
    }
}
