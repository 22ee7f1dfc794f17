//! Entries that must fit those before them: one that does not is an error of its own table, so that it is pointed at.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::PolicyError;

/// An entry of a list whose order or names matter.
pub(super) trait Entry: Sized {
    /// The header of each.
    const HEADER: &'static str;

    /// Whether it fits those before it.
    fn fits(&self, before: &[Self]) -> Result<(), PolicyError>;
}

/// A list of entries that fit each other.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct InTurn<T>(pub(super) Vec<T>);

impl<T> Default for InTurn<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Entry + Deserialize<'de>> Deserialize<'de> for InTurn<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Entry + Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = InTurn<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a list of tables, the header of each in double brackets: {}",
            T::HEADER
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<InTurn<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(Next(&entries))? {
            entries.push(entry);
        }
        Ok(InTurn(entries))
    }
}

/// The entry after these. It is checked while the reader is still at it.
struct Next<'a, T>(&'a [T]);

impl<'de, T: Entry + Deserialize<'de>> DeserializeSeed<'de> for Next<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Entry + Deserialize<'de>> Visitor<'de> for Next<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let entry = T::deserialize(MapAccessDeserializer::new(map))?;
        entry.fits(self.0).map_err(A::Error::custom)?;
        Ok(entry)
    }
}
