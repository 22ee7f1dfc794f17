//! Fake vendors over HTTP, one loopback port each, in the vendors' own wire formats, behind one simulated world.
//!
//! A faithful vendor, not a shortcut: it knows `domain` for vocabulary and the clock of `ports`, and no adapter. Used by
//! `haltline sim`, `haltline demo` and tests.
//!
//! A vendor is a folder with `pub fn router(world: Arc<World>, keys: Arc<Keys>) -> axum::Router`. A store keeps its own
//! state, implements [`world::Console`] and attaches itself to the world; it tells what it offers by [`World::serve`] and
//! keeps each change it takes by [`World::record`]. Faults and scripted acts are done around the routers, not in them.

pub mod app_store;
pub mod apple_lookup;
pub mod big_query;
pub mod bugsnag;
pub mod control;
pub mod crashlytics;
pub mod datadog;
mod dice;
mod events;
pub mod fault;
mod google_sign_in;
pub mod http_json;
pub mod keys;
pub mod launch;
pub mod new_relic;
pub mod play;
pub mod play_reporting;
pub mod prometheus;
pub mod ready;
pub mod scenario;
pub mod sentry;
pub mod time;
pub mod traffic;
pub mod wire;
pub mod world;

pub use keys::Keys;
pub use launch::{LaunchError, Options, Running, Urls};
pub use scenario::{Scenario, ScenarioError};
pub use time::SimTime;
pub use world::World;
