//! Regular expressions as far as label matchers of people need them: `a|b`, `.*`, `.+`, `x?`, escapes, one pair of brackets
//! around it all. Anchored at both ends, as Prometheus has it.

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    alternatives: Vec<Vec<Piece>>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// `None` is any character.
    of: Option<char>,
    least: usize,
    most: usize,
}

impl Pattern {
    /// The error is Go's: it quotes the pattern as it is anchored.
    pub(super) fn parse(raw: &str) -> Result<Self, String> {
        let fail = |what: &str| format!("error parsing regexp: {what}: `^(?:{raw})$`");
        let whole = raw
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        let mut alternatives = vec![Vec::new()];
        let mut chars = whole.unwrap_or(raw).chars();
        while let Some(c) = chars.next() {
            let Some(pieces) = alternatives.last_mut() else {
                break;
            };
            let last = pieces.last_mut();
            match (c, last) {
                ('|', _) => alternatives.push(Vec::new()),
                ('*' | '+' | '?', Some(Piece { least, most, .. })) => {
                    (*least, *most) = match c {
                        '*' => (0, usize::MAX),
                        '+' => (1, usize::MAX),
                        _ => (0, 1),
                    };
                }
                ('*' | '+' | '?', None) => {
                    return Err(fail("missing argument to repetition operator"));
                }
                ('(', _) => return Err(fail("missing closing )")),
                (')', _) => return Err(fail("unexpected )")),
                ('[' | ']' | '{' | '}' | '^' | '$', _) => {
                    return Err(fail("not known to the simulator"));
                }
                (c, _) => {
                    let of = match c {
                        '.' => None,
                        '\\' => Some(chars.next().ok_or_else(|| fail("trailing backslash"))?),
                        c => Some(c),
                    };
                    pieces.push(Piece {
                        of,
                        least: 1,
                        most: 1,
                    });
                }
            }
        }
        Ok(Self { alternatives })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.alternatives.iter().any(|pieces| walk(pieces, text))
    }
}

fn walk(pieces: &[Piece], text: &str) -> bool {
    let Some((piece, others)) = pieces.split_first() else {
        return text.is_empty();
    };
    let mut rest = text;
    let mut taken = 0;
    loop {
        if taken >= piece.least && walk(others, rest) {
            return true;
        }
        let mut chars = rest.chars();
        let fits = chars
            .next()
            .is_some_and(|c| piece.of.is_none_or(|of| of == c));
        if !fits || taken == piece.most {
            return false;
        }
        taken += 1;
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (pattern, text, wanted) in [
            ("a|b", "b", true),
            ("a|b", "ab", false),
            (r"8\.43\.0\+84300", "8.43.0+84300", true),
            (r"8\.43\.0", "8043.0", false),
            ("8.*", "8.43", true),
            (".+", "", false),
            ("(.*)", "x", true),
            ("xy?", "x", true),
            ("", "", true),
        ] {
            let found = Pattern::parse(pattern).unwrap().matches(text);
            assert_eq!(found, wanted, "{pattern} on {text}");
        }
        assert_eq!(
            Pattern::parse("(").unwrap_err(),
            "error parsing regexp: missing closing ): `^(?:()$`"
        );
    }
}
