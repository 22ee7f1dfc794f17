//! What the watcher will refuse this person, said before it does: who they are to it, what an act takes, and whom to ask.
//!
//! Only the watcher decides. What is not known here (an approval that takes more than usual) it refuses itself.

use super::actions::Do;
use crate::api::AppSnapshot;
use crate::domain::{Actor, Verb};
use crate::policy::Role;
use crate::tui::state::model::Model;
use crate::tui::view::layout::Tier;

/// Who will have done what is done from here: by the watcher's word, where it has said so.
pub(crate) fn actor(model: &Model) -> Actor {
    match &model.me {
        Some(me) => Actor::Person {
            name: me.name.clone(),
            host: model.identity.host.clone(),
        },
        None => model.identity.actor(),
    }
}

/// Beside the clock, for whoever may not do everything: `@bob: viewer`.
pub(crate) fn mark(model: &Model, tier: Tier) -> Option<String> {
    let me = model.me.as_ref().filter(|me| me.role < Role::Admin)?;
    let role = me.role.name();
    Some(if tier >= Tier::Medium {
        format!("@{}: {role}", me.name)
    } else {
        format!("[{role}]")
    })
}

/// Why the watcher would refuse it, and whom to ask; `None` where it is for the watcher to say.
pub(crate) fn refusal(model: &Model, app: &AppSnapshot, does: Do) -> Option<String> {
    let me = model.me.as_ref()?;
    let (needed, what) = needed(app, does)?;
    // The red button and the like are in reach of whoever could write the watcher's files.
    let root = me.uid == 0 && matches!(does, Do::Disarm | Do::Acknowledge | Do::Note);
    (me.role < needed && !root).then(|| {
        let (takes, is) = (needed.named(), me.role.named());
        let ask = if me.ask.is_empty() {
            String::new()
        } else {
            format!(": {}", me.ask)
        };
        format!("{what} takes {takes}, and @{} is {is}{ask}", me.name)
    })
}

fn needed(app: &AppSnapshot, does: Do) -> Option<(Role, String)> {
    let operator = |what: &str| Some((Role::Operator, what.to_owned()));
    match does {
        Do::Verb(Verb::Resume) if app.latched => Some((Role::Admin, "lifting a halt".into())),
        Do::Verb(verb) => operator(&format!("to {verb} a rollout")),
        Do::Approve => operator("an approval"),
        Do::Postpone => operator("holding an announced act"),
        Do::Acknowledge => operator("acknowledging"),
        Do::Disarm => operator("stopping automation"),
        Do::Note => operator("a note"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::actions::ACTIONS;
    use super::*;
    use crate::tui::fixture;

    fn why(model: &Model, id: &str) -> Option<String> {
        let action = ACTIONS.iter().find(|action| action.id == id).unwrap();
        action.disabled(model)
    }

    #[test]
    fn whoever_may_not_is_told_before_the_watcher_refuses() {
        let viewer = fixture::attached(fixture::announced(), Role::Viewer);
        for action in ACTIONS.iter().filter(|action| action.does.acts()) {
            assert!(action.disabled(&viewer).is_some(), "{}", action.id);
        }
        assert_eq!(
            why(&viewer, "halt").unwrap(),
            "to halt a rollout takes an operator, and @bob is a viewer: ask alice or @release-managers"
        );
        let operator = fixture::attached(fixture::announced(), Role::Operator);
        assert_eq!(why(&operator, "halt"), None);
        let operator = fixture::attached(fixture::halted(), Role::Operator);
        let resume = why(&operator, "resume").unwrap();
        assert!(
            resume.starts_with("lifting a halt takes an admin"),
            "{resume}"
        );
        let admin = fixture::attached(fixture::halted(), Role::Admin);
        assert_eq!(why(&admin, "resume"), None);
        assert_eq!(mark(&admin, Tier::Wide), None);
    }

    #[test]
    fn the_audit_log_will_name_whom_the_watcher_sees() {
        let model = fixture::attached(fixture::announced(), Role::Operator);
        assert_eq!(actor(&model).to_string(), "@bob on jump-1");
        let unknown = fixture::model(fixture::announced());
        assert_eq!(actor(&unknown), fixture::alice());
    }
}
