//! Text to a tree whose every node knows its path and its place.
//!
//! JSON is read by its own rules first, for their words, and then as the YAML that it also is, for the places.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::ImportError;
use crate::domain::PlainText;

/// A value, where it stands and how to get there.
#[derive(Debug)]
pub(super) struct Node {
    /// `stages[1].criteria`; empty for the whole.
    pub(super) path: String,
    /// Bytes of the file.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key, where this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        let (_, node) = entries.iter().find(|(known, _)| known == key)?;
        Some(node)
    }

    /// `a list`, `"fast"`
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::Text(text) => format!("{:?}", PlainText::from(text.as_str()).as_str()),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a table".to_owned(),
        }
    }
}

pub(super) fn read(text: &str) -> Result<Node, ImportError> {
    let is_json = text.trim_start().starts_with(['{', '[']);
    if is_json && let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let at = offset(text, error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        return Err(ImportError {
            what: format!("this is not JSON: {message}").into(),
            help: PlainText::default(),
            span: at..at,
        });
    }
    // YAML takes no tab for a space everywhere; none of JSON's strings may hold one.
    let spaced = if is_json {
        text.replace('\t', " ")
    } else {
        text.to_owned()
    };
    let raw: Spanned<Raw> = serde_saphyr::from_str(&spaced).map_err(|error| {
        let error = error.without_snippet();
        let span = error.location().map_or(0..0, |at| span(text, at));
        let message = error.to_string();
        let words = [" at line ", ", set DuplicateKeyPolicy"];
        let ends = words.iter().filter_map(|words| message.find(words)).min();
        let (message, _) = message.split_at(ends.unwrap_or(message.len()));
        let language = if is_json { "JSON" } else { "YAML" };
        ImportError {
            what: format!("this is not {language}: {message}").into(),
            help: PlainText::default(),
            span,
        }
    })?;
    Ok(placed(text, raw, String::new()))
}

/// What the YAML reader makes, places apart from values.
enum Raw {
    Plain(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(String, Spanned<Raw>)>),
}

fn placed(text: &str, raw: Spanned<Raw>, path: String) -> Node {
    let span = span(text, raw.referenced);
    let value = match raw.value {
        Raw::Plain(value) => value,
        Raw::List(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(n, item)| placed(text, item, format!("{path}[{n}]")));
            Value::List(items.collect())
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let path = match path.as_str() {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                let value = placed(text, value, path);
                (key, value)
            });
            Value::Map(entries.collect())
        }
    };
    Node { path, span, value }
}

fn span(text: &str, at: Location) -> Range<usize> {
    let line = usize::try_from(at.line()).unwrap_or(1);
    let column = usize::try_from(at.column()).unwrap_or(1);
    let start = offset(text, line, column);
    let long = at
        .span()
        .byte_len()
        .and_then(|len| usize::try_from(len).ok());
    start..start.saturating_add(long.unwrap_or(0)).min(text.len())
}

/// The byte at a line and a column, both from 1, the column in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(before..).unwrap_or_default();
    let within: usize = rest
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum();
    before + within
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Raw, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Raw, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Raw, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Number(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
