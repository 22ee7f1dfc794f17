//! What can go wrong with Apple, and what each means for the next move.

use crate::domain::{Failure, FailureKind, Version};
use crate::http::HttpError;
use crate::http::apple_auth::BadKey;

/// One kind of request, named as failures name it: without ids, so that the same fault reads the same for every app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) place: &'static str,
    /// Whether it could have changed something.
    pub(super) writes: bool,
}

impl Route {
    pub(super) const APPS: Self = Self::read("GET /v1/apps");
    pub(super) const VERSIONS: Self = Self::read("GET /v1/apps/{id}/appStoreVersions");
    pub(super) const BUILD: Self = Self::read("GET /v1/appStoreVersions/{id}/build");
    pub(super) const PHASED: Self =
        Self::read("GET /v1/appStoreVersions/{id}/appStoreVersionPhasedRelease");
    pub(super) const CHANGE: Self = Self {
        place: "PATCH /v1/appStoreVersionPhasedReleases/{id}",
        writes: true,
    };

    pub(super) const RELEASE: Self = Self {
        place: "POST /v1/appStoreVersionReleaseRequests",
        writes: true,
    };

    const fn read(place: &'static str) -> Self {
        Self {
            place,
            writes: false,
        }
    }
}

/// Part of an answer is not what Apple documents.
#[derive(Debug, thiserror::Error)]
#[error("the answer is not what this API documents: {0}")]
pub(super) struct Malformed(pub(super) String);

/// How this machine's clock stands to Apple's, by the `Date` of a 401.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Skew {
    /// Within five minutes, or not told.
    #[default]
    None,
    Ahead,
    Behind,
}

/// A refusal as Apple words it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) route: Route,
    pub(super) status: u16,
    /// `ENTITY_ERROR.ATTRIBUTE.INVALID`; the only part meant for programs. Empty where the body was not Apple's.
    pub(super) code: String,
    /// Titles and details of all errors.
    pub(super) words: String,
    pub(super) retry_after: Option<u32>,
    pub(super) skew: Skew,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum AppStoreError {
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error("{source}")]
    Http { route: Route, source: HttpError },
    #[error("{}", .0.sentence())]
    Refused(Box<Refused>),
    #[error("{source}")]
    Malformed { route: Route, source: Malformed },
    #[error("haltline waits: Apple's request quota is {}", if *.low { "nearly used up" } else { "used up for now" })]
    Waiting { seconds: u32, low: bool },
    #[error("App Store Connect shows this key no app with bundle id {0}")]
    NoApp(String),
    #[error("the App Store has no version {0}")]
    NoVersion(Version),
    #[error("the phased release was paused by somebody else meanwhile: nothing is raised")]
    Stopped,
    /// The App Store knows no such move, now or later.
    #[error("{what}")]
    NoSuchMove {
        what: &'static str,
        hint: &'static str,
    },
    /// The release is not where the move starts from; `later`: it will be, by itself.
    #[error("{what}")]
    NotThere {
        what: &'static str,
        hint: &'static str,
        later: bool,
    },
}

impl AppStoreError {
    pub(super) fn malformed(route: Route) -> impl FnOnce(Malformed) -> Self {
        move |source| Self::Malformed { route, source }
    }
}

/// What a refusal means. By code, as Apple asks; by status only where there is none that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Credentials,
    Agreement,
    Role,
    NotFound,
    /// The value is what it is already.
    SameValue,
    /// After COMPLETE.
    Final,
    /// The version has not been released.
    Unreleased,
    /// Another state than the one that we read.
    State,
    RateLimit,
    /// Our request itself.
    Request,
    Server,
}

impl Refused {
    /// True for a PATCH to the state that the phased release has. The text is all that is known of this refusal.
    pub(super) fn is_same_value(&self) -> bool {
        self.class() == Class::SameValue
    }

