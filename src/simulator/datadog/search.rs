//! RUM's search language, as far as the fake knows it: `key:value`, `key:"a text"`, `key:pre*`, `key:(a OR b)`, `key:>5`,
//! `AND` (or nothing), `OR`, and brackets. What it cannot read it refuses; a facet that there is not matches nothing.

/// A query, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Is { key: String, value: Wanted },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Pieces between stars; one piece is an exact text.
    Text(Vec<String>),
    Above(i64),
}

impl Query {
    pub(super) fn parse(raw: &str) -> Result<Self, String> {
        let mut parser = Parser {
            rest: raw.trim_start(),
        };
        let query = parser.any(None)?;
        if parser.rest.is_empty() {
            Ok(query)
        } else {
            Err(format!("unexpected {:?}", parser.rest))
        }
    }

    /// Whether something matches of which `test` says if a key has the value that is wanted.
    pub(super) fn matches(&self, test: &dyn Fn(&str, &Wanted) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(test)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(test)),
            Self::Is { key, value } => test(key, value),
        }
    }

    /// Whether it has a condition on this key.
    pub(super) fn asks(&self, wanted: &str) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks(wanted)),
            Self::Is { key, .. } => key == wanted,
        }
    }

    /// The number that a measure must be above, where the query asks for that.
    pub(super) fn above(&self, measure: &str) -> Option<i64> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().find_map(|part| part.above(measure))
            }
            Self::Is {
                key,
                value: Wanted::Above(n),
            } if key == measure => Some(*n),
            Self::Is { .. } => None,
        }
    }
}

impl Wanted {
    pub(super) fn text(&self, value: &str) -> bool {
        match self {
            Self::Above(n) => value.parse::<i64>().is_ok_and(|value| value > *n),
            Self::Text(pieces) => glob(pieces, value),
        }
    }
}

fn glob(pieces: &[String], value: &str) -> bool {
    let Some((first, more)) = pieces.split_first() else {
        return value.is_empty();
    };
    let Some((last, middle)) = more.split_last() else {
        return value == first;
    };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.split_once(piece.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last.as_str())
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else {
            return false;
        };
        self.rest = rest.trim_start();
        true
    }

    fn word(&mut self, word: &str) -> bool {
        let follows = |rest: &str| rest.starts_with([' ', '(']);
        let there = self.rest.strip_prefix(word).is_some_and(follows);
        there && self.eat(word)
    }

    /// Within `key:(…)` the parts are values of that key.
    fn any(&mut self, key: Option<&str>) -> Result<Query, String> {
        let mut parts = vec![self.all(key)?];
        while self.word("OR") {
            parts.push(self.all(key)?);
        }
        Ok(match (parts.pop(), parts.is_empty()) {
            (Some(one), true) => one,
            (last, _) => {
                parts.extend(last);
                Query::Any(parts)
            }
        })
    }

    fn all(&mut self, key: Option<&str>) -> Result<Query, String> {
        let mut parts = Vec::new();
        loop {
            self.word("AND");
            let ends = self.rest.is_empty() || self.rest.starts_with(')');
            let or = ["OR ", "OR("].iter().any(|or| self.rest.starts_with(or));
            if ends || or {
                break;
            }
            parts.push(self.one(key)?);
        }
        match (parts.pop(), parts.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                parts.push(last);
                Ok(Query::All(parts))
            }
            (None, _) => Err("a part of the query is empty".to_owned()),
        }
    }

    fn one(&mut self, key: Option<&str>) -> Result<Query, String> {
        if self.rest.starts_with('-') {
            return Err("negation is not known here".to_owned());
        }
        if self.eat("(") {
            let inner = self.any(key)?;
            return if self.eat(")") {
                Ok(inner)
            } else {
                Err("a bracket is not closed".to_owned())
            };
        }
        if let Some(key) = key {
            let value = self.value()?;
            return Ok(Query::Is {
                key: key.to_owned(),
                value,
            });
        }
        let (key, rest) = self
            .rest
            .split_once(':')
            .ok_or_else(|| format!("full text search is not known here: {:?}", self.rest))?;
        if key.is_empty() || key.contains([' ', '(', ')', '"']) {
            return Err(format!("full text search is not known here: {key:?}"));
        }
        self.rest = rest;
        if self.eat("(") {
            let inner = self.any(Some(key))?;
            return if self.eat(")") {
                Ok(inner)
            } else {
                Err("a bracket is not closed".to_owned())
            };
        }
        let value = self.value()?;
        Ok(Query::Is {
            key: key.to_owned(),
            value,
        })
    }

    fn value(&mut self) -> Result<Wanted, String> {
        if self.eat(">") {
            let end = self.rest.find([' ', ')']).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest.trim_start();
            let number = number
                .parse()
                .map_err(|_| format!("{number:?} is no number"))?;
            return Ok(Wanted::Above(number));
        }
        let quoted = self.rest.starts_with('"');
        let mut chars = self.rest.char_indices();
        if quoted {
            chars.next();
        }
        let (mut pieces, mut piece) = (Vec::new(), String::new());
        let mut end = self.rest.len();
        let mut closed = !quoted;
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => piece.extend(chars.next().map(|(_, c)| c)),
                '"' if quoted => {
                    (end, closed) = (at + 1, true);
                    break;
                }
                ' ' | ')' if !quoted => {
                    end = at;
                    break;
                }
                '*' if !quoted => pieces.push(std::mem::take(&mut piece)),
                '"' | '(' | '[' | '{' | '?' | ':' if !quoted => {
                    return Err(format!("{c:?} has to be escaped in a value"));
                }
                c => piece.push(c),
            }
        }
        if !closed {
            return Err("a text is not closed".to_owned());
        }
        pieces.push(piece);
        let (_, rest) = self.rest.split_at_checked(end).unwrap_or(("", ""));
        self.rest = rest.trim_start();
        Ok(Wanted::Text(pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(query: &str, facts: &[(&str, &str)]) -> bool {
        let query = Query::parse(query).unwrap();
        query.matches(&|key, wanted| facts.iter().any(|(k, v)| *k == key && wanted.text(v)))
    }

    #[test]
    fn queries_are_read_as_their_reference_says() {
        let facts = [
            ("@type", "error"),
            ("version", "8.43.0+84300"),
            ("@session.error.count", "2"),
            ("@error.category", "App Hang"),
        ];
        for (query, wanted) in [
            ("@type:error", true),
            ("@type:error AND @type:session", false),
            ("@type:(session OR error) version:*\\+84300", true),
            ("version:\"8.43.0+84300\"", true),
            ("version:8.43.*", true),
            ("version:\"8.43.*\"", false),
            ("version:*84301", false),
            ("@session.error.count:>1", true),
            ("@session.error.count:>2", false),
            (
                "@type:session OR @error.category:(ANR OR \"App Hang\")",
                true,
            ),
            ("@type:session (@type:error OR @type:action)", false),
            ("@nobody.knows:this", false),
        ] {
            assert_eq!(matches(query, &facts), wanted, "{query}");
        }
        for query in [
            "",
            "-@type:error",
            "(@type:error",
            "checkout",
            "version:a\"b",
            "@x:\"open",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }
}
