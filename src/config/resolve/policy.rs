//! `[policy.NAME]` and the presets: every policy by name, and the one an app asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Ctx;
use crate::config::file::RawApp;
use crate::config::tree::At;
use crate::policy::Policy;

/// Every policy that an app may name.
pub(super) struct Policies {
    known: BTreeMap<String, Option<Arc<Policy>>>,
}

pub(super) fn resolve(_ctx: &mut Ctx<'_>, raw: BTreeMap<String, toml::Table>) -> Policies {
    Policies {
        known: raw
            .into_keys()
            .map(|name| {
                let policy = Policy {
                    name: name.as_str().into(),
                    description: "".into(),
                    stages: vec![],
                    rules: vec![],
                    hash: String::new(),
                };
                (name, Some(Arc::new(policy)))
            })
            .collect(),
    }
}

impl Policies {
    /// `None` where there is none, or it is wrong.
    pub(super) fn of_app(&self, ctx: &mut Ctx<'_>, app: &At<RawApp>) -> Option<Arc<Policy>> {
        let help = "write policy = \"safe-production\", another preset, or one of this file";
        let at = ctx.required(&app.span, "policy", app.value.policy.as_ref(), help)?;
        let known: Vec<(&str, &Option<Arc<Policy>>)> = self
            .known
            .iter()
            .map(|(name, policy)| (name.as_str(), policy))
            .collect();
        ctx.one_of("policy", at, &known)?.clone()
    }
}
