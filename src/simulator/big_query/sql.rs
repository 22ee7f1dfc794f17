//! The part of GoogleSQL that is understood: one aggregation over one table.
//!
//! ```text
//! SELECT expression AS alias, … FROM `project.dataset.table`
//! [WHERE condition AND …] [GROUP BY name, …] [ORDER BY name [DESC], …] [LIMIT n]
//!
//! expression  column | TIMESTAMP_TRUNC(column, HOUR|DAY) | MIN(value) | MAX(value) | COUNT(DISTINCT value)
//! value       column | IFNULL(column, column) | SAFE_CAST(column AS INT64)
//! condition   column >= x | > x | <= x | < x | = x | IN UNNEST(@parameter)        x: 'text' or @parameter
//! ```
//!
//! Owns the grammar. What the words mean is the evaluation's matter.

use super::refusal::Refusal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) items: Vec<Item>,
    /// `project.dataset.table`
    pub(super) table: String,
    pub(super) conditions: Vec<Condition>,
    pub(super) group: Vec<String>,
    /// With whether it is descending.
    pub(super) order: Vec<(String, bool)>,
    pub(super) limit: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) expression: Expression,
    pub(super) alias: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Column(String),
    Trunc(String, Unit),
    Min(Inner),
    Max(Inner),
    CountDistinct(Inner),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    Day,
}

/// What is aggregated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    Column(String),
    IfNull(String, String),
    Int64(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) column: String,
    pub(super) operator: Operator,
    pub(super) value: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
    In,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    Parameter(String),
}

/// Reads a statement; a word out of place is refused with where it is.
pub(super) fn parse(text: &str) -> Result<Statement, Refusal> {
    let mut words = Words {
        tokens: tokens(text)?,
        at: 0,
    };
    words.keyword("SELECT")?;
    let mut items = vec![words.item()?];
    while words.takes(",") {
        items.push(words.item()?);
    }
    words.keyword("FROM")?;
    let table = words.quoted('`')?;
    let mut conditions = Vec::new();
    if words.takes("WHERE") {
        conditions.push(words.condition()?);
        while words.takes("AND") {
            conditions.push(words.condition()?);
        }
    }
    let mut group = Vec::new();
    if words.takes("GROUP") {
        words.keyword("BY")?;
        group.push(words.name()?);
        while words.takes(",") {
            group.push(words.name()?);
        }
    }
    let mut order = Vec::new();
    if words.takes("ORDER") {
        words.keyword("BY")?;
        loop {
            let name = words.name()?;
            let descending = words.takes("DESC");
            order.push((name, descending));
            if !words.takes(",") {
                break;
            }
        }
    }
    let limit = if words.takes("LIMIT") {
        let number = words.name()?;
        let limit = number.parse().map_err(|_no_number| words.unexpected())?;
        Some(limit)
    } else {
        None
    };
    if words.peek().is_some() {
        return Err(words.unexpected());
    }
    Ok(Statement {
        items,
        table,
        conditions,
        group,
        order,
        limit,
    })
}

/// A word, a sign or a quoted text with its quotes, and its place from 1.
type Token = (String, usize);

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut token = String::from(c);
        match c {
            c if c.is_whitespace() => continue,
            '`' | '\'' => {
                let closed = loop {
                    match chars.next() {
                        Some((_, next)) => token.push(next),
                        None => break false,
                    }
                    if token.ends_with(c) {
                        break true;
                    }
                };
                if !closed {
                    let what = if c == '`' {
                        "identifier"
                    } else {
                        "string literal"
                    };
                    let place = at + 1;
                    return Err(Refusal::query(format!(
                        "Syntax error: Unclosed {what} at [1:{place}]"
                    )));
                }
            }
            '>' | '<' => {
                if let Some((_, next)) = chars.next_if(|(_, next)| *next == '=') {
                    token.push(next);
                }
            }
            c if is_word(c) || c == '@' => {
                while let Some((_, next)) =
                    chars.next_if(|(_, next)| is_word(*next) || *next == '.')
                {
                    token.push(next);
                }
            }
            _ => {}
        }
        tokens.push((token, at + 1));
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

