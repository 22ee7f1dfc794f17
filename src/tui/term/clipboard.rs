//! Into the clipboard of the person's own terminal, however far away it is: OSC 52. Nothing answers, so that what is told is
//! what was sent, never that it arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Terminals cut what is longer than 100,000 characters of base64: so many bytes of text.
const MOST: usize = 74_994;

/// What stands between this process and the terminal, which may keep the text to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    Tmux,
    Screen,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clipboard {
    between: Option<Between>,
    /// What stands between was told of.
    told: bool,
}

/// What became of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    Sent(String),
    TooLong(String),
}

impl Clipboard {
    /// `env` gives a variable's value.
    pub(crate) fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let between = if set("TMUX") {
            Some(Between::Tmux)
        } else if set("STY") {
            Some(Between::Screen)
        } else {
            None
        };
        Self {
            between,
            told: false,
        }
    }

    /// The bytes to write, and what to say of it.
    pub(super) fn sequence(&mut self, text: &str) -> (Vec<u8>, Copied) {
        if text.len() > MOST {
            let kilobytes = text.len().div_ceil(1000);
            let words = format!(
                "not copied: {kilobytes} kB, and terminals take 74 at most; e writes a file"
            );
            return (Vec::new(), Copied::TooLong(words));
        }
        let characters = text.chars().count();
        let mut words = format!("sent to the clipboard by OSC 52, {characters} characters");
        let first = !std::mem::replace(&mut self.told, true);
        let hint = match self.between {
            Some(Between::Tmux) => "; in tmux it needs set-clipboard on",
            Some(Between::Screen) => "; screen passes it on in its newest versions only",
            None => "",
        };
        if first {
            words.push_str(hint);
        }
        let encoded = STANDARD.encode(text);
        let bytes = format!("\x1b]52;c;{encoded}\x1b\\").into_bytes();
        (bytes, Copied::Sent(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_told_with_what_stands_between_once() {
        let env = |name: &str| (name == "TMUX").then(|| "/tmp/tmux-0/default,1,0".to_owned());
        let mut clipboard = Clipboard::from_env(env);
        let (bytes, copied) = clipboard.sequence("é✓");
        assert_eq!(bytes, b"\x1b]52;c;w6ninJM=\x1b\\");
        let Copied::Sent(words) = copied else {
            panic!()
        };
        assert!(
            words.contains("2 characters; in tmux it needs set-clipboard on"),
            "{words}"
        );
        let (_, again) = clipboard.sequence("x");
        assert_eq!(
            again,
            Copied::Sent("sent to the clipboard by OSC 52, 1 characters".into())
        );
        let (bytes, copied) = clipboard.sequence(&"x".repeat(MOST + 1));
        assert!(bytes.is_empty());
        assert_eq!(
            copied,
            Copied::TooLong(
                "not copied: 75 kB, and terminals take 74 at most; e writes a file".into()
            )
        );
        let (bytes, _) = clipboard.sequence(&"x".repeat(MOST));
        assert!(bytes.len() <= 100_010);
    }
}
