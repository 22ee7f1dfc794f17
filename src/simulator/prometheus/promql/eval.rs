//! Evaluates an expression at one point in time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::functions::{growth, quantile};
use super::parse::{Aggregation, Expr, Function, Grouping, Operator, Selector};
use super::pattern::Pattern;
use super::select::Series;
use super::{Labels, NAME, Refused};

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::simulator::prometheus) enum Value {
    Scalar(f64),
    Vector(Vec<Sample>),
    Text(String),
}

/// A value, and the labels it has; shared, since most are only passed on.
pub(in crate::simulator::prometheus) type Sample = (Arc<Labels>, f64);

/// The series that each selector of a query found, by its number.
pub(in crate::simulator::prometheus) struct Found(Vec<Vec<Picked>>);

struct Picked {
    series: Series,
    labels: Arc<Labels>,
    nameless: Arc<Labels>,
}

impl Found {
    pub(in crate::simulator::prometheus) fn of_selectors(
        found: impl Iterator<Item = Vec<Series>>,
    ) -> Self {
        let picked = |series: Series| {
            let mut nameless = series.labels.clone();
            nameless.remove(NAME);
            Picked {
                labels: Arc::new(series.labels.clone()),
                nameless: Arc::new(nameless),
                series,
            }
        };
        Self(
            found
                .map(|all| all.into_iter().map(picked).collect())
                .collect(),
        )
    }

    fn of(&self, selector: &Selector) -> &[Picked] {
        self.0.get(selector.number).map_or(&[], Vec::as_slice)
    }
}

/// The value at a time, in milliseconds.
pub(in crate::simulator::prometheus) fn evaluate(
    expr: &Expr,
    found: &Found,
    at: i64,
) -> Result<Value, Refused> {
    Ok(match expr {
        Expr::Number(number) => Value::Scalar(*number),
        Expr::Text(text) => Value::Text(text.clone()),
        Expr::Select(selector) => {
            let series = found.of(selector).iter();
            let values = series.filter_map(|it| Some((Arc::clone(&it.labels), it.series.at(at)?)));
            Value::Vector(values.collect())
        }
        Expr::Negative(of) => match evaluate(of, found, at)? {
            Value::Vector(values) => Value::Vector(nameless(values, |value| -value)),
            Value::Scalar(number) => Value::Scalar(-number),
            text @ Value::Text(_) => text,
        },
        Expr::Aggregate { by, how, of } => {
            Value::Vector(aggregate(by, *how, vector(of, found, at)?))
        }
        Expr::Binary(operator, left, right) => binary(
            *operator,
            evaluate(left, found, at)?,
            evaluate(right, found, at)?,
        )?,
        Expr::Call(function, args) => call(*function, args, found, at)?,
    })
}

fn vector(expr: &Expr, found: &Found, at: i64) -> Result<Vec<Sample>, Refused> {
    Ok(match evaluate(expr, found, at)? {
        Value::Vector(values) => values,
        Value::Scalar(_) | Value::Text(_) => Vec::new(),
    })
}

fn scalar(expr: &Expr, found: &Found, at: i64) -> Result<f64, Refused> {
    Ok(match evaluate(expr, found, at)? {
        Value::Scalar(number) => number,
        Value::Vector(_) | Value::Text(_) => f64::NAN,
    })
}

fn nameless(values: Vec<Sample>, with: impl Fn(f64) -> f64) -> Vec<Sample> {
    let of = |(mut labels, value): Sample| {
        if labels.contains_key(NAME) {
            Arc::make_mut(&mut labels).remove(NAME);
        }
        (labels, with(value))
    };
    values.into_iter().map(of).collect()
}

fn call(function: Function, args: &[Expr], found: &Found, at: i64) -> Result<Value, Refused> {
    Ok(match (function, args) {
        (Function::Time, _) => Value::Scalar(at as f64 / 1000.0),
        (Function::Increase | Function::Rate, [Expr::Select(selector)]) => {
            let range = selector.range.unwrap_or_default();
            let grown = found.of(selector).iter().filter_map(|it| {
                let samples = it.series.within(at, range);
                let value = growth(samples, at, range, function == Function::Rate)?;
                Some((Arc::clone(&it.nameless), value))
            });
            Value::Vector(grown.collect())
        }
        (Function::HistogramQuantile, [share, of]) => {
            let share = scalar(share, found, at)?;
            Value::Vector(quantiles(share, vector(of, found, at)?))
        }
        (Function::LabelReplace, [of, rest @ ..]) => {
            Value::Vector(label_replace(vector(of, found, at)?, rest)?)
        }
        (Function::Scalar, [of]) => match vector(of, found, at)?.as_slice() {
            [(_, value)] => Value::Scalar(*value),
            _ => Value::Scalar(f64::NAN),
        },
        (Function::Vector, [of]) => Value::Vector(vec![(Arc::default(), scalar(of, found, at)?)]),
        _ => Value::Vector(Vec::new()),
    })
}

