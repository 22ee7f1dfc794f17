//! Who is at the other end, as the operating system says: asked anew at every act, and kept nowhere.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist, getuid};
use tokio::sync::Semaphore;

use super::problem::{Kind, Problem};
use crate::api::Me;
use crate::domain::{Actor, PlainText, Standing};
use crate::policy::{Access, Role};

/// The user that stands for nobody: also for whom a user namespace or a network file system cannot name.
const NOBODY: u32 = 65_534;
/// Directories of users may be far away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Look-ups at once: each holds a thread.
static LOOKUPS: Semaphore = Semaphore::const_new(8);

/// The user at the other end when the connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub uid: u32,
    pub gid: u32,
}

impl Peer {
    pub(super) fn is_nobody(self) -> bool {
        self.uid == NOBODY
    }

    /// Name and groups as they are now. What cannot be found out is no right.
    pub(super) async fn person(self, host: &PlainText) -> Result<(Actor, Standing), Problem> {
        let unknown = |why: &str| {
            Problem::new(
                Kind::Unavailable,
                format!("who uid {} is cannot be found out: {why}", self.uid),
            )
            .hint("does `id` answer on the watcher's machine?")
        };
        let found = tokio::time::timeout(PATIENCE, async {
            let permit = LOOKUPS.acquire().await;
            let found = tokio::task::spawn_blocking(move || look_up(self)).await;
            drop(permit);
            found
        });
        let (name, standing) = match found.await {
            Ok(Ok(Ok(found))) => found,
            Ok(Ok(Err(errno))) => return Err(unknown(errno.desc())),
            Ok(Err(_)) | Err(_) => return Err(unknown("no answer within 5 s")),
        };
        let host = host.clone();
        Ok((Actor::Person { name, host }, standing))
    }
}

fn look_up(peer: Peer) -> Result<(PlainText, Standing), Errno> {
    let user = User::from_uid(Uid::from_raw(peer.uid))?;
    let name = match &user {
        Some(user) => user.name.as_str().into(),
        None => format!("uid {}", peer.uid).into(),
    };
    let gids = match &user {
        Some(user) => groups_of(user)?,
        None => vec![Gid::from_raw(peer.gid)],
    };
    let mut groups = BTreeSet::new();
    for gid in gids {
        groups.extend(Group::from_gid(gid)?.map(|group| PlainText::from(group.name.as_str())));
    }
    let own = peer.uid == getuid().as_raw() || peer.uid == 0;
    Ok((name, Standing { own, groups }))
}

fn groups_of(user: &User) -> Result<Vec<Gid>, Errno> {
    let name = CString::new(user.name.as_str()).map_err(|_zero| Errno::EINVAL)?;
    getgrouplist(&name, user.gid)
}

/// What the asker is told of themselves.
pub(super) fn me(
    peer: Peer,
    (actor, standing): (&Actor, &Standing),
    access: &Access,
    watcher: &PlainText,
) -> Me {
    let name = match actor {
        Actor::Person { name, .. } => name.clone(),
        _ => PlainText::default(),
    };
    let role = access.role_of(actor, standing);
    let ask = match role {
        Role::Admin => PlainText::default(),
        Role::Viewer | Role::Operator => access.whom_to_ask(Role::Admin).into(),
    };
    Me {
        by: by(&name, standing, access, role),
        name,
        uid: peer.uid,
        own: standing.own,
        role,
        ask,
        watcher: watcher.clone(),
    }
}

/// What gives somebody their role.
fn by(name: &PlainText, standing: &Standing, access: &Access, role: Role) -> PlainText {
    let named = match role {
        Role::Admin => &access.admins,
        Role::Operator => &access.operators,
        Role::Viewer => return "nobody named you".into(),
    };
    if named.is_empty() {
        return if standing.own {
            "the watcher's own user, or root"
        } else {
            "nobody named you"
        }
        .into();
    }
    if named.contains(name) {
        return "named".into();
    }
    let group = standing
        .groups
        .iter()
        .map(|group| PlainText::from(format!("@{group}")));
    group
        .into_iter()
        .find(|group| named.contains(group))
        .unwrap_or_else(|| "named".into())
}
