//! Seeded draws: each quantity of each cell has a generator of its own, made from (seed, app, build, start, quantity).
//!
//! Must not know what is drawn.

use std::convert::Infallible;

use rand::TryRng;
use rand_distr::{Binomial, Distribution, Poisson, StandardNormal};

use crate::domain::Timestamp;

/// What the draws of one version of an app have in common.
pub(super) fn key(seed: u64, app: &str, build: &str) -> u64 {
    mix(seed ^ hash(app) ^ hash(build).rotate_left(17))
}

/// SplitMix64: tiny, seeded in no time, and good enough to draw sessions with.
struct SplitMix(u64);

impl TryRng for SplitMix {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|n| (n >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        Ok(mix(self.0))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(8) {
            let bytes = self.try_next_u64()?.to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(bytes) {
                *to = from;
            }
        }
        Ok(())
    }
}

/// The draws of one cell, each quantity with a generator of its own: a rate that changes leaves the sessions alone.
pub(super) struct Dice {
    key: u64,
    quantity: u64,
}

impl Dice {
    pub(super) fn new(line: u64, start: Timestamp) -> Self {
        let key = mix(line ^ start.timestamp().unsigned_abs());
        Self { key, quantity: 0 }
    }

    fn next(&mut self) -> SplitMix {
        self.quantity += 1;
        SplitMix(mix(self.key.wrapping_add(self.quantity)))
    }

    /// From 0 up to, not including, 1.
    pub(super) fn uniform(&mut self) -> f64 {
        let SplitMix(bits) = self.next();
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.next())
    }

    /// A number of events whose mean is this.
    pub(super) fn poisson(&mut self, mean: f64) -> u64 {
        let mut rng = self.next();
        Poisson::new(mean).map_or(0, |d| d.sample(&mut rng) as u64)
    }

    /// How many of `n` it happens to, to each with probability `p`.
    pub(super) fn binomial(&mut self, n: u64, p: f64) -> u64 {
        let mut rng = self.next();
        Binomial::new(n, p.clamp(0.0, 1.0)).map_or(0, |d| d.sample(&mut rng))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)
    })
}
