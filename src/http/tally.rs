//! How many requests were made, how they ended, and how long they took: counted per conversation partner, for `/metrics`.
//!
//! Knows partners by the name that the composition root gives them; no host and no path is counted by.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Answer, HttpError};

type Labels = Vec<(&'static str, String)>;

/// Bounds in seconds; no request takes longer than its time limit, which is 20 s.
const BOUNDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// What was asked of stores and of sources of health. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    stores: Sums,
    sources: Sums,
}

/// One kind of partner.
#[derive(Clone, Debug)]
struct Sums {
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
}

/// Counts the requests of one client.
#[derive(Clone, Debug)]
pub struct Counted {
    sums: Sums,
    who: (&'static str, String),
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
        }
    }
}

impl Tally {
    /// A store, by the word of the config.
    pub fn store(&self, name: &str) -> Counted {
        Counted::new(&self.stores, "store", name)
    }

    /// A kind of source of health, by the word of the config.
    pub fn source(&self, name: &str) -> Counted {
        Counted::new(&self.sources, "source", name)
    }

    /// The sums as metrics, under whole names.
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        registry.register(
            "haltline_store_requests",
            "Requests to stores by class of the answer's status; none where no complete answer came",
            self.stores.requests.clone(),
        );
        registry.register(
            "haltline_store_request_duration_seconds",
            "How long stores took for a complete answer",
            self.stores.durations.clone(),
        );
        registry.register(
            "haltline_health_requests",
            "Requests to sources of health by class of the answer's status; none where no complete answer came",
            self.sources.requests.clone(),
        );
        registry.register(
            "haltline_health_request_duration_seconds",
            "How long sources of health took for a complete answer",
            self.sources.durations.clone(),
        );
        registry
    }
}

impl Counted {
    fn new(sums: &Sums, kind: &'static str, name: &str) -> Self {
        let who = (kind, name.to_owned());
        // From the start on: a first failure that comes from nothing would go unseen.
        for class in ["2xx", "4xx", "5xx", "none"] {
            let labels = vec![who.clone(), ("code_class", class.to_owned())];
            drop(sums.requests.get_or_create(&labels));
        }
        drop(sums.durations.get_or_create(&vec![who.clone()]));
        let sums = sums.clone();
        Self { sums, who }
    }

    pub(super) fn saw(&self, outcome: &Result<Answer, HttpError>, took: Duration) {
        let class = match outcome {
            Ok(answer) => format!("{}xx", answer.status / 100),
            Err(HttpError::Redirected { .. }) => "3xx".to_owned(),
            Err(_) => "none".to_owned(),
        };
        let labels = vec![self.who.clone(), ("code_class", class)];
        self.sums.requests.get_or_create(&labels).inc();
        if outcome.is_ok() {
            let durations = self.sums.durations.get_or_create(&vec![self.who.clone()]);
            durations.observe(took.as_secs_f64());
        }
    }
}
