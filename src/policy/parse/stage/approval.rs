//! `approval = "operator"`, `approval = { role = "admin", persons = 2 }`

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::wants::Count;
use crate::policy::access::Role;
use crate::policy::stage::Approval;

/// More persons than that never meet in time.
const MOST: u64 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawApproval(pub Approval);

/// Roles that may open a gate. A viewer only looks.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Opener {
    Operator,
    Admin,
}

/// The table.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalTable {
    role: Opener,
    /// How many different persons, 1 to 9; default 1.
    persons: Option<Count>,
}

impl Opener {
    fn role(self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
        }
    }
}

impl<'de> Deserialize<'de> for RawApproval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = RawApproval;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"operator\", \"admin\" or { role = \"admin\", persons = 2 }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawApproval, E> {
        let role = match text {
            "operator" => Role::Operator,
            "admin" => Role::Admin,
            other => return Err(E::unknown_variant(other, &["operator", "admin"])),
        };
        Ok(RawApproval(Approval { role, persons: 1 }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawApproval, A::Error> {
        let table = ApprovalTable::deserialize(MapAccessDeserializer::new(map))?;
        let persons = table.persons.map_or(1, Count::get);
        let few = u32::try_from(persons).ok().filter(|_| persons <= MOST);
        let persons = few.ok_or_else(|| {
            A::Error::custom(format!(
                "{persons} persons never meet in time: write 1 to {MOST}"
            ))
        })?;
        let role = table.role.role();
        Ok(RawApproval(Approval { role, persons }))
    }
}

impl JsonSchema for RawApproval {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Approval".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (role, table) = (
            generator.subschema_for::<Opener>(),
            generator.subschema_for::<ApprovalTable>(),
        );
        json_schema!({ "anyOf": [role, table] })
    }
}
