//! Who is asking: the login name and the host, for the audit log.

use crate::config::Surroundings;
use crate::domain::{Actor, PlainText};

/// The person at this terminal, as the operating system and the session name them.
pub(super) fn person(around: &Surroundings) -> Actor {
    let uid = rustix::process::getuid();
    let root = uid.is_root().then_some("root");
    let named = root.or_else(|| around.var("USER").or_else(|| around.var("LOGNAME")));
    let name = named.map_or_else(|| format!("uid {}", uid.as_raw()).into(), PlainText::from);
    let host = host();
    Actor::Person { name, host }
}

/// The name of this machine.
pub(super) fn host() -> PlainText {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned().into()
}
