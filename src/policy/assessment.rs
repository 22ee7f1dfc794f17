//! What an assessment says: a verdict, one status a rule, one summary a metric, each with its sentence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::{Clustering, Driver};
use super::observation::LevelPair;
use super::rule::{Action, called};
use crate::domain::event::Finding;
use crate::domain::{Counts, Exposure, Health, Metric, PlainText, SourceId, Timestamp};

/// The verdict over one observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    pub health: Health,
    /// The one sentence for people: why this verdict.
    pub sentence: PlainText,
    pub rules: Vec<RuleStatus>,
    pub metrics: Vec<MetricSummary>,
    /// Figures without counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelSummary>,
    /// Sources that contradict each other. They are told, and decide nothing: the first source does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// The version is offered and hardly seen, in words: it may crash before it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<PlainText>,
    /// How far the data reach that all this rests on.
    pub through: Option<Timestamp>,
    /// What it takes to leave the present stage; `None` between stages, on the last one, and where the exposure is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateStatus>,
    /// The strongest answer that the numbers ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierStatus>,
}

/// A tier that the numbers ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TierStatus {
    pub name: PlainText,
    /// With trains looked at.
    pub respond: Action,
    /// What people should do; may be empty.
    pub say: PlainText,
    /// What speaks for it.
    pub why: PlainText,
}

/// The gate that ends a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateStatus {
    /// The stage that the rollout is in, and the one that the gate leads to.
    pub stage: Exposure,
    pub next: Exposure,
    /// Everything that it wants is known to be met.
    pub open: bool,
    pub wants: Vec<Want>,
}

/// One thing that a gate wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Want {
    pub kind: WantKind,
    /// In words: `crash-free sessions ≥ 99.50%`.
    pub what: PlainText,
    /// `None`: nobody knows, so that the gate stays closed.
    pub met: Option<bool>,
    /// How it stands: `evidence 4 of 20, 910 more clean sessions`.
    pub now: PlainText,
}

/// What a gate may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WantKind {
    /// Every required source fresh, and an answer from every rule.
    Data,
    /// No notice and no breach.
    Quiet,
    Users,
    /// Evidence of health.
    Health,
    /// Time at this exposure.
    Soak,
    /// Sessions of the new version.
    Sessions,
    /// A metric that must have an answer has one.
    Required,
    /// Strata seen.
    Coverage,
    /// How far a share may be below the baseline's.
    Variance,
    /// A person opens it.
    Approval,
    /// The hours in which it may be done, and no freeze.
    Window,
    /// An outside check passed.
    Check,
    /// What a plan wants of the other apps, or of the day.
    Plan,
}

/// Where one rule stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleStatus {
    pub rule: PlainText,
    pub metric: Metric,
    /// It is a tier's, whose name it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_tier: bool,
    /// What the rule does once it fires.
    pub action: Action,
    /// The limit as people write it: `≥ 99.85%`, `≤ 2× baseline`.
    pub limit: PlainText,
    /// What is observed, as people write it: `99.12%`, `12.4×`; `–` without data.
    pub now: PlainText,
    /// How far that is from the limit: `+0.10 pt` to go, `−0.38 pt` beyond it. It is what is observed; what acts is evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<PlainText>,
    /// How far the rule is from firing, 0 (nothing) to 1 (fires): evidence over threshold in nats, or the plain distance.
    pub closeness: f64,
    /// What would change its state: `pauses at 1 in 300, now 1 in 40`. Of live rules that weigh evidence and have not fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PlainText>,
    pub state: RuleState,
    /// Breaches only: 1 = the first poll suffices (evidence ten times over the threshold), else how many polls with newer data.
    pub polls_needed: u32,
    pub finding: Option<Finding>,
    /// Why it does less than the rule asks for, where it does; `action` is then the lesser one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capped: Option<PlainText>,
}

impl RuleStatus {
    /// `rule crash-ratio`, `tier pause and hotfix`
    pub fn called(&self) -> String {
        called(&self.rule, self.of_tier)
    }
}

/// The state of a rule within one assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RuleState {
    /// Not live at this exposure.
    Off,
    /// Live, nothing to report.
    Armed,
    /// Evidence of 20 or more at margin 1: worth a look, no act.
    Warning,
    /// The limit is breached.
    Breached,
    /// The limit is breached, but in both versions alike: an outage, not this version's doing. Holds, never halts.
    Blameless,
    /// No data that could tell.
    Unknown { why: PlainText },
}

/// One metric of both versions, for the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSummary {
    pub metric: Metric,
    pub source: PlainText,
    /// Since the evidence starts.
    pub new: Counts,
    pub old: Counts,
    /// How many times the baseline's failures, and the lower bound with 95 % confidence, valid at any time.
    pub ratio: Option<f64>,
    pub ratio_lower: Option<f64>,
    /// Since when it has most likely been worse, where that is clearly later than its beginning; both ratios are since then.
    pub since: Option<Timestamp>,
    /// Natural logarithm of the evidence that the new version is worse (margin 1).
    pub ln_evidence: Option<f64>,
    /// The smallest regression that the policy would have seen by now, as so many times the baseline's failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible: Option<f64>,
    /// How its failures cluster, by which all evidence is divided.
    pub clustering: Clustering,
    pub health: Health,
    /// How far the windows reach.
    pub through: Option<Timestamp>,
    /// Failure share of the new version over the last windows, oldest first, for a sparkline; `None` where it had no trials.
    pub trend: Vec<Option<f64>>,
    /// The part of the users that most of what is worse comes from, where one stands out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<Driver>,
}

/// One figure without counts of both versions, for the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelSummary {
    #[serde(flatten)]
    pub figures: LevelPair,
    pub health: Health,
}

/// Two sources that carry the same metric and do not agree on how the versions compare, beyond their intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disagreement {
    pub metric: Metric,
    /// The one that decides, by precedence.
    pub first: Opinion,
    pub second: Opinion,
    /// The time that both speak of.
    pub from: Timestamp,
    pub through: Timestamp,
    pub sentence: PlainText,
}

/// What one source says of both versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opinion {
    pub source: SourceId,
    pub new: Counts,
    pub old: Counts,
    /// How many times the baseline's failures (successes, where those are counted), with its interval.
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}
