//! What the query API answers, as it is written. Tolerant: servers of several makers speak it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Every answer: `{"status":"success","data":…}` or `{"status":"error","errorType":"bad_data","error":"…"}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    pub(super) status: String,
    #[serde(default = "none")]
    pub(super) data: Option<T>,
    #[serde(default)]
    pub(super) error_type: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
    /// Of newer servers, beside a result: what may be wrong with it, and what may be wrong with the query.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) warnings: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) infos: Vec<String>,
}

fn none<T>() -> Option<T> {
    None
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// What a query gives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    /// `matrix` of a range query; `vector`, `scalar` and `string` are of others.
    pub(super) result_type: String,
    pub(super) result: Vec<Series>,
}

/// One series: its labels, and a value at each step at which it had one.
#[derive(Debug, Deserialize)]
pub(super) struct Series {
    #[serde(default)]
    pub(super) metric: BTreeMap<String, String>,
    /// Not there for native histograms.
    #[serde(default)]
    pub(super) values: Vec<(f64, Value)>,
}

/// `"4889"`, `"1e+06"`, `"NaN"`, `"+Inf"`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Value(pub(super) f64);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number was expected, as in \"4889\"")]
enum Written {
    Text(String),
    Number(f64),
}

impl TryFrom<Written> for Value {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => {
                let told: String = text.chars().take(20).collect();
                let read = text.parse().map(Self);
                read.map_err(|_| format!("{told:?} is not a number"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Envelope<Found>, serde_json::Error> {
        serde_json::from_str(raw)
    }

    #[test]
    fn every_number_that_is_written() {
        let raw = r#"{"status":"success","infos":null,"surplus":1,"data":{"resultType":"matrix","result":[{"metric":{"os":"14"},"values":
            [[1763630100,"160"],[1763630200.123,"1e+06"],[1763630300,"NaN"],[1763630400,"+Inf"],[1763630500,"-Inf"],[1763630600,2.5]]},
            {"metric":{},"histograms":[[1,{}]]}]}}"#;
        let all = read(raw).unwrap().data.unwrap().result;
        let values: Vec<f64> = all[0].values.iter().map(|(_, value)| value.0).collect();
        assert_eq!(values[..2], [160.0, 1e6]);
        assert!(values[2].is_nan());
        assert_eq!(values[3..], [f64::INFINITY, f64::NEG_INFINITY, 2.5]);
        assert!(all[1].values.is_empty());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (value, why) in [
            ("\"many\"", "not a number"),
            ("[]", "a number was expected"),
        ] {
            let raw = format!(
                r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[[1,{value}]]}}]}}}}"#
            );
            let error = read(&raw).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
