//! Text in Markdown and in a chat: what stands there stays as it is, and nobody is called by it.

/// Text that Markdown leaves as it is.
pub(crate) fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in uncalled(raw).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' | '$'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A paragraph: its beginning makes no list and no heading either.
pub(crate) fn sentence(raw: &str) -> String {
    let text = text(raw);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    if text.starts_with(['#', '+', '-', '=']) {
        format!("\\{text}")
    } else if digits > 0 && (rest.starts_with(". ") || rest.starts_with(") ")) {
        format!("{number}\\{rest}")
    } else {
        text
    }
}

/// Without what calls people in a tracker or a chat: an escaped `@alice` still would. Names go without their sign, and
/// `Cart@3fa2` becomes `Cart(at)3fa2`.
pub(crate) fn uncalled(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if c != '@' {
            out.push(c);
        } else if out.ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            out.push_str("(at)");
        }
    }
    out
}

/// An address that a person may follow; none where it could be read as anything else.
pub(crate) fn link(raw: &str) -> Option<String> {
    let harmless = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\' | '`');
    let web = raw.starts_with("https://") || raw.starts_with("http://");
    (web && raw.chars().all(harmless)).then(|| format!("<{}>", raw.replace('|', "%7C")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_becomes_markup_or_calls_anybody() {
        for (raw, safe) in [
            ("a|b <img> `x` [y](z)", r"a\|b \<img\> \`x\` \[y\](z)"),
            ("@alice on jump-1", "alice on jump-1"),
            ("Cart@3fa2 not attached", "Cart(at)3fa2 not attached"),
            ("x@@everyone (@here)", "x(at)everyone (here)"),
        ] {
            assert_eq!(text(raw), safe);
        }
        assert_eq!(sentence("# boom"), r"\# boom");
        assert_eq!(sentence("1. boom"), r"1\. boom");
        assert_eq!(sentence("8.43.0 crashes"), "8.43.0 crashes");
    }

    #[test]
    fn a_link_is_an_address_or_none() {
        assert_eq!(
            link("https://sentry.example.com/issues/7?a=1|2").as_deref(),
            Some("<https://sentry.example.com/issues/7?a=1%7C2>")
        );
        for bad in [
            "javascript:alert(1)",
            "https://a b",
            "https://a>b",
            "",
            "https://exämple.com",
        ] {
            assert_eq!(link(bad), None);
        }
    }
}
