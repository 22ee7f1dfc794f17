//! One rule as written: exactly one limit, units checked, defaults filled in.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::table;
use crate::domain::{Metric, PlainText, Unit};
use crate::policy::rule::{Action, Evidence, Limit, Rule};
use crate::policy::units::{Bound, Duration, During, MetricName, Percent, Points, Times};

mod level;

/// `[[policy.NAME.rule]]`, checked.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(
    with = "RuleTable",
    description = "One limit on one metric, and what is done when it is broken."
)]
pub(super) struct RawRule(Rule);

/// The keys of a rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    /// Name of the rule, unique within the policy.
    id: PlainText,
    metric: MetricName,
    /// Lowest good share: for metrics written as the share of the good. Of a level: its lowest figure.
    floor: Option<Bound>,
    /// Highest bad share: for metrics written as the share of the bad. Of a level: its highest figure, "4.5s", "850ms", "2%" or
    /// "4.2".
    ceiling: Option<Bound>,
    /// Failures at most so many times the baseline's; of a level, its figure.
    #[schemars(range(min = 1.0, max = 1000.0))]
    worse_than_baseline: Option<Times>,
    /// The share at most so many percentage points worse than the baseline's.
    drop_from_baseline: Option<Points>,
    action: Action,
    /// Live only at these exposures; default: the whole rollout.
    during: Option<During>,
    /// "sequential" but for levels, which can only be observed.
    evidence: Option<Kind>,
    /// Of observed evidence: how far the comparison looks back; default 1h.
    window: Option<Duration>,
    /// Of observed evidence: least trials to compare at all; default 1000, of levels 100 where the source tells of any.
    min_sessions: Option<u64>,
    /// Of observed evidence: polls with newer data in a row; default 2.
    #[serde(rename = "for")]
    polls: Option<u32>,
    /// The act is announced, counted down for so long, and may be held once; default 0s.
    grace: Option<Duration>,
    /// Of a halt: also on a late source alone, before others could have spoken.
    #[serde(default)]
    insist: bool,
}

/// `evidence = …`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Sequential,
    Observed,
}

/// What is wrong with one rule.
#[derive(Debug, thiserror::Error)]
enum RuleError {
    #[error("a rule needs an id, such as \"crash-free-floor\"")]
    NoId,
    #[error(
        "rule \"{0}\" needs exactly one of floor, ceiling, worse_than_baseline and drop_from_baseline; it has {1}"
    )]
    OneLimit(PlainText, usize),
    #[error(
        "rule \"{0}\": {1} is a share of the bad, which has a ceiling: write ceiling = \"…%\", the most that is accepted"
    )]
    FloorOfBad(PlainText, Metric),
    #[error(
        "rule \"{0}\": {1} is a share of the good, which has a floor: write floor = \"…%\", the least that is accepted"
    )]
    CeilingOfGood(PlainText, Metric),
    #[error(
        "rule \"{0}\": a {1} lies between 0% and 100%, both excluded: no evidence could tell whether it holds"
    )]
    Edge(PlainText, &'static str),
    #[error("rule \"{0}\": {1} belongs to evidence = \"observed\"; sequential evidence needs none")]
    ObservedOnly(PlainText, &'static str),
    #[error(
        "rule \"{0}\": a {1} of {2} is a percentage: write \"{3}%\"; figures with another unit are of levels"
    )]
    NoShare(PlainText, &'static str, Metric, String),
    #[error(transparent)]
    Level(#[from] level::LevelError),
    #[error("rule \"{0}\": {1} must be more than zero")]
    Zero(PlainText, &'static str),
}

impl<'de> Deserialize<'de> for RawRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::checked::<RuleTable, _, _>(deserializer)
    }
}

impl TryFrom<RuleTable> for RawRule {
    type Error = RuleError;

    fn try_from(table: RuleTable) -> Result<Self, RuleError> {
        if table.id.is_empty() {
            return Err(RuleError::NoId);
        }
        let (limit, evidence) = if table.metric.0.is_level() {
            level::judged(&table)?
        } else {
            (table.limit()?, table.evidence()?)
        };
        Ok(Self(Rule {
            id: table.id,
            metric: table.metric.0,
            limit,
            action: table.action,
            during: table
                .during
                .map(|during| (during.exposure.0, during.exposure.1)),
            evidence,
            grace: table.grace.map_or_else(TimeDelta::zero, |grace| grace.0),
            insist: table.insist,
            of_tier: false,
            unless_train: None,
        }))
    }
}

