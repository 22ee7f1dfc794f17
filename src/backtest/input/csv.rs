//! Comma-separated values (RFC 4180), one record a line: a line break within quotes is an error of its line.

use std::borrow::Cow;

use super::cell::{Cell, Cells};
use super::field::Field;
use super::problem::{Problem, Wrong};

/// The first line: which field each column is.
#[derive(Debug)]
pub(super) struct Header {
    /// A comma, or what spreadsheets put in its place: a semicolon or a tab.
    separator: char,
    columns: Vec<Field>,
}

impl Header {
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let separators = [',', ';', '\t'];
        let separator = separators.into_iter().find(|c| text.contains(*c));
        let separator = separator.unwrap_or(',');
        let mut columns = Vec::new();
        for name in split(text, separator)? {
            let field = Field::named(name.trim())?;
            if columns.contains(&field) {
                return Err(Problem::ColumnTwice {
                    name: field.name().into(),
                });
            }
            columns.push(field);
        }
        let needed: &[Field] = if columns.contains(&Field::Onset) {
            &[Field::App, Field::Version]
        } else {
            &Field::OF_WINDOWS
        };
        let missing: Vec<&str> = needed
            .iter()
            .filter(|field| !columns.contains(field))
            .map(|field| field.name())
            .collect();
        if missing.is_empty() {
            Ok(Self { separator, columns })
        } else {
            Err(Problem::MissingColumns {
                names: missing.join(", "),
            })
        }
    }

    /// The values of one line.
    pub(super) fn cells<'a>(&self, text: &'a str) -> Result<Cells<'a>, Wrong> {
        let values = split(text, self.separator).map_err(|problem| (None, problem))?;
        if values.len() != self.columns.len() {
            let (found, wanted) = (values.len(), self.columns.len());
            return Err((None, Problem::Columns { found, wanted }));
        }
        let mut cells = Cells::default();
        for (field, value) in self.columns.iter().zip(values) {
            cells.set(*field, Some(Cell::Text(trimmed(value))));
        }
        Ok(cells)
    }
}

fn trimmed(value: Cow<'_, str>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    }
}

/// The values between the separators, quotes taken off.
fn split(text: &str, separator: char) -> Result<Vec<Cow<'_, str>>, Problem> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let value;
        (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (value, _) = rest.split_once(separator).unwrap_or((rest, ""));
            if value.contains('"') {
                return Err(Problem::Quote);
            }
            let after = rest.strip_prefix(value).unwrap_or_default();
            (value.into(), after)
        };
        values.push(value);
        if rest.is_empty() {
            return Ok(values);
        }
        rest = rest.strip_prefix(separator).ok_or(Problem::Quote)?;
    }
}

/// What stands up to the closing quote, and what follows it; two quotes are one that is meant.
fn unquote(quoted: &str) -> Result<(Cow<'_, str>, &str), Problem> {
    let (mut value, mut rest) = quoted.split_once('"').ok_or(Problem::Quote)?;
    let mut whole = Cow::Borrowed(value);
    while let Some(more) = rest.strip_prefix('"') {
        (value, rest) = more.split_once('"').ok_or(Problem::Quote)?;
        let text = whole.to_mut();
        text.push('"');
        text.push_str(value);
    }
    Ok((whole, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_quotes() {
        let values = |text| split(text, ',').map(|values| values.join("|"));
        assert_eq!(values("a,b,"), Ok("a|b|".into()));
        assert_eq!(values(r#""a,b",c"#), Ok("a,b|c".into()));
        assert_eq!(values(r#""say ""yes""","""#), Ok(r#"say "yes"|"#.into()));
        assert_eq!(values(""), Ok(String::new()));
        for broken in [r#""a"#, r#"a"b"#, r#""a"b,c"#, r#""a"",b"#] {
            assert_eq!(values(broken), Err(Problem::Quote), "{broken}");
        }
    }
}
