//! `[access]`: that those who are asked for are there.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Known;
use crate::config::file::{RawAccess, RawFile};
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::domain::PlainText;
use crate::policy::access::ROOT;
use crate::policy::{Access, Policy, Role};

pub(super) fn resolve(ctx: &mut Ctx<'_>, raw: Option<&At<RawAccess>>) -> Access {
    let Some(at) = raw else {
        return Access::default();
    };
    let admins = names(ctx, "admins", &at.value.admins);
    let operators = names(ctx, "operators", &at.value.operators);
    let two_person = at.value.two_person.as_ref();
    let gone = |key: &str| {
        ctx.gone
            .iter()
            .any(|(span, gone)| *span == at.span && gone == key)
    };
    // Where a list could not be read, that has been told.
    let whole = !gone("admins") && !gone("operators");
    if whole && admins.is_empty() {
        let problem = if operators.is_empty() {
            let what = "[access] names nobody";
            Problem::error(at.span.clone(), what)
                .help("write admins = [\"alice\", \"@release-managers\"], or leave [access] out: the watcher's own user and root then are admins")
        } else {
            let what = "[access] names no admin: nobody could lift a halt";
            Problem::error(at.span.clone(), what)
                .help("write admins = [\"alice\", \"@release-managers\"]")
        };
        ctx.push(problem);
    } else if let Some(two) = two_person.filter(|two| two.value && whole && own_names(&admins) < 2)
    {
        let what = "two_person = true takes two admins by their own names (root is none), and there are fewer: nobody could agree to what one asks for";
        let help = "name another one in admins, or leave two_person out";
        ctx.push(Problem::error(two.span.clone(), what).help(help));
    }
    for name in &at.value.operators {
        if admins.contains(&PlainText::from(name.value.as_str())) {
            let what = format!("{:?} is an admin already", name.value);
            let help = "an admin may do all that an operator may: leave the name out of operators";
            ctx.push(Problem::error(name.span.clone(), what).help(help));
        }
    }
    Access {
        admins,
        operators,
        two_person: two_person.is_some_and(|at| at.value),
    }
}

fn names(ctx: &mut Ctx<'_>, key: &str, raw: &[At<String>]) -> BTreeSet<PlainText> {
    let mut names = BTreeSet::new();
    for at in raw {
        let name = PlainText::from(at.value.as_str());
        if name.is_empty() {
            let help = "write the name that the person logs in with";
            ctx.push(
                Problem::error(at.span.clone(), format!("a name in {key} is empty")).help(help),
            );
        } else if name.as_str() == "@" {
            let what = format!("a group in {key} has no name");
            let help =
                "write \"@release-managers\": the name of a group of this machine, after the @";
            ctx.push(Problem::error(at.span.clone(), what).help(help));
        } else if !names.insert(name) {
            let what = format!("{:?} is named twice in {key}", at.value);
            ctx.push(Problem::error(at.span.clone(), what).help("leave one of the two out"));
        }
    }
    names
}

/// A gate that wants more persons than there are never opens.
pub(super) fn enough_approvers(
    ctx: &mut Ctx<'_>,
    access: &Access,
    apps: &[Known<'_>],
    raw: &RawFile,
) {
    if access.admins.is_empty() && access.operators.is_empty() {
        return;
    }
    let mut checked = BTreeSet::new();
    for app in apps {
        let Some(policy) = &app.policy else { continue };
        if !checked.insert(policy.name.clone()) {
            continue;
        }
        let own = raw.policy.get(policy.name.as_str()).map(|at| &at.span);
        let named = app.raw.value.policy.as_ref().map(|at| &at.span);
        let span = own.or(named).unwrap_or(&app.raw.span).clone();
        too_few(ctx, access, policy, &span);
    }
}

/// How many persons are named, as far as the file can tell: who is in a group is the machine's to say, and changes.
fn persons(names: &BTreeSet<PlainText>) -> usize {
    let group = |name: &PlainText| name.as_str().starts_with('@');
    if names.iter().any(group) {
        usize::MAX
    } else {
        names.len()
    }
}

/// The same without root, who may be anybody.
fn own_names(names: &BTreeSet<PlainText>) -> usize {
    let own = names.iter().filter(|name| name.as_str() != ROOT);
    persons(&own.cloned().collect())
}

fn too_few(ctx: &mut Ctx<'_>, access: &Access, policy: &Policy, span: &Range<usize>) {
    for stage in &policy.stages {
        let Some(approval) = stage.approval else {
            continue;
        };
        let able = match approval.role {
            Role::Admin => access.admins.clone(),
            Role::Operator | Role::Viewer => {
                access.admins.union(&access.operators).cloned().collect()
            }
        };
        let there = if approval.persons > 1 {
            own_names(&able)
        } else {
            persons(&able)
        };
        if (approval.persons as usize) <= there {
            continue;
        }
        let role = match approval.role {
            Role::Admin => "admins",
            Role::Operator | Role::Viewer => "operators or admins",
        };
        let what = format!(
            "policy {}: the gate into {} wants {} {role} to approve, and [access] names {there}",
            policy.name, stage.exposure, approval.persons
        );
        let help = "ask for fewer persons, or name more in [access]";
        ctx.push(Problem::error(span.clone(), what).help(help));
    }
}
