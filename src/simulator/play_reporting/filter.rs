//! Filters (AIP-160): equality alone, conjunctions of disjunctions, a disjunction over one field.

use super::refusal::Refusal;

/// `a = 1 AND (b = 2 OR b = 3) AND isUserPerceived`: every clause must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<Clause>);

/// A field with the values it may have; none for a bare word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    field: String,
    values: Vec<String>,
}

impl Filter {
    /// `known` are the fields that there are.
    pub(super) fn parse(text: &str, known: &[&str]) -> Result<Self, Refusal> {
        let bad = |why: &str| Refusal::invalid(format!("Invalid filter: {why}"));
        let mut clauses: Vec<Clause> = Vec::new();
        let mut or = false;
        let spaced = text
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('=', " = ");
        let mut words = spaced.split_whitespace().peekable();
        while let Some(word) = words.next() {
            match word {
                "(" | ")" => {}
                "AND" => or = false,
                "OR" => or = true,
                field if !known.contains(&field) => {
                    return Err(bad(&format!("unknown field {field}")));
                }
                field => {
                    let value = match words.peek() {
                        Some(&"=") => {
                            words.next();
                            let value = words.next().ok_or_else(|| bad("a value is missing"))?;
                            Some(value.trim_matches('"').to_owned())
                        }
                        _ => None,
                    };
                    match clauses.last_mut().filter(|_| or) {
                        Some(last) if last.field == field => last.values.extend(value),
                        Some(_) => return Err(bad("OR is for one field only")),
                        None => clauses.push(Clause {
                            field: field.to_owned(),
                            values: value.into_iter().collect(),
                        }),
                    }
                    or = false;
                }
            }
        }
        Ok(Self(clauses))
    }

    pub(super) fn admits(&self, field: &str, value: &str) -> bool {
        let of_field = self.0.iter().filter(|clause| clause.field == field);
        of_field
            .filter(|clause| !clause.values.is_empty())
            .all(|clause| clause.values.iter().any(|admitted| admitted == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjunctions_of_disjunctions_over_one_field() {
        let known = ["versionCode", "startType", "isUserPerceived"];
        let parse = |text| Filter::parse(text, &known);
        let filter =
            parse("(versionCode = 1 OR versionCode = 2) AND startType=COLD AND isUserPerceived")
                .unwrap();
        assert!(filter.admits("versionCode", "2") && filter.admits("startType", "COLD"));
        assert!(!filter.admits("versionCode", "3") && !filter.admits("startType", "HOT"));
        assert!(filter.admits("apiLevel", "34"));
        assert!(parse("").unwrap().admits("versionCode", "1"));
        for bad in [
            "nope = 1",
            "versionCode =",
            "versionCode = 1 OR startType = COLD",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
