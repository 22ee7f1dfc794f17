//! What sources say beside counts, in words: figures, contradictions between sources, how far each source may go.

use crate::api::AppSnapshot;
use crate::domain::Reach;
use crate::policy::{LevelSummary, SourceState, explain};

/// One statement a line, each after the app's id.
pub(super) fn lines(app: &AppSnapshot) -> Vec<String> {
    let levels = app.levels.iter().map(level);
    let disagreements = app.disagreements.iter();
    let disagreements = disagreements.map(|found| format!("SOURCES DISAGREE: {}", found.sentence));
    levels.chain(disagreements).collect()
}

/// `cold start p99 5.2 s (1,204 measured), baseline 3.1 s; by play-vitals`
fn level(level: &LevelSummary) -> String {
    let figures = &level.figures;
    let of = |value: Option<f64>| {
        value.map_or_else(
            || "–".to_owned(),
            |value| explain::measured(value, figures.unit),
        )
    };
    let trials = figures.new_trials.map_or_else(String::new, |trials| {
        format!(" ({} measured)", explain::count(trials))
    });
    let old = figures
        .old
        .map_or_else(String::new, |old| format!(", baseline {}", of(Some(old))));
    format!(
        "{} {}{trials}{old}; by {}",
        figures.metric.label(),
        of(figures.new),
        figures.source
    )
}

/// How far a source may go, where that is not as far as a rule asks.
pub(super) fn reach(source: &SourceState) -> String {
    match source.reach {
        Reach::Halt => String::new(),
        Reach::HaltAfterHours(hours) => {
            format!("; pauses at most until the version has been out for {hours} h")
        }
        Reach::Pause => "; pauses at most".to_owned(),
        Reach::Context => "; for context, decides nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Counts, Health, Metric, Unit};
    use crate::policy::{Disagreement, LevelPair, Opinion};
    use crate::tui::fixture;

    #[test]
    fn what_sources_say_beside_counts_is_told() {
        let mut snapshot = fixture::healthy();
        let app: &mut crate::api::AppView = &mut snapshot.apps[0];
        app.levels.push(LevelSummary {
            figures: LevelPair {
                metric: Metric::Level("cold_start_p99".into()),
                source: app.sources[0].id.clone(),
                unit: Unit::Seconds,
                new: Some(5.2123),
                old: Some(0.85),
                new_trials: Some(1_204),
                old_trials: None,
                through: None,
            },
            health: Health::Healthy,
        });
        let opinion = |ratio| Opinion {
            source: app.sources[0].id.clone(),
            new: Counts::default(),
            old: Counts::default(),
            ratio,
            low: ratio,
            high: ratio,
        };
        app.disagreements.push(Disagreement {
            metric: Metric::CrashFreeSessions,
            first: opinion(1.0),
            second: opinion(3.0),
            from: fixture::now(),
            through: fixture::now(),
            sentence: "two sources disagree".into(),
        });
        let sources = [Reach::HaltAfterHours(48), Reach::Pause, Reach::Context];
        for reach in sources {
            let mut source = app.sources[0].clone();
            source.reach = reach;
            app.sources.push(source);
        }
        let text = super::super::lines(&snapshot, fixture::now()).join("\n");
        for part in [
            "cold start p99 5.21 s (1,204 measured), baseline 850 ms; by sentry",
            "SOURCES DISAGREE: two sources disagree",
            "; pauses at most until the version has been out for 48 h",
            ": fresh; pauses at most\n",
            "; for context, decides nothing",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}
