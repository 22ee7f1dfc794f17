//! Of `haltline sim`.

use std::net::SocketAddr;

use clap::Args;

use super::values::speed;

#[derive(Debug, Args)]
pub(in crate::cli) struct SimArgs {
    /// A scenario by name, or a TOML file.
    #[arg(long)]
    pub scenario: String,
    /// First address to listen on; the vendors take the ports after it. Default: any free loopback ports.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Of everything that is drawn by chance: the same seed makes the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Simulated seconds a second.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
}
