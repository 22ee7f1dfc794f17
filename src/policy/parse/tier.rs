//! Tiers as written: what each is for, and whether all of them together make sense.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::rule::RawRule;
use super::table;
use crate::domain::{Fix, Metric, PlainText, suggest};
use crate::policy::explain::percent;
use crate::policy::rule::Action;
use crate::policy::tier::{CRITICAL_FLOW, Condition, Tier, When};
use crate::policy::units::{Duration, Percent};

/// What `when` may look like.
const FORMS: &str = "\"crash_free_sessions < 99.00%\", \"99.00% <= crash_free_sessions < 99.80%\", \
                     \"crash_free_sessions > 99.80%\" or \"critical_flow\"";

/// `[[policy.NAME.tier]]`, checked.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(
    with = "TierTable",
    description = "A named answer by how bad it is, or by what a person declares."
)]
pub(super) struct RawTier(Tier);

/// The keys of a tier.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TierTable {
    /// Name of the tier, unique within the policy, rules included.
    name: PlainText,
    /// A band of a metric, or "critical_flow": somebody declared one broken.
    when: RawWhen,
    /// Of a critical flow: whether its fix is known; default: either.
    fix: Option<Fix>,
    /// What is done. A tier for numbers within the bound notifies, or holds at most.
    respond: Action,
    /// What the person on call should do.
    #[serde(default)]
    say: PlainText,
    /// Unless a train leaves within so long, the answer is one step stronger.
    next_train: Option<Duration>,
}

/// `when = …`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
struct RawWhen(
    #[schemars(with = "String", extend("examples" = ["crash_free_sessions < 99.00%", "critical_flow"]))]
     When,
);

/// What is wrong with `when`.
#[derive(Debug, thiserror::Error)]
enum WhenError {
    #[error("expected what the tier is for, such as {FORMS}; found \"{0}\"")]
    Form(PlainText),
    #[error(
        "tiers are for metrics with counts; {0} is a figure without, which no evidence could sort: let a rule watch it"
    )]
    Level(Metric),
    #[error("there is no metric \"{found}\": {help}")]
    Metric { found: PlainText, help: String },
    #[error("expected a percentage from 0% to 100%, such as \"99.80%\"; found \"{0}\"")]
    Percent(PlainText),
    #[error(
        "a bound lies between 0% and 100%, both excluded: no evidence could tell whether it holds"
    )]
    Edge,
    #[error("the lower bound comes first: write \"{high}% <= {metric} < {low}%\"")]
    Order {
        metric: Metric,
        low: PlainText,
        high: PlainText,
    },
}

/// What is wrong with one tier.
#[derive(Debug, thiserror::Error)]
enum TierError {
    #[error("a tier needs a name, such as \"fix forward\"")]
    NoName,
    #[error(
        "tier \"{0}\": fix belongs to when = \"critical_flow\": the numbers do not know whether a fix is"
    )]
    FixOfNumbers(PlainText),
    #[error(
        "tier \"{0}\" is for numbers within the bound: it may notify or hold; write a tier on the other side of the bound to {1}"
    )]
    TooStrong(PlainText, &'static str),
    #[error("tier \"{0}\": next_train must be more than zero")]
    NoTime(PlainText),
    #[error(
        "tier \"{0}\": next_train makes its answer one step stronger, and it can be no stronger than {1}: leave next_train out"
    )]
    Strongest(PlainText, &'static str),
}

/// What is wrong with the tiers of a policy together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TiersError {
    #[error("two tiers are called \"{0}\": give each a name of its own")]
    Twice(PlainText),
    #[error(
        "tier \"{0}\" is called like a rule, and an act names one of them: call the tier something else"
    )]
    LikeARule(PlainText),
    #[error(
        "tiers \"{mild}\" and \"{strong}\" overlap: \"{first}\" and \"{second}\" hold for the same numbers; let one end where the other \
         begins"
    )]
    Overlap {
        mild: PlainText,
        strong: PlainText,
        first: String,
        second: String,
    },
    #[error(
        "tier \"{strong}\" is for worse numbers than \"{mild}\", and answers less: {weaker} after {stronger}; the worse the number, \
         the stronger the answer"
    )]
    Contradiction {
        mild: PlainText,
        strong: PlainText,
        stronger: &'static str,
        weaker: &'static str,
    },
    #[error(
        "tiers \"{0}\" and \"{1}\" are both for numbers of {2} within a bound: one of them is enough; write the other as a band, \
         such as \"99.80% <= crash_free_sessions < 99.90%\""
    )]
    TwoWithin(PlainText, PlainText, Metric),
    #[error(
        "tier \"{name}\" ends at {until}, and {next}: let it end where the next one begins, or write \"{open}\""
    )]
    Gap {
        name: PlainText,
        until: String,
        next: String,
        open: String,
    },
    #[error("tiers \"{0}\" and \"{1}\" answer the same declaration: leave one of them out")]
    SameFlow(PlainText, PlainText),
    #[error(
        "tier \"{known}\" answers a known fix with more than tier \"{unknown}\" an unknown one: what can be mended asks for no more"
    )]
    KnownIsWorse {
        known: PlainText,
        unknown: PlainText,
    },
}

