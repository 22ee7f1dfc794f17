//! The refusals of Play that are known, told apart by what it says: its statuses and reasons have drifted over the years,
//! its words hardly.

use super::error::Step;
use crate::domain::FailureKind;

/// The refusals that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    EditDeleted,
    EditExpired,
    Concurrent,
    UnknownPackage,
    UnknownTrack,
    EmptyTrack,
    NoRight,
    ApiOff,
    TokenRefused,
    Quota,
    InReview,
    ReviewByHand,
    ReviewParameter,
    DraftApp,
    FirstReleaseStaged,
    FullyReleased,
    NothingToHalt,
    HaltAndReleaseInOne,
    Fraction,
    /// A 5xx on the commit of halting a completed release: what Play answers where it has nothing to fall back on.
    NothingToFallBackOn,
    /// A 5xx on any other commit.
    CommitUnknown,
    /// A 5xx before the commit.
    Unavailable,
    Other,
}

/// What Play says, in lower case, and what it means. The first that is found decides: a switched-off API also says
/// `PERMISSION_DENIED`.
const WORDS: [(&str, Case); 31] = [
    ("edit has been deleted", Case::EditDeleted),
    ("editdeleted", Case::EditDeleted),
    ("edit has expired", Case::EditExpired),
    ("editexpired", Case::EditExpired),
    ("package not found", Case::UnknownPackage),
    ("applicationnotfound", Case::UnknownPackage),
    ("has not been used in project", Case::ApiOff),
    ("accessnotconfigured", Case::ApiOff),
    ("service_disabled", Case::ApiOff),
    ("ratelimitexceeded", Case::Quota),
    ("quotaexceeded", Case::Quota),
    ("resource_exhausted", Case::Quota),
    ("does not have permission", Case::NoRight),
    ("userinsufficientpermission", Case::NoRight),
    ("permissiondenied", Case::NoRight),
    ("permission_denied", Case::NoRight),
    (
        "sent for review automatically. the query",
        Case::ReviewParameter,
    ),
    (
        "changesnotsentforreview must not be set",
        Case::ReviewParameter,
    ),
    (
        "cannot be sent for review automatically",
        Case::ReviewByHand,
    ),
    ("created on draft app", Case::DraftApp),
    (
        "first release on a track cannot be staged",
        Case::FirstReleaseStaged,
    ),
    ("fully released can not be staged", Case::FullyReleased),
    (
        "can't halt a fully rolled out release and",
        Case::HaltAndReleaseInOne,
    ),
    ("releasetohaltnotfound", Case::NothingToHalt),
    ("no matching in progress release", Case::NothingToHalt),
    ("trackempty", Case::EmptyTrack),
    ("must have fraction", Case::Fraction),
    ("must not have fraction", Case::Fraction),
    ("user fraction must be", Case::Fraction),
    ("concurrentupdate", Case::Concurrent),
    ("unauthenticated", Case::TokenRefused),
];

fn by_status(step: Step, status: u16) -> Case {
    match (status, step) {
        (401, _) => Case::TokenRefused,
        (403, _) => Case::NoRight,
        (404, Step::InsertEdit) => Case::UnknownPackage,
        (404, Step::ListReleases | Step::GetTrack) => Case::UnknownTrack,
        (404 | 410, _) => Case::EditDeleted,
        (409, _) => Case::Concurrent,
        (429, _) => Case::Quota,
        _ => Case::Other,
    }
}

impl Case {
    /// From the step, the answer's status, and its words in lower case.
    pub(super) fn of(step: Step, status: u16, words: &str) -> Self {
        let said = WORDS.iter().find(|(part, _)| words.contains(part));
        match (status, said) {
            (500.., _) if step == Step::Commit => Self::CommitUnknown,
            (500.., _) => Self::Unavailable,
            (_, Some((_, case))) => *case,
            (_, None) => by_status(step, status),
        }
    }

