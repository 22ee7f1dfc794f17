//! `[[notify]]`: the channels to people, and what each of them wants to hear.

use super::Ctx;
use crate::config::file::RawFile;
use crate::config::{ChannelConfig, ChannelKind};
use crate::policy::{Telling, telling};

/// Who is told what, and how each channel is reached.
pub(in crate::config) struct Resolved {
    pub(in crate::config) telling: Telling,
    pub(in crate::config) channels: Vec<ChannelConfig>,
}

pub(super) fn resolve(_ctx: &mut Ctx<'_>, _raw: &RawFile) -> Resolved {
    let log = ChannelConfig {
        name: telling::LOG.into(),
        kind: ChannelKind::Log,
    };
    Resolved {
        telling: Telling::default(),
        channels: vec![log],
    }
}
