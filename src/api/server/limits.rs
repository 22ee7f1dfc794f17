//! How much one user may ask for, so that there is something left for the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use crate::domain::Timestamp;
use crate::policy::Role;

/// Connections at once; who can free the machine of the others, root and the watcher's own user, has places beside them.
const CONNECTIONS: usize = 512;
/// Of these, of one user: a team may share a login, and each screen has one or two.
const OF_ONE_USER: usize = 128;

/// Who has how many connections.
#[derive(Debug)]
pub(super) struct Connections {
    /// Whom all the others together lock out of nothing.
    own: [u32; 2],
    by_user: Mutex<BTreeMap<u32, usize>>,
}

/// A connection that counts, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of: Arc<Connections>,
    uid: u32,
}

impl Connections {
    /// `user` is whom the watcher runs as.
    pub(super) fn of(user: u32) -> Self {
        Self {
            own: [0, user],
            by_user: Mutex::default(),
        }
    }

    /// A place for one more; `None` where there is none.
    pub(super) fn place(self: &Arc<Self>, uid: u32) -> Option<Place> {
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let others = by_user.iter().filter(|(uid, _)| !self.own.contains(uid));
        let others: usize = others.map(|(_, connections)| connections).sum();
        if others >= CONNECTIONS && !self.own.contains(&uid) {
            return None;
        }
        let of_user = by_user.entry(uid).or_default();
        if *of_user >= OF_ONE_USER {
            return None;
        }
        *of_user += 1;
        Some(Place {
            of: Arc::clone(self),
            uid,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_user = self
            .of
            .by_user
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(of_user) = by_user.get_mut(&self.uid) {
            *of_user -= 1;
            if *of_user == 0 {
                by_user.remove(&self.uid);
            }
        }
    }
}

/// Questions that take the watcher work beside its polls: so many at once, and of one user; others wait for their turn.
#[derive(Debug)]
pub(super) struct Questions {
    all: Semaphore,
    by_user: Mutex<BTreeMap<u32, Arc<Semaphore>>>,
}

/// At once.
const QUESTIONS: usize = 4;
/// Of these, of one user.
const QUESTIONS_OF_ONE_USER: usize = 2;

impl Default for Questions {
    fn default() -> Self {
        Self {
            all: Semaphore::new(QUESTIONS),
            by_user: Mutex::default(),
        }
    }
}

impl Questions {
    /// Waits until this user's turn has come, then for the answer.
    pub(super) async fn in_turn<T>(&self, uid: u32, answer: impl Future<Output = T>) -> T {
        let own = {
            let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
            let own = by_user.entry(uid);
            let own = own.or_insert_with(|| Arc::new(Semaphore::new(QUESTIONS_OF_ONE_USER)));
            Arc::clone(own)
        };
        // Neither is ever closed.
        let turn = own.acquire().await;
        let of_all = self.all.acquire().await;
        let answer = answer.await;
        drop((turn, of_all));
        answer
    }
}

/// How often a user may ask for acts: each is written down, refused or not, and the journal shall not be filled by whoever
/// may do nothing.
#[derive(Debug, Default)]
pub(super) struct Acts {
    by_user: Mutex<BTreeMap<u32, Bucket>>,
}

/// So many may come at once, and another one each so often.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u32,
    /// Since then another one has been growing.
    since: Timestamp,
}

/// An operator may stop every app of a large company in one go.
fn allowance(role: Role) -> (u32, TimeDelta) {
    match role {
        Role::Viewer => (10, TimeDelta::seconds(6)),
        Role::Operator | Role::Admin => (500, TimeDelta::milliseconds(200)),
    }
}

impl Acts {
    /// Whether one more may be asked for now.
    pub(super) fn take(&self, uid: u32, role: Role, now: Timestamp) -> bool {
        let (most, each) = allowance(role);
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = by_user.entry(uid).or_insert(Bucket {
            left: most,
            since: now,
        });
        let grown = (now - bucket.since).num_milliseconds().max(0) / each.num_milliseconds();
        let grown = i32::try_from(grown).unwrap_or(i32::MAX);
        let full = grown.unsigned_abs() >= most - bucket.left.min(most);
        bucket.left = if full {
            most
        } else {
            bucket.left + grown.unsigned_abs()
        };
        bucket.since = if full {
            now
        } else {
            bucket.since + each * grown
        };
        if bucket.left == 0 {
            return false;
        }
        bucket.left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_leaves_room_for_others() {
        let all = Arc::new(Connections::of(999));
        let mut held: Vec<Place> = (0..OF_ONE_USER).map(|_| all.place(1).unwrap()).collect();
        assert!(all.place(1).is_none());
        assert!(all.place(2).is_some());
        held.pop();
        assert!(all.place(1).is_some());
        let others = (10..).flat_map(|uid| (0..OF_ONE_USER).map(move |_| uid));
        let more: Vec<Place> = others.map_while(|uid| all.place(uid)).collect();
        assert_eq!(held.len() + more.len(), CONNECTIONS);
        assert!(all.place(3).is_none());
        // All the others together lock neither root nor the watcher's own user out.
        let own: Vec<Place> = [0, 999]
            .iter()
            .map(|uid| all.place(*uid).unwrap())
            .collect();
        drop((held, more, own));
        assert!(all.by_user.lock().unwrap().is_empty());
    }

    #[test]
    fn asking_often_has_an_end_and_the_end_has_one_too() {
        let (acts, start) = (Acts::default(), Timestamp::UNIX_EPOCH);
        let take = |seconds, role| acts.take(7, role, start + TimeDelta::seconds(seconds));
        assert_eq!((0..100).filter(|_| take(0, Role::Viewer)).count(), 10);
        assert!(!take(5, Role::Viewer));
        assert!(take(6, Role::Viewer) && !take(6, Role::Viewer));
        assert_eq!((0..100).filter(|_| take(1000, Role::Viewer)).count(), 10);
        // The clock was put back.
        assert!(!take(0, Role::Viewer));
        // Who was named meanwhile may at once.
        assert!(take(2000, Role::Admin));
    }
}
