//! What matches a line: fuzzily by name, and by words of the description.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::domain::AppId;
use crate::tui::input::actions::{ACTIONS, Action, Do};
use crate::tui::state::model::Model;

/// The word before an app's name.
const APP: &str = "app";

/// Something that can be opened.
#[derive(Clone)]
pub(crate) struct Offer {
    /// What it is called; with words behind it where they are known.
    pub(crate) name: String,
    pub(crate) keys: String,
    pub(crate) description: String,
    /// Why it cannot be done now.
    pub(crate) disabled: Option<String>,
    pub(crate) opens: Opens,
    /// The words behind its name.
    pub(crate) with: String,
}

#[derive(Clone)]
pub(crate) enum Opens {
    Action(&'static Action),
    App(AppId),
}

impl Offer {
    fn action(model: &Model, action: &'static Action) -> Self {
        Self {
            name: action.id.to_owned(),
            keys: (model.keys.keys(action.id).first()).map_or_else(String::new, |key| key.name()),
            description: action.description.to_owned(),
            disabled: action.disabled(model),
            opens: Opens::Action(action),
            with: String::new(),
        }
    }

    fn with(self, words: &str) -> Self {
        Self {
            name: format!("{} {words}", self.name),
            with: words.to_owned(),
            ..self
        }
    }

    /// The line that it is typed as; more words may follow where it takes any.
    pub(crate) fn completed(&self) -> String {
        match &self.opens {
            Opens::Action(action) if self.with.is_empty() && words(action.does).is_some() => {
                format!("{} ", self.name)
            }
            _ => self.name.clone(),
        }
    }
}

/// The words that may stand behind an action's name; `None` where none may, none of them where any may.
fn words(does: Do) -> Option<&'static [&'static str]> {
    match does {
        Do::GoTo | Do::Note | Do::Filter => Some(&[]),
        Do::Theme => Some(&["dark", "light", "mono", "deuteranopia"]),
        Do::Export => Some(&["screen", "summary", "audit"]),
        _ => None,
    }
}

/// What matches `text`, best first; what cannot be done now comes last, except where it is typed whole.
pub(crate) fn offers(model: &Model, text: &str) -> Vec<Offer> {
    let text = text.trim_start();
    if let Some((head, rest)) = text.split_once(' ') {
        if head == APP {
            return ranked(rest, apps(model));
        }
        let named = ACTIONS.iter().find(|action| action.id == head);
        if let Some(action) = named
            && let Some(words) = words(action.does)
        {
            return with_words(Offer::action(model, action), words, rest);
        }
    }
    let actions = ACTIONS.iter().filter(|action| action.does != Do::Palette);
    let mut all: Vec<_> = actions.map(|action| Offer::action(model, action)).collect();
    all.extend(apps(model));
    ranked(text, all)
}

fn apps(model: &Model) -> Vec<Offer> {
    let apps = model.apps().into_iter().map(|app| Offer {
        name: format!("{APP} {}", app.id),
        keys: String::new(),
        description: format!("{} {} {}", app.name, app.store.platform(), app.version_name),
        disabled: None,
        opens: Opens::App(app.id.clone()),
        with: String::new(),
    });
    apps.collect()
}

fn with_words(offer: Offer, known: &[&str], typed: &str) -> Vec<Offer> {
    let typed = typed.trim();
    if known.is_empty() && !typed.is_empty() {
        return vec![offer.with(typed)];
    }
    let mut offers: Vec<Offer> = Vec::new();
    if typed.is_empty() {
        offers.push(offer.clone());
    }
    let fits = known.iter().filter(|word| word.starts_with(typed));
    offers.extend(fits.map(|word| offer.clone().with(word)));
    offers
}

/// Those that match, in the order of how well.
fn ranked(text: &str, offers: Vec<Offer>) -> Vec<Offer> {
    let mut scale = Scale::new(text);
    let mut ranked: Vec<_> = offers
        .into_iter()
        .filter_map(|offer| {
            let exact = offer.name == text.trim();
            let score = scale.of(&offer)?;
            Some(((!exact, offer.disabled.is_some(), Reverse(score)), offer))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, offer)| offer).collect()
}

/// How well names match what is typed.
struct Scale {
    fuzzy: Pattern,
    /// Descriptions are long: letter by letter everything would match.
    words: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Scale {
    fn new(text: &str) -> Self {
        let pattern = |kind| Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, kind);
        Self {
            fuzzy: pattern(AtomKind::Fuzzy),
            words: pattern(AtomKind::Substring),
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
        }
    }

    /// By the name before the word in the footer, and that before the description; in that the score counts little.
    fn of(&mut self, offer: &Offer) -> Option<(u8, u32)> {
        let hint = match &offer.opens {
            Opens::Action(action) => action.hint,
            Opens::App(_) => "",
        };
        let mut score = |pattern: &Pattern, text: &str| {
            pattern.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
        };
        score(&self.fuzzy, &offer.name)
            .map(|score| (2, score))
            .or_else(|| Some((1, score(&self.words, hint)?)))
            .or_else(|| Some((0, score(&self.words, &offer.description)?)))
    }
}