impl TryFrom<String> for RawWhen {
    type Error = WhenError;

    fn try_from(text: String) -> Result<Self, WhenError> {
        let text = text.trim();
        if text == CRITICAL_FLOW {
            return Ok(Self(When::CriticalFlow { fix: None }));
        }
        let form = || WhenError::Form(text.into());
        let (first, above, rest) = cut(text).ok_or_else(form)?;
        let condition = match cut(rest) {
            None => Condition {
                metric: metric(first)?,
                above,
                share: share(rest)?,
                until: None,
            },
            Some((middle, false, last)) if !above => {
                let metric = metric(middle)?;
                let (low, high) = (share(first)?, share(last)?);
                if low >= high {
                    let [low, high] = [first, last].map(|it| it.trim_end_matches('%').into());
                    return Err(WhenError::Order { metric, low, high });
                }
                let above = !metric.is_good_share();
                let (share, until) = if above { (low, high) } else { (high, low) };
                let until = Some(until);
                Condition {
                    metric,
                    above,
                    share,
                    until,
                }
            }
            Some(_) => return Err(form()),
        };
        Ok(Self(When::Metric(condition)))
    }
}

/// Before the first comparison, whether it is `>`, and after it.
fn cut(text: &str) -> Option<(&str, bool, &str)> {
    let (before, above, after) = match (text.split_once('<'), text.split_once('>')) {
        (Some((below, rest)), Some((above, _))) if below.len() < above.len() => {
            (below, false, rest)
        }
        (_, Some((before, rest))) => (before, true, rest),
        (Some((before, rest)), None) => (before, false, rest),
        (None, None) => return None,
    };
    let after = after.strip_prefix('=').unwrap_or(after);
    Some((before.trim(), above, after.trim()))
}

fn metric(text: &str) -> Result<Metric, WhenError> {
    match text.parse() {
        Ok(Metric::Level(name)) => Err(WhenError::Level(Metric::Level(name))),
        Ok(metric) => Ok(metric),
        Err(_unknown) => Err(WhenError::Metric {
            found: text.into(),
            help: suggest::did_you_mean(text, &crate::domain::metric::NAMES),
        }),
    }
}

fn share(text: &str) -> Result<f64, WhenError> {
    let percent = Percent::of(text).ok_or_else(|| WhenError::Percent(text.into()))?;
    let share = percent.share();
    if share > 0.0 && share < 1.0 {
        Ok(share)
    } else {
        Err(WhenError::Edge)
    }
}

impl<'de> Deserialize<'de> for RawTier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::checked::<TierTable, _, _>(deserializer)
    }
}

impl TryFrom<TierTable> for RawTier {
    type Error = TierError;

    fn try_from(table: TierTable) -> Result<Self, TierError> {
        let name = table.name;
        if name.is_empty() {
            return Err(TierError::NoName);
        }
        let RawWhen(when) = table.when;
        let when = match (when, table.fix) {
            (When::CriticalFlow { .. }, fix) => When::CriticalFlow { fix },
            (When::Metric(_), Some(_)) => return Err(TierError::FixOfNumbers(name)),
            (when, None) => when,
        };
        let tier = Tier {
            name,
            when,
            respond: table.respond,
            say: table.say,
            next_train: table.next_train.map(|Duration(within)| within),
        };
        let most = if tier.answers_warnings() {
            Action::Hold
        } else {
            Action::Halt
        };
        if tier.respond > most {
            return Err(TierError::TooStrong(tier.name, tier.respond.name()));
        }
        match tier.next_train {
            Some(within) if within.is_zero() => Err(TierError::NoTime(tier.name)),
            Some(_) if tier.respond == most => {
                Err(TierError::Strongest(tier.name, tier.respond.name()))
            }
            _ => Ok(Self(tier)),
        }
    }
}

