//! What can go wrong between us and a vendor, told apart by what it means for the next move.

use crate::domain::{Failure, FailureKind};

/// An HTTP conversation that gave no usable answer. `place` is `METHOD /path` without host and query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing was sent: DNS, connection refused, TLS. Safe to repeat.
    #[error("cannot reach the server: {why}")]
    NotSent { place: String, why: String },
    /// Sent, but the answer never came or broke off: whether it was applied is unknown.
    #[error("no complete answer: {why}")]
    NoAnswer { place: String, why: String },
    #[error("the answer is larger than {cap} bytes")]
    TooLarge { place: String, cap: usize },
    #[error("the server redirects; haltline follows no redirects")]
    Redirected { place: String },
    #[error("the answer is not what this API documents: {why}")]
    Malformed { place: String, why: String },
}

impl HttpError {
    pub fn place(&self) -> &str {
        match self {
            Self::NotSent { place, .. }
            | Self::NoAnswer { place, .. }
            | Self::TooLarge { place, .. }
            | Self::Redirected { place }
            | Self::Malformed { place, .. } => place,
        }
    }

    /// The same at another place: the adapter's own words for a path that holds an id.
    #[must_use]
    pub fn at(mut self, somewhere: &str) -> Self {
        match &mut self {
            Self::NotSent { place, .. }
            | Self::NoAnswer { place, .. }
            | Self::TooLarge { place, .. }
            | Self::Redirected { place }
            | Self::Malformed { place, .. } => somewhere.clone_into(place),
        }
        self
    }

    /// As a failure of a port; `writes` says whether the request could have changed something at the vendor.
    pub fn into_failure(self, writes: bool) -> Failure {
        let kind = match &self {
            Self::NoAnswer { .. } | Self::TooLarge { .. } | Self::Malformed { .. } if writes => {
                FailureKind::Ambiguous
            }
            Self::NotSent { .. } | Self::NoAnswer { .. } => FailureKind::Retry,
            Self::TooLarge { .. } | Self::Malformed { .. } => FailureKind::Malformed,
            Self::Redirected { .. } => FailureKind::Refused,
        };
        let hint = match &self {
            Self::NotSent { .. } => "check base_url, the network and the proxy",
            Self::Redirected { .. } => {
                "set base_url to where the redirect leads, if that is the vendor"
            }
            Self::Malformed { .. } => {
                "is base_url really this vendor's API, and not a login page or a proxy?"
            }
            Self::NoAnswer { .. } | Self::TooLarge { .. } => "",
        };
        let place = self.place().to_owned();
        Failure::new(kind, self.to_string()).at(place).hint(hint)
    }
}
