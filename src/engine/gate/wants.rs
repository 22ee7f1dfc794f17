//! What entering a stage wants of people, of the calendar, of outside checks and of other apps.

use super::Entry;
use crate::domain::{AppId, Check, Exposure, Timestamp};
use crate::engine::cross;
use crate::engine::plan::Plan;
use crate::engine::ratchet::approved_by;
use crate::engine::state::{AppState, CheckState, State};
use crate::policy::calendar::closed;
use crate::policy::{Access, Approval, Stage, Want, WantKind};

/// Everything of that kind. None of it needs data of the version.
pub(super) fn circumstances(
    plan: &Plan,
    state: &State,
    id: &AppId,
    entry: &Entry<'_>,
    now: Timestamp,
) -> Vec<Want> {
    let Some(app) = state.app(id) else {
        return Vec::new();
    };
    let mut wants = Vec::new();
    for stage in &entry.stages {
        let approval = stage.approval.as_ref();
        wants.extend(
            approval.map(|approval| approved(*approval, stage.exposure, &plan.access, app)),
        );
        let check = stage.check.as_ref();
        wants.extend(check.map(|check| checks(check, app.checks.get(&stage.exposure))));
    }
    wants.extend(window(plan, &entry.stages, now));
    wants.extend(cross::wants(plan, state, id, entry, now));
    wants
}

fn approved(approval: Approval, stage: Exposure, access: &Access, app: &AppState) -> Want {
    let names = approved_by(access, app, stage, approval.role);
    let role = approval.role.name();
    let what = match approval.persons {
        0 | 1 => format!("approval of {stage} by an {role}"),
        persons => format!("approval of {stage} by {persons} {role}s"),
    };
    let by = names
        .iter()
        .map(|name| format!("@{name}"))
        .collect::<Vec<_>>()
        .join(", ");
    let met = names.len() >= approval.persons.max(1) as usize;
    let now = match (met, names.len()) {
        (true, _) => format!("given by {by}"),
        (false, 0) => "not given".to_owned(),
        (false, some) => format!("{some} of {}: {by}", approval.persons),
    };
    Want {
        kind: WantKind::Approval,
        what: what.into(),
        met: Some(met),
        now: now.into(),
    }
}

fn checks(check: &Check, asked: Option<&CheckState>) -> Want {
    let (met, now) = match asked {
        None => (None, "asked once nothing else is missing".to_owned()),
        Some(CheckState { passed: None, .. }) => (None, "being asked".to_owned()),
        Some(CheckState {
            passed: Some(passed),
            says,
            ..
        }) => {
            let word = if *passed { "passed" } else { "says no" };
            let says = if says.is_empty() {
                word.to_owned()
            } else {
                format!("{word}: {says}")
            };
            (Some(*passed), says)
        }
    };
    Want {
        kind: WantKind::Check,
        what: format!("check {}", check.how.name()).into(),
        met,
        now: now.into(),
    }
}

/// The hours of the stages, and freezes. A freeze is no want where none holds.
fn window(plan: &Plan, stages: &[&Stage], now: Timestamp) -> Option<Want> {
    let mut windows: Vec<_> = stages.iter().map(|stage| stage.window.as_ref()).collect();
    windows.push(None);
    let shut = windows.iter().find_map(|window| {
        let closed = closed(*window, &plan.freezes, now)?;
        Some((*window, closed))
    });
    let (window, met, now) = if let Some((window, closed)) = shut {
        let opens = closed.opens.map_or_else(
            || "no opening in sight".to_owned(),
            |opens| format!("opens {}", opens.format("%Y-%m-%d %H:%M UTC")),
        );
        (window, false, format!("{}, {opens}", closed.why))
    } else {
        let window = windows.into_iter().flatten().next()?;
        (Some(window), true, "open".to_owned())
    };
    Some(Want {
        kind: WantKind::Window,
        what: window.map_or_else(|| "no freeze".into(), |window| window.to_string().into()),
        met: Some(met),
        now: now.into(),
    })
}
