//! A plan as people read it, in 80 columns.

use crate::domain::Metric;
use crate::policy::explain::{count, hours, percent, times};
use crate::policy::planner::{Gate, HOURS, Level, Plan, StagePlan, TIMES};
use crate::policy::{Action, Policy};

/// Characters of a line.
const WIDTH: usize = 80;

/// Characters of the first column, and of each other one.
const LABEL: usize = 19;
const CELL: usize = 10;

/// The same where eight numbers stand in one row.
const NARROW: usize = 7;

/// Everything: a block for each stage.
pub(super) fn whole(policy: &Policy, plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", policy.name, policy.description)];
    lines.extend(assumptions(plan));
    for stage in &plan.stages {
        lines.push(String::new());
        lines.extend(block(plan, stage));
    }
    let notes = notes(plan);
    let gap = Some(String::new()).filter(|_| !notes.is_empty());
    lines.extend(gap.into_iter().chain(notes));
    lines
}

/// One table with a row for every stage and level, and a line for every gate.
pub(in crate::cli) fn compact(plan: &Plan) -> Vec<String> {
    let mut lines = vec![
        format!("{:24}smallest visible after      time to see", ""),
        row(
            format!("{:23}", "stage and level"),
            HOURS
                .iter()
                .map(|after| hours(*after))
                .chain(["soak".into()])
                .chain(TIMES.iter().skip(1).map(|n| times(*n))),
            NARROW,
        ),
    ];
    for stage in &plan.stages {
        let mut exposure = stage.exposure.to_string();
        for level in &stage.levels {
            let label = format!("{exposure:<6}{:<17}", level_name(level));
            exposure.clear();
            let soak = level
                .visible
                .iter()
                .find(|seen| Some(seen.hours) == stage.soak_hours);
            let seen = level.visible.iter().take(HOURS.len()).map(Some);
            let visible = seen
                .chain([soak])
                .map(|visible| visible.map_or_else(String::new, |seen| multiple(seen.times)));
            let when = level.seen.iter().skip(1).map(|seen| when(seen.hours));
            lines.push(row(label, visible.chain(when), NARROW));
        }
        let gate = stage.gate.as_ref();
        lines.extend(gate.map(|gate| format!("      {}", gate_words(&plan.metric, gate))));
    }
    lines
}

/// What the numbers rest on.
pub(in crate::cli) fn assumptions(plan: &Plan) -> [String; 2] {
    let metric = &plan.metric;
    let baseline = percent(if metric.is_good_share() {
        1.0 - plan.baseline_failing
    } else {
        plan.baseline_failing
    });
    let divided = if plan.evidence_divided_by > 1.0 {
        format!(
            "evidence divided by {}, since failures come in clusters",
            round(plan.evidence_divided_by)
        )
    } else {
        "failures taken as independent".to_owned()
    };
    [
        format!(
            "{} {} a day (--sessions-per-day), {baseline} {} before (--baseline)",
            count(plan.per_day.round() as u64),
            metric.trial_word(),
            metric.label(),
        ),
        format!("{divided} (--clustering)"),
    ]
}

fn block(plan: &Plan, stage: &StagePlan) -> Vec<String> {
    let word = plan.metric.trial_word();
    let soak = stage.soak_hours.map(hours);
    let mut lines = vec![format!(
        "{} of users: {} {word} of the new version an hour{}",
        stage.exposure,
        count(stage.per_hour.round() as u64),
        soak.map_or_else(String::new, |soak| format!(", soak {soak}")),
    )];
    let first = stage.levels.first();
    let heads = first.into_iter().flat_map(|level| &level.visible);
    lines.push(row(
        format!("{:LABEL$}", "  visible after"),
        heads.map(|seen| hours(seen.hours)),
        CELL,
    ));
    for level in &stage.levels {
        let visible = level.visible.iter().map(|seen| multiple(seen.times));
        lines.push(row(label(level), visible, CELL));
    }
    let heads = TIMES.iter().map(|n| times(*n));
    lines.push(row(
        format!("{:LABEL$}", format!("  {word} to see")),
        heads,
        CELL,
    ));
    let fixed = stage.fixed_per_arm.iter().map(|size| sized(*size));
    lines.push(row(format!("{:LABEL$}", "  one look, an arm"), fixed, CELL));
    for level in &stage.levels {
        let sizes = level.seen.iter().map(|seen| sized(seen.trials));
        lines.push(row(label(level), sizes, CELL));
        let after = level.seen.iter().map(|seen| seen.hours);
        let words = after.map(|after| after.map_or_else(String::new, hours));
        let words = row(" ".repeat(LABEL), words, CELL);
        lines.extend(Some(words.trim_end().to_owned()).filter(|words| !words.is_empty()));
    }
    let gate = stage.gate.as_ref();
    lines.extend(gate.map(|gate| format!("  {}", gate_words(&plan.metric, gate))));
    lines
}

/// What is left out, what stays shut, and what deserves a second thought.
pub(in crate::cli) fn notes(plan: &Plan) -> Vec<String> {
    let left_out = plan.unplanned.iter();
    let left_out = left_out.map(|left| format!("not planned: rule {}: {}", left.rule, left.why));
    let warnings = plan.warnings.iter();
    let warnings = warnings.map(|warning| format!("warning: {warning}"));
    let notes = plan.notes.iter().map(|note| format!("note: {note}"));
    let lines = left_out.chain(warnings).chain(notes);
    lines.flat_map(|line| wrapped(&line, WIDTH, "  ")).collect()
}

/// A sentence in lines of at most so many characters, the later ones set in.
pub(in crate::cli) fn wrapped(sentence: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        let Some(line) = lines.last_mut() else {
            break;
        };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}

/// How much evidence of health a gate asks for.
fn gate_words(metric: &Metric, gate: &Gate) -> String {
    let limit = percent(1.0 - gate.failing_at_most);
    let clean = match (gate.clean_trials, gate.clean_hours) {
        (Some(trials), Some(after)) => format!(
            "{} clean {} ({})",
            count(trials),
            metric.trial_word(),
            hours(after)
        ),
        _ => "no number of them is enough".to_owned(),
    };
    let healthy = match (gate.healthy_trials, gate.healthy_hours) {
        (Some(trials), Some(after)) => {
            format!("{} if healthy ({})", count(trials), hours(after))
        }
        _ => "never if no better than before".to_owned(),
    };
    format!("gate ≥ {limit}: {clean}, {healthy}")
}

fn label(level: &Level) -> String {
    format!("{:LABEL$}", format!("  {}", level_name(level)))
}

/// `pause 1 in 300`
pub(in crate::cli) fn level_name(level: &Level) -> String {
    let word = match level.action {
        None => "warning",
        Some(Action::Notify) => "notify",
        Some(Action::Hold) => "hold",
        Some(Action::Pause) => "pause",
        Some(Action::Halt) => "halt",
    };
    format!("{word} 1 in {}", count(level.one_in))
}

fn row(label: String, cells: impl Iterator<Item = String>, width: usize) -> String {
    cells.fold(label, |row, cell| {
        let gap = width.saturating_sub(cell.chars().count());
        row + &" ".repeat(gap) + &cell
    })
}

fn multiple(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".into(), times)
}

fn when(after: Option<f64>) -> String {
    after.map_or_else(|| "never".into(), hours)
}

fn sized(size: Option<u64>) -> String {
    match size {
        Some(size) if size < 1_000_000_000 => count(size),
        Some(_) => "> 10^9".into(),
        None => "never".into(),
    }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
