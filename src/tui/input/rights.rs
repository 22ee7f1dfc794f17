//! What the watcher will refuse this person, said before it does: who they are to it, what an act takes, and whom to ask.
//!
//! Only the watcher decides; what it decides by is the same table.

use super::actions::Do;
use crate::api::AppSnapshot;
use crate::domain::{Act, Actor, PlainText};
use crate::policy::{Role, takes};
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
    let takes = takes(&asks(model, app, does)?, app.latched, &app.stakes);
    (!takes.allows(me.role, me.own)).then(|| {
        let (role, is) = (takes.role.named(), me.role.named());
        let ask = if me.ask.is_empty() {
            String::new()
        } else {
            format!(": {}", me.ask)
        };
        format!("{} takes {role}, and @{} is {is}{ask}", takes.what, me.name)
    })
}

/// The act that an action asks for, as far as that matters to who may.
fn asks(model: &Model, app: &AppSnapshot, does: Do) -> Option<Act> {
    Some(match does {
        Do::Verb(verb) => Act::Do { verb, to: None },
        Do::Approve => Act::Approve,
        Do::Postpone => Act::Postpone,
        Do::Acknowledge => Act::Acknowledge,
        Do::Disarm if app.disarmed.is_some() || model.snapshot.disarmed.is_some() => Act::Arm,
        Do::Disarm => Act::Disarm {
            until: model.now.watched,
        },
        Do::Note => Act::Note {
            text: PlainText::default(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::actions::ACTIONS;
    use std::sync::Arc;

    use super::*;
    use crate::api::Me;
    use crate::policy::Stakes;
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
    fn the_screen_greys_what_the_table_refuses_and_nothing_else() {
        let admin = Role::Admin;
        let stakes = Stakes {
            advance: admin,
            approve: admin,
            ..Stakes::default()
        };
        for (picture, stakes) in [
            (fixture::announced(), Stakes::default()),
            (fixture::halted(), Stakes::default()),
            (fixture::announced(), stakes),
        ] {
            let mut picture = picture;
            for app in &mut picture.apps {
                app.stakes = stakes.clone();
            }
            for role in [Role::Viewer, Role::Operator, Role::Admin] {
                for own in [false, true] {
                    let mut model = fixture::attached(picture.clone(), role);
                    let me = model.me.take().unwrap();
                    let me = Me {
                        own,
                        ..me.as_ref().clone()
                    };
                    model.me = Some(Arc::new(me));
                    let app = model.shown().unwrap();
                    for action in ACTIONS.iter().filter(|action| action.does.acts()) {
                        let Some(act) = asks(&model, app, action.does) else {
                            assert_eq!(action.does, Do::Flag, "{}", action.id);
                            continue;
                        };
                        let may = takes(&act, app.latched, &app.stakes).allows(role, own);
                        let greyed = refusal(&model, app, action.does);
                        assert_eq!(greyed.is_none(), may, "{} {role:?} {own}", action.id);
                    }
                }
            }
        }
        let mut operator = fixture::attached(fixture::announced(), Role::Operator);
        let mut picture = fixture::announced();
        for app in &mut picture.apps {
            app.stakes.approve = Role::Admin;
        }
        operator.snapshot = Arc::new(picture);
        let why = why(&operator, "approve").unwrap();
        assert!(why.contains("takes an admin"), "{why}");
    }

    #[test]
    fn the_audit_log_will_name_whom_the_watcher_sees() {
        let model = fixture::attached(fixture::announced(), Role::Operator);
        assert_eq!(actor(&model).to_string(), "@bob on jump-1");
        let unknown = fixture::model(fixture::announced());
        assert_eq!(actor(&unknown), fixture::alice());
    }
}
