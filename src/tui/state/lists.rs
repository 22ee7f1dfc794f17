//! What is seen of the lists: filters, order, which rows are new. A row is known by what it is, never by where it stands.
//!
//! The lists themselves are the picture's; here they are only chosen from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::filter::Filter;
use super::model::{Model, Pane, View};
use super::news::News;
use super::overview::Place;
use super::sort::{self, Sort};
use crate::api::AppSnapshot;
use crate::api::wire::ShareView;
use crate::domain::{Issue, PlainText, Record, Review};
use crate::policy::{LevelSummary, MetricSummary, RuleStatus, SourceState};
use crate::tui::words::story;

/// A list that can be filtered and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum List {
    Overview,
    Pane(Pane),
}

impl List {
    pub(crate) fn can_be_filtered(self) -> bool {
        !matches!(self, Self::Pane(Pane::Rollout | Pane::Levers))
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    filters: BTreeMap<List, Filter>,
    sorts: BTreeMap<List, Sort>,
    /// Of the overview.
    pub(crate) columns: Columns,
    /// Where the last screen was left.
    pub(crate) start: Option<View>,
    /// Where `-` goes back to.
    pub(crate) before: Option<Place>,
    /// The rollout was opened from the overview: one level up is there, not out.
    pub(crate) opened: bool,
    pub(crate) news: News,
}

static NO_FILTER: Filter = Filter::NONE;

impl Lists {
    pub(crate) fn filter(&self, list: List) -> &Filter {
        self.filters.get(&list).unwrap_or(&NO_FILTER)
    }

    /// An empty `text` takes the filter away.
    pub(crate) fn set_filter(&mut self, list: List, text: &str) {
        let filter = Filter::new(text);
        if filter.text.is_empty() {
            self.filters.remove(&list);
        } else {
            self.filters.insert(list, filter);
        }
    }

    /// What is typed for one app is not meant for the next one.
    pub(crate) fn forget_panes(&mut self) {
        self.filters.retain(|list, _| *list == List::Overview);
    }

    pub(crate) fn sort(&self, list: List) -> Sort {
        let usual = || Sort::usual(list);
        self.sorts.get(&list).copied().unwrap_or_else(usual)
    }

    pub(crate) fn set_sort(&mut self, list: List, sort: Sort) {
        self.sorts.insert(list, sort);
    }

    /// Those that somebody has chosen.
    pub(crate) fn sorts(&self) -> impl Iterator<Item = (List, Sort)> {
        self.sorts.iter().map(|(list, sort)| (*list, *sort))
    }
}

/// What a row is, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Crash(PlainText),
    Version(PlainText),
    /// By its number in the journal.
    Event(u64),
}

/// Those that keep their place by what stands there; which event is marked has its own place in the model.
const KNOWN: [Pane; 2] = [Pane::Crashes, Pane::Versions];

impl Model {
    /// The list that `/` and `s` are about now.
    pub(crate) fn list(&self) -> List {
        match self.view {
            View::Overview => List::Overview,
            View::Rollout => List::Pane(self.focus),
        }
    }

    fn passes(&self, pane: Pane, words: impl FnOnce() -> String) -> bool {
        let filter = self.lists.filter(List::Pane(pane));
        filter.is_empty() || filter.matches(&words())
    }

    /// Crashes that are seen, in their order.
    pub(crate) fn visible_issues<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a Issue> {
        let words = |issue: &Issue| {
            let seen = format!("{:?}", issue.recurrence);
            format!("{} {} {seen} {}", issue.title, issue.place, issue.id)
        };
        let mut issues: Vec<_> = app.issues.iter().collect();
        issues.retain(|issue| self.passes(Pane::Crashes, || words(issue)));
        sort::issues(&mut issues, self.lists.sort(List::Pane(Pane::Crashes)));
        issues
    }

