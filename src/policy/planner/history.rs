//! Limits from the app's own past.
