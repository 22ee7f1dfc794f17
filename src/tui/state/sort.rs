//! In which order lists are seen: by one column, one way or the other. What has no figure stands last, either way.

use serde::{Deserialize, Serialize};

use super::lists::{self, List};
use super::model::{Model, Pane};
use super::overview::figures;
use crate::api::AppSnapshot;
use crate::api::wire::ShareView;
use crate::domain::{Issue, Version};

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    Severity,
    App,
    Stage,
    Exposed,
    CrashFree,
    Change,
    Data,
    Users,
    Events,
    FirstSeen,
    /// The two versions that are compared first.
    Compared,
    Sessions,
}

/// A column, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    pub(crate) by: By,
    /// The other way round than one would look for first.
    pub(crate) reversed: bool,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::App => "app",
            Self::Stage => "stage",
            Self::Exposed => "exposed",
            Self::CrashFree => "crash-free",
            Self::Change => "change",
            Self::Data => "data age",
            Self::Users => "users",
            Self::Events => "events",
            Self::FirstSeen => "first seen",
            Self::Compared => "compared",
            Self::Sessions => "sessions",
        }
    }

    /// What one looks for first: the worst, the most, the latest; of names the first.
    fn descends(self) -> bool {
        !matches!(self, Self::App | Self::CrashFree | Self::Change)
    }

    /// The columns of a list, the usual one first; none where it has an order of its own.
    pub(crate) fn of(list: List) -> &'static [Self] {
        match list {
            List::Overview => &[
                Self::Severity,
                Self::App,
                Self::Stage,
                Self::Exposed,
                Self::CrashFree,
                Self::Change,
                Self::Data,
            ],
            List::Pane(Pane::Crashes) => &[Self::Users, Self::Events, Self::FirstSeen],
            List::Pane(Pane::Versions) => &[Self::Compared, Self::Users, Self::Sessions],
            List::Pane(_) => &[],
        }
    }
}

impl Sort {
    /// Where nobody has chosen.
    pub(crate) fn usual(list: List) -> Self {
        let by = By::of(list).first().copied().unwrap_or(By::Severity);
        Self {
            by,
            reversed: false,
        }
    }

    /// The same column the other way round, then the next one.
    fn next(self, list: List) -> Self {
        if !self.reversed {
            return Self {
                reversed: true,
                ..self
            };
        }
        let columns = By::of(list);
        let at = columns.iter().position(|by| *by == self.by);
        let next = at.and_then(|at| columns.get(at + 1));
        next.map_or_else(
            || Self::usual(list),
            |by| Self {
                by: *by,
                reversed: false,
            },
        )
    }

    fn descends(self) -> bool {
        self.by.descends() != self.reversed
    }

    /// `users ↓`
    pub(crate) fn words(self) -> String {
        let arrow = if self.descends() { '↓' } else { '↑' };
        format!("{} {arrow}", self.by.word())
    }
}

/// Sorts the list in focus by what comes next.
pub(crate) fn next(model: &mut Model) {
    let list = model.list();
    let sort = model.lists.sort(list).next(list);
    lists::keeping(model, |model| model.lists.set_sort(list, sort));
}

/// Sorts by a figure; stable, and what has none goes last.
fn by_figure<T>(rows: &mut [T], descends: bool, figure: impl Fn(&T) -> Option<f64>) {
    rows.sort_by(|a, b| match (figure(a), figure(b)) {
        (Some(a), Some(b)) if descends => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
}

/// `apps` come worst first.
pub(crate) fn apps(model: &Model, apps: &mut [&AppSnapshot], sort: Sort) {
    match sort.by {
        By::App => apps.sort_by(|a, b| a.id.cmp(&b.id)),
        By::Stage | By::Exposed | By::CrashFree | By::Change | By::Data => {
            by_figure(apps, sort.descends(), |app| match sort.by {
                By::Stage => Some(app.release.as_ref()?.exposure.fraction()),
                By::Exposed => Some(figures::exposed(app)? as f64),
                By::CrashFree => Some(-figures::crash_free(app)?.new.failure_rate()?),
                By::Change => figures::change(app),
                _ => Some(figures::data(model, app).age?.as_seconds_f64()),
            });
            return;
        }
        _ => {}
    }
    if sort.reversed {
        apps.reverse();
    }
}

pub(crate) fn issues(issues: &mut [&Issue], sort: Sort) {
    // As they come, those that hit most users are first.
    if sort == Sort::usual(List::Pane(Pane::Crashes)) {
        return;
    }
    by_figure(issues, sort.descends(), |issue| match sort.by {
        By::Events => Some(issue.events as f64),
        By::FirstSeen => Some(issue.first_seen?.timestamp() as f64),
        _ => Some(issue.users as f64),
    });
}

pub(crate) fn shares(app: &AppSnapshot, shares: &mut [&ShareView], sort: Sort) {
    let watched = app.release.as_ref().map(|release| release.version.key());
    let previous = app.previous.as_ref().map(Version::key);
    match sort.by {
        By::Users => by_figure(shares, sort.descends(), |share| Some(share.users? as f64)),
        By::Sessions => by_figure(shares, sort.descends(), |share| Some(share.sessions as f64)),
        // The two that are compared stand first, however few have them.
        _ => {
            shares.sort_by_key(|share| match share.version.as_ref() {
                None => 2,
                key if key == watched.as_ref() => 0,
                key => 1 + u8::from(key != previous.as_ref()),
            });
            if sort.reversed {
                shares.reverse();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_comes_both_ways_and_then_the_first_one_again() {
        for (list, n) in [
            (List::Overview, 14),
            (List::Pane(Pane::Crashes), 6),
            (List::Pane(Pane::Versions), 6),
        ] {
            let mut sort = Sort::usual(list);
            let mut seen = Vec::new();
            for _ in 0..n {
                assert!(!seen.contains(&sort));
                seen.push(sort);
                sort = sort.next(list);
            }
            assert_eq!(sort, Sort::usual(list));
        }
        let usual = Sort::usual(List::Pane(Pane::Crashes));
        assert_eq!(usual.words(), "users ↓");
        assert_eq!(usual.next(List::Overview).words(), "users ↑");
    }

    #[test]
    fn what_has_no_figure_stands_last_either_way() {
        let mut rows = [None, Some(2.0), None, Some(3.0)];
        by_figure(&mut rows, true, |row| *row);
        assert_eq!(rows, [Some(3.0), Some(2.0), None, None]);
        by_figure(&mut rows, false, |row| *row);
        assert_eq!(rows, [Some(2.0), Some(3.0), None, None]);
    }
}
