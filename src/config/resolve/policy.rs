//! `[policy.NAME]` and the presets: every policy by name, and the one an app asks for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Ctx;
use crate::config::file::RawApp;
use crate::config::problem::Problem;
use crate::config::tree::{At, Gone};
use crate::domain::suggest;
use crate::policy::{Policy, RawPolicy, presets};

/// The policies of the file; `None` for one that is there but wrong.
pub(in crate::config) struct Policies(BTreeMap<String, Option<Arc<Policy>>>);

/// Resolves the policies of the file.
pub(super) fn resolve(ctx: &mut Ctx<'_>, raw: &BTreeMap<String, At<RawPolicy>>) -> Policies {
    let resolved = raw.iter().map(|(name, at)| {
        let policy = one(ctx, &at.value, name, &at.span);
        (name.clone(), policy)
    });
    Policies(resolved.collect())
}

fn one(ctx: &mut Ctx<'_>, raw: &RawPolicy, name: &str, span: &Range<usize>) -> Option<Arc<Policy>> {
    checked(raw, name, Some(span), &ctx.gone, &mut ctx.problems)
}

/// Resolves one policy; what is wrong or unwise about it is told at `span`, or of the file as a whole.
pub(in crate::config) fn checked(
    raw: &RawPolicy,
    name: &str,
    span: Option<&Range<usize>>,
    gone: &[Gone],
    problems: &mut Vec<Problem>,
) -> Option<Arc<Policy>> {
    let placed = |problem: Problem| Problem {
        span: span.cloned(),
        ..problem
    };
    match raw.resolve(name) {
        Ok((policy, warnings)) => {
            // Where something was taken out of the file, a policy may look emptier than it is.
            let warnings = warnings.into_iter().filter(|_| gone.is_empty());
            problems.extend(warnings.map(|warning| placed(Problem::warning(0..0, warning))));
            Some(Arc::new(policy))
        }
        Err(error) => {
            problems.push(placed(Problem::error(0..0, error.to_string())));
            None
        }
    }
}

/// There is no policy of that name, neither among the file's `own` nor among the presets.
pub(in crate::config) fn unknown<'a>(
    name: &str,
    span: &Range<usize>,
    own: impl Iterator<Item = &'a String>,
) -> Problem {
    let mut known: Vec<&str> = own.map(String::as_str).collect();
    known.extend(presets::names().map(|name| -> &str { name }));
    Problem::error(span.clone(), format!("there is no policy {name:?}"))
        .help(suggest::did_you_mean(name, &known))
}

impl Policies {
    pub(in crate::config) fn new(policies: BTreeMap<String, Option<Arc<Policy>>>) -> Self {
        Self(policies)
    }

    /// The policy that an app names, else the default; tells nothing.
    pub(super) fn get(&self, app: &RawApp) -> Option<Arc<Policy>> {
        let name = app.policy.as_ref().map_or(presets::DEFAULT, |at| &at.value);
        match self.0.get(name) {
            Some(own) => own.clone(),
            None => Some(Arc::new(presets::get(name)?.resolve(name).ok()?.0)),
        }
    }

    /// The policy that an app names, else the default; `None` where there is none of that name, or it is wrong.
    pub(super) fn of_app(&self, ctx: &mut Ctx<'_>, app: &At<RawApp>) -> Option<Arc<Policy>> {
        let (name, span) = match &app.value.policy {
            Some(at) => (at.value.as_str(), &at.span),
            None => (presets::DEFAULT, &app.span),
        };
        if let Some(policy) = self.0.get(name) {
            return policy.clone();
        }
        if let Some(preset) = presets::get(name) {
            return one(ctx, &preset, name, span);
        }
        // One that was taken out because of what is in it has been told.
        if !ctx
            .gone
            .iter()
            .any(|(_, key)| key == name || key == "policy")
        {
            ctx.push(unknown(name, span, self.0.keys()));
        }
        None
    }
}
