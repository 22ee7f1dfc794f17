//! The part of PromQL that configs of haltline are written in: selectors with ranges, `increase`, `rate`, `histogram_quantile`,
//! `label_replace`, `scalar`, `vector`, aggregations, arithmetic and sets. Evaluated as Prometheus 2.42 does it; what is beyond
//! is refused in its words. Must not know where the samples come from.

mod eval;
mod functions;
mod lex;
mod parse;
mod pattern;
mod select;

use std::collections::BTreeMap;

pub(super) use eval::{Found, Sample, Value, evaluate};
pub(super) use lex::duration;
pub(super) use parse::{Expr, Type, parse};
pub use select::{Matcher, Series};

/// Labels of a series; the name is `__name__`.
pub type Labels = BTreeMap<String, String>;

pub(super) const NAME: &str = "__name__";

/// A query that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// 400 `bad_data`
    Query(String),
    /// 422 `execution`
    Execution(String),
}