    pub(super) fn kind(self) -> FailureKind {
        match self {
            Self::EditDeleted | Self::EditExpired | Self::Concurrent => FailureKind::Conflict,
            Self::UnknownPackage | Self::UnknownTrack | Self::EmptyTrack => FailureKind::NotFound,
            Self::NoRight | Self::ApiOff => FailureKind::Rights,
            Self::TokenRefused => FailureKind::Credentials,
            Self::Quota => FailureKind::Quota,
            Self::InReview => FailureKind::InReview,
            Self::CommitUnknown | Self::NothingToFallBackOn => FailureKind::Ambiguous,
            Self::Unavailable => FailureKind::Retry,
            Self::ReviewByHand
            | Self::ReviewParameter
            | Self::DraftApp
            | Self::FirstReleaseStaged
            | Self::FullyReleased
            | Self::NothingToHalt
            | Self::HaltAndReleaseInOne
            | Self::Fraction
            | Self::Other => FailureKind::Refused,
        }
    }

    /// What happened; `None` where Play's own words are all there is.
    pub(super) fn words(self) -> Option<&'static str> {
        Some(match self {
            Self::EditDeleted => {
                "the edit was ended by somebody else: the Play Console, or another edit of the same service account"
            }
            Self::EditExpired => "the edit expired before it was committed",
            Self::Concurrent => "somebody else is changing the app at this moment",
            Self::UnknownPackage => "Google Play knows no app with this package name",
            Self::UnknownTrack => "Google Play knows no such track of the app",
            Self::EmptyTrack => "the track is empty",
            Self::NoRight => "the service account lacks a right in the Play Console",
            Self::ApiOff => {
                "the Google Play Android Developer API is switched off in the service account's project"
            }
            Self::TokenRefused => "Google Play takes no token of this service account",
            Self::Quota => "too many requests to Google Play",
            Self::InReview => {
                "changes of the app are in review: committing now would cancel that review and send everything again"
            }
            Self::ReviewByHand => {
                "Google Play sends this change for review only by hand, after an earlier rejection; nothing was changed"
            }
            Self::DraftApp => "the app itself is a draft: it was never published",
            Self::FirstReleaseStaged => "the first release on a track cannot be staged",
            Self::FullyReleased => "a fully released version cannot be staged again",
            Self::NothingToHalt => "Google Play finds no release in progress that could be halted",
            Self::HaltAndReleaseInOne => {
                "one edit cannot halt a fully rolled out release and release another to everybody"
            }
            Self::NothingToFallBackOn => {
                "Google Play failed on halting a fully rolled out release, as it does where it has no earlier one to fall back on"
            }
            Self::CommitUnknown => {
                "Google Play failed on the commit: whether it was applied is not known"
            }
            Self::Unavailable => "Google Play failed; nothing was changed",
            Self::ReviewParameter | Self::Fraction | Self::Other => return None,
        })
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::EditDeleted | Self::Concurrent => {
                "give haltline a service account of its own, which no other job uses"
            }
            Self::UnknownPackage => {
                "check package; the app must be in the developer account that invited the service account"
            }
            Self::UnknownTrack | Self::EmptyTrack => {
                "check track: production, beta, alpha, internal, or a closed track's own name"
            }
            Self::NoRight => {
                "in the Play Console, Users and permissions, give the service account for this app: View app information; Release to production (or to testing tracks)"
            }
            Self::ApiOff => "enable it in Google Cloud, APIs and services, and wait some minutes",
            Self::TokenRefused => {
                "is the service account still there, and invited in the Play Console?"
            }
            Self::InReview => {
                "to halt all the same, set in_review = \"cancel\" for this app and run: haltline halt APP --reason TEXT; or wait for the review, or withdraw it in the Console under Publishing overview"
            }
            Self::ReviewByHand => {
                "make the change in the Play Console and send it for review there"
            }
            Self::DraftApp | Self::FirstReleaseStaged => {
                "publish the first release in the Play Console"
            }
            Self::NothingToHalt => {
                "look at the track in the Play Console: a halted release may be left on it"
            }
            Self::NothingToFallBackOn => {
                "halt in the Play Console, or release a fixed version with a higher version code"
            }
            Self::FullyReleased
            | Self::HaltAndReleaseInOne
            | Self::EditExpired
            | Self::Quota
            | Self::ReviewParameter
            | Self::Fraction
            | Self::CommitUnknown
            | Self::Unavailable
            | Self::Other => "",
        }
    }
}
