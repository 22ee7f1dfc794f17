//! One tier as TOML again.

use super::{duration, line, quoted};
use crate::policy::tier::{Tier, When};

pub(super) fn toml(tier: &Tier) -> String {
    let mut out = format!("[[tier]]\nname = {}\n", quoted(&tier.name));
    line(&mut out, "when", &format!("\"{}\"", tier.when));
    if let When::CriticalFlow { fix: Some(fix) } = tier.when {
        line(&mut out, "fix", &format!("\"{}\"", fix.word()));
    }
    line(&mut out, "respond", &format!("\"{}\"", tier.respond.name()));
    if !tier.say.is_empty() {
        line(&mut out, "say", &quoted(&tier.say));
    }
    if let Some(within) = tier.next_train {
        line(&mut out, "next_train", &duration(within));
    }
    out
}
