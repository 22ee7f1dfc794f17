//! Lines as they are read aloud: signs as words, and no line longer than a log likes. Must not know what they are about.

/// Longest line; a terminal wraps what is longer, and so does no log.
pub(super) const COLUMNS: usize = 200;

/// Signs that screen readers skip or spell, as words.
pub(super) fn spoken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, word) in text.split(' ').enumerate() {
        if n > 0 {
            out.push(' ');
        }
        match word {
            "→" => out.push_str("to"),
            "≤" => out.push_str("at most"),
            "≥" => out.push_str("at least"),
            "–" => out.push_str("no data"),
            "·" => out.push('-'),
            word => signs(word, &mut out),
        }
    }
    out
}

fn signs(word: &str, out: &mut String) {
    for c in word.chars() {
        match c {
            '→' => out.push_str(" to "),
            '≤' => out.push_str("at most "),
            '≥' => out.push_str("at least "),
            '×' => out.push_str(" times"),
            '−' => out.push('-'),
            '±' => out.push_str("plus or minus "),
            c => out.push(c),
        }
    }
}

/// `head` and as much of `text` as fits: whole sentences where one fits, else up to a `…`.
pub(super) fn cut(head: &str, text: &str, columns: usize) -> String {
    let room = columns.saturating_sub(width(head));
    if width(text) <= room {
        return format!("{head}{text}");
    }
    let mut kept = "";
    for (at, _) in text.match_indices(". ") {
        let upto = text.get(..=at).unwrap_or_default();
        if width(upto) > room {
            break;
        }
        kept = upto;
    }
    if kept.is_empty() {
        format!("{head}{}", crate::tui::format::fit(text, room))
    } else {
        format!("{head}{kept}")
    }
}

/// All of `text`, in lines of whole sentences where it does not fit into one.
pub(super) fn sentences(head: &str, text: &str, columns: usize) -> Vec<String> {
    if width(head) + width(text) <= columns {
        return vec![format!("{head}{text}")];
    }
    let mut rest = text;
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (sentence, more) = rest.split_once(". ").map_or((rest, ""), |(first, more)| {
            let whole = rest.get(..=first.len()).unwrap_or(first);
            (whole, more)
        });
        lines.push(cut(head, sentence, columns));
        rest = more;
    }
    lines
}

fn width(text: &str) -> usize {
    crate::tui::format::width(text)
}