    /// Versions that are seen, in their order.
    pub(crate) fn visible_shares<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a ShareView> {
        let mut shares: Vec<_> = app.shares.iter().collect();
        shares.retain(|share| self.passes(Pane::Versions, || share.label.to_string()));
        sort::shares(
            app,
            &mut shares,
            self.lists.sort(List::Pane(Pane::Versions)),
        );
        shares
    }

    /// Rules that are seen, in the order of the policy.
    pub(crate) fn visible_rules<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a RuleStatus> {
        let words = |rule: &RuleStatus| {
            let (action, state) = (
                rule.action,
                crate::tui::view::rules::state(self, app, rule).1,
            );
            format!(
                "{} {} {action:?} {state} {}",
                rule.rule,
                rule.metric.label(),
                rule.limit
            )
        };
        let mut rules: Vec<_> = app.rules.iter().collect();
        rules.retain(|rule| self.passes(Pane::Rules, || words(rule)));
        rules
    }

    /// Metrics that are seen.
    pub(crate) fn visible_metrics<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a MetricSummary> {
        let words =
            |it: &MetricSummary| format!("{} {} {}", it.metric.label(), it.source, it.health);
        let metrics = app.metrics.iter();
        metrics
            .filter(|it| self.passes(Pane::Health, || words(it)))
            .collect()
    }

    /// Figures without counts that are seen.
    pub(crate) fn visible_levels<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a LevelSummary> {
        let words = |it: &LevelSummary| {
            let figures = &it.figures;
            format!(
                "{} {} {}",
                figures.metric.label(),
                figures.source,
                it.health
            )
        };
        let levels = app.levels.iter();
        levels
            .filter(|it| self.passes(Pane::Health, || words(it)))
            .collect()
    }

    /// Sources that are seen.
    pub(crate) fn visible_sources<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a SourceState> {
        let words = |source: &SourceState| format!("{} {}", source.id, source.state.word());
        let sources = app.sources.iter();
        sources
            .filter(|it| self.passes(Pane::Sources, || words(it)))
            .collect()
    }

