//! Text from outside, made harmless at the door.
//!
//! Owns [`PlainText`], the only type in which text of a vendor, a config or a person travels. It cannot be built, not even
//! by deserializing, without being cleaned: no control characters, escape sequences, bidi overrides or zero-width
//! characters, bounded length, at most two combining marks in a row.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest text that is kept, in characters; what is cut ends in `…`.
pub const MAX_CHARS: usize = 500;

/// Cleaned text: safe to print on a terminal, in a log line or in a notification.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct PlainText(String);

impl PlainText {
    /// Cleans `raw`: line breaks and tabs become a space, dangerous characters vanish.
    pub fn new(raw: &str) -> Self {
        if is_clean(raw) {
            Self(raw.to_owned())
        } else {
            Self::cleaned(raw)
        }
    }

    fn cleaned(raw: &str) -> Self {
        let mut out = String::with_capacity(raw.len().min(MAX_CHARS * 4));
        let (mut kept, mut marks) = (0usize, 0usize);
        for c in raw.chars() {
            let c = if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            };
            let ascii = matches!(c, ' '..='~');
            if !ascii && is_dangerous(c) {
                continue;
            }
            marks = if !ascii && is_combining(c) {
                marks + 1
            } else {
                0
            };
            if marks > 2 || (c == ' ' && (out.is_empty() || out.ends_with(' '))) {
                continue;
            }
            if kept == MAX_CHARS {
                out.push('…');
                break;
            }
            out.push(c);
            kept += 1;
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        Self(out)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether there is nothing to clean, as in most texts: printable ASCII, without spaces at the ends or beside each other.
fn is_clean(raw: &str) -> bool {
    let mut after_space = true;
    raw.len() <= MAX_CHARS
        && !raw.ends_with(' ')
        && raw.bytes().all(|byte| {
            let fine = matches!(byte, b'!'..=b'~') || (byte == b' ' && !after_space);
            after_space = byte == b' ';
            fine
        })
}

/// C0, C1, bidi controls, zero-width and other invisible format characters, private and unassigned specials.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}' | '\u{1D173}'..='\u{1D17A}')
}

/// The combining marks that stack into towers (not those that Indic scripts need one at a time: two pass).
fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

impl fmt::Display for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for PlainText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for PlainText {
    fn from(raw: String) -> Self {
        if is_clean(&raw) {
            Self(raw)
        } else {
            Self::cleaned(&raw)
        }
    }
}

impl<'de> Deserialize<'de> for PlainText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|raw| Self::new(&raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_bidi_and_zero_width_vanish() {
        assert_eq!(
            PlainText::new("\u{1b}[2J\u{1b}]52;c;AAAA\u{7}boom").as_str(),
            "[2J]52;c;AAAAboom"
        );
        assert_eq!(
            PlainText::new("a\u{202E}b\u{200B}c\u{9b}31m").as_str(),
            "abc31m"
        );
        assert_eq!(PlainText::new("  two\n\tlines  ").as_str(), "two lines");
    }

    #[test]
    fn combining_towers_and_long_texts_are_cut() {
        let tower: String = std::iter::once('e')
            .chain(std::iter::repeat_n('\u{0301}', 50))
            .collect();
        assert_eq!(PlainText::new(&tower).as_str().chars().count(), 3);
        let long = PlainText::new(&"x".repeat(10_000));
        assert_eq!(long.as_str().chars().count(), MAX_CHARS + 1);
    }

    #[test]
    fn deserializing_cleans_too() {
        let text: PlainText = serde_json::from_str(r#""a\u001b[31mb""#).unwrap();
        assert_eq!(text.as_str(), "a[31mb");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(raw in "\\PC*|.*") {
            let text = PlainText::new(&raw);
            prop_assert!(!text.as_str().chars().any(is_dangerous));
            prop_assert_eq!(PlainText::new(text.as_str()), text);
        }

        #[test]
        fn what_needs_no_cleaning_is_what_cleaning_leaves(raw in "[ -~]{0,12}|[ a-c\n]{0,8}|.{495,505}") {
            prop_assert_eq!(PlainText::from(raw.clone()), PlainText::cleaned(&raw));
        }
    }
}