impl RawTier {
    pub(super) fn resolve(&self) -> Tier {
        self.0.clone()
    }
}

/// Whether the tiers of a policy make sense together, and beside its rules.
pub(super) fn check(tiers: &[RawTier], rules: &[RawRule]) -> Result<(), TiersError> {
    let tiers: Vec<&Tier> = tiers.iter().map(|RawTier(tier)| tier).collect();
    let mut names: Vec<PlainText> = Vec::new();
    for tier in &tiers {
        let own = std::iter::once(tier.name.clone())
            .chain(tier.next_train.map(|_within| tier.without_train()));
        for name in own {
            if rules.iter().any(|rule| *rule.id() == name) {
                return Err(TiersError::LikeARule(name));
            }
            if names.contains(&name) {
                return Err(TiersError::Twice(name));
            }
            names.push(name);
        }
    }
    bands(&tiers)?;
    flows(&tiers)
}

/// Tiers of one metric lie side by side, and the worse the number, the stronger the answer.
fn bands(tiers: &[&Tier]) -> Result<(), TiersError> {
    let mut bands: Vec<(&Tier, &Condition)> = tiers
        .iter()
        .filter_map(|tier| match &tier.when {
            When::Metric(condition) => Some((*tier, condition)),
            When::CriticalFlow { .. } => None,
        })
        .collect();
    // By metric; within the bound first, then from mild to bad.
    bands.sort_by(|(_, a), (_, b)| {
        (&a.metric, a.is_limit())
            .cmp(&(&b.metric, b.is_limit()))
            .then(a.failing().total_cmp(&b.failing()))
    });
    let after = bands.iter().skip(1).map(Some).chain([None]);
    for ((mild, first), next) in bands.iter().zip(after) {
        let next = next.filter(|(_, second)| second.metric == first.metric);
        if let Some((strong, second)) = next {
            if !second.is_limit() {
                let (mild, strong) = (mild.name.clone(), strong.name.clone());
                return Err(TiersError::TwoWithin(mild, strong, first.metric.clone()));
            }
            let beyond = first.failing() > second.failing();
            let same = first.is_limit() && first.failing() >= second.failing();
            if beyond || same {
                return Err(TiersError::Overlap {
                    mild: mild.name.clone(),
                    strong: strong.name.clone(),
                    first: first.to_string(),
                    second: second.to_string(),
                });
            }
            if strong.respond < mild.respond {
                return Err(TiersError::Contradiction {
                    mild: mild.name.clone(),
                    strong: strong.name.clone(),
                    stronger: mild.respond.name(),
                    weaker: strong.respond.name(),
                });
            }
        }
        let begins = next.map(|(_, second)| second.share);
        if first.until.is_some() && first.until != begins {
            return Err(TiersError::Gap {
                name: mild.name.clone(),
                until: percent(first.until.unwrap_or_default()),
                next: next.map_or_else(
                    || "no tier takes over there".to_owned(),
                    |(strong, second)| format!("\"{}\" is for \"{second}\"", strong.name),
                ),
                open: Condition {
                    until: None,
                    ..(*first).clone()
                }
                .to_string(),
            });
        }
    }
    Ok(())
}

/// One answer a declaration, and no stronger one for what can be mended.
fn flows(tiers: &[&Tier]) -> Result<(), TiersError> {
    let flows: Vec<(&Tier, Option<Fix>)> = tiers
        .iter()
        .filter_map(|tier| match tier.when {
            When::CriticalFlow { fix } => Some((*tier, fix)),
            When::Metric(_) => None,
        })
        .collect();
    for (i, (one, fix)) in flows.iter().enumerate() {
        for (other, others) in flows.iter().take(i) {
            if fix == others {
                return Err(TiersError::SameFlow(other.name.clone(), one.name.clone()));
            }
            let (known, unknown) = match (fix, others) {
                (Some(Fix::Known), Some(Fix::Unknown)) => (one, other),
                (Some(Fix::Unknown), Some(Fix::Known)) => (other, one),
                _ => continue,
            };
            if known.respond > unknown.respond {
                return Err(TiersError::KnownIsWorse {
                    known: known.name.clone(),
                    unknown: unknown.name.clone(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
