//! As much of JSON Schema as the document uses. A word that is not known here fails the test, so that nothing passes unseen.

use serde_json::Value;

/// What is wrong with `value`; empty where nothing is.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "", &mut faults);
    faults
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            faults.push(format!("{at}: nothing may be here"));
        }
        return;
    };
    let passes = |schema: &Value| self::faults(document, schema, value).is_empty();
    let mut fail = |what: String| faults.push(format!("{at}: {what}: {value}"));
    let all = |word: &Value| word.as_array().cloned().unwrap_or_default();
    let mut deeper = Vec::new();
    for (word, said) in schema {
        match word.as_str() {
            "$ref" => {
                let pointer = said.as_str().unwrap().trim_start_matches('#');
                let target = document.pointer(pointer).expect(pointer);
                deeper.push((target.clone(), value.clone(), String::new()));
            }
            "type" => {
                let kinds = if said.is_array() {
                    all(said)
                } else {
                    vec![said.clone()]
                };
                if !kinds.iter().any(|kind| is(kind.as_str().unwrap(), value)) {
                    fail(format!("is not {said}"));
                }
            }
            "const" if said != value => fail(format!("is not {said}")),
            "enum" if !all(said).contains(value) => fail(format!("is not of {said}")),
            "oneOf" => {
                let fits = all(said).iter().filter(|schema| passes(schema)).count();
                if fits != 1 {
                    fail(format!("fits {fits} of {} kinds", all(said).len()));
                }
            }
            "anyOf" if !all(said).iter().any(passes) => fail("fits none".into()),
            "allOf" => deeper.extend(
                all(said)
                    .into_iter()
                    .map(|part| (part, value.clone(), String::new())),
            ),
            "required" => {
                for name in all(said) {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        fail(format!("has no {name}"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in said.as_object().unwrap() {
                    if let Some(inner) = value.get(name) {
                        deeper.push((schema.clone(), inner.clone(), format!("/{name}")));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        deeper.push((said.clone(), inner.clone(), format!("/{name}")));
                    }
                }
            }
            "prefixItems" => {
                for (place, (schema, inner)) in all(said).into_iter().zip(all(value)).enumerate() {
                    deeper.push((schema, inner, format!("/{place}")));
                }
            }
            "items" => {
                let fixed = schema
                    .get("prefixItems")
                    .map_or(0, |items| all(items).len());
                for (place, inner) in all(value).into_iter().enumerate().skip(fixed) {
                    deeper.push((said.clone(), inner, format!("/{place}")));
                }
            }
            "minItems"
                if value.is_array() && (all(value).len() as u64) < said.as_u64().unwrap() =>
            {
                fail("is too short".into());
            }
            "maxItems" if all(value).len() as u64 > said.as_u64().unwrap() => {
                fail("is too long".into());
            }
            "minimum" if value.as_f64() < said.as_f64() && value.is_number() => {
                fail(format!("is below {said}"));
            }
            "maximum" if value.as_f64() > said.as_f64() => fail(format!("is above {said}")),
            // Met; or not looked at here: words for people, and texts that their types have checked.
            "const" | "enum" | "anyOf" | "minItems" | "maxItems" | "minimum" | "maximum"
            | "title" | "description" | "format" | "default" | "pattern" | "minLength"
            | "uniqueItems" | "contentMediaType" | "contentSchema" => {}
            other => fail(format!(
                "the schema says {other:?}, which this test does not know"
            )),
        }
    }
    for (schema, inner, step) in deeper {
        check(document, &schema, &inner, &format!("{at}{step}"), faults);
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("no kind of JSON: {other}"),
    }
}

#[test]
fn what_is_wrong_is_found() {
    use serde_json::json;
    let document = json!({ "a": { "type": "integer", "minimum": 0 } });
    let schema =
        json!({ "type": "object", "required": ["n"], "properties": { "n": { "$ref": "#/a" } } });
    let wrong = |value: Value| !faults(&document, &schema, &value).is_empty();
    assert!(!wrong(json!({ "n": 1 })));
    for value in [
        json!({}),
        json!({ "n": -1 }),
        json!({ "n": "1" }),
        json!([]),
        json!(null),
    ] {
        assert!(wrong(value.clone()), "{value}");
    }
    assert!(!faults(&document, &json!({ "oneOf": [{}, {}] }), &json!(1)).is_empty());
    assert!(!faults(&document, &json!({ "surprising": 1 }), &json!(1)).is_empty());
}
