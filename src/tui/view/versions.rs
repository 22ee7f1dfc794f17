//! Who runs what: the new version, the one before it, and how many still run something older.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::bar::{bar, sparkline};
use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use super::charts;
use super::moment;
use crate::api::AppSnapshot;
use crate::api::wire::ShareView;
use crate::domain::Version;
use crate::tui::state::lists::List;
use crate::tui::state::model::{Model, Pane};
use crate::tui::state::sort::Sort;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format;

const BAR: usize = 12;
const TREND: usize = 12;

const COLUMNS: [Column; 7] = [
    Column::growing("version", 12, 24),
    Column::left("", 4, 0),
    Column::right("sessions", 9, 2),
    Column::right("users", 9, 3),
    Column::right("share", 6, 0),
    Column::left("", BAR as u16, 4),
    Column::left("last 24h", TREND as u16, 5),
];

/// Rows of the table under which there may be a chart.
const LINES: usize = 6;

/// Beside the title.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    let gaining = app.gaining.map(|users| {
        let users = format::count(users);
        format!("new version +{users} users/h")
    });
    gaining.unwrap_or_else(|| "sessions of a day".into())
}

/// The versions in the order in which they are told.
struct Told<'a> {
    /// The two that are compared, however few have them.
    compared: Vec<(&'a ShareView, &'static str, Tone)>,
    /// Newer than the one watched: of testers, or of a later release.
    newer: Vec<&'a ShareView>,
    /// N-2 and before, most used first; last what a source sums up itself.
    older: Vec<&'a ShareView>,
    all: u64,
}

impl<'a> Told<'a> {
    fn of(app: &'a AppSnapshot) -> Self {
        let watched = app.release.as_ref().map(|release| release.version.key());
        let previous = app.previous.as_ref().map(Version::key);
        let of = |key: &Option<String>| {
            let key = key.as_ref()?;
            let mut shares = app.shares.iter();
            shares.find(|share| share.version.as_ref() == Some(key))
        };
        let (new, old) = (of(&watched), of(&previous));
        let is = |one: Option<&ShareView>, share: &ShareView| one == Some(share);
        let rest = app.shares.iter();
        let rest = rest.filter(|share| !is(new, share) && !is(old, share));
        let reference = numbers(app.version_name.as_str());
        let (newer, mut older): (Vec<_>, Vec<_>) = rest.partition(|share| {
            let own = numbers(share.label.as_str());
            !own.is_empty() && !reference.is_empty() && own > reference
        });
        older.sort_by_key(|share| (!named(share), std::cmp::Reverse(share.sessions)));
        let new = new.map(|share| (share, "NEW", Tone::Strong));
        let old = old.map(|share| (share, "prev", Tone::Plain));
        Self {
            compared: new.into_iter().chain(old).collect(),
            newer,
            older,
            all: app.shares.iter().map(|share| share.sessions).sum(),
        }
    }

    fn part(&self, sessions: u64) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        sessions as f64 / self.all as f64
    }

    /// A line each, those that are compared first.
    fn singles(&self) -> Vec<(&'a ShareView, &'static str, Tone)> {
        let newer = self.newer.iter().map(|share| (*share, "", Tone::Plain));
        let older = self.older.iter().filter(|share| named(share));
        let older = older.map(|share| (*share, "", Tone::Muted));
        let compared = self.compared.iter().copied();
        compared.chain(newer).chain(older).collect()
    }

    /// Everything before the previous version as one; `None` where there is nothing of it.
    fn tail(&self) -> Option<ShareView> {
        let n = self.older.iter().filter(|share| named(share)).count();
        // A source may sum up what is beyond its own list.
        let more = if n < self.older.len() && n > 0 {
            "+"
        } else {
            ""
        };
        let label = match n {
            _ if self.older.is_empty() => return None,
            0 => "older".into(),
            1 if more.is_empty() => "older: 1 version".into(),
            n => format!("older: {n}{more} versions"),
        };
        let longest = self.older.iter().map(|share| share.trend.len()).max();
        let at = |i: usize| {
            let told = self.older.iter().filter_map(|share| *share.trend.get(i)?);
            let told: Vec<f64> = told.collect();
            (!told.is_empty()).then(|| told.iter().sum())
        };
        Some(ShareView {
            label: label.into(),
            version: None,
            sessions: self.older.iter().map(|share| share.sessions).sum(),
            users: self.older.iter().map(|share| share.users).sum(),
            trend: (0..longest.unwrap_or_default()).map(at).collect(),
        })
    }
}

/// It is one version, and not a sum of several.
fn named(share: &ShareView) -> bool {
    !numbers(share.label.as_str()).is_empty()
}