fn quantiles(share: f64, values: Vec<Sample>) -> Vec<Sample> {
    let mut histograms: BTreeMap<Arc<Labels>, Vec<(f64, f64)>> = BTreeMap::new();
    for (mut labels, count) in values {
        let own = Arc::make_mut(&mut labels);
        own.remove(NAME);
        let bound = own.remove("le").and_then(|le| le.parse::<f64>().ok());
        if let Some(bound) = bound {
            histograms.entry(labels).or_default().push((bound, count));
        }
    }
    let all = histograms.into_iter();
    all.map(|(labels, buckets)| (labels, quantile(share, buckets)))
        .collect()
}

/// As far as it copies a label: `label_replace(v, "os", "$1", "os_version", "(.*)")`.
fn label_replace(values: Vec<Sample>, args: &[Expr]) -> Result<Vec<Sample>, Refused> {
    let [
        Expr::Text(to),
        Expr::Text(with),
        Expr::Text(from),
        Expr::Text(raw),
    ] = args
    else {
        return Ok(values);
    };
    let bad = || {
        Refused::Execution(format!(
            "invalid regular expression in label_replace(): {raw}"
        ))
    };
    let pattern = Pattern::parse(raw).map_err(|_| bad())?;
    let replaced = values.into_iter().map(|(mut labels, value)| {
        let told = labels.get(from).cloned().unwrap_or_default();
        if pattern.matches(&told) {
            let own = Arc::make_mut(&mut labels);
            own.insert(to.clone(), with.replace("$1", &told));
            own.retain(|_, value| !value.is_empty());
        }
        (labels, value)
    });
    Ok(replaced.collect())
}

fn aggregate(by: &Grouping, how: Aggregation, values: Vec<Sample>) -> Vec<Sample> {
    let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for (labels, value) in values {
        let kept = labels.iter().filter(|(label, _)| match by {
            Grouping::By(kept) => kept.contains(label),
            Grouping::Without(lost) => *label != NAME && !lost.contains(label),
        });
        let kept = kept.map(|(label, value)| (label.clone(), value.clone()));
        groups.entry(kept.collect()).or_default().push(value);
    }
    let one = |values: Vec<f64>| match how {
        Aggregation::Sum => values.iter().sum(),
        Aggregation::Avg => values.iter().sum::<f64>() / values.len() as f64,
        Aggregation::Min => values.into_iter().fold(f64::NAN, f64::min),
        Aggregation::Max => values.into_iter().fold(f64::NAN, f64::max),
        Aggregation::Count => values.len() as f64,
    };
    groups
        .into_iter()
        .map(|(labels, values)| (Arc::new(labels), one(values)))
        .collect()
}

fn binary(operator: Operator, left: Value, right: Value) -> Result<Value, Refused> {
    let compute = |a: f64, b: f64| match operator {
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        Operator::Or | Operator::And | Operator::Unless => f64::NAN,
    };
    Ok(match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(compute(a, b)),
        (Value::Vector(all), Value::Scalar(b)) => Value::Vector(nameless(all, |a| compute(a, b))),
        (Value::Scalar(a), Value::Vector(all)) => Value::Vector(nameless(all, |b| compute(a, b))),
        (Value::Vector(left), Value::Vector(right)) if operator.is_of_sets() => {
            Value::Vector(sets(operator, left, right))
        }
        (Value::Vector(left), Value::Vector(right)) => {
            let mut others = unique(right, "right")?;
            let pairs = unique(left, "left")?.into_iter().filter_map(|(labels, a)| {
                let b = others.remove(&labels)?;
                Some((labels, compute(a, b)))
            });
            Value::Vector(pairs.collect())
        }
        (left, _) => left,
    })
}

/// By their labels, of which no two may be the same.
fn unique(values: Vec<Sample>, side: &str) -> Result<BTreeMap<Arc<Labels>, f64>, Refused> {
    let mut by_labels = BTreeMap::new();
    for (labels, value) in nameless(values, |value| value) {
        if by_labels.contains_key(&labels) {
            let what = format!(
                "found duplicate series for the match group on the {side} hand-side of the operation;many-to-many matching not \
                 allowed: matching labels must be unique on one side"
            );
            return Err(Refused::Execution(what));
        }
        by_labels.insert(labels, value);
    }
    Ok(by_labels)
}

fn sets(operator: Operator, left: Vec<Sample>, right: Vec<Sample>) -> Vec<Sample> {
    let bare = |labels: &Labels| -> Labels {
        let others = labels.iter().filter(|(label, _)| *label != NAME);
        others
            .map(|(label, value)| (label.clone(), value.clone()))
            .collect()
    };
    let keys = |all: &[Sample]| -> BTreeSet<Labels> {
        all.iter().map(|(labels, _)| bare(labels)).collect()
    };
    let (of_left, of_right) = (keys(&left), keys(&right));
    if operator == Operator::Or {
        let others = right.into_iter();
        let missing = others.filter(|(labels, _)| !of_left.contains(&bare(labels)));
        return left.into_iter().chain(missing).collect();
    }
    let wanted = operator == Operator::And;
    let both = |(labels, _): &Sample| of_right.contains(&bare(labels)) == wanted;
    left.into_iter().filter(both).collect()
}
