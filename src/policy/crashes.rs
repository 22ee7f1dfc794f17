//! Crash groups of several sources as one list: joined by exception and top frame, each row naming who tells of it.
//!
//! Counts of different vendors are never added: those of a row are its first source's. Pure.

use std::cmp::Reverse;

use crate::domain::issue::{Issue, ToldBy};
use crate::domain::{SourceId, Timestamp};

/// What two vendors' groups are held to be the same by.
#[derive(PartialEq, Eq)]
struct Key {
    exception: String,
    frame: String,
}

impl Key {
    fn of(issue: &Issue) -> Self {
        let frame = frame(issue.place.as_str());
        let title = issue.title.as_str().trim();
        // Without a place the type alone says too little.
        let exception = if frame.is_empty() {
            title.to_owned()
        } else {
            exception(title)
        };
        Self { exception, frame }
    }
}

/// The lists of sources in their order of precedence as one, most users first.
///
/// A row has at most one group of each source: what one vendor keeps apart stays apart.
pub fn joined<'a>(lists: impl IntoIterator<Item = (&'a SourceId, &'a [Issue])>) -> Vec<Issue> {
    let mut rows: Vec<(Key, Issue)> = Vec::new();
    for (source, issues) in lists {
        for issue in issues {
            let told = ToldBy {
                source: source.clone(),
                id: issue.id.clone(),
                events: issue.events,
                users: issue.users,
                link: issue.link.clone(),
            };
            let key = Key::of(issue);
            let same = rows.iter_mut().find(|(known, row)| {
                *known == key && row.told_by.iter().all(|told| told.source != *source)
            });
            if let Some((_, row)) = same {
                row.first_seen = earlier(row.first_seen, issue.first_seen);
                row.link = row.link.take().or_else(|| issue.link.clone());
                row.told_by.push(told);
            } else {
                let mut row = issue.clone();
                row.told_by = vec![told];
                rows.push((key, row));
            }
        }
    }
    let mut rows: Vec<Issue> = rows.into_iter().map(|(_, row)| row).collect();
    rows.sort_by(|a, b| {
        let size = |row: &Issue| Reverse((row.users, row.events));
        let name = |row: &'_ Issue| (row.title.clone(), row.place.clone(), row.id.clone());
        size(a).cmp(&size(b)).then_with(|| name(a).cmp(&name(b)))
    });
    rows
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    [a, b].into_iter().flatten().min()
}

/// The type without its package: `NullPointerException` of `java.lang.NullPointerException: Attempt to …`.
fn exception(title: &str) -> String {
    let of_type = title.split([':', ' ', '\t', '\n', '(']).next();
    let of_type = of_type.unwrap_or_default();
    last(of_type, 1)
}

/// Class and method of the top frame: `Checkout.submit` of `com.example.Checkout$1.submit(Checkout.kt:42)`, of
/// `com.example.Checkout in submit` and of `-[Checkout submit]`.
fn frame(place: &str) -> String {
    let place = place.trim().trim_start_matches(['-', '+']);
    let place = place.trim_start_matches('[').trim_end_matches(']');
    let place = place.split(['(', '<']).next().unwrap_or_default().trim();
    let spaced = place.replace(" in ", ".").replace("::", ".");
    let plain = spaced.split(':').next().unwrap_or_default();
    last(plain, 2)
}

/// The last parts of a name, without what compilers number.
fn last(name: &str, parts: usize) -> String {
    let own = |part: &str| part.split('$').next().unwrap_or_default().trim().to_owned();
    let mut named: Vec<String> = name
        .split(['.', '#', '/', ' '])
        .map(own)
        .filter(|part| !part.is_empty())
        .collect();
    named.split_off(named.len().saturating_sub(parts)).join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue::Recurrence;

    fn issue(id: &str, title: &str, place: &str, users: u64) -> Issue {
        Issue {
            id: id.into(),
            title: title.into(),
            place: place.into(),
            recurrence: Recurrence::New,
            events: users * 2,
            users,
            first_seen: None,
            link: None,
            told_by: Vec::new(),
        }
    }

    fn source(name: &str) -> SourceId {
        SourceId(name.into())
    }

    #[test]
    fn vendors_write_the_same_crash_in_their_own_ways() {
        let same = [
            (
                "NullPointerException: Attempt to read from null",
                "com.example.shop.Checkout in submit",
            ),
            (
                "java.lang.NullPointerException",
                "com.example.shop.Checkout.submit",
            ),
            ("NullPointerException", "Checkout.submit(Checkout.kt:42)"),
            (
                "java.lang.NullPointerException: null",
                "com.example.shop.Checkout$pay$1.submit",
            ),
            ("NullPointerException (no message)", "Checkout#submit"),
            ("NullPointerException", "shop::Checkout::submit:17"),
            ("NullPointerException", "-[Checkout submit]"),
        ];
        let key = Key::of(&issue("1", same[0].0, same[0].1, 1));
        assert_eq!(
            (key.exception.as_str(), key.frame.as_str()),
            ("NullPointerException", "Checkout.submit")
        );
        for (title, place) in same {
            assert!(
                Key::of(&issue("2", title, place, 1)) == key,
                "{title} at {place}"
            );
        }
        let others = [
            ("IllegalStateException", "com.example.shop.Checkout.submit"),
            ("NullPointerException", "com.example.shop.Checkout.pay"),
            ("NullPointerException", ""),
        ];
        for (title, place) in others {
            assert!(
                Key::of(&issue("2", title, place, 1)) != key,
                "{title} at {place}"
            );
        }
    }

    #[test]
    fn rows_are_joined_in_the_order_of_precedence_and_counts_never_added() {
        let (sentry, play) = (source("sentry"), source("play-vitals"));
        let first = [
            issue(
                "s1",
                "NullPointerException: a",
                "com.example.Checkout in submit",
                10,
            ),
            // The same place, kept apart by the vendor.
            issue(
                "s2",
                "NullPointerException: b",
                "com.example.Checkout in submit",
                4,
            ),
            issue("s3", "OutOfMemoryError", "com.example.Images in load", 7),
        ];
        let second = [
            issue(
                "p1",
                "java.lang.NullPointerException",
                "com.example.Checkout.submit",
                55,
            ),
            issue("p2", "signal 11 (SIGSEGV)", "", 30),
        ];
        let rows = joined([(&sentry, &first[..]), (&play, &second[..])]);
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                let told = row.told_by.iter().map(|told| told.id.as_str());
                (row.id.as_str(), row.users, told.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("p2", 30, vec!["p2"]),
                ("s1", 10, vec!["s1", "p1"]),
                ("s3", 7, vec!["s3"]),
                ("s2", 4, vec!["s2"]),
            ]
        );
        // The other way round the other one's counts are shown.
        let rows = joined([(&play, &second[..]), (&sentry, &first[..])]);
        assert_eq!((rows[0].id.as_str(), rows[0].users), ("p1", 55));
        assert_eq!(rows[0].told_by.len(), 2);
    }

    #[test]
    fn the_earliest_sight_and_the_first_link_are_kept() {
        let (a, b) = (source("a"), source("b"));
        let early = chrono::DateTime::from_timestamp(1_000, 0);
        let one = issue("1", "E", "A.b", 3);
        let mut other = issue("2", "E", "A.b", 9);
        (other.first_seen, other.link) = (early, Some("https://example.com/2".into()));
        let rows = joined([
            (&a, std::slice::from_ref(&one)),
            (&b, std::slice::from_ref(&other)),
        ]);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].users, rows[0].first_seen), (3, early));
        assert_eq!(rows[0].link, other.link);
    }
}
