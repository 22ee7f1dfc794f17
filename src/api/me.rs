//! Who asks, as the watcher sees them: for the screen, which says beforehand what it will be refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::PlainText;
use crate::policy::Role;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The login of the peer's user id; `uid 1234` where the machine knows no name.
    pub name: PlainText,
    pub uid: u32,
    /// The user that the watcher runs as, or root: some acts are theirs whatever `[access]` says. Not said by haltline 0.1.
    #[serde(default)]
    pub own: bool,
    pub role: Role,
    /// By what: `@release-managers`, `named`, `the watcher's own user`, `nobody named you`.
    pub by: PlainText,
    /// Whom to ask for more, in words; empty for an admin.
    pub ask: PlainText,
    /// Who watches, for whoever leaves: `pid 4711 on jump-1, since 02:14 UTC`.
    pub watcher: PlainText,
}
