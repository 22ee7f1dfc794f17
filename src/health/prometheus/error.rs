//! What can go wrong with the query API, and what it means for people.
//!
//! Owns the reading of its errors: JSON with the server's words from Prometheus itself, plain text from the gateways that
//! stand before hosted ones.

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::{Answer, HttpError};

use super::template::Hole;
use super::wire::Envelope;

/// A question that gave nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PrometheusError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than 2xx, or one that says `"status":"error"`. `kind` is the server's `errorType`.
    #[error("the server answered {status}: {detail}")]
    Refused {
        status: u16,
        kind: String,
        detail: PlainText,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent: a 429 asked for a pause.
    #[error("the server's rate limit is used up")]
    Quiet { wait: u32 },
    /// A 2xx whose content is not what was asked for.
    #[error("the answer is not what the query API documents: {why}")]
    Nonsense { place: String, why: String },
    /// A hole of the query that nobody can fill.
    #[error("the query needs {{{hole}}}, and the store tells the build {build} alone")]
    NotKnown { hole: &'static str, build: String },
    /// Two versions that one and the same query is asked for.
    #[error("the query is the same for {0} and {1}: it does not tell them apart")]
    Same(String, String),
    /// A value that comes several times over.
    #[error("the query gives {0} series where one is wanted")]
    Many(usize),
    /// An error in what is asked for one figure.
    #[error("{figure}: {error}")]
    Of {
        figure: String,
        error: Box<PrometheusError>,
    },
}

impl PrometheusError {
    pub(super) fn refused(answer: &Answer, wait: Option<u32>) -> Self {
        let told = serde_json::from_slice::<Envelope<serde_json::Value>>(&answer.body).ok();
        let (kind, words) = match told {
            Some(told) => (told.error_type.unwrap_or_default(), told.error),
            None => (String::new(), first_line(&answer.body)),
        };
        let words = words.map(|text| PlainText::new(&text));
        Self::Refused {
            status: answer.status,
            kind,
            detail: words
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| "no reason given".into()),
            place: answer.place().to_owned(),
            wait,
        }
    }

    pub(super) fn not_known(hole: Hole, build: &str) -> Self {
        Self::NotKnown {
            hole: hole.name(),
            build: build.to_owned(),
        }
    }

    /// Names the figure that was asked for, where it matters which one it was.
    pub(super) fn of(self, figure: impl Into<String>) -> Self {
        if !self.is_about_the_query() && !matches!(self, Self::Nonsense { .. }) {
            return self;
        }
        Self::Of {
            figure: figure.into(),
            error: Box::new(self),
        }
    }

    /// True where this one query is wrong and others may be right: the server understood the request, and refuses it as it is.
    pub(super) fn is_about_the_query(&self) -> bool {
        match self {
            Self::Of { error, .. } => error.is_about_the_query(),
            Self::NotKnown { .. } | Self::Same(..) | Self::Many(_) => true,
            Self::Refused { status, kind, .. } => match status {
                422 => true,
                200 | 400 => matches!(kind.as_str(), "bad_data" | "execution"),
                _ => false,
            },
            Self::Http(_) | Self::Quiet { .. } | Self::Nonsense { .. } => false,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        let mut inner = &self;
        while let Self::Of { error, .. } = inner {
            inner = error;
        }
        match inner {
            Self::Of { .. } | Self::Same(..) => Failure::new(FailureKind::Unsupported, what)
                .hint("use {build} beside {version}, or {release}"),
            Self::Many(_) => Failure::new(FailureKind::Unsupported, what)
                .hint("a percentile of percentiles is none: sum by (le) before histogram_quantile"),
            Self::NotKnown { .. } => Failure::new(FailureKind::Unsupported, what).hint(
                "write {build}, or {release} with release = \"{version}+{build}\" as the label has it",
            ),
            Self::Http(error) => {
                let mut failure = error.clone().into_failure(false);
                failure.what = what.into();
                failure
            }
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), Some(*wait)),
            Self::Nonsense { place, .. } => {
                Failure::new(FailureKind::Malformed, what).at(place.as_str())
            }
            Self::Refused {
                status,
                place,
                wait,
                ..
            } => {
                let kind = match status {
                    401 => FailureKind::Credentials,
                    403 => FailureKind::Rights,
                    404 => FailureKind::NotFound,
                    429 => FailureKind::Quota,
                    408 | 500..=599 => FailureKind::Retry,
                    _ => FailureKind::Refused,
                };
                let failure = Failure::new(kind, what).at(place.as_str());
                if *status == 429 {
                    quota(failure, *wait)
                } else {
                    failure.hint(hint(*status))
                }
            }
        }
    }
}

fn quota(failure: Failure, wait: Option<u32>) -> Failure {
    let mut failure = failure.hint("poll less often, or ask for fewer metrics");
    failure.retry_after = wait;
    failure
}

fn hint(status: u16) -> &'static str {
    match status {
        200 | 400 | 422 => "try the query in the server's own page, with the holes filled in",
        401 => {
            "check token and user: a token alone is sent as bearer, with user it is the password"
        }
        403 => "the token may not read metrics, or tenant is another's",
        404 => {
            "base_url ends before /api/v1: Mimir's has /prometheus in it, Grafana Cloud's /api/prom"
        }
        408 | 500..=599 => {
            "the server has a problem, or the query takes too long; haltline goes on trying"
        }
        _ => "",
    }
}

/// What a gateway says in plain text; a page is no reason.
fn first_line(body: &[u8]) -> Option<String> {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(body);
    let line = text.trim().lines().next()?.trim();
    let page = line.starts_with('<') || line.starts_with('{');
    (!page).then(|| line.chars().take(LONGEST).collect())
}
