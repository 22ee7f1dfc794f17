//! Pages: a token that names where the next one begins, good for the same question only.

use super::Pairs;
use super::refusal::Refusal;
use crate::simulator::dice;

/// What part of an answer is wanted.
pub(super) struct Wanted {
    pub(super) offset: usize,
    pub(super) size: usize,
    question: u64,
}

impl Wanted {
    /// `question` is everything but the token.
    pub(super) fn new(question: &str, token: &str, size: usize) -> Result<Self, Refusal> {
        let question = dice::key(0, question, "");
        let offset = match token.split_once('-') {
            None if token.is_empty() => Some(0),
            Some((offset, of)) if of == format!("{question:x}") => offset.parse().ok(),
            _ => None,
        };
        let offset = offset.ok_or_else(|| Refusal::invalid("Invalid page token."))?;
        Ok(Self {
            offset,
            size,
            question,
        })
    }

    /// The page, and the token of the next one.
    pub(super) fn cut<T>(&self, all: Vec<T>) -> (Vec<T>, Option<String>) {
        let end = self.offset.saturating_add(self.size);
        let next = (all.len() > end).then(|| format!("{end}-{:x}", self.question));
        let page = all.into_iter().skip(self.offset).take(self.size);
        (page.collect(), next)
    }
}

pub(super) fn parameter<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

/// The page that query parameters ask for; at most `most` things.
pub(super) fn of(pairs: &Pairs, usual: usize, most: usize) -> Result<Wanted, Refusal> {
    let size = match parameter(pairs, "pageSize") {
        "" => usual,
        text => text.parse::<usize>().map_err(|_not_a_number| {
            Refusal::invalid("Invalid value at 'page_size' (TYPE_INT32)")
        })?,
    };
    let rest = pairs.iter().filter(|(key, _)| key != "pageToken");
    let question: Vec<String> = rest.map(|(key, value)| format!("{key}={value}")).collect();
    let token = parameter(pairs, "pageToken");
    Wanted::new(&question.join("&"), token, size.clamp(1, most))
}

/// Google refuses parameters that it does not know. A name that ends in a dot stands for all below it.
pub(super) fn refuse_parameters(pairs: &Pairs, known: &[&str]) -> Result<(), Refusal> {
    let is_known = |key: &str| {
        known
            .iter()
            .any(|known| key == *known || (known.ends_with('.') && key.starts_with(known)))
    };
    match pairs.iter().find(|(key, _)| !is_known(key)) {
        Some((key, _)) => Err(Refusal::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{key}\": Cannot bind query parameter. Field '{key}' could not be \
             found in request message."
        ))),
        None => Ok(()),
    }
}
