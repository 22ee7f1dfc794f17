//! Several messages in one: how many, of how many apps, and the most urgent of them first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::domain::{IncidentChange, IncidentNews, PlainText, Urgency};
use crate::engine::PendingTell;

/// So many sentences are enough to know what is going on.
const MOST: usize = 100;

/// What is said of one message, or of many.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub urgency: Urgency,
    pub text: PlainText,
    /// Most urgent first, where there are several.
    pub digest: Vec<PlainText>,
    /// Of all of them, where it is one.
    pub incident: Option<IncidentNews>,
}

/// Of these, in the order in which they were decided; `None` of none.
pub(super) fn of(tells: &[&PendingTell]) -> Option<Said> {
    let mut tells = tells.to_vec();
    tells.sort_by_key(|tell| Reverse(tell.urgency));
    let first = *tells.first()?;
    let urgency = first.urgency;
    let incident = incident(&tells);
    if tells.len() == 1 {
        let (text, digest) = (first.text.clone(), Vec::new());
        return Some(Said {
            urgency,
            text,
            digest,
            incident,
        });
    }
    let mut digest: Vec<PlainText> = tells
        .iter()
        .take(MOST)
        .map(|tell| tell.text.clone())
        .collect();
    if let more @ 1.. = tells.len().saturating_sub(MOST) {
        digest.push(format!("and {more} more: haltline audit").into());
    }
    Some(Said {
        urgency,
        text: headline(&tells, first).into(),
        digest,
        incident,
    })
}

/// `41 pages about 40 apps, first shop-android: halt at 5%: …`
fn headline(tells: &[&PendingTell], first: &PendingTell) -> String {
    let all = tells.len();
    let pages = tells
        .iter()
        .filter(|tell| tell.urgency == Urgency::Page)
        .count();
    let what = match pages {
        0 => format!("{all} messages"),
        pages if pages == all => format!("{all} pages"),
        1 => format!("{all} messages, one page"),
        pages => format!("{all} messages, {pages} pages"),
    };
    let apps: BTreeSet<_> = tells.iter().filter_map(|tell| tell.app.as_ref()).collect();
    match apps.len() {
        0 | 1 => format!("{what}, first {}", first.text),
        apps => format!("{what} about {apps} apps, first {}", first.text),
    }
}

/// The incident that all of them are about: opened by this message where it is, else what rings most.
fn incident(tells: &[&PendingTell]) -> Option<IncidentNews> {
    let news: Option<Vec<_>> = tells.iter().map(|tell| tell.incident.as_ref()).collect();
    let news = news?;
    let first = *news.first()?;
    if news.iter().any(|other| other.key != first.key) {
        return None;
    }
    let has = |change| news.iter().any(|news| news.change == change);
    let change = [IncidentChange::Opened, IncidentChange::Escalated]
        .into_iter()
        .find(|change| has(*change))
        .unwrap_or(first.change);
    Some(IncidentNews {
        key: first.key.clone(),
        change,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{AppId, Timestamp};

    fn tell(app: &str, urgency: Urgency, text: &str) -> PendingTell {
        PendingTell {
            app: AppId::try_from(app.to_owned()).ok(),
            urgency,
            text: format!("{app}: {text}").into(),
            incident: (urgency == Urgency::Page).then(|| IncidentNews {
                key: format!("haltline/{app}/2").into(),
                change: IncidentChange::Opened,
            }),
            version: None,
            queued: Timestamp::UNIX_EPOCH,
            waiting: BTreeMap::new(),
        }
    }

    #[test]
    fn one_is_said_as_it_is() {
        let page = tell("shop", Urgency::Page, "halt at 5%: it crashes 12× as often");
        let said = of(&[&page]).unwrap();
        assert_eq!(
            said.text.as_str(),
            "shop: halt at 5%: it crashes 12× as often"
        );
        assert_eq!((said.digest, said.incident), (vec![], page.incident));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_storm_is_one_message_that_begins_with_the_most_urgent() {
        let info = tell("pay", Urgency::Info, "watching 2");
        let pages: Vec<_> = (1..=120)
            .map(|n| tell(&format!("app-{n}"), Urgency::Page, "halt at 5%"))
            .collect();
        let all: Vec<_> = std::iter::once(&info).chain(&pages).collect();
        let said = of(&all).unwrap();
        assert_eq!(
            said.text.as_str(),
            "121 messages, 120 pages about 121 apps, first app-1: halt at 5%"
        );
        assert_eq!((said.urgency, said.incident), (Urgency::Page, None));
        assert_eq!(said.digest.len(), 101);
        assert_eq!(said.digest[99].as_str(), "app-100: halt at 5%");
        assert_eq!(said.digest[100].as_str(), "and 21 more: haltline audit");
    }

    #[test]
    fn several_of_one_incident_are_of_that_incident() {
        let (first, second) = (
            tell("shop", Urgency::Page, "halt at 5%"),
            tell("shop", Urgency::Page, "halt confirmed"),
        );
        let said = of(&[&first, &second]).unwrap();
        assert_eq!(said.text.as_str(), "2 pages, first shop: halt at 5%");
        assert_eq!(said.incident, first.incident);
    }
}