struct Words {
    tokens: Vec<Token>,
    at: usize,
}

impl Words {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|(token, _)| token.as_str())
    }

    fn unexpected(&self) -> Refusal {
        let message = match self.tokens.get(self.at) {
            Some((token, at)) => format!("Syntax error: Unexpected \"{token}\" at [1:{at}]"),
            None => "Syntax error: Unexpected end of script".to_owned(),
        };
        Refusal::query(message)
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), Refusal> {
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let name = self.peek().filter(|word| word.starts_with(is_word));
        let name = name.map(str::to_owned).ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(name)
    }

    fn quoted(&mut self, quote: char) -> Result<String, Refusal> {
        let text = self.peek().and_then(|word| word.strip_prefix(quote));
        let text = text
            .and_then(|text| text.strip_suffix(quote))
            .map(str::to_owned);
        let text = text.ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(text)
    }

    fn item(&mut self) -> Result<Item, Refusal> {
        let expression = self.expression()?;
        self.keyword("AS")?;
        Ok(Item {
            expression,
            alias: self.name()?,
        })
    }

    fn expression(&mut self) -> Result<Expression, Refusal> {
        let name = self.name()?;
        if !self.takes("(") {
            return Ok(Expression::Column(name));
        }
        let expression = match name.to_ascii_uppercase().as_str() {
            "TIMESTAMP_TRUNC" => {
                let column = self.name()?;
                self.keyword(",")?;
                let unit = match self.name()?.to_ascii_uppercase().as_str() {
                    "HOUR" => Unit::Hour,
                    "DAY" => Unit::Day,
                    other => {
                        let message =
                            format!("A valid date part name is required but found {other}");
                        return Err(Refusal::query(message));
                    }
                };
                Expression::Trunc(column, unit)
            }
            "MIN" => Expression::Min(self.inner()?),
            "MAX" => Expression::Max(self.inner()?),
            "COUNT" => {
                self.keyword("DISTINCT")?;
                Expression::CountDistinct(self.inner()?)
            }
            _ => return Err(Refusal::query(format!("Function not found: {name}"))),
        };
        self.keyword(")")?;
        Ok(expression)
    }

    fn inner(&mut self) -> Result<Inner, Refusal> {
        let name = self.name()?;
        if !self.takes("(") {
            return Ok(Inner::Column(name));
        }
        let inner = match name.to_ascii_uppercase().as_str() {
            "IFNULL" => {
                let first = self.name()?;
                self.keyword(",")?;
                Inner::IfNull(first, self.name()?)
            }
            "SAFE_CAST" => {
                let column = self.name()?;
                self.keyword("AS")?;
                self.keyword("INT64")?;
                Inner::Int64(column)
            }
            _ => return Err(Refusal::query(format!("Function not found: {name}"))),
        };
        self.keyword(")")?;
        Ok(inner)
    }

    fn condition(&mut self) -> Result<Condition, Refusal> {
        let column = self.name()?;
        let operators = [
            (">=", Operator::AtLeast),
            (">", Operator::Above),
            ("<=", Operator::AtMost),
            ("<", Operator::Below),
            ("=", Operator::Equal),
            ("IN", Operator::In),
        ];
        let found = operators.into_iter().find(|(word, _)| self.takes(word));
        let (_, operator) = found.ok_or_else(|| self.unexpected())?;
        let value = if operator == Operator::In {
            self.keyword("UNNEST")?;
            self.keyword("(")?;
            let parameter = self.parameter()?;
            self.keyword(")")?;
            Operand::Parameter(parameter)
        } else if self.peek().is_some_and(|word| word.starts_with('@')) {
            Operand::Parameter(self.parameter()?)
        } else {
            Operand::Text(self.quoted('\'')?)
        };
        Ok(Condition {
            column,
            operator,
            value,
        })
    }

    fn parameter(&mut self) -> Result<String, Refusal> {
        let name = self.peek().and_then(|word| word.strip_prefix('@'));
        let name = name.map(str::to_owned).ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(name)
    }
}
