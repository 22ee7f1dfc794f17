//! Reusable pieces of a picture: frames, tables, bars, sparklines. They know styles and text, and nothing of rollouts.

pub(crate) mod bar;
pub(crate) mod pane;
pub(crate) mod plot;
pub(crate) mod stack;
pub(crate) mod table;
pub(crate) mod text;
