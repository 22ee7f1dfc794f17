//! Colours and glyphs: what a meaning looks like, in every theme and on every terminal.

pub(super) mod symbols;
pub(super) mod theme;