    fn class(&self) -> Class {
        let is = |prefix: &str| {
            self.code
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let says = |words: &str| self.words.contains(words);
        if is("FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED") {
            Class::Agreement
        } else if is("FORBIDDEN") || is("FORBIDDEN_ERROR") {
            Class::Role
        } else if is("NOT_AUTHORIZED") {
            Class::Credentials
        } else if is("NOT_FOUND") {
            Class::NotFound
        } else if is("RATE_LIMIT_EXCEEDED") {
            Class::RateLimit
        } else if self.status == 409 && says("already has this value") {
            Class::SameValue
        } else if self.status == 409 && says("in a final state") {
            Class::Final
        } else if self.status == 409 && says("in the current version state") {
            Class::Unreleased
        } else if is("STATE_ERROR") || is("ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE") {
            Class::State
        } else if is("ENTITY_ERROR") || is("PARAMETER_ERROR") {
            Class::Request
        } else {
            self.class_by_status()
        }
    }

    fn class_by_status(&self) -> Class {
        match self.status {
            401 => Class::Credentials,
            403 => Class::Role,
            404 => Class::NotFound,
            409 => Class::State,
            429 => Class::RateLimit,
            408 | 500.. => Class::Server,
            _ => Class::Request,
        }
    }

    fn sentence(&self) -> String {
        let code = if self.code.is_empty() {
            self.status.to_string()
        } else {
            self.code.clone()
        };
        match (self.class(), self.words.is_empty()) {
            (Class::Server, true) => format!("App Store Connect has a fault of its own ({code})"),
            (_, true) => format!("App Store Connect refuses ({code})"),
            (_, false) => format!("App Store Connect refuses: {} ({code})", self.words),
        }
    }

    fn meaning(&self) -> (FailureKind, &'static str) {
        match self.class() {
            Class::Credentials => (FailureKind::Credentials, self.credentials_hint()),
            Class::Agreement => (
                FailureKind::Rights,
                "the Account Holder has to accept the new agreement in App Store Connect under Business",
            ),
            Class::Role => (
                FailureKind::Rights,
                "releases and phased releases need a key with the role App Manager or Admin, or the Account Holder's, and access to this app",
            ),
            Class::NotFound => (
                FailureKind::NotFound,
                "it is gone, or this key may not see it: check the key's apps, and base_url",
            ),
            Class::SameValue => (FailureKind::Conflict, ""),
            Class::Final => (FailureKind::Unsupported, FINAL_HINT),
            Class::Unreleased => (
                FailureKind::Refused,
                "a phased release can be changed only once its version has been released",
            ),
            Class::State => (
                FailureKind::Conflict,
                "somebody or Apple changed the release meanwhile; it is read again",
            ),
            Class::RateLimit => (
                FailureKind::Quota,
                "another tool may be using up this key's requests: give haltline a key of its own",
            ),
            Class::Request => (
                FailureKind::Refused,
                "Apple does not take what haltline sent: please report it",
            ),
            Class::Server if self.route.writes => (
                FailureKind::Ambiguous,
                "whether it was applied is unknown: the store is read again",
            ),
            Class::Server => (
                FailureKind::Retry,
                "nothing to do here: it is tried again; see Apple's system status",
            ),
        }
    }

    fn credentials_hint(&self) -> &'static str {
        match self.skew {
            Skew::Ahead => {
                "this machine's clock is over five minutes ahead of Apple's: set it (is NTP running?)"
            }
            Skew::Behind => {
                "this machine's clock is over five minutes behind Apple's: set it (is NTP running?)"
            }
            Skew::None => {
                "check key_id, issuer_id (a team key needs it, an individual key must not have it) and that the key is not revoked"
            }
        }
    }
}

/// What is left once everybody has the version.
pub(super) const FINAL_HINT: &str = "nothing can be stopped any more: submit a fixed build and ask for an expedited review, or take the app off sale in App Store Connect";

impl From<AppStoreError> for Failure {
    fn from(error: AppStoreError) -> Self {
        let what = error.to_string();
        match error {
            AppStoreError::Key(bad) => bad.into(),
            AppStoreError::Http { route, source } => {
                source.into_failure(route.writes).at(route.place)
            }
            AppStoreError::Malformed { route, .. } => Self::new(FailureKind::Malformed, what)
                .at(route.place)
                .hint("is base_url really App Store Connect's API? If it is, please report this"),
            AppStoreError::Refused(refused) => {
                let (kind, hint) = refused.meaning();
                let mut failure = Self::new(kind, what).at(refused.route.place).hint(hint);
                failure.retry_after = refused.retry_after;
                failure
            }
            AppStoreError::Waiting { seconds, .. } => {
                let mut failure = Self::new(FailureKind::Quota, what)
                    .hint("acts are still sent; give haltline a key of its own if other tools use this one");
                failure.retry_after = Some(seconds);
                failure
            }
            AppStoreError::NoApp(_) => Self::new(FailureKind::NotFound, what)
                .at(Route::APPS.place)
                .hint("check bundle_id, and that the key has access to this app"),
            AppStoreError::NoVersion(_) => Self::new(FailureKind::NotFound, what)
                .at(Route::VERSIONS.place)
                .hint("check the version and build number; was it removed in App Store Connect?"),
            AppStoreError::NoSuchMove { hint, .. } => {
                Self::new(FailureKind::Unsupported, what).hint(hint)
            }
            AppStoreError::Stopped => {
                let hint = "if it shall go on: haltline resume APP --reason TEXT";
                Self::new(FailureKind::Conflict, what).hint(hint)
            }
            AppStoreError::NotThere { hint, later, .. } => {
                let kind = if later {
                    FailureKind::Retry
                } else {
                    FailureKind::Refused
                };
                Self::new(kind, what).hint(hint)
            }
        }
    }
}
