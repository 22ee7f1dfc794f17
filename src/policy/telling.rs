//! Who is told what: the channels to people, and which messages each of them gets.
//!
//! Pure. What a channel is (an address, a program) is its adapter's; here it is a name with what it wants to hear.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::{AppId, PlainText, Urgency};

/// The channel that is always there: the log.
pub const LOG: &str = "log";

/// `[[notify]]` and `[escalation]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// In the order of the config; the log comes first.
    pub channels: Vec<Channel>,
    /// How long a page may stay without an acknowledgement before the next level is told. `None`: it is never told to more.
    pub escalate_after: Option<TimeDelta>,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub name: PlainText,
    /// The least urgent that it gets.
    pub least: Urgency,
    /// `None`: of every app, and what concerns no app.
    pub apps: Option<BTreeSet<AppId>>,
    /// Owners of apps; `None`: whoever owns the app.
    pub owners: Option<BTreeSet<PlainText>>,
    /// 0: at once. Above: only once so many escalations have come, and from then on all that follows of that incident.
    pub level: u32,
    /// So many messages a minute; what comes above that is put together in one.
    pub most: u32,
    /// It keeps an alert for each incident: what is told of different ones is never put together.
    pub apart: bool,
}

impl Channel {
    /// A channel that gets everything at once.
    pub fn new(name: impl Into<PlainText>) -> Self {
        Self {
            name: name.into(),
            least: Urgency::Info,
            apps: None,
            owners: None,
            level: 0,
            most: 10,
            apart: false,
        }
    }

    /// Whether it wants to hear of this, once `level` escalations have come.
    pub fn wants(
        &self,
        urgency: Urgency,
        app: Option<(&AppId, Option<&PlainText>)>,
        level: u32,
    ) -> bool {
        let of_app = match (&self.apps, app) {
            (None, _) => true,
            (Some(apps), Some((id, _))) => apps.contains(id),
            // Pages of the watcher itself concern every app.
            (Some(_), None) => urgency == Urgency::Page,
        };
        let of_owner = match (&self.owners, app) {
            (None, _) => true,
            (Some(owners), Some((_, Some(owner)))) => owners.contains(owner),
            (Some(_), Some((_, None))) => false,
            (Some(_), None) => urgency == Urgency::Page,
        };
        urgency >= self.least && self.level <= level && of_app && of_owner
    }
}

impl Default for Telling {
    /// The log alone.
    fn default() -> Self {
        let log = Channel {
            most: u32::MAX,
            ..Channel::new(LOG)
        };
        Self {
            channels: vec![log],
            escalate_after: None,
        }
    }
}
