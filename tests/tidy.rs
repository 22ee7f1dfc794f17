//! The house's own rules, held by reading its files: layers, sizes, time, text, and paper that tells the truth.
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "clippy knows a test by its attribute; what fails in a helper here fails the test that asked"
)]

#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/paper.rs"]
mod paper;
#[path = "tidy/text.rs"]
mod text;
