//! One table of an array of tables, checked as it is read: what is wrong with it is told at its own header.
//!
//! `#[serde(try_from)]` checks when the reader is done with the table, which then tells the error at the first one of the array.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Reads a `T` and checks it.
pub(super) fn checked<'de, T, U, D>(deserializer: D) -> Result<U, D::Error>
where
    T: Deserialize<'de>,
    U: TryFrom<T, Error: fmt::Display>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Reader(PhantomData::<(T, U)>))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, U: TryFrom<T, Error: fmt::Display>> Visitor<'de> for Reader<(T, U)> {
    type Value = U;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<U, A::Error> {
        let table = T::deserialize(MapAccessDeserializer::new(map))?;
        U::try_from(table).map_err(A::Error::custom)
    }
}
