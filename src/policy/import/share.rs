//! Numbers that are fractions in one tool and percentages in the next: `0.1`, `10`, `"10%"`.
//!
//! All bare numbers of one kind in a file have one unit. One above 1 settles it: they are percentages. Where all are below 1
//! they are fractions, unless that is absurd. A 1 that no other number settles is 1 % or everybody: it is refused, and so is what
//! the name of its key contradicts.

use super::asked::Asked;
use super::tree::{Node, Value};
use crate::domain::Exposure;

/// A limit on failures above which a fraction was not meant as one: one in five.
const ABSURD: f64 = 0.2;

/// What is known about the unit of bare numbers of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of exposures: by a key that says neither.
    Exposure,
    /// Of exposures: the key says percent.
    Percentage,
    /// Of failures.
    Failures,
    /// Of failures: the tool's own documents say percent.
    FailuresInPercent,
}

/// How bare numbers of one kind are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    kind: Kind,
    /// A number above 1 has settled it.
    percent: bool,
}

impl Unit {
    /// From all numbers of that kind; says which reading was taken.
    pub(super) fn of<'n>(
        asked: &mut Asked,
        kind: Kind,
        nodes: impl Iterator<Item = &'n Node>,
    ) -> Self {
        let bare: Vec<(&Node, f64)> = nodes
            .filter_map(|node| Some((node, number(node)?)))
            .collect();
        let above = bare.iter().find(|(_, number)| *number > 1.0);
        let first = bare.first();
        if let Some((node, number)) = above {
            let what = format!("bare numbers of this kind are percentages: {number} is {number} %");
            asked.assume(node, what);
        } else if let Some((node, number)) = first.filter(|(_, number)| *number < 1.0) {
            match kind {
                Kind::FailuresInPercent => {
                    let what = format!("{number} is {number} %, as the tool's documents say");
                    asked.assume(node, what);
                }
                Kind::Percentage => {}
                Kind::Exposure | Kind::Failures => {
                    let what = format!(
                        "bare numbers of this kind are fractions: {number} is {} %",
                        hundred(*number)
                    );
                    asked.assume(node, what);
                }
            }
        }
        Self {
            kind,
            percent: above.is_some(),
        }
    }

    /// The share, 0..=1; one that may be either is refused.
    pub(super) fn share(self, asked: &mut Asked, node: &Node) -> Option<f64> {
        if let Value::Text(text) = &node.value
            && let Some(percent) = text.trim().strip_suffix('%')
        {
            let percent = percent.trim().parse().ok();
            let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
            if percent.is_none() {
                let what = format!("expected 0% to 100%, found {}", node.shown());
                asked.error(node, &what, "");
            }
            return percent.map(|percent: f64| percent / 100.0);
        }
        let Some(number) = number(node) else {
            let what = format!("expected a share, found {}", node.shown());
            asked.error(node, &what, "write \"10%\"");
            return None;
        };
        if !(0.0..=100.0).contains(&number) {
            let what = format!("{number} lies outside 0 % to 100 %");
            asked.error(node, &what, "");
            return None;
        }
        if number == 0.0 {
            return Some(0.0);
        }
        let documented = self.kind == Kind::FailuresInPercent && number < 1.0;
        if self.percent || documented {
            return Some(number / 100.0);
        }
        let fraction = match self.kind {
            Kind::Percentage | Kind::FailuresInPercent => false,
            Kind::Exposure => number < 1.0,
            Kind::Failures => number <= ABSURD,
        };
        if fraction {
            return Some(number);
        }
        let what = format!(
            "{number} may be {number} % or the fraction, {} %",
            hundred(number)
        );
        let help = format!("write \"{number}%\" or \"{}%\"", hundred(number));
        asked.error(node, &what, &help);
        None
    }

    pub(super) fn exposure(self, asked: &mut Asked, node: &Node) -> Option<Exposure> {
        self.share(asked, node).and_then(Exposure::from_fraction)
    }

    /// A limit on failures, which no evidence could hold at 0 % or 100 %.
    pub(super) fn limit(self, asked: &mut Asked, node: &Node) -> Option<f64> {
        let share = self.share(asked, node)?;
        if share <= 0.0 || share >= 1.0 {
            let what = format!("a limit of {} % cannot be tested", hundred(share));
            asked.error(node, &what, "it lies between 0 % and 100 %, both excluded");
            return None;
        }
        Some(share)
    }
}

/// A bare number, quoted or not.
fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

fn hundred(share: f64) -> f64 {
    (share * 1e11).round() / 1e9
}
