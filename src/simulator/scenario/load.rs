//! The scenarios that come with haltline, and reading one: by name or from a file.

use std::path::Path;

use super::{Asks, Person, Role, Scenario, StratumPlan};
use crate::domain::StoreKind;

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("no scenario {name:?}; there are {}, or give the path of a TOML file", Scenario::names().join(", "))]
    Unknown { name: String },
    #[error("cannot read the scenario {path}: {source}")]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("the scenario {name} is not right: {source}")]
    Broken {
        name: String,
        source: Box<toml::de::Error>,
    },
    #[error("the scenario {name} is not right: {what}")]
    Contradiction { name: String, what: String },
}

const EMBEDDED: &[(&str, &str)] = &[
    (
        "anr-storm",
        include_str!("../../../assets/scenarios/anr-storm.toml"),
    ),
    (
        "backend-outage",
        include_str!("../../../assets/scenarios/backend-outage.toml"),
    ),
    (
        "crash-regression",
        include_str!("../../../assets/scenarios/crash-regression.toml"),
    ),
    (
        "dark-launch",
        include_str!("../../../assets/scenarios/dark-launch.toml"),
    ),
    ("demo", include_str!("../../../assets/scenarios/demo.toml")),
    (
        "draft",
        include_str!("../../../assets/scenarios/draft.toml"),
    ),
    (
        "everybody",
        include_str!("../../../assets/scenarios/everybody.toml"),
    ),
    (
        "flaky-apis",
        include_str!("../../../assets/scenarios/flaky-apis.toml"),
    ),
    (
        "healthy",
        include_str!("../../../assets/scenarios/healthy.toml"),
    ),
    (
        "human-in-the-console",
        include_str!("../../../assets/scenarios/human-in-the-console.toml"),
    ),
    (
        "ios-gate",
        include_str!("../../../assets/scenarios/ios-gate.toml"),
    ),
    (
        "ios-phased",
        include_str!("../../../assets/scenarios/ios-phased.toml"),
    ),
    (
        "miscount",
        include_str!("../../../assets/scenarios/miscount.toml"),
    ),
    (
        "one-device",
        include_str!("../../../assets/scenarios/one-device.toml"),
    ),
    (
        "play-only",
        include_str!("../../../assets/scenarios/play-only.toml"),
    ),
    (
        "quiet-small-app",
        include_str!("../../../assets/scenarios/quiet-small-app.toml"),
    ),
    (
        "slow-burn",
        include_str!("../../../assets/scenarios/slow-burn.toml"),
    ),
    (
        "stages",
        include_str!("../../../assets/scenarios/stages.toml"),
    ),
    (
        "third-day",
        include_str!("../../../assets/scenarios/third-day.toml"),
    ),
    ("tied", include_str!("../../../assets/scenarios/tied.toml")),
    (
        "two-releases",
        include_str!("../../../assets/scenarios/two-releases.toml"),
    ),
    (
        "young-app",
        include_str!("../../../assets/scenarios/young-app.toml"),
    ),
];

impl Scenario {
    /// The scenarios that come with haltline, in alphabetical order.
    pub fn names() -> Vec<&'static str> {
        EMBEDDED.iter().map(|(name, _)| *name).collect()
    }

    /// By name, or from a TOML file where `name` ends in `.toml`.
    pub fn load(name: &str) -> Result<Self, ScenarioError> {
        let path = Path::new(name);
        if path.extension().is_some_and(|e| e == "toml") {
            let text =
                std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable {
                    path: name.to_owned(),
                    source,
                })?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            return Self::parse(&stem, &text);
        }
        let (name, text) =
            EMBEDDED
                .iter()
                .find(|(n, _)| *n == name)
                .ok_or_else(|| ScenarioError::Unknown {
                    name: name.to_owned(),
                })?;
        Self::parse(name, text)
    }

    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let mut scenario: Self = toml::from_str(text).map_err(|source| ScenarioError::Broken {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        name.clone_into(&mut scenario.name);
        scenario.events.sort_by_key(|e| e.after);
        scenario.people.sort_by_key(|person| person.after);
        scenario
            .check()
            .map_err(|what| ScenarioError::Contradiction {
                name: name.to_owned(),
                what,
            })?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        if self.apps.is_empty() {
            return Err("it has no [[app]]".into());
        }
        for app in &self.apps {
            let id = &app.id;
            let baselines = app
                .versions
                .iter()
                .filter(|v| v.role == Role::Baseline)
                .count();
            if baselines != 1 {
                return Err(format!(
                    "{id} needs one version with role = \"baseline\", it has {baselines}"
                ));
            }
            StratumPlan::check(&app.strata).map_err(|what| format!("the strata of {id} {what}"))?;
            if !(0.0..=1.0).contains(&app.day_and_night) {
                return Err(format!("day_and_night of {id} must be between 0 and 1"));
            }
            let missing = app.store == StoreKind::GooglePlay
                && app
                    .versions
                    .iter()
                    .any(|v| v.role == Role::New && v.exposure.is_none());
            if missing {
                return Err(format!("the new version of {id} needs its exposure"));
            }
        }
        let acted_on = self.events.iter().map(|event| &event.app);
        let asked_of = self.people.iter().filter_map(|person| person.app.as_ref());
        if let Some(unknown) = acted_on.chain(asked_of).find(|id| self.app(id).is_none()) {
            return Err(format!(
                "somebody names the app {unknown}, which there is not"
            ));
        }
        let for_all = |asks: &Asks| matches!(asks, Asks::Disarm { .. } | Asks::Arm);
        let nameless = |person: &&Person| person.app.is_none() && !for_all(&person.asks);
        match self.people.iter().find(nameless) {
            Some(person) => Err(format!("{} asks for something and names no app", person.by)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_comes_along_can_be_loaded() {
        for name in Scenario::names() {
            let scenario = Scenario::load(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(scenario.name, name);
        }
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        let broken = EMBEDDED[0].1.replace("day_and_night", "day_and_nite");
        let line = 1 + broken.lines().position(|l| l.contains("nite")).unwrap();
        let error = Scenario::parse("mine", &broken).unwrap_err().to_string();
        for part in ["mine", "day_and_nite", &format!("line {line},")] {
            assert!(error.contains(part), "{error}");
        }
        let error = Scenario::load("nope").unwrap_err().to_string();
        assert!(error.contains("demo"), "{error}");
    }
}
