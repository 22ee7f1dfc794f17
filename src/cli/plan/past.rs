//! `haltline plan --from-history`: limits from what the journal knows of an app's past versions.
