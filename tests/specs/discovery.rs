//! Google's discovery documents: which methods there are, and what may be in a request and in an answer.

use std::path::Path;

use serde_json::{Map, Value};

use crate::traffic::Exchange;

/// One API.
pub(crate) struct Api {
    methods: Vec<Value>,
    schemas: Value,
    /// Query parameters that every method takes.
    parameters: Value,
}

impl Api {
    pub(crate) fn read(path: &Path) -> Self {
        let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut methods = Vec::new();
        collect(&document, &mut methods);
        assert!(methods.len() > 10, "{}", path.display());
        Self {
            methods,
            schemas: document["schemas"].clone(),
            parameters: document["parameters"].clone(),
        }
    }

    /// The method that was called, and what is wrong with the exchange.
    pub(crate) fn check(&self, exchange: &Exchange) -> (String, Vec<String>) {
        let Exchange {
            method,
            path,
            query,
            sent,
            status,
            answer,
        } = exchange;
        let is = |known: &&Value| {
            known["httpMethod"] == **method
                && fits(
                    known["flatPath"].as_str().unwrap(),
                    path.trim_start_matches('/'),
                )
        };
        let Some(known) = self.methods.iter().find(is) else {
            return (String::new(), vec![format!("no method is {method} {path}")]);
        };
        let id = known["id"].as_str().unwrap().to_owned();
        let mut wrong = Vec::new();
        for (name, value) in query {
            let own = &known["parameters"][name];
            let parameter = if own.is_null() {
                &self.parameters[name]
            } else {
                own
            };
            match parameter["location"].as_str() {
                Some("query") => wrong.extend(self.parameter(name, value, parameter)),
                _ => wrong.push(format!("no query parameter is {name}")),
            }
        }
        let parameters = known["parameters"].as_object();
        for (name, parameter) in parameters.into_iter().flatten() {
            let wanted = parameter["required"] == true && parameter["location"] == "query";
            if wanted && query.iter().all(|(given, _)| given != name) {
                wrong.push(format!("the query parameter {name} is missing"));
            }
        }
        match &known["request"]["$ref"] {
            Value::String(schema) if !sent.is_null() => {
                self.value("sent", sent, &self.schemas[schema], &mut wrong);
            }
            _ if !sent.is_null() => wrong.push("takes no body".to_owned()),
            _ => {}
        }
        if *status < 300 {
            match &known["response"]["$ref"] {
                Value::String(schema) => {
                    self.value("answer", answer, &self.schemas[schema], &mut wrong);
                }
                _ if !answer.is_null() => wrong.push("answers with nothing".to_owned()),
                _ => {}
            }
        } else if !answer["error"]["message"].is_string() {
            wrong.push(format!("{status} without an error's message: {answer}"));
        }
        (id, wrong)
    }

    fn parameter(&self, name: &str, value: &str, schema: &Value) -> Option<String> {
        // In a query everything is text.
        let typed = match schema["type"].as_str() {
            Some("integer") => value.parse::<i64>().map(Value::from).unwrap_or_default(),
            Some("boolean") => value.parse::<bool>().map(Value::from).unwrap_or_default(),
            _ => Value::from(value),
        };
        let mut wrong = Vec::new();
        self.value(name, &typed, schema, &mut wrong);
        wrong.into_iter().next()
    }

    fn value(&self, at: &str, value: &Value, schema: &Value, wrong: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.value(at, value, &self.schemas[name], wrong);
        }
        let mut say = |what: &str| wrong.push(format!("{at} is {what}: {value}"));
        let fine = match (schema["type"].as_str().unwrap_or("any"), value) {
            ("object", Value::Object(fields)) => return self.object(at, fields, schema, wrong),
            ("array", Value::Array(items)) => {
                for (n, item) in items.iter().enumerate() {
                    self.value(&format!("{at}[{n}]"), item, &schema["items"], wrong);
                }
                return;
            }
            ("string", Value::String(text)) => is_text(text, schema),
            ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("any", _) => true,
            _ => false,
        };
        if !fine {
            let (kind, format) = (&schema["type"], &schema["format"]);
            say(&format!("no {kind} {format}"));
        }
    }

    fn object(
        &self,
        at: &str,
        fields: &Map<String, Value>,
        schema: &Value,
        wrong: &mut Vec<String>,
    ) {
        for (name, value) in fields {
            let known = &schema["properties"][name];
            let known = if known.is_null() {
                &schema["additionalProperties"]
            } else {
                known
            };
            if known.is_null() {
                wrong.push(format!("{at} has no field {name}"));
            } else {
                self.value(&format!("{at}.{name}"), value, known, wrong);
            }
        }
    }
}

fn collect(resource: &Value, methods: &mut Vec<Value>) {
    let each = |key: &str| resource[key].as_object().cloned().unwrap_or_default();
    methods.extend(each("methods").into_iter().map(|(_, method)| method));
    for (_, below) in each("resources") {
        collect(&below, methods);
    }
}

/// `a/{x}:verb` fits `a/1:verb`; a placeholder is one segment, and no more than up to a colon.
fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(segment)) => {
                let fine = match wanted.split_once('}') {
                    Some((open, verb)) if open.starts_with('{') => segment
                        .strip_suffix(verb)
                        .is_some_and(|id| !id.is_empty() && !id.contains(':')),
                    _ => wanted == segment,
                };
                if !fine {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

fn is_text(text: &str, schema: &Value) -> bool {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().any(|word| word == text);
    }
    match schema["format"].as_str() {
        Some("int64") => text.parse::<i64>().is_ok(),
        Some("google-datetime") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        Some("google-duration") => text
            .strip_suffix('s')
            .is_some_and(|it| it.parse::<f64>().is_ok()),
        _ => true,
    }
}

#[test]
fn paths_fit_by_segment_and_verb() {
    for (template, path, wanted) in [
        ("v1/apps/{id}/{set}", "v1/apps/a/b", true),
        ("v1/apps/{id}", "v1/apps/a/b", false),
        ("v1/apps/{id}/x:query", "v1/apps/a/x:query", true),
        ("edits/{id}:commit", "edits/1:commit", true),
        ("edits/{id}", "edits/1:commit", false),
        ("edits/{id}:commit", "edits/1", false),
    ] {
        assert_eq!(fits(template, path), wanted, "{template} {path}");
    }
}
