//! Only the rows that match what is typed. Must not hide that something is hidden: the title counts it.

use super::lists::{self, List};
use super::message::Effect;
use super::model::{Layer, Model};
use crate::tui::dialogs::prompt::{Prompt, Purpose, Typed};

/// Words that must all be in a row, in any case; behind `!` words that must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// As typed.
    pub(crate) text: String,
    /// In lower case, and whether the row must have it.
    words: Vec<(String, bool)>,
}

impl Filter {
    pub(crate) const NONE: Self = Self {
        text: String::new(),
        words: Vec::new(),
    };

    pub(crate) fn new(text: &str) -> Self {
        let word = |word: &str| match word.strip_prefix('!') {
            Some(word) => (word.to_lowercase(), false),
            None => (word.to_lowercase(), true),
        };
        let words = text.split_whitespace().map(word);
        Self {
            text: text.trim().to_owned(),
            words: words.filter(|(word, _)| !word.is_empty()).collect(),
        }
    }

    /// It hides nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// `row` is what a person can read in it.
    pub(crate) fn matches(&self, row: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let row = row.to_lowercase();
        let fits = |(word, wanted): &(String, bool)| row.contains(word) == *wanted;
        self.words.iter().all(fits)
    }
}

/// Opens the line, with what it says already; `text` from the palette is taken at once.
pub(crate) fn open(model: &mut Model, text: &str) {
    if !text.is_empty() {
        set(model, text);
        return;
    }
    let now = model.lists.filter(model.list()).text.clone();
    model.layer = Some(Layer::Prompt(Box::new(Prompt::new(Purpose::Filter, &now))));
}

/// A key was pressed in the line: what is seen follows every letter, Esc shows all again.
pub(crate) fn typed(model: &mut Model, text: &str, typed: &Typed) -> Vec<Effect> {
    set(
        model,
        match typed {
            Typed::Left => "",
            Typed::Stays | Typed::Taken(_) => text,
        },
    );
    Vec::new()
}

/// Shows all rows of the list again; false where it hides none.
pub(crate) fn clear(model: &mut Model) -> bool {
    let hides = !model.lists.filter(model.list()).is_empty();
    if hides {
        set(model, "");
    }
    hides
}

fn set(model: &mut Model, text: &str) {
    let list = model.list();
    lists::keeping(model, |model| model.lists.set_filter(list, text));
    if list == List::Overview {
        super::overview::select_a_match(model);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_all_wanted_and_some_are_not() {
        let matches = |text, row| Filter::new(text).matches(row);
        assert!(matches("", "anything") && matches("  ", "x") && matches("!", "x"));
        assert!(matches("npe wallet", "NPE WalletSync.merge"));
        assert!(!matches("npe pay", "NPE WalletSync.merge"));
        assert!(!matches("npe !wallet", "NPE WalletSync.merge"));
        assert!(matches("!pay !oom", "NPE WalletSync.merge"));
        assert!(matches("ÉTÉ", "un été"));
        assert_eq!(Filter::new(" a  !b ").text, "a  !b");
    }
}
