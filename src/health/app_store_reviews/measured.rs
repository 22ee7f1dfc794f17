//! Apple's measurements of launches and hangs (`xcodeMetrics`): percentiles by version, without counts, days late.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::domain::{Level, Metric, Timestamp, Unit, Version};

/// Apple does not say when a point was measured; its points are of days that are over.
const DAY: TimeDelta = TimeDelta::days(1);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Measured {
    product_data: Vec<Product>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Product {
    metric_categories: Vec<Category>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Category {
    identifier: String,
    metrics: Vec<Measure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Measure {
    identifier: String,
    unit: MeasureUnit,
    datasets: Vec<Dataset>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MeasureUnit {
    identifier: String,
    display_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Dataset {
    filter_criteria: Criteria,
    points: Vec<Point>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Criteria {
    percentile: String,
    device: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Point {
    version: String,
    value: Option<f64>,
}

impl Measured {
    /// Levels of those versions that Apple has points of, and what could not be read.
    pub(super) fn levels(&self, of: &[Version], now: Timestamp) -> (Vec<Level>, Option<String>) {
        let (mut levels, mut note) = (Vec::new(), None);
        let categories = self.product_data.iter().flat_map(|p| &p.metric_categories);
        for (category, measure) in categories.flat_map(|c| c.metrics.iter().map(move |m| (c, m))) {
            let Some(kind) = Kind::of(&category.identifier, &measure.identifier) else {
                continue;
            };
            let Some((unit, scale)) = kind.unit(&measure.unit) else {
                let unit = &measure.unit.display_name;
                note = Some(format!(
                    "Apple measures {} in {unit:?}, which haltline does not know",
                    measure.identifier
                ));
                continue;
            };
            for dataset in measure.datasets.iter().filter(|d| d.is_of_all()) {
                let Some(name) = kind.name(dataset.percentile()) else {
                    continue;
                };
                for version in of {
                    let value = dataset.point(version).filter(|value| *value >= 0.0);
                    levels.extend(value.map(|value| Level {
                        metric: Metric::Level(name.into()),
                        version: version.key(),
                        value: value / scale,
                        unit,
                        trials: None,
                        start: now - DAY,
                        seconds: 86_400,
                    }));
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        levels.retain(|level: &Level| seen.insert((level.metric.clone(), level.version.clone())));
        (levels, note)
    }
}

/// The two measures that are read.
#[derive(Clone, Copy)]
enum Kind {
    Launch,
    Hang,
}

impl Kind {
    fn of(category: &str, measure: &str) -> Option<Self> {
        let measure = measure.to_lowercase();
        match category {
            "LAUNCH" if measure.contains("launch") => Some(Self::Launch),
            "HANG" if measure.contains("hang") => Some(Self::Hang),
            _ => None,
        }
    }

    /// The unit of the level, and by what Apple's figures are divided.
    fn unit(self, unit: &MeasureUnit) -> Option<(Unit, f64)> {
        let words = [
            unit.identifier.to_lowercase(),
            unit.display_name.to_lowercase(),
        ];
        let is = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        match self {
            Self::Launch if is(&["ms", "millisecond", "milliseconds"]) => {
                Some((Unit::Seconds, 1000.0))
            }
            Self::Launch if is(&["s", "second", "seconds"]) => Some((Unit::Seconds, 1.0)),
            Self::Launch => None,
            // Seconds of hanging in an hour of use, whatever Apple's word for it.
            Self::Hang => Some((Unit::Plain, 1.0)),
        }
    }

    fn name(self, percentile: Option<u8>) -> Option<&'static str> {
        match (self, percentile?) {
            (Self::Launch, 50) => Some("cold_start_p50"),
            (Self::Launch, 90) => Some("cold_start_p90"),
            (Self::Hang, 50) => Some("hang_rate"),
            _ => None,
        }
    }
}

impl Dataset {
    /// Of all iPhones: Apple has datasets of single models too.
    fn is_of_all(&self) -> bool {
        matches!(self.filter_criteria.device.as_str(), "" | "all_iphones")
    }

    /// `percentile.fifty` and `percentile.ninety`, or numbers.
    fn percentile(&self) -> Option<u8> {
        let word = self.filter_criteria.percentile.to_lowercase();
        let word = word.rsplit('.').next().unwrap_or_default();
        match word.trim_start_matches('p') {
            "fifty" | "50" => Some(50),
            "ninety" | "90" => Some(90),
            _ => None,
        }
    }

    /// By the version's name, with its build where Apple tells builds apart. The last one is the newest.
    fn point(&self, version: &Version) -> Option<f64> {
        let name = version.name.as_ref()?.as_str();
        let with_build = format!("{name} ({})", version.build);
        let is = |point: &&Point| point.version == name || point.version == with_build;
        self.points.iter().rfind(is)?.value
    }
}
