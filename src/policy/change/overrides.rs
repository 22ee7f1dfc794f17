//! What a person lays over one rule for a while.

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as Wrong;

use crate::domain::suggest::did_you_mean;
use crate::domain::{PlainText, RuleOverride};
use crate::policy::rule::{Action, Limit, Policy, Rule};
use crate::policy::units::{Bound, Percent, Points, Times};

/// Why it cannot be laid over that rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("policy {policy} has no rule \"{rule}\": {hint}")]
    NoRule {
        policy: PlainText,
        rule: PlainText,
        hint: String,
    },
    #[error("rule {rule} has a {kind}: {why}")]
    Limit {
        rule: PlainText,
        kind: &'static str,
        why: String,
    },
    #[error(
        "rule {0} is on a figure without counts, which cannot be tested, so that it never halts: pause is the most"
    )]
    NeverHalts(PlainText),
    #[error("there is no action \"{action}\": {hint}")]
    Action { action: PlainText, hint: String },
}

/// The rule of this name.
pub fn named<'a>(policy: &'a Policy, rule: &PlainText) -> Result<&'a Rule, ChangeError> {
    let found = policy.rules.iter().find(|known| known.id == *rule);
    found.ok_or_else(|| {
        let known: Vec<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
        let hint = if known.is_empty() {
            "it has none".to_owned()
        } else {
            did_you_mean(rule.as_str(), &known)
        };
        ChangeError::NoRule {
            policy: policy.name.clone(),
            rule: rule.clone(),
            hint,
        }
    })
}

/// The rule with this laid over it; none where it is off.
pub fn with_override(rule: &Rule, with: &RuleOverride) -> Result<Option<Rule>, ChangeError> {
    let mut rule = rule.clone();
    match with {
        RuleOverride::Off => return Ok(None),
        RuleOverride::Limit { limit } => rule.limit = limit_from(&rule, limit.as_str())?,
        RuleOverride::Action { action } => rule.action = action_from(action)?,
    }
    if rule.metric.is_level() && rule.action == Action::Halt {
        return Err(ChangeError::NeverHalts(rule.id));
    }
    Ok(Some(rule))
}

/// The policy with all of this laid over its rules, under a hash of its own. What does not fit any rule is left out.
pub fn with_overrides<'a>(
    policy: &Policy,
    overrides: impl IntoIterator<Item = (&'a PlainText, &'a RuleOverride)>,
) -> Policy {
    let mut policy = policy.clone();
    for (id, with) in overrides {
        let Some(at) = policy.rules.iter().position(|rule| rule.id == *id) else {
            continue;
        };
        let Some(laid) = policy.rules.get(at).map(|rule| with_override(rule, with)) else {
            continue;
        };
        match laid {
            Ok(Some(laid)) => policy.rules.splice(at..=at, [laid]).for_each(drop),
            Ok(None) => drop(policy.rules.remove(at)),
            Err(_) => continue,
        }
        policy.hash = format!("{}+{id}:{}", policy.hash, written(with));
    }
    policy
}

/// `off`, `99.50%`, `halt`
fn written(with: &RuleOverride) -> &str {
    match with {
        RuleOverride::Off => "off",
        RuleOverride::Limit { limit } => limit.as_str(),
        RuleOverride::Action { action } => action.as_str(),
    }
}

/// As the policy would write it: read by the very units of its file.
fn limit_from(rule: &Rule, text: &str) -> Result<Limit, ChangeError> {
    let good = rule.metric.is_good_share();
    let kind = match rule.limit {
        Limit::Failures { .. } | Limit::LevelAtMost { .. } if !good => "ceiling",
        Limit::Failures { .. } | Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => "floor",
        Limit::TimesBaseline { .. } => "worse_than_baseline",
        Limit::WorseByPoints { .. } => "drop_from_baseline",
    };
    let wrong = |why: String| ChangeError::Limit {
        rule: rule.id.clone(),
        kind,
        why,
    };
    let told = |error: Wrong| wrong(error.to_string());
    match rule.limit {
        Limit::Failures { .. } => {
            let percent = Percent::deserialize(text.into_deserializer()).map_err(told)?;
            let at_most = if good {
                percent.complement()
            } else {
                percent.share()
            };
            if at_most > 0.0 && at_most < 1.0 {
                Ok(Limit::Failures { at_most })
            } else {
                Err(wrong("it lies between 0% and 100%, both excluded".into()))
            }
        }
        Limit::TimesBaseline { .. } => {
            let number: Result<f64, _> = text.trim().parse();
            let number = number.map_err(|_not_a_number| {
                wrong(format!(
                    "write a number from 1 to 1000, such as 2.5; found {text:?}"
                ))
            })?;
            let times = Times::deserialize(number.into_deserializer()).map_err(told)?;
            Ok(Limit::TimesBaseline { ratio: times.0 })
        }
        Limit::WorseByPoints { .. } => {
            let points = Points::deserialize(text.into_deserializer()).map_err(told)?;
            Ok(Limit::WorseByPoints { points: points.0 })
        }
        Limit::LevelAtMost { unit, .. } | Limit::LevelAtLeast { unit, .. } => {
            let bound = Bound::deserialize(text.into_deserializer()).map_err(told)?;
            let (value, found) = bound.figure();
            if found != unit || value <= 0.0 {
                return Err(wrong(format!(
                    "write it in the unit that it has, and above zero; found {text:?}"
                )));
            }
            Ok(match rule.limit {
                Limit::LevelAtMost { .. } => Limit::LevelAtMost { value, unit },
                _ => Limit::LevelAtLeast { value, unit },
            })
        }
    }
}

fn action_from(text: &PlainText) -> Result<Action, ChangeError> {
    let read: Result<Action, Wrong> = Action::deserialize(text.as_str().into_deserializer());
    read.map_err(|_unknown| ChangeError::Action {
        action: text.clone(),
        hint: did_you_mean(text.as_str(), &["notify", "hold", "pause", "halt"]),
    })
}
