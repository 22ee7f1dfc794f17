//! `TrackRelease` as it travels, and what Play refuses in one.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// One release on a track. A field that was not sent is not kept, but for the priority and the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Release {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) version_codes: Vec<String>,
    pub(super) status: Status,
    /// As it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_fraction: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) country_targeting: Option<CountryTargeting>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_app_update_priority: Option<i32>,
    #[serde(
        default,
        rename = "releaseNotes",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) notes: Vec<LocalizedText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Draft,
    InProgress,
    Halted,
    Completed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CountryTargeting {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    countries: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    include_rest_of_world: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalizedText {
    language: String,
    text: String,
}

impl Release {
    /// A release as a person makes it in the console.
    pub(super) fn new(name: &str, code: &str, status: Status, fraction: Option<f64>) -> Self {
        Self {
            name: Some(format!("{code} ({name})")),
            version_codes: vec![code.to_owned()],
            status,
            user_fraction: fraction,
            country_targeting: None,
            in_app_update_priority: Some(2),
            notes: vec![LocalizedText {
                language: "en-US".into(),
                text: format!("What is new in {name}: faster, and fewer bugs."),
            }],
        }
    }

    pub(super) fn in_countries(mut self, countries: &[&str]) -> Self {
        self.country_targeting = Some(CountryTargeting {
            countries: countries.iter().map(|&c| c.to_owned()).collect(),
            include_rest_of_world: Some(true),
        });
        self
    }

    pub(super) fn has(&self, code: &str) -> bool {
        self.version_codes.iter().any(|c| c == code)
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.version_codes.iter().any(|c| other.has(c))
    }

    /// The highest version code; 0 without any.
    pub(super) fn code(&self) -> u64 {
        self.version_codes
            .iter()
            .filter_map(|c| c.parse().ok())
            .max()
            .unwrap_or(0)
    }

    /// Share of the users that it is offered to, 0..=1.
    pub(super) fn offered(&self) -> f64 {
        match self.status {
            Status::Completed => 1.0,
            Status::InProgress => self.user_fraction.unwrap_or(0.0),
            Status::Draft | Status::Halted => 0.0,
        }
    }

    /// What the status became, for the log of writes: `halted`, `inProgress 5%`.
    pub(super) fn became(&self) -> String {
        match self.status {
            Status::Draft => "draft".into(),
            Status::Halted => "halted".into(),
            Status::Completed => "completed".into(),
            Status::InProgress => {
                format!("inProgress {}%", self.user_fraction.unwrap_or(0.0) * 100.0)
            }
        }
    }

    /// What is wrong with it whatever the track holds; `now` is the same release as it stands.
    pub(super) fn check(&self, now: Option<&Self>, track: &str) -> Result<(), Refusal> {
        let refuse = |message: &str| Err(Refusal::invalid(message));
        if self.status != Status::Draft && self.version_codes.is_empty() {
            return refuse("Release must have at least one version code.");
        }
        if self.version_codes.iter().any(|c| c.parse::<u32>().is_err()) {
            return refuse("Version codes must be positive numbers.");
        }
        self.check_fraction(now)?;
        let stands = now.is_some_and(|n| n.country_targeting == self.country_targeting);
        let staged = self.status == Status::InProgress && track == "production";
        if self.country_targeting.is_some() && !staged && !(stands && self.status == Status::Halted)
        {
            return refuse(
                "Country targeting is only allowed for inProgress releases in the production track.",
            );
        }
        if self
            .in_app_update_priority
            .is_some_and(|p| !(0..=5).contains(&p))
        {
            return refuse("In-app update priority must be between 0 and 5.");
        }
        let rolled_out = now.filter(|n| n.status != Status::Draft);
        if let (Some(now), Some(priority)) = (rolled_out, self.in_app_update_priority)
            && now.in_app_update_priority.unwrap_or(0) != priority
        {
            return refuse(
                "In-app update priority can not be updated once the release is rolled out.",
            );
        }
        if self.notes.iter().any(|n| n.text.chars().count() > 500) {
            return refuse("Release notes must be at most 500 characters long.");
        }
        Ok(())
    }

    fn check_fraction(&self, now: Option<&Self>) -> Result<(), Refusal> {
        let was_completed = now.is_some_and(|n| {
            n.status == Status::Completed
                || (n.status == Status::Halted && n.user_fraction.is_none())
        });
        match (self.status, self.user_fraction) {
            (_, Some(f)) if f >= 1.0 => {
                Err(Refusal::invalid("User fraction must be lower than one."))
            }
            (_, Some(f)) if f <= 0.0 || f.is_nan() => {
                Err(Refusal::invalid("User fraction must be greater than zero."))
            }
            (Status::Completed, Some(_)) => {
                Err(Refusal::invalid("COMPLETED release must not have fraction"))
            }
            (Status::Draft, Some(_)) => {
                Err(Refusal::invalid("DRAFT release must not have fraction"))
            }
            (Status::InProgress, None) => {
                Err(Refusal::invalid("IN_PROGRESS release must have fraction"))
            }
            (Status::Halted, None) if !was_completed => {
                Err(Refusal::invalid("HALTED release must have fraction"))
            }
            _ => Ok(()),
        }
    }
}
