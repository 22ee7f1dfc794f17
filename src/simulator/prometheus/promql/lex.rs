//! From text to tokens, each with its place.

use super::Refused;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Number(f64),
    /// Milliseconds.
    Duration(i64),
    Text(String),
    /// `(`, `=~`, `+`, …
    Sign(&'static str),
    End,
}

/// A token and where it begins: characters before it.
pub(super) type Placed = (Token, usize);

const SIGNS: [&str; 22] = [
    "=~", "!~", "!=", "==", ">=", "<=", "(", ")", "{", "}", "[", "]", ",", "=", "+", "-", "*", "/",
    "%", "^", ":", ">",
];

/// `1:5: parse error: …`, as all errors of the parser are told.
pub(super) fn refuse(query: &str, place: usize, what: &str) -> Refused {
    let before: String = query.chars().take(place).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Refused::Query(format!("{line}:{column}: parse error: {what}"))
}

pub(super) fn tokens(query: &str) -> Result<Vec<Placed>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = query;
    loop {
        let place = query.chars().count() - rest.chars().count();
        let fail = |what: &str| refuse(query, place, what);
        let Some(c) = rest.chars().next() else {
            tokens.push((Token::End, place));
            return Ok(tokens);
        };
        if c.is_whitespace() {
            rest = rest.trim_start();
        } else if c == '#' {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if c.is_ascii_alphabetic() || matches!(c, '_') {
            let word = run(rest, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
            });
            rest = rest.strip_prefix(word).unwrap_or_default();
            tokens.push((Token::Word(word.to_owned()), place));
        } else if c.is_ascii_digit() || c == '.' {
            let word = run(rest, |c| c.is_ascii_alphanumeric() || c == '.');
            rest = rest.strip_prefix(word).unwrap_or_default();
            let number = word.parse().ok().map(Token::Number);
            let duration = || duration(word).map(Token::Duration);
            let token = number.or_else(duration);
            let bad = || fail(&format!("bad number or duration syntax: {word:?}"));
            tokens.push((token.ok_or_else(bad)?, place));
        } else if matches!(c, '"' | '\'' | '`') {
            let (text, after) = text(rest, c).ok_or_else(|| {
                let what = if c == '`' {
                    "unterminated raw string"
                } else {
                    "unterminated quoted string"
                };
                refuse(query, place, what)
            })?;
            rest = after;
            tokens.push((Token::Text(text), place));
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| fail(&format!("unexpected character: {c:?}")))?;
            rest = rest.strip_prefix(sign).unwrap_or_default();
            tokens.push((Token::Sign(sign), place));
        }
    }
}

fn run(text: &str, of: impl Fn(char) -> bool) -> &str {
    let rest = text.trim_start_matches(of);
    text.strip_suffix(rest).unwrap_or(text)
}

/// `5m`, `1h30m`; milliseconds.
pub(in crate::simulator::prometheus) fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
        ("y", 31_536_000_000),
    ];
    let (mut rest, mut sum) = (text, 0_i64);
    while !rest.is_empty() {
        let digits = run(rest, |c| c.is_ascii_digit());
        rest = rest.strip_prefix(digits)?;
        let unit = run(rest, |c| c.is_ascii_alphabetic());
        rest = rest.strip_prefix(unit)?;
        let (_, length) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(digits.parse::<i64>().ok()?.checked_mul(length)?)?;
    }
    (sum > 0).then_some(sum)
}

/// The inside of a quoted text, and what follows it.
fn text(from: &str, quote: char) -> Option<(String, &str)> {
    let mut chars = from.chars();
    chars.next();
    let mut out: Vec<u8> = Vec::new();
    loop {
        let c = chars.next()?;
        if c == quote {
            return Some((String::from_utf8_lossy(&out).into_owned(), chars.as_str()));
        }
        if c != '\\' || quote == '`' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next()? {
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            'r' => out.push(b'\r'),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&digits, 16).ok()?);
            }
            '\\' => out.push(b'\\'),
            c if c == quote => out.push(c as u8),
            _ => return None,
        }
    }
}