impl RuleTable {
    fn limit(&self) -> Result<Limit, RuleError> {
        let (id, metric) = (&self.id, &self.metric.0);
        let absolute = |bound: Bound, what, at_most: fn(Percent) -> f64| {
            let percent = match bound {
                Bound::Share(percent) => percent,
                Bound::Figure(value, unit) => {
                    let meant = match unit {
                        Unit::Plain => value.to_string(),
                        Unit::Seconds | Unit::Share => "…".to_owned(),
                    };
                    return Err(RuleError::NoShare(id.clone(), what, metric.clone(), meant));
                }
            };
            let at_most = at_most(percent);
            if at_most > 0.0 && at_most < 1.0 {
                Ok(Limit::Failures { at_most })
            } else {
                Err(RuleError::Edge(id.clone(), what))
            }
        };
        match (
            self.floor,
            self.ceiling,
            self.worse_than_baseline,
            self.drop_from_baseline,
        ) {
            (Some(_), None, None, None) if !metric.is_good_share() => {
                Err(RuleError::FloorOfBad(id.clone(), metric.clone()))
            }
            (Some(floor), None, None, None) => absolute(floor, "floor", Percent::complement),
            (None, Some(_), None, None) if metric.is_good_share() => {
                Err(RuleError::CeilingOfGood(id.clone(), metric.clone()))
            }
            (None, Some(ceiling), None, None) => absolute(ceiling, "ceiling", Percent::share),
            (None, None, Some(Times(ratio)), None) => Ok(Limit::TimesBaseline { ratio }),
            (None, None, None, Some(Points(points))) => Ok(Limit::WorseByPoints { points }),
            (floor, ceiling, times, points) => {
                let given = [
                    floor.is_some(),
                    ceiling.is_some(),
                    times.is_some(),
                    points.is_some(),
                ];
                Err(RuleError::OneLimit(id.clone(), many(given)))
            }
        }
    }

    fn evidence(&self) -> Result<Evidence, RuleError> {
        if self.evidence.unwrap_or_default() == Kind::Sequential {
            let given = [
                (self.window.is_some(), "window"),
                (self.min_sessions.is_some(), "min_sessions"),
                (self.polls.is_some(), "for"),
            ];
            return match given.into_iter().find(|(given, _)| *given) {
                Some((_, key)) => Err(RuleError::ObservedOnly(self.id.clone(), key)),
                None => Ok(Evidence::Sequential),
            };
        }
        let window = self
            .window
            .map_or_else(|| TimeDelta::hours(1), |window| window.0);
        let polls = self.polls.unwrap_or(2);
        if window < TimeDelta::seconds(1) {
            return Err(RuleError::Zero(self.id.clone(), "window"));
        }
        if polls == 0 {
            return Err(RuleError::Zero(self.id.clone(), "for"));
        }
        Ok(Evidence::Observed {
            window,
            min_sessions: self.min_sessions.unwrap_or(1000),
            polls,
        })
    }
}

fn many(given: [bool; 4]) -> usize {
    given.into_iter().filter(|given| *given).count()
}

impl RawRule {
    pub(super) fn id(&self) -> &PlainText {
        &self.0.id
    }

    pub(super) fn resolve(&self) -> Rule {
        self.0.clone()
    }

    /// What is accepted, but will not work as it looks.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let Self(rule) = self;
        let mut warnings = Vec::new();
        let plain = matches!(rule.evidence, Evidence::Observed { .. });
        if plain && !rule.metric.is_level() && rule.action != Action::Notify {
            warnings.push(
                "observed evidence is the plain comparison: each poll is one more chance of a false alarm; \
                 evidence = \"sequential\" has none",
            );
        }
        if rule.insist && rule.action != Action::Halt {
            warnings.push("insist lifts what keeps a halt back, and this rule does not halt");
        }
        if rule.action == Action::Notify && rule.grace > TimeDelta::zero() {
            warnings.push("notify does not act, so that grace has no meaning");
        }
        warnings
    }
}
