//! Text to raw file: every error of syntax, every key that has no place and every value of the wrong type, in one go.
//!
//! serde stops at the first error. So what it stumbled over is noted and taken out of the tree, and it starts again, until
//! nothing is left to complain about. What was taken out is remembered, so that nobody is told afterwards that it is missing.

use std::borrow::Borrow;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Problem;
use crate::domain::suggest;

/// More than that in one file is not a typing error but another kind of file.
const MOST_PROBLEMS: usize = 50;

/// How serde begins to say that a key has no place.
const UNKNOWN: &str = "unknown field ";

/// A value of the file and where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub span: Range<usize>,
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self {
            span: spanned.span(),
            value: spanned.into_inner(),
        })
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// A key that was taken out: the span of the table it stood in, and its name (or the name it was meant to have).
pub(super) type Gone = (Range<usize>, String);

/// What could be read, and what could not.
pub(super) struct Parsed<T> {
    /// `None` where the text is not TOML at all.
    pub(super) raw: Option<T>,
    pub(super) gone: Vec<Gone>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Parsed<T> {
    let (mut root, errors) = DeTable::parse_recoverable(text);
    let mut parsed = Parsed {
        raw: None,
        gone: Vec::new(),
        problems: errors
            .iter()
            .take(MOST_PROBLEMS)
            .map(|error| syntax(text, error))
            .collect(),
    };
    // A tree recovered from broken syntax has holes: what it lacks says nothing.
    if !parsed.problems.is_empty() {
        return parsed;
    }
    let mut holed = Vec::new();
    while parsed.problems.len() < MOST_PROBLEMS && parsed.gone.len() < 2 * MOST_PROBLEMS {
        let error = match T::deserialize(toml::Deserializer::from(root.clone())) {
            Ok(raw) => {
                parsed.raw = Some(raw);
                break;
            }
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let (problem, meant) = explain(span.clone(), error.message());
        // A table that misses what was taken out of it has nothing new to tell.
        if !holed.contains(&span) {
            parsed.problems.push(problem);
        }
        let unknown = error.message().starts_with(UNKNOWN);
        let table = root.span();
        let Some((table, key)) = take_out(root.get_mut(), table, &span) else {
            break;
        };
        if !unknown || meant.is_some() {
            holed.push(table.clone());
        }
        parsed.gone.push((table.clone(), key));
        parsed.gone.extend(meant.map(|key| (table, key)));
    }
    parsed
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let what = format!("this is not TOML: {}", error.message());
    let help = if error.message().contains("duplicate key") {
        "a name is written once in its table: put the two together, or call one of them something else"
    } else {
        "text stands in quotes, tables in [brackets]; `haltline config example` shows the whole form"
    };
    Problem::error(error.span().unwrap_or(text.len()..text.len()), what).help(help)
}

/// The problem for people, and the key that was probably meant.
fn explain(span: Range<usize>, message: &str) -> (Problem, Option<String>) {
    // serde gives words only: "unknown field `x`, expected one of `a`, `b`".
    let mut words = message.split('`').skip(1).step_by(2);
    let typed = words.next().unwrap_or_default();
    let known: Vec<&str> = words.collect();
    if message.starts_with("unknown variant ") {
        let problem = Problem::error(span, format!("\"{typed}\" is not known here"));
        return (problem.help(suggest::did_you_mean(typed, &known)), None);
    }
    if message.starts_with("missing field ") {
        let example = MISSING.iter().find(|(key, _)| *key == typed);
        let help = example.map_or_else(String::new, |(_, example)| format!("write {example}"));
        let problem = Problem::error(span, format!("\"{typed}\" is missing"));
        return (problem.label("in this table").help(help), None);
    }
    if !message.starts_with(UNKNOWN) {
        return (Problem::error(span, plain(message)), None);
    }
    let problem = Problem::error(span, format!("unknown key \"{typed}\"")).label("unknown here");
    if let Some(meant) = suggest::nearest(typed, known.iter().copied()) {
        let problem = problem.help(format!("did you mean \"{meant}\"?"));
        return (problem, Some(meant.to_owned()));
    }
    let elsewhere = ELSEWHERE.iter().find(|(key, _)| *key == typed);
    let help = match elsewhere {
        Some((_, table)) => format!("it belongs in {table}"),
        None => format!("known here: {}", known.join(", ")),
    };
    (problem.help(help), None)
}

/// How keys are written that a policy cannot do without.
const MISSING: &[(&str, &str)] = &[
    ("exposure", "exposure = \"5%\""),
    ("id", "id = \"crash-free-floor\""),
    ("metric", "metric = \"crash_free_sessions\""),
    ("action", "action = \"pause\": notify, hold, pause or halt"),
    ("role", "role = \"operator\" or \"admin\""),
    ("days", "days = \"mon-fri\""),
    ("hours", "hours = \"09:00-17:00\""),
    ("zone", "zone = \"Europe/Berlin\""),
    ("name", "name = \"fix forward\""),
    ("when", "when = \"crash_free_sessions < 99.00%\""),
    (
        "respond",
        "respond = \"pause\": notify, hold, pause or halt",
    ),
    ("say", "say = \"ship the fix on the next train\""),
];

/// Keys that are easily written one table too deep: in TOML a table lasts until the next header.
const ELSEWHERE: &[(&str, &str)] = &[
    ("policy", "[[app]], above [app.store]"),
    ("baseline", "[[app]], above [app.store]"),
    ("mode", "[[app]], above [app.store]"),
    ("name", "[[app]], above [app.store]"),
    ("credentials", "[app.store]"),
    ("package", "[app.store]"),
    ("bundle_id", "[app.store]"),
    ("track", "[app.store]"),
    ("token", "[[app.health]]"),
    ("poll", "[watcher]"),
    ("state", "[watcher]"),
    ("clock", "[watcher]"),
];

/// serde's words for types in people's.
fn plain(message: &str) -> String {
    let Some(rest) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
    else {
        return message.to_owned();
    };
    let Some((found, expected)) = rest.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u64" | "u32" => "a whole number, not negative, without quotes",
        "a boolean" => "true or false, without quotes",
        "a string" => "text in quotes",
        "a sequence" => "a list, in [brackets]",
        other => other,
    };
    let number = ["integer ", "floating point "];
    let number = number
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .map(|number| format!("the number {}", number.trim_matches('`')));
    let text = found
        .strip_prefix("string ")
        .map(|text| format!("the text {text}"));
    let found = match found {
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        other => number.or(text).unwrap_or_else(|| other.to_owned()),
    };
    format!("expected {expected}; found {found}")
}

/// Takes the entry out at which the error points: by its key, by its value, else the innermost one around it.
fn take_out(
    table: &mut DeTable<'_>,
    own: Range<usize>,
    error: &Range<usize>,
) -> Option<(Range<usize>, String)> {
    let holds = |span: &Range<usize>| span.start <= error.start && error.end <= span.end;
    for (_, value) in table.iter_mut() {
        let span = value.span();
        if let Some(found) = take_out_of(value.get_mut(), span, error) {
            return Some(found);
        }
    }
    let key = table
        .iter()
        .find(|(key, value)| holds(&key.span()) || holds(&value.span()))
        .map(|(key, _)| Borrow::<str>::borrow(key.get_ref()).to_owned())?;
    table.remove(key.as_str())?;
    Some((own, key))
}

fn take_out_of(
    value: &mut DeValue<'_>,
    own: Range<usize>,
    error: &Range<usize>,
) -> Option<(Range<usize>, String)> {
    match value {
        DeValue::Table(table) => take_out(table, own, error),
        // The span of an array of tables is that of its first header: its items are asked first.
        DeValue::Array(array) => {
            let deeper = array.iter_mut().find_map(|item| {
                let span = item.span();
                take_out_of(item.get_mut(), span, error)
            });
            if deeper.is_some() {
                return deeper;
            }
            // One rule of many: the others have their own errors to tell. A list of words may be empty without it.
            let found = array.iter().find(|item| item.span() == *error)?;
            let told = match found.get_ref() {
                DeValue::Table(_) => error.clone(),
                _ => own,
            };
            let mut kept = DeArray::new();
            for item in array.iter().filter(|item| item.span() != *error) {
                kept.push(item.clone());
            }
            *array = kept;
            Some((told, String::new()))
        }
        _ => None,
    }
}
