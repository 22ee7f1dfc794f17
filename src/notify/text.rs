//! What several channels say in the same way, and how text is cut to what a service takes.

use aws_lc_rs::digest;
use reqwest::Url;

use crate::domain::{IncidentChange, Urgency};
use crate::ports::{About, Message};

/// `Shop 8.43.0 (84300), Google Play`; of no release in particular `Shop, Google Play`.
pub(super) fn about(about: &About) -> String {
    let release = about.release.as_str();
    let space = if release.is_empty() { "" } else { " " };
    format!("{}{space}{release}, {}", about.name, about.store.name())
}

/// `Page: Shop 8.43.0 (84300), Google Play`; of the watcher itself `Page: haltline`.
pub(super) fn headline(message: &Message) -> String {
    let of = message.about.as_ref().map(about);
    format!("{}: {}", word(message), of.as_deref().unwrap_or("haltline"))
}

/// What kind of news it is.
pub(super) fn word(message: &Message) -> &'static str {
    match change(message) {
        Some(IncidentChange::Acknowledged) => "Acknowledged",
        Some(IncidentChange::Escalated) => "Not acknowledged",
        Some(IncidentChange::Resolved) => "Resolved",
        Some(IncidentChange::Opened | IncidentChange::Updated) | None => match message.urgency {
            Urgency::Info => "Info",
            Urgency::Warning => "Warning",
            Urgency::Page => "Page",
        },
    }
}

/// As PagerDuty has it, and rules of Prometheus usually.
pub(super) fn severity(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Info => "info",
        Urgency::Warning => "warning",
        Urgency::Page => "critical",
    }
}

pub(super) fn change(message: &Message) -> Option<IncidentChange> {
    message.incident.as_ref().map(|news| news.change)
}

/// Where there is more to see, if that is an address for a browser.
pub(super) fn link(message: &Message) -> Option<Url> {
    let url = Url::parse(message.link.as_ref()?.as_str()).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// At most so many characters; what is cut ends in `…`.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The first of `items` that fit into so many bytes together, and how many more there are.
pub(super) fn fitting<T>(items: &[T], bytes: usize, size: impl Fn(&T) -> usize) -> (&[T], usize) {
    let mut left = bytes;
    let fits = items.iter().take_while(|item| {
        let rest = left.checked_sub(size(item));
        left = rest.unwrap_or(left);
        rest.is_some()
    });
    let count = fits.count();
    let (first, rest) = items.split_at_checked(count).unwrap_or((items, &[]));
    (first, rest.len())
}

/// Bytes of a text within a JSON document. Of what [`crate::domain::PlainText`] may hold, these two are escaped.
pub(super) fn in_json(text: &str) -> usize {
    text.len() + text.matches(['"', '\\']).count()
}

/// `… and 12 more`, where there are.
pub(super) fn more(count: usize) -> Option<String> {
    (count > 0).then(|| format!("… and {count} more"))
}

/// The same for a message at every try and after a restart, and another for every other message, whichever machine sends it: 32
/// hexadecimal digits.
pub(super) fn fingerprint(host: &str, message: &Message) -> String {
    let mut text = format!("{host}\n{}\n", message.at.timestamp_micros());
    for id in &message.ids {
        text.push_str(&id.to_string());
        text.push(' ');
    }
    hash(&text)
}

/// 32 hexadecimal digits of SHA-256.
pub(super) fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().first_chunk::<16>();
    let number = bytes.map_or(0, |bytes| u128::from_be_bytes(*bytes));
    format!("{number:032x}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{message, watcher};
    use super::*;

    #[test]
    fn headlines() {
        assert_eq!(
            headline(&message()),
            "Page: Shop 8.43.0 (84300), Google Play"
        );
        assert_eq!(headline(&watcher(Urgency::Warning)), "Warning: haltline");
        let mut of_app = message();
        of_app.about.as_mut().unwrap().release = "".into();
        assert_eq!(headline(&of_app), "Page: Shop, Google Play");
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(clip("äöüß", 4), "äöüß");
        assert_eq!(clip("äöü ßx", 5), "äöü…");
        assert_eq!(clip("abc", 0), "…");
        let lines = ["aaaa", "bbbb", "cccc"];
        assert_eq!(fitting(&lines, 9, |line| line.len()), (&lines[..2], 1));
        assert_eq!(fitting(&lines, 0, |line| line.len()), (&lines[..0], 3));
    }

    #[test]
    fn links_are_for_browsers() {
        let mut message = message();
        for (link, fine) in [
            ("https://grafana.example.com/d/1", true),
            ("javascript:alert(1)", false),
            ("/d/1", false),
        ] {
            message.link = Some(link.into());
            assert_eq!(super::link(&message).is_some(), fine, "{link}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_one_message_of_one_machine() {
        let one = message();
        let mut other = one.clone();
        assert_eq!(fingerprint("a", &one), fingerprint("a", &other));
        assert_ne!(fingerprint("a", &one), fingerprint("b", &one));
        other.ids.push(99);
        assert_ne!(fingerprint("a", &one), fingerprint("a", &other));
        assert_eq!(fingerprint("a", &one).len(), 32);
    }
}
