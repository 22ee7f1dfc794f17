//! The API's answers as they are on the wire: int64 and decimals as text, defaults left out, fields missing or surplus.
//!
//! Owns the serde types and their cleaning into numbers. Must not interpret: what a metric means is the other files' business.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `GET …/{set}`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SetBody {
    pub(super) freshness_info: FreshnessInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FreshnessInfo {
    #[serde(rename = "freshnesses")]
    pub(super) of_periods: Vec<FreshnessBody>,
}

/// How far one aggregation period has been computed. The time is kept as it came: it is sent back as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FreshnessBody {
    pub(super) aggregation_period: String,
    pub(super) latest_end_time: Value,
}

/// `POST …/{set}:query`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct QueryBody {
    pub(super) rows: Vec<Row>,
    pub(super) next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) start_time: Value,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) metrics: Vec<MetricBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dimension {
    pub(super) dimension: String,
    int64_value: Option<Int>,
    string_value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MetricBody {
    pub(super) metric: String,
    pub(super) decimal_value: Option<Decimal>,
}

impl Dimension {
    /// Its value, whichever of the two forms it came in.
    pub(super) fn text(&self) -> String {
        let number = self.int64_value.map(|number| number.0.to_string());
        number
            .or_else(|| self.string_value.clone())
            .unwrap_or_default()
    }
}

impl Row {
    /// The value of a dimension; empty where the row has none of that name.
    pub(super) fn dimension(&self, name: &str) -> String {
        let found = self.dimensions.iter().find(|it| it.dimension == name);
        found.map(Dimension::text).unwrap_or_default()
    }

    pub(super) fn metric(&self, name: &str) -> Option<f64> {
        let found = self.metrics.iter().find(|it| it.metric == name)?;
        Some(found.decimal_value?.0)
    }
}

/// `{"value": "0.0142"}`; an empty or missing text is nought, as `google.type.Decimal` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Decimal(pub(super) f64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            value: Value,
        }
        let Body { value } = Body::deserialize(deserializer)?;
        let number = match &value {
            Value::Null => Some(0.0),
            Value::Number(number) => number.as_f64(),
            Value::String(text) if text.is_empty() => Some(0.0),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Self(number)),
            None => Err(serde::de::Error::custom("a decimal was expected")),
        }
    }
}

/// An int64: a number as text, or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Int(pub(super) i64);

impl Int {
    pub(super) fn count(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("an int64 was expected"))
    }
}

/// `GET …/errorIssues:search`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct IssuesBody {
    pub(super) error_issues: Vec<IssueBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct IssueBody {
    /// `apps/{package}/{issue}`
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) cause: String,
    pub(super) location: String,
    pub(super) error_report_count: Int,
    pub(super) distinct_users: Int,
    /// Of the interval and filter asked for, not of the issue's life.
    pub(super) first_app_version: AppVersion,
    pub(super) issue_uri: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AppVersion {
    pub(super) version_code: Int,
}

/// `GET …/errorReports:search`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReportsBody {
    pub(super) error_reports: Vec<ReportBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReportBody {
    pub(super) report_text: String,
    /// Start of the hour of the latest event.
    pub(super) event_time: String,
    pub(super) os_version: OsVersion,
    pub(super) device_model: DeviceModel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OsVersion {
    pub(super) api_level: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DeviceModel {
    pub(super) marketing_name: String,
    pub(super) device_id: DeviceId,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DeviceId {
    pub(super) build_brand: String,
    pub(super) build_device: String,
}

/// `GET …/anomalies`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AnomaliesBody {
    pub(super) anomalies: Vec<AnomalyBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AnomalyBody {
    pub(super) timeline_spec: Timeline,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) metric: MetricBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Timeline {
    pub(super) start_time: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_text_as_numbers_or_not_at_all() {
        let decimal = |raw: &str| serde_json::from_str::<Decimal>(raw).map(|it| it.0);
        for (raw, wanted) in [
            (r#"{"value":"0.0142"}"#, 0.0142),
            (r#"{"value":"1.2E-3"}"#, 0.0012),
            (r#"{"value":12000}"#, 12_000.0),
            (r#"{"value":""}"#, 0.0),
            ("{}", 0.0),
        ] {
            assert!((decimal(raw).unwrap() - wanted).abs() < 1e-12, "{raw}");
        }
        for raw in [
            r#"{"value":"many"}"#,
            r#"{"value":"NaN"}"#,
            r#"{"value":[]}"#,
        ] {
            assert!(decimal(raw).is_err(), "{raw}");
        }
        assert_eq!(
            serde_json::from_str::<Int>("\"84300\"").unwrap(),
            Int(84_300)
        );
        assert_eq!(serde_json::from_str::<Int>("84300").unwrap(), Int(84_300));
        assert!(serde_json::from_str::<Int>("\"x\"").is_err());
    }

    #[test]
    fn a_row_is_read_by_name_and_lacks_what_it_lacks() {
        let row: Row = serde_json::from_str(
            r#"{"aggregationPeriod":"DAILY","dimensions":[{"dimension":"versionCode","int64Value":"84300","valueLabel":"x"},
                {"dimension":"countryCode","stringValue":"DE"}],"metrics":[{"metric":"crashRate","decimalValue":{"value":"0.5"}},
                {"metric":"distinctUsers"}],"surplus":null}"#,
        )
        .unwrap();
        assert_eq!(row.dimension("versionCode"), "84300");
        assert_eq!(row.dimension("countryCode"), "DE");
        assert_eq!(row.dimension("apiLevel"), "");
        assert_eq!(row.metric("crashRate"), Some(0.5));
        assert_eq!(row.metric("distinctUsers"), None);
    }
}
