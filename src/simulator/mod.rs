//! Fake vendors over HTTP, one loopback port each, in the vendors' own wire formats, behind one simulated world.
//!
//! A faithful vendor, not a shortcut: it knows `domain` for vocabulary and the clock of `ports`, and no adapter. Used by
//! `haltline sim`, `haltline demo` and tests.
