//! Whether so many users are enough to show a regression of the wanted size.

use super::{Baseline, Item, Mark, main_metric, of};
use crate::domain::{Exposure, Metric};
use crate::policy::figures::{count, hours, times, times_up};
use crate::policy::planner::{Assumed, plan};
use crate::policy::rule::Policy;
use crate::policy::stage::Stage;
use chrono::TimeDelta;

/// A stage that names no soak is looked at after a day.
const DAY: f64 = 24.0;

/// Soaks that are proposed, in hours, and exposures, in percent.
const SOAKS: [i64; 8] = [2, 4, 8, 12, 24, 48, 96, 168];
const EXPOSURES: [u32; 6] = [2, 5, 10, 20, 50, 100];

/// What a beginning shall show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// How many get the version first.
    pub exposure: Exposure,
    /// So many times the baseline's failures.
    pub regression: f64,
}

/// Whether a version that is so much worse would be paused or halted by the end of the first stage.
pub fn sight(policy: &Policy, aim: Aim, baseline: Option<&Baseline>) -> Item {
    let Aim {
        exposure,
        regression,
    } = aim;
    let assumed = baseline.and_then(|baseline| assumed(policy, exposure, baseline));
    let Some(assumed) = assumed else {
        let finding = "nobody knows how many sessions there are, nor how many of them fail";
        let todo = "`haltline plan --sessions-per-day N` says what the policy sees at a volume";
        return Item::not_ready("sight", Mark::Unknown, finding, todo);
    };
    let stage = stage_at(policy, exposure);
    let (seen, after) = (visible(policy, &stage, &assumed), soak(&stage));
    let enough = |seen: Option<f64>| seen.is_some_and(|seen| seen <= regression * (1.0 + 1e-9));
    let of = format!(
        "{exposure} of {} {} a day",
        count(assumed.a_day.round() as u64),
        assumed.metric.trial_word()
    );
    let by = format!("within {}", hours(after));
    if enough(seen) {
        let seen = seen.map_or_else(String::new, times_up);
        let finding = format!("{of}: a version {seen} as bad stops the rollout {by}");
        return Item::ready("sight", finding);
    }
    let finding = match seen {
        Some(seen) => format!(
            "{of}: {by} the policy stops a version {} as bad, and {} goes unseen",
            times_up(seen),
            times(regression)
        ),
        None => format!("{of}: {by} the policy stops nothing at all"),
    };
    let longer = SOAKS.into_iter().map(TimeDelta::hours).find(|soak| {
        let stage = Stage {
            soak: *soak,
            ..stage.clone()
        };
        *soak > stage_soak(after) && enough(visible(policy, &stage, &assumed))
    });
    let wider = EXPOSURES
        .map(Exposure::from_percent)
        .into_iter()
        .find(|wider| {
            let stage = Stage {
                exposure: *wider,
                ..stage.clone()
            };
            *wider > exposure && enough(visible(policy, &stage, &assumed))
        });
    let longer = longer.map(|soak| format!("let it soak for {}", hours(soak.num_hours() as f64)));
    let wider = wider.map(|wider| format!("begin at {wider}"));
    let ways: Vec<String> = longer.into_iter().chain(wider).collect();
    let todo = if ways.is_empty() {
        format!(
            "no stage shows {} within a week: be content with more (--regression), or ask more of the rules (`haltline plan`)",
            times(regression)
        )
    } else {
        ways.join(", or ")
    };
    Item::not_ready("sight", Mark::Failed, finding, todo)
}

fn stage_soak(hours: f64) -> TimeDelta {
    TimeDelta::seconds((hours * 3600.0) as i64)
}

/// What the baseline's last day says of the days to come.
fn assumed(policy: &Policy, exposure: Exposure, baseline: &Baseline) -> Option<Assumed> {
    let metric: &Metric = main_metric(policy, exposure, baseline)?;
    let measured = of(baseline, metric)?;
    let (all, part) = (measured.all, baseline.part.clamp(1e-6, 1.0));
    Some(Assumed {
        metric: metric.clone(),
        a_day: measured.day.trials as f64 / part,
        // Without a failure there is nothing to multiply.
        failing: (all.failures.max(1) as f64 / all.trials as f64).min(0.5),
        clustering: measured.clustering,
    })
}

/// The stage that a rollout at this exposure is in.
fn stage_at(policy: &Policy, exposure: Exposure) -> Stage {
    let mut stages = policy.stages.iter().rev();
    let stage = stages.find(|stage| stage.exposure <= exposure);
    stage.map_or_else(
        || Stage::at(exposure),
        |stage| Stage {
            exposure,
            ..stage.clone()
        },
    )
}

/// Hours after which it is looked at.
fn soak(stage: &Stage) -> f64 {
    let soak = stage.soak.num_seconds() as f64 / 3600.0;
    if soak > 0.0 { soak } else { DAY }
}

/// The smallest regression that stops a rollout by the end of the stage, as so many times the baseline's failures.
fn visible(policy: &Policy, stage: &Stage, assumed: &Assumed) -> Option<f64> {
    let after = soak(stage);
    let alone = Policy {
        stages: vec![stage.clone()],
        ..policy.clone()
    };
    let plan = plan(&alone, assumed);
    let levels = plan.stages.iter().flat_map(|stage| &stage.levels);
    let visible = levels
        .filter(|level| level.acts())
        .flat_map(|level| &level.visible);
    visible
        .filter(|visible| (visible.hours - after).abs() < 1e-9)
        .filter_map(|visible| visible.times)
        .reduce(f64::min)
}