/// The numbers of a version's name, for their order: `8.43.0 (84300)` is [8, 43, 0].
fn numbers(label: &str) -> Vec<u64> {
    let name = label.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = name.find(|c: char| !c.is_ascii_digit() && c != '.');
    let name = name.split_at(end.unwrap_or(name.len())).0;
    name.split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// Rows that there are to scroll through, and the line that sums up.
pub(crate) fn rows(model: &Model, app: &AppSnapshot) -> usize {
    let told = Told::of(app);
    match chosen(model, app, &told) {
        Some(chosen) => chosen.len(),
        None => told.singles().len() + usize::from(told.older.len() > 1),
    }
}

/// The lines as the person filtered or sorted them: then nothing is summed up. `None` where they did neither.
fn chosen<'a>(
    model: &Model,
    app: &'a AppSnapshot,
    told: &Told<'a>,
) -> Option<Vec<(&'a ShareView, &'static str, Tone)>> {
    let list = List::Pane(Pane::Versions);
    let usual = model.lists.sort(list) == Sort::usual(list);
    if usual && model.lists.filter(list).is_empty() {
        return None;
    }
    let shares = model.visible_shares(app).into_iter();
    let tagged = |share| {
        let compared = told.compared.iter().find(|(it, _, _)| *it == share);
        compared.copied().unwrap_or((share, "", Tone::Plain))
    };
    Some(shares.map(tagged).collect())
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    table::head(&COLUMNS, &widths, theme, area, buf);
    if app.shares.is_empty() {
        let words = moment::kept(model, "no sessions reported yet");
        put(&Line::raw(words), area, 1, buf);
        return;
    }
    let told = Told::of(app);
    let mut room = usize::from(area.height.saturating_sub(1));
    let chart = model.zoomed && room >= LINES + usize::from(charts::LEAST);
    if chart {
        room = room.min(rows(model, app)).min((room / 2).max(LINES));
    }
    let chosen = chosen(model, app, &told);
    // What sums up keeps its place at the end, single lines take what is left; one alone needs no sum.
    let usual = chosen.is_none();
    let singles = chosen.unwrap_or_else(|| told.singles());
    let sums = usual && (told.older.len() > 1 || singles.len() > room);
    let tail = told.tail().filter(|_| sums && room > told.compared.len());
    let room_for = room.saturating_sub(usize::from(tail.is_some()));
    let beyond = singles.len().saturating_sub(room_for);
    let skip = model.offset(Pane::Versions).min(beyond);
    let mut row = 1;
    let tail = tail.iter().map(|share| (share, "", Tone::Plain));
    for (share, tag, tone) in singles.into_iter().skip(skip).take(room_for).chain(tail) {
        let cells = cells(&told, share, tag, theme.style(tone));
        table::row(&COLUMNS, &widths, cells, area, row, buf);
        row += 1;
    }
    if chart {
        let place = Rect {
            y: area.y + row + 1,
            height: area.height.saturating_sub(row + 1),
            ..area
        };
        charts::adoption(model, app, theme, place, buf);
    }
}

fn cells(
    told: &Told<'_>,
    share: &ShareView,
    tag: &'static str,
    style: ratatui::style::Style,
) -> Vec<Span<'static>> {
    let part = told.part(share.sessions);
    let users = share
        .users
        .map_or_else(|| format::NOTHING.to_owned(), format::count);
    vec![
        Span::styled(share.label.to_string(), style),
        Span::styled(tag, style),
        Span::styled(format::count(share.sessions), style),
        Span::styled(users, style),
        Span::styled(format!("{:.1}%", part * 100.0), style),
        Span::styled(bar(part, BAR), style),
        Span::styled(trend(&share.trend), style),
    ]
}

/// The day, as many hours a column as it takes.
fn trend(hours: &[Option<f64>]) -> String {
    let each = hours.len().div_ceil(TREND).max(1);
    let pooled: Vec<Option<f64>> = hours
        .chunks(each)
        .map(|hours| {
            let told: Vec<f64> = hours.iter().flatten().copied().collect();
            (!told.is_empty()).then(|| told.iter().sum::<f64>() / told.len() as f64)
        })
        .collect();
    sparkline(&pooled, TREND)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::*;

    fn share(label: &str, version: Option<&str>, sessions: u64) -> ShareView {
        ShareView {
            label: label.into(),
            version: version.map(str::to_owned),
            sessions,
            users: Some(sessions / 2),
            trend: vec![Some(sessions as f64 / 1_000.0); 24],
        }
    }

    fn app(shares: Vec<ShareView>) -> AppSnapshot {
        let mut app = fixture::healthy().apps.remove(0);
        app.shares = shares;
        app
    }

    #[test]
    fn everything_before_the_previous_version_is_one_line() {
        let app = app(vec![
            share("8.42.1 (84210)", Some("84210"), 700),
            share("8.44.0 (84400)", None, 10),
            share("8.9.0 (80900)", None, 40),
            share("8.43.0 (84300)", Some("84300"), 100),
            share("8.41.0 (84100)", None, 150),
        ]);
        let told = Told::of(&app);
        let names = |shares: &[&ShareView]| -> Vec<String> {
            shares.iter().map(|it| it.label.to_string()).collect()
        };
        assert_eq!(names(&told.newer), ["8.44.0 (84400)"]);
        assert_eq!(names(&told.older), ["8.41.0 (84100)", "8.9.0 (80900)"]);
        let tail = told.tail().unwrap();
        assert_eq!(tail.label.as_str(), "older: 2 versions");
        assert_eq!((tail.sessions, tail.users), (190, Some(95)));
        assert!((tail.trend[0].unwrap() - 0.19).abs() < 1e-9);
        assert_eq!(told.singles().len(), 5);
    }

    #[test]
    fn what_a_source_sums_up_is_not_counted_as_one_version() {
        let told = app(vec![
            share("8.41.0 (84100)", None, 150),
            share("others", None, 50),
        ]);
        let tail = Told::of(&told).tail().unwrap();
        assert_eq!(tail.label.as_str(), "older: 1+ versions");
        let none = app(vec![share("8.43.0 (84300)", Some("84300"), 100)]);
        assert!(Told::of(&none).tail().is_none());
    }

    #[test]
    fn versions_are_in_the_order_of_their_numbers() {
        assert!(numbers("8.10.0 (1)") > numbers("8.9.9 (2)"));
        assert_eq!(numbers("v3.2-beta"), [3, 2]);
        assert!(numbers("others").is_empty());
    }
}
