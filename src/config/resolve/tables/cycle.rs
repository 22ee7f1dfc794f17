//! Apps that wait for each other, over all plans together.
//!
//! A stage is entered after the one before it, and after what a step asks of another app. Whoever comes back to where he
//! began along these is waiting for himself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::domain::{AppId, Exposure};
use crate::policy::{CrossStep, Policy, StepTo};

/// An app's stage, counted from 0.
type Place = (AppId, usize);

/// A step that makes one stage wait for another.
struct Edge<'s> {
    to: Place,
    from: Place,
    step: &'s CrossStep,
    span: &'s Range<usize>,
}

/// One problem for each ring: where its first step stands, and what waits for what.
pub(super) fn find<'p>(
    steps: &[(Range<usize>, CrossStep)],
    policy: impl Fn(&AppId) -> Option<&'p Policy>,
) -> Vec<(Range<usize>, String)> {
    let edges: Vec<Edge<'_>> = steps
        .iter()
        .filter_map(|(span, step)| {
            let after = step.after.as_ref()?;
            let to = match step.to {
                StepTo::Start => 0,
                StepTo::Stage(exposure) => index(policy(&step.app)?, exposure)?,
            };
            let from = index(policy(&after.app)?, after.at)?;
            Some(Edge {
                to: (step.app.clone(), to),
                from: (after.app.clone(), from),
                step,
                span,
            })
        })
        .collect();
    let mut told = BTreeSet::new();
    let mut rings = Vec::new();
    for (n, edge) in edges.iter().enumerate() {
        if told.contains(&n) {
            continue;
        }
        if let Some(ring) = back(&edges, n) {
            let words = ring.iter().filter_map(|at| Some(words(edges.get(*at)?)));
            rings.push((edge.span.clone(), words.collect::<Vec<_>>().join(", ")));
            told.extend(ring);
        }
    }
    rings
}

/// The first stage that offers it to at least so many.
fn index(policy: &Policy, exposure: Exposure) -> Option<usize> {
    policy
        .stages
        .iter()
        .position(|stage| stage.exposure >= exposure)
}

/// The steps from this one back to itself, the shortest way. Entering a stage waits for all that the stages below it wait for.
fn back(edges: &[Edge<'_>], start: usize) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        let (app, stage) = &edges.get(at)?.from;
        for (next, edge) in edges.iter().enumerate() {
            if edge.to.0 != *app || edge.to.1 > *stage {
                continue;
            }
            if next == start {
                let mut ring = vec![at];
                let mut at = at;
                while let Some(before) = came_from.get(&at) {
                    ring.push(*before);
                    at = *before;
                }
                ring.reverse();
                return Some(ring);
            }
            if next != at && !came_from.contains_key(&next) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

/// `shop-ios at 100% waits for shop-android at 30%`
fn words(edge: &Edge<'_>) -> String {
    let to = match edge.step.to {
        StepTo::Start => "the start of".to_owned(),
        StepTo::Stage(exposure) => format!("{exposure} of"),
    };
    let after = edge.step.after.as_ref();
    let after = after.map_or_else(String::new, |after| {
        format!("{} of {}", after.at, after.app)
    });
    format!("{to} {} waits for {after}", edge.step.app)
}
