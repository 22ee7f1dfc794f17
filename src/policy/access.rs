//! Who may do what: roles by name and by group.
//!
//! Over the socket names and groups are what the operating system says of the asker. Whoever may write the journal's folder
//! says them themselves: there this guards against mistakes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{Actor, PlainText, Refusal, RefusalKind, Standing};

/// What a person may do. Each may do what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Moves rollouts, approves, tightens policies.
    Operator,
    /// Lifts halts, loosens policies.
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// With its article.
    pub fn named(self) -> &'static str {
        match self {
            Self::Viewer => "a viewer",
            Self::Operator => "an operator",
            Self::Admin => "an admin",
        }
    }
}

/// Whoever has become it: nobody's own name.
pub const ROOT: &str = "root";

/// `[access]`: logins, and groups written `@name`. Where nobody is named, the watcher's own user and root are admins, and
/// everybody else is a viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub admins: BTreeSet<PlainText>,
    pub operators: BTreeSet<PlainText>,
    /// A loosening takes a second person.
    pub two_person: bool,
}

impl Access {
    pub fn role_of(&self, actor: &Actor, standing: &Standing) -> Role {
        let Actor::Person { name, .. } = actor else {
            return Role::Viewer;
        };
        let is_among = |named: &BTreeSet<PlainText>| {
            let by_group = |group: &str| standing.groups.iter().any(|it| it.as_str() == group);
            named.contains(name)
                || named
                    .iter()
                    .filter_map(|it| it.as_str().strip_prefix('@'))
                    .any(by_group)
        };
        let nobody = self.admins.is_empty() && self.operators.is_empty();
        if (nobody && standing.own) || is_among(&self.admins) {
            Role::Admin
        } else if is_among(&self.operators) {
            Role::Operator
        } else {
            Role::Viewer
        }
    }

    /// Refuses whoever may not, in words that name who could.
    ///
    /// # Errors
    /// What it takes, and whom to ask.
    pub fn permit(
        &self,
        (actor, standing): (&Actor, &Standing),
        needed: Role,
        what: &str,
    ) -> Result<(), Refusal> {
        let role = self.role_of(actor, standing);
        if role >= needed {
            return Ok(());
        }
        let (takes, is, ask) = (needed.named(), role.named(), self.whom_to_ask(needed));
        let why = format!("{what} takes {takes}, and {actor} is {is}: {ask}");
        Err(Refusal::new(RefusalKind::Rights, why))
    }

    /// Who has at least this role, for whoever has not.
    pub fn whom_to_ask(&self, needed: Role) -> String {
        let operators = self.operators.iter().filter(|_| needed < Role::Admin);
        let able: BTreeSet<&str> = self
            .admins
            .iter()
            .chain(operators)
            .map(PlainText::as_str)
            .collect();
        if able.is_empty() && self.operators.is_empty() {
            "ask the user that the watcher runs as, or root, or be named in [access]".to_owned()
        } else if able.is_empty() {
            "[access] names nobody who may".to_owned()
        } else {
            format!("ask {}", able.into_iter().collect::<Vec<_>>().join(" or "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Actor {
        let (name, host) = (name.into(), "laptop".into());
        Actor::Person { name, host }
    }

    #[test]
    fn who_may_not_is_told_who_could() {
        let access = Access {
            admins: ["alice".into()].into(),
            operators: ["bob".into(), "carol".into()].into(),
            two_person: false,
        };
        let own = Standing::default();
        let permit = |name, role, what: &str| access.permit((&person(name), &own), role, what);
        assert_eq!(permit("alice", Role::Admin, "that"), Ok(()));
        assert_eq!(permit("bob", Role::Operator, "that"), Ok(()));
        let refused = |name, role| {
            permit(name, role, "lifting a halt")
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused("bob", Role::Admin),
            "lifting a halt takes an admin, and @bob on laptop is an operator: ask alice"
        );
        assert_eq!(
            refused("dave", Role::Operator),
            "lifting a halt takes an operator, and @dave on laptop is a viewer: ask alice or bob or carol"
        );
        // A machine is nobody.
        let open = Access::default();
        let machine = (&Actor::Haltline, &own);
        assert!(open.permit(machine, Role::Operator, "that").is_err());
    }

    #[test]
    fn where_nobody_is_named_the_watchers_own_user_is_an_admin() {
        let (open, dave) = (Access::default(), person("dave"));
        let guest = Standing {
            own: false,
            groups: ["release".into()].into(),
        };
        assert_eq!(open.role_of(&dave, &Standing::default()), Role::Admin);
        assert_eq!(open.role_of(&dave, &guest), Role::Viewer);
        assert_eq!(
            open.permit((&dave, &guest), Role::Operator, "a halt"),
            Err(Refusal::new(
                RefusalKind::Rights,
                "a halt takes an operator, and @dave on laptop is a viewer: \
                 ask the user that the watcher runs as, or root, or be named in [access]"
            ))
        );
    }

    #[test]
    fn a_group_is_named_with_an_at_sign() {
        let access = Access {
            admins: ["@release-admins".into()].into(),
            operators: ["@release".into(), "release-bot".into()].into(),
            two_person: false,
        };
        let of = |name, groups: &[&str]| {
            let groups = groups.iter().map(|group| PlainText::from(*group)).collect();
            let standing = Standing { own: false, groups };
            access.role_of(&person(name), &standing)
        };
        assert_eq!(of("alice", &["users", "release-admins"]), Role::Admin);
        assert_eq!(of("bob", &["release"]), Role::Operator);
        // A login that is called like a group is not in it, nor the other way round.
        assert_eq!(of("release", &["users"]), Role::Viewer);
        assert_eq!(of("@release", &[]), Role::Operator);
        assert_eq!(of("dave", &["release-bot"]), Role::Viewer);
    }
}
