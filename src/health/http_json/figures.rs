//! Figures out of an answer: numbers, or numbers as text, where the pointers say.

use serde_json::Value;

use crate::domain::Counts;

use super::Figure;

/// Counts above this are no longer exact in JSON.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Trials and failures; `None` where one of them is not there. Failures may be more than trials: that the server contradicts
/// itself is for others to tell.
pub(super) fn counts(answer: &Value, figure: &Figure) -> Result<Option<Counts>, String> {
    let Figure::Counts { failures, trials } = figure else {
        return Ok(None);
    };
    let (Some(trials), Some(failures)) = (count(answer, trials)?, count(answer, failures)?) else {
        return Ok(None);
    };
    Ok(Some(Counts { trials, failures }))
}

/// The value of a level, in its unit.
pub(super) fn value(answer: &Value, figure: &Figure) -> Result<Option<f64>, String> {
    let Figure::Value { value, scale, .. } = figure else {
        return Ok(None);
    };
    Ok(number(answer, value)?.map(|value| value / f64::from(*scale)))
}

fn count(answer: &Value, pointer: &str) -> Result<Option<u64>, String> {
    let Some(number) = number(answer, pointer)? else {
        return Ok(None);
    };
    // A share in the place of a count would read as none or one.
    if (0.0..=MOST).contains(&number) && number.fract() == 0.0 {
        Ok(Some(number as u64))
    } else {
        Err(format!("{number} at {pointer} is not a count"))
    }
}

fn number(answer: &Value, pointer: &str) -> Result<Option<f64>, String> {
    let found = match answer.pointer(pointer) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(_) => None,
    };
    found
        .filter(|number| number.is_finite())
        .map(Some)
        .ok_or_else(|| format!("what is at {pointer} is not a number"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Unit;

    fn figure() -> Figure {
        Figure::Counts {
            failures: "/data/0/crashed~1fatal".into(),
            trials: "/data/0/all".into(),
        }
    }

    #[test]
    fn counts_of_every_shape() {
        let told = |all: Value, crashed: Value| {
            let answer = json!({"data": [{"all": all, "crashed/fatal": crashed}]});
            counts(&answer, &figure())
        };
        let some = |trials, failures| Ok(Some(Counts { trials, failures }));
        assert_eq!(told(json!(100), json!(3)), some(100, 3));
        assert_eq!(told(json!("100"), json!(3.0)), some(100, 3));
        assert_eq!(told(json!(1), json!(3)), some(1, 3), "others tell of it");
        assert_eq!(told(Value::Null, json!(3)), Ok(None));
        assert_eq!(counts(&json!({}), &figure()), Ok(None));
        for bad in [
            json!(99.7),
            json!(-1),
            json!("NaN"),
            json!("many"),
            json!([]),
            json!(1e300),
        ] {
            assert!(told(bad.clone(), json!(0)).is_err(), "{bad}");
        }
        let error = told(json!(0.997), json!(0)).unwrap_err();
        assert_eq!(error, "0.997 at /data/0/all is not a count");
    }

    #[test]
    fn levels_come_in_their_unit() {
        let figure = Figure::Value {
            value: "/p99".into(),
            unit: Unit::Seconds,
            scale: 1000,
        };
        assert_eq!(value(&json!({"p99": "4400"}), &figure), Ok(Some(4.4)));
        assert_eq!(value(&json!({"p99": null}), &figure), Ok(None));
        assert!(value(&json!({"p99": true}), &figure).is_err());
    }
}
