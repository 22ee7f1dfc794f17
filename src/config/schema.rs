//! The JSON schema of the file, for editors.

use super::file::RawFile;

/// JSON Schema (2020-12) of `haltline.toml`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(RawFile);
    schema.insert("title".into(), "haltline.toml".into());
    schema.to_value()
}
