//! The values of one line, before they mean anything.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::field::Field;
use super::problem::{Problem, Wrong};

/// One value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    /// A number that is no count.
    Number(f64),
    /// Nothing that any field can be.
    Other(&'static str),
}

/// The values of one line by field; an empty one is as good as none.
#[derive(Debug, Default)]
pub(super) struct Cells<'a>([Option<Cell<'a>>; Field::ALL.len()]);

impl<'a> Cells<'a> {
    pub(super) fn get(&self, field: Field) -> Option<&Cell<'a>> {
        self.0.get(field as usize)?.as_ref()
    }

    pub(super) fn set(&mut self, field: Field, cell: Option<Cell<'a>>) {
        let is_empty = |cell: &Cell<'_>| matches!(cell, Cell::Text(text) if text.is_empty());
        if let Some(place) = self.0.get_mut(field as usize) {
            *place = cell.filter(|cell| !is_empty(cell));
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// The values of one JSON object.
pub(super) fn json(text: &str) -> Result<Cells<'_>, Wrong> {
    if text.starts_with('[') {
        return Err((None, Problem::List));
    }
    let parsed: Result<Object<'_>, _> = serde_json::from_str(text);
    match parsed {
        Ok(Object { wrong: None, cells }) => Ok(cells),
        Ok(Object {
            wrong: Some(wrong), ..
        }) => Err(wrong),
        Err(error) => {
            let told = error.to_string();
            let what = told.split(" at line ").next().unwrap_or_default().into();
            let column = error.column();
            Err((None, Problem::NotJson { what, column }))
        }
    }
}

/// An object, and the first thing that is wrong with its keys.
struct Object<'a> {
    cells: Cells<'a>,
    wrong: Option<Wrong>,
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut cells, mut wrong) = (Cells::default(), None);
        let mut seen = 0u32;
        while let Some(Key(key)) = map.next_key()? {
            let Any(cell) = map.next_value()?;
            match Field::named(&key) {
                Ok(field) if seen & (1 << field as u32) == 0 => {
                    seen |= 1 << field as u32;
                    cells.set(field, cell);
                }
                Ok(field) => wrong = wrong.or(Some((Some(field), Problem::Twice))),
                Err(problem) => wrong = wrong.or(Some((None, problem))),
            }
        }
        Ok(Object { cells, wrong })
    }
}

/// A key, borrowed where it can be.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Any::deserialize(deserializer)? {
            Any(Some(Cell::Text(text))) => Ok(Self(text)),
            _ => Err(D::Error::custom("a key is text")),
        }
    }
}

/// Any value; `None` is null.
struct Any<'a>(Option<Cell<'a>>);

impl<'de> Deserialize<'de> for Any<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor).map(Self)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Option<Cell<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(text.to_owned().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Whole(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Number(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Number(number)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some(Cell::Other("true or false")))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Cell::Other("a list")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(Cell::Other("an object")))
    }
}
