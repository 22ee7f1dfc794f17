//! What a change of the policy of a rollout that runs would differ in, told before it is asked for.
//!
//! Must not decide who may: the engine weighs it again.

use std::sync::Arc;

use super::act::Scene;
use super::attach::{self, Reach};
use super::compose;
use crate::config::{AppConfig, Config};
use crate::domain::{PlainText, PolicyChange};
use crate::engine::{self, AppState};
use crate::journal::{Access, SqliteJournal};
use crate::policy::change::{
    ChangeError, Difference, compare, compare_rules, named, with_override,
};
use crate::policy::{Policy, Rule};
use crate::ports::Journal as _;

/// The policy of a rollout, as the journal has it.
pub(super) struct Guards {
    /// What it is pinned to.
    pinned: Arc<Policy>,
    /// The same with what people laid over its rules.
    in_force: Arc<Policy>,
}

impl Guards {
    pub(super) async fn of(
        scene: &Scene,
        config: &Config,
        app: &AppConfig,
    ) -> anyhow::Result<Self> {
        let id = &scene.id;
        let records = match &scene.reach {
            Reach::Socket(line) => attach::all_records(line).await?,
            Reach::Journal(config, _) if SqliteJournal::exists(&config.watcher.state) => {
                SqliteJournal::open(&config.watcher.state, Access::ReadOnly)?.records_after(0)?
            }
            Reach::Journal(..) => Vec::new(),
        };
        let state = engine::replay(&records).app(id).cloned();
        let state = state.unwrap_or_default();
        let bare = AppState {
            overrides: std::collections::BTreeMap::new(),
            ..state.clone()
        };
        let plan = compose::plan(config);
        let of = |state: &AppState| {
            let plan = plan.apps.get(id);
            plan.map_or_else(
                || Arc::clone(&app.policy),
                |plan| engine::in_force(plan, state),
            )
        };
        Ok(Self {
            pinned: of(&bare),
            in_force: of(&state),
        })
    }

    /// What would be another way. `file` is the policy that the config has.
    pub(super) fn differences(
        &self,
        change: &PolicyChange,
        file: &Policy,
    ) -> Result<Vec<Difference>, ChangeError> {
        match change {
            PolicyChange::Apply { .. } => Ok(compare(&self.pinned, file)),
            PolicyChange::Override { rule, with, .. } => {
                let laid = with_override(named(&self.pinned, rule)?, with)?;
                Ok(compare_rules(by_name(&self.in_force, rule), laid.as_ref()))
            }
            PolicyChange::EndOverride { rule } => Ok(compare_rules(
                by_name(&self.in_force, rule),
                by_name(&self.pinned, rule),
            )),
        }
    }
}

fn by_name<'a>(policy: &'a Policy, rule: &PlainText) -> Option<&'a Rule> {
    policy.rules.iter().find(|known| known.id == *rule)
}
