//! NRQL, as far as the fake knows it; what it cannot read it refuses with New Relic's own sentence.

use chrono::{DateTime, TimeDelta};

use crate::domain::Timestamp;

/// A query, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub(super) select: Vec<Item>,
    pub(super) from: Vec<String>,
    pub(super) condition: Condition,
    pub(super) facets: Vec<String>,
    pub(super) limit: usize,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) step: Option<TimeDelta>,
}

/// `uniqueCount(sessionId) AS 'n'`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) function: String,
    /// Empty for `*`.
    pub(super) attribute: String,
    pub(super) number: Option<f64>,
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Is {
        attribute: String,
        values: Vec<String>,
    },
    Above {
        attribute: String,
        bound: f64,
    },
}

impl Condition {
    /// `None` from `value` is an attribute that the event does not have.
    pub(super) fn holds(
        &self,
        value: &dyn Fn(&str) -> Option<String>,
        above: &dyn Fn(&str, f64) -> bool,
    ) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(value, above)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(value, above)),
            Self::Is { attribute, values } => {
                value(attribute).is_some_and(|value| values.contains(&value))
            }
            Self::Above { attribute, bound } => above(attribute, *bound),
        }
    }

    /// Whether it can hold for something of which only this is known.
    pub(super) fn may_hold(&self, known: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.may_hold(known)),
            Self::Any(parts) => parts.iter().any(|part| part.may_hold(known)),
            Self::Is { attribute, values } => {
                known(attribute).is_none_or(|value| values.contains(&value))
            }
            Self::Above { .. } => true,
        }
    }

    /// Whether something of it is about this attribute.
    pub(super) fn asks(&self, wanted: &str) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks(wanted)),
            Self::Is { attribute, .. } | Self::Above { attribute, .. } => attribute == wanted,
        }
    }

    pub(super) fn bound(&self, wanted: &str) -> Option<f64> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().find_map(|p| p.bound(wanted)),
            Self::Above { attribute, bound } if attribute == wanted => Some(*bound),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(char),
}

/// Functions, and how many arguments each takes.
const FUNCTIONS: [(&str, usize); 8] = [
    ("count", 1),
    ("uniquecount", 1),
    ("latest", 1),
    ("earliest", 1),
    ("min", 1),
    ("max", 1),
    ("percentile", 2),
    ("average", 1),
];

pub(super) fn parse(raw: &str, now: Timestamp) -> Result<Query, String> {
    let tokens = tokens(raw)?;
    let mut parser = Parser { tokens: &tokens };
    parser.query(now).map_err(|found| {
        let all: usize = tokens.len();
        let left = parser.tokens.len();
        let at = tokens
            .get(all.saturating_sub(left))
            .map_or(raw.len(), |(at, _)| *at);
        match found {
            Some(why) => why,
            None => format!(
                "NRQL Syntax Error: Error at line 1 position {}, unexpected '{}'",
                at + 1,
                raw.get(at..)
                    .and_then(|rest| rest.split_whitespace().next())
                    .unwrap_or_default()
            ),
        }
    })
}

fn tokens(raw: &str) -> Result<Vec<(usize, Token)>, String> {
    let mut tokens = Vec::new();
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '\'' => {
                let mut text = String::new();
                let mut closed = false;
                while let Some((_, c)) = chars.next() {
                    match c {
                        '\\' => text.extend(chars.next().map(|(_, c)| c)),
                        '\'' => {
                            closed = true;
                            break;
                        }
                        c => text.push(c),
                    }
                }
                if !closed {
                    return Err(format!(
                        "NRQL Syntax Error: Error at line 1 position {}, unterminated string",
                        at + 1
                    ));
                }
                Token::Text(text)
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some((_, c)) =
                    chars.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '.'))
                {
                    word.push(c);
                }
                match word.parse::<f64>() {
                    Ok(number) => Token::Number(number),
                    Err(_) => Token::Word(word),
                }
            }
            c => Token::Sign(c),
        };
        tokens.push((at, token));
    }
    Ok(tokens)
}

