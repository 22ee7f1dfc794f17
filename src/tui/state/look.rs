//! A crash that somebody looks at: which one, and what its source says of it. Must not ask by itself.

use super::message::Effect;
use crate::api::client::Details;
use crate::domain::{AppId, Issue, IssueDetail, PlainText, SourceId};

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) app: AppId,
    pub(crate) issue: Issue,
    /// Which of those who tell of it is asked now.
    at: usize,
    pub(crate) found: Found,
    /// First frame shown.
    pub(crate) offset: usize,
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    Asked,
    Told {
        source: SourceId,
        detail: Box<IssueDetail>,
    },
    /// Nobody could tell; the words of the last one.
    Nothing(PlainText),
}

impl Look {
    /// Opens it, and asks the source whose counts are shown.
    pub(crate) fn at(app: &AppId, issue: &Issue) -> (Self, Option<Effect>) {
        let mut look = Self {
            app: app.clone(),
            issue: issue.clone(),
            at: 0,
            found: Found::Asked,
            offset: 0,
        };
        let question = look.question();
        if question.is_none() {
            look.found = Found::Nothing("no source says where it comes from".into());
        }
        (look, question)
    }

    fn question(&self) -> Option<Effect> {
        let told = self.issue.told_by.get(self.at)?;
        Some(Effect::Look {
            app: self.app.clone(),
            source: told.source.clone(),
            id: told.id.clone(),
        })
    }

    /// Takes an answer; where it is none, the next of those who tell of the crash is asked. An answer to another question is
    /// left alone.
    pub(crate) fn take(
        &mut self,
        source: &SourceId,
        id: &PlainText,
        details: Option<Details>,
    ) -> Option<Effect> {
        let asked = self.issue.told_by.get(self.at)?;
        if (&asked.source, &asked.id) != (source, id) || self.found != Found::Asked {
            return None;
        }
        match details {
            Some(Ok(detail)) => {
                self.found = Found::Told {
                    source: source.clone(),
                    detail: Box::new(detail),
                };
                None
            }
            None => {
                self.found = Found::Nothing("the watcher has stopped".into());
                None
            }
            Some(Err(failure)) => {
                self.at += 1;
                let next = self.question();
                if next.is_none() {
                    self.found = Found::Nothing(failure.to_string().into());
                }
                next
            }
        }
    }

    pub(crate) fn scroll(&mut self, rows: isize) {
        let Found::Told { detail, .. } = &self.found else {
            return;
        };
        let last = detail.stack.len().saturating_sub(1);
        self.offset = self.offset.saturating_add_signed(rows).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Failure, FailureKind, Recurrence, ToldBy};

    fn told(source: &str) -> ToldBy {
        ToldBy {
            source: SourceId(source.into()),
            id: "7".into(),
            events: 3,
            users: 2,
            link: None,
        }
    }

    fn look(sources: &[&str]) -> (Look, Option<Effect>) {
        let issue = Issue {
            id: "7".into(),
            title: "boom".into(),
            place: "Main.run".into(),
            recurrence: Recurrence::New,
            events: 3,
            users: 2,
            first_seen: None,
            link: None,
            told_by: sources.iter().map(|source| told(source)).collect(),
        };
        Look::at(&AppId::try_from("shop".to_owned()).unwrap(), &issue)
    }

    #[test]
    fn the_next_one_is_asked_where_the_first_tells_nothing() {
        let (mut look, first) = look(&["play-vitals", "sentry"]);
        let asks = |effect: &Option<Effect>, wanted: &str| matches!(effect, Some(Effect::Look { source, .. }) if source.0.as_str() == wanted);
        assert!(asks(&first, "play-vitals"));
        let (vitals, sentry) = (SourceId("play-vitals".into()), SourceId("sentry".into()));
        let nothing = Failure::new(FailureKind::Unsupported, "tells no more");
        let next = look.take(&vitals, &"7".into(), Some(Err(nothing.clone())));
        assert!(asks(&next, "sentry"));
        assert!(
            look.take(&vitals, &"7".into(), Some(Ok(IssueDetail::default())))
                .is_none()
        );
        assert_eq!(
            look.found,
            Found::Asked,
            "a late answer of the first is not taken"
        );
        assert!(
            look.take(&sentry, &"7".into(), Some(Err(nothing)))
                .is_none()
        );
        assert_eq!(look.found, Found::Nothing("tells no more".into()));
    }

    #[test]
    fn a_crash_that_nobody_tells_of_asks_nobody() {
        let (look, question) = look(&[]);
        assert!(question.is_none() && matches!(look.found, Found::Nothing(_)));
    }
}
