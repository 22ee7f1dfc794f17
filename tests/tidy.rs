//! The house's own rules, held by reading its files: layers, sizes, time, text, and paper that tells the truth.

#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/paper.rs"]
mod paper;
#[path = "tidy/text.rs"]
mod text;