    /// What users said, as far as it is seen.
    pub(crate) fn visible_reviews<'a>(&self, app: &'a AppSnapshot) -> Vec<&'a Review> {
        let words = |review: &Review| format!("{} {}", review.title, review.text);
        let reviews = app.reviews.iter();
        reviews
            .filter(|it| self.passes(Pane::Sources, || words(it)))
            .collect()
    }

    /// An event is seen in the pane of the app shown.
    pub(crate) fn passes_event(&self, record: &Record) -> bool {
        let words = || {
            let store = self.shown().map(|app| app.store);
            let store = store.unwrap_or(crate::domain::StoreKind::GooglePlay);
            let line = story::tell(record, store, self.now.watched);
            format!("{} {}", line.kind, line.text)
        };
        self.passes(Pane::Events, words)
    }

    /// Rows of a pane whatever its filter: places are laid out for all of them.
    pub(crate) fn all_rows(&self, pane: Pane) -> usize {
        let Some(app) = self.shown() else { return 0 };
        match pane {
            Pane::Health => {
                let drivers = app.metrics.iter().filter(|it| it.driver.is_some());
                app.metrics.len() + drivers.count() + app.levels.len()
            }
            Pane::Rules => app.rules.len(),
            Pane::Versions => app.shares.len(),
            Pane::Crashes => app.issues.len(),
            Pane::Events => self.all_events().count(),
            Pane::Sources => app.sources.len() + app.reviews.len(),
            Pane::Rollout | Pane::Levers => 0,
        }
    }

    /// What the filter of a list hides; `None` where there is none.
    pub(crate) fn hidden(&self, list: List) -> Option<Hidden> {
        if self.lists.filter(list).is_empty() {
            return None;
        }
        let pane = match list {
            List::Overview => return Some(super::overview::hidden(self)),
            List::Pane(pane) => pane,
        };
        Some(Hidden {
            shown: self.rows(pane),
            all: self.all_rows(pane),
            worst: worst_hidden(self, self.shown()?, pane),
        })
    }

    fn row_ids(&self, pane: Pane) -> Vec<Row> {
        let Some(app) = self.shown() else {
            return Vec::new();
        };
        match pane {
            Pane::Crashes => {
                let issues = self.visible_issues(app).into_iter();
                issues.map(|it| Row::Crash(it.id.clone())).collect()
            }
            Pane::Versions => {
                let shares = self.visible_shares(app).into_iter();
                shares.map(|it| Row::Version(it.label.clone())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What a filter does to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) shown: usize,
    pub(crate) all: usize,
    /// The glyph of what is wrong and not seen.
    pub(crate) worst: Option<&'static str>,
}

/// What a title says of how a list is seen: ` /npe 3/37, 34 hidden (✗)`, `  sort: events ↓`; nothing where it is as it comes.
pub(crate) fn about(model: &Model, list: List) -> String {
    let filter = model.hidden(list).map(|hidden| {
        let typed = crate::tui::words::format::fit(&model.lists.filter(list).text, 24);
        let (shown, all) = (hidden.shown, hidden.all);
        let worst = hidden.worst.map(|glyph| format!(" ({glyph})"));
        let hides = (shown < all).then(|| {
            let worst = worst.unwrap_or_default();
            format!(", {} hidden{worst}", all - shown)
        });
        format!(" /{typed} {shown}/{all}{}", hides.unwrap_or_default())
    });
    let sort = model.lists.sort(list);
    let told = list == List::Overview || sort != Sort::usual(list);
    let sort = told.then(|| format!("  sort: {}", sort.words()));
    filter.into_iter().chain(sort).collect()
}

/// The worst of the rules or metrics that the filter hides, where it is bad.
fn worst_hidden(model: &Model, app: &AppSnapshot, pane: Pane) -> Option<&'static str> {
    use crate::domain::Health;
    let glyph = |health: Health| {
        (health > Health::Healthy).then(|| crate::tui::style::theme::Theme::health(health).1)
    };
    match pane {
        Pane::Rules => {
            let seen = model.visible_rules(app);
            let hidden = app.rules.iter().filter(|rule| !seen.contains(rule));
            let word = |rule: &RuleStatus| crate::tui::view::rules::state(model, app, rule);
            let words: Vec<_> = hidden.map(|rule| word(rule).1).collect();
            let hides = |glyph: &&str| words.iter().any(|word| word.starts_with(*glyph));
            ["✗", "!", "?"].into_iter().find(hides)
        }
        Pane::Health => {
            let (metrics, levels) = (model.visible_metrics(app), model.visible_levels(app));
            let metrics = app.metrics.iter().filter(|it| !metrics.contains(it));
            let levels = app.levels.iter().filter(|it| !levels.contains(it));
            let worst = metrics
                .map(|it| it.health)
                .chain(levels.map(|it| it.health));
            worst.max().and_then(glyph)
        }
        _ => None,
    }
}

/// Changes what is seen. The rows that lists stand at stay where they are still seen; else lists stand at their beginning. A
/// list that stands at its top goes on to show what is newest, unless a row of it is marked.
pub(crate) fn keeping(model: &mut Model, change: impl FnOnce(&mut Model)) {
    let app = model.app.clone();
    let stands = |model: &Model, pane: Pane| {
        let at = model.offset(pane);
        let marked = pane == Pane::Crashes && model.focus == pane;
        let row = || model.row_ids(pane).into_iter().nth(at);
        (at > 0 || marked).then(row).flatten()
    };
    let rows = KNOWN.map(|pane| (pane, stands(model, pane)));
    change(model);
    if model.app != app {
        return;
    }
    for (pane, row) in rows {
        let Some(row) = row else { continue };
        let ids = model.row_ids(pane);
        let to = ids.iter().position(|id| *id == row).unwrap_or_default();
        model.scroll.insert(pane, to);
    }
    for pane in Pane::ALL {
        let last = model.rows(pane).saturating_sub(1);
        if let Some(at) = model.scroll.get_mut(&pane).filter(|at| **at > last) {
            *at = last;
        }
    }
}