/// An error of syntax where the next token is not what it has to be.
fn want(there: bool) -> Read<()> {
    if there { Ok(()) } else { Err(None) }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token)],
}

/// `None` is an error of syntax, at the token that is next.
type Read<T> = Result<T, Option<String>>;

impl Parser<'_> {
    fn next(&self) -> Option<&Token> {
        self.tokens.first().map(|(_, token)| token)
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn keyword(&mut self, word: &str) -> bool {
        let there =
            matches!(self.next(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        if there {
            self.skip();
        }
        there
    }

    fn sign(&mut self, sign: char) -> bool {
        let there = self.next() == Some(&Token::Sign(sign));
        if there {
            self.skip();
        }
        there
    }

    fn word(&mut self) -> Read<String> {
        let Some(Token::Word(word)) = self.next() else {
            return Err(None);
        };
        let word = word.clone();
        self.skip();
        Ok(word)
    }

    fn text(&mut self) -> Read<String> {
        let Some(Token::Text(text)) = self.next() else {
            return Err(None);
        };
        let text = text.clone();
        self.skip();
        Ok(text)
    }

    fn number(&mut self) -> Read<f64> {
        let Some(Token::Number(number)) = self.next() else {
            return Err(None);
        };
        let number = *number;
        self.skip();
        Ok(number)
    }

    fn words(&mut self) -> Read<Vec<String>> {
        let mut words = vec![self.word()?];
        while self.sign(',') {
            words.push(self.word()?);
        }
        Ok(words)
    }

    fn query(&mut self, now: Timestamp) -> Read<Query> {
        let there = self.keyword("SELECT");
        want(there)?;
        let mut select = vec![self.item()?];
        while self.sign(',') {
            select.push(self.item()?);
        }
        let there = self.keyword("FROM");
        want(there)?;
        let mut query = Query {
            select,
            from: self.words()?,
            condition: Condition::All(Vec::new()),
            facets: Vec::new(),
            limit: 10,
            since: now - TimeDelta::hours(1),
            until: now,
            step: None,
        };
        loop {
            if self.keyword("WHERE") {
                query.condition = self.any()?;
            } else if self.keyword("FACET") {
                query.facets = self.words()?;
            } else if self.keyword("LIMIT") {
                query.limit = if self.keyword("MAX") {
                    2000
                } else {
                    self.number()? as usize
                };
            } else if self.keyword("SINCE") {
                query.since = self.instant()?;
            } else if self.keyword("UNTIL") {
                query.until = self.instant()?;
            } else if self.keyword("TIMESERIES") {
                let number = self.number()? as i64;
                let unit = self.word()?.to_lowercase();
                query.step = Some(match unit.trim_end_matches('s') {
                    "minute" => TimeDelta::minutes(number),
                    "hour" => TimeDelta::hours(number),
                    "day" => TimeDelta::days(number),
                    _ => return Err(None),
                });
            } else if self.tokens.is_empty() {
                break;
            } else {
                return Err(None);
            }
        }
        query.check()?;
        Ok(query)
    }

    fn item(&mut self) -> Read<Item> {
        let function = self.word()?;
        let known = FUNCTIONS
            .iter()
            .find(|(name, _)| function.eq_ignore_ascii_case(name));
        let Some((name, arguments)) = known else {
            return Err(Some(format!("Unknown function {function}()")));
        };
        let there = self.sign('(');
        want(there)?;
        let attribute = if self.sign('*') {
            String::new()
        } else {
            self.word()?
        };
        let number = if *arguments == 2 {
            let there = self.sign(',');
            want(there)?;
            Some(self.number()?)
        } else {
            None
        };
        let there = self.sign(')');
        want(there)?;
        let named = if self.keyword("AS") {
            self.text()?
        } else {
            format!("{name}.{attribute}")
        };
        Ok(Item {
            function: (*name).to_owned(),
            attribute,
            number,
            name: named,
        })
    }

    fn any(&mut self) -> Read<Condition> {
        let mut parts = vec![self.all()?];
        while self.keyword("OR") {
            parts.push(self.all()?);
        }
        Ok(Condition::Any(parts))
    }

    fn all(&mut self) -> Read<Condition> {
        let mut parts = vec![self.one()?];
        while self.keyword("AND") {
            parts.push(self.one()?);
        }
        Ok(Condition::All(parts))
    }

    fn one(&mut self) -> Read<Condition> {
        if self.sign('(') {
            let inner = self.any()?;
            let there = self.sign(')');
            want(there)?;
            return Ok(inner);
        }
        let attribute = self.word()?;
        if self.sign('=') {
            let values = vec![self.text()?];
            return Ok(Condition::Is { attribute, values });
        }
        if self.sign('>') {
            let bound = self.number()?;
            return Ok(Condition::Above { attribute, bound });
        }
        let there = self.keyword("IN") && self.sign('(');
        want(there)?;
        let mut values = vec![self.text()?];
        while self.sign(',') {
            values.push(self.text()?);
        }
        let there = self.sign(')');
        want(there)?;
        Ok(Condition::Is { attribute, values })
    }

    fn instant(&mut self) -> Read<Timestamp> {
        let milliseconds = self.number()? as i64;
        DateTime::from_timestamp_millis(milliseconds).ok_or(None)
    }
}

impl Query {
    fn check(&self) -> Read<()> {
        if self.since >= self.until {
            return Err(Some("SINCE must be before UNTIL".to_owned()));
        }
        if self.limit > 2000 {
            return Err(Some("LIMIT may be 2000 at most".to_owned()));
        }
        let Some(step) = self.step else { return Ok(()) };
        let seconds = step.num_seconds().max(1);
        let windows = ((self.until - self.since).num_seconds() + seconds - 1) / seconds;
        if windows > 366 {
            return Err(Some(
                "We're sorry, but that query is a little too big. If using TIMESERIES, try fewer buckets and if faceting, \
                 reduce the LIMIT."
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Query, String> {
        parse(raw, DateTime::from_timestamp(1_800_000_000, 0).unwrap())
    }

    #[test]
    fn queries_are_read_as_their_reference_says() {
        let query = read(
            "SELECT uniqueCount(sessionId) AS 'n' FROM MobileSession, MobileCrash WHERE appName = 'Bob\\'s' AND (appBuild = '1' \
             OR appBuild IN ('2', '3')) FACET appVersion, appBuild LIMIT MAX SINCE 1799990000000 UNTIL 1800000000000 \
             TIMESERIES 5 minutes",
        )
        .unwrap();
        assert_eq!(query.from, ["MobileSession", "MobileCrash"]);
        assert_eq!(
            (query.limit, query.step),
            (2000, Some(TimeDelta::minutes(5)))
        );
        let holds = |app: &str, build: &str| {
            let value = |name: &str| match name {
                "appName" => Some(app.to_owned()),
                "appBuild" => Some(build.to_owned()),
                _ => None,
            };
            query.condition.holds(&value, &|_, _| false)
        };
        assert!(holds("Bob's", "1") && holds("Bob's", "3"));
        assert!(!holds("Bob's", "4") && !holds("Bob", "1"));
    }

    #[test]
    fn refusals_are_new_relics_own() {
        for (raw, wanted) in [
            (
                "SELECT count(*) FORM MobileCrash",
                "NRQL Syntax Error: Error at line 1 position 17, unexpected 'FORM'",
            ),
            (
                "SELECT guess(x) FROM MobileCrash",
                "Unknown function guess()",
            ),
            (
                "SELECT count(*) FROM MobileCrash SINCE 1 UNTIL 1800000000000 TIMESERIES 1 minute",
                "We're sorry, but that query is a little too big.",
            ),
            (
                "SELECT count(*) FROM MobileCrash WHERE appName = 'open",
                "NRQL Syntax Error: Error at line 1 position 50, unterminated string",
            ),
        ] {
            let why = read(raw).unwrap_err();
            assert!(why.starts_with(wanted), "{why}");
        }
    }
}
