//! What a person takes away from the screen: a summary for the incident's channel, the screen as text, the audit log.
//!
//! Pure: names and texts; where they go is the loop's.

pub(super) mod files;
pub(crate) mod summary;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::input::layers;
use super::state::message::Effect;
use super::state::model::{Layer, Model};
use super::state::moment::Moment;
use super::style::theme::{Theme, Tone};
use super::words::format::width;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::domain::Timestamp;
use summary::{Account, Standing};

/// What can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Screen,
    Summary,
    Audit,
}

impl What {
    pub(crate) const ALL: [Self; 3] = [Self::Screen, Self::Summary, Self::Audit];

    /// For the palette: `:export summary`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Summary => "summary",
            Self::Audit => "audit",
        }
    }

    pub(crate) fn key(self) -> char {
        match self {
            Self::Screen => 's',
            Self::Summary => 'm',
            Self::Audit => 'a',
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Screen => "this screen as text",
            Self::Summary => "the incident as Markdown, for a tracker",
            Self::Audit => "the audit log of the app, all of it, as JSON lines",
        }
    }
}

/// The summary, into the clipboard.
pub(crate) fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(text) = model
        .shown()
        .map(|app| summary::brief(&account(model, app)))
    else {
        return Vec::new();
    };
    let lines = text.lines().count();
    let text_of =
        format!("copied {lines} lines by OSC 52 (tmux: set-clipboard on); e writes a file");
    model.tell(Tone::Strong, text_of);
    vec![Effect::Copy(text)]
}

/// Asks what to write; `what` names it already: `screen`, `summary`, `audit`.
pub(crate) fn open(model: &mut Model, what: &str) -> Vec<Effect> {
    let named = What::ALL.into_iter().find(|it| it.name() == what.trim());
    match named {
        Some(what) => take(model, what),
        None if what.trim().is_empty() => {
            model.layer = Some(Layer::Export);
            Vec::new()
        }
        None => {
            let known = What::ALL.map(What::name).join(", ");
            model.tell(Tone::Warning, format!("export what? {known}"));
            Vec::new()
        }
    }
}

/// A key in the menu; Esc and whatever leaves close it.
pub(crate) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let bare = !key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let chosen = What::ALL
        .into_iter()
        .find(|it| bare && key.code == KeyCode::Char(it.key()));
    if let Some(what) = chosen {
        return take(model, what);
    }
    if !layers::closes(key) {
        model.layer = Some(Layer::Export);
    }
    Vec::new()
}

fn take(model: &mut Model, what: What) -> Vec<Effect> {
    if what == What::Screen {
        return vec![Effect::Screenshot];
    }
    let Some(app) = model.shown() else {
        model.tell(Tone::Warning, "no app is watched");
        return Vec::new();
    };
    let at = told_at(model);
    vec![match what {
        What::Audit => Effect::Audit {
            app: app.id.clone(),
            name: summary::file_name(&format!("audit-{}", app.id), model.now.watched, "jsonl"),
        },
        _ => Effect::Write {
            name: summary::file_name(app.id.as_str(), at, "md"),
            text: summary::document(&account(model, app)),
        },
    }]
}

/// The moment that the picture is of: the name of what is made of it says that one.
fn told_at(model: &Model) -> Timestamp {
    match model.moment {
        Moment::Live if model.link == Link::Live => model.now.watched,
        _ => model.snapshot.at,
    }
}

fn account<'a>(model: &'a Model, app: &'a AppSnapshot) -> Account<'a> {
    let standing = match (&model.moment, model.link) {
        (Moment::Past(_), _) => Standing::Past,
        (Moment::Frozen { .. }, _) => Standing::Frozen,
        (Moment::Live, Link::Live) => Standing::Now,
        (Moment::Live, _) => Standing::Cut,
    };
    Account {
        picture: &model.snapshot,
        app,
        events: &model.snapshot.events,
        standing,
        at: model.now.watched,
        by: model.identity.actor().to_string().into(),
        banner: model.banner.clone(),
    }
}

/// The effect as it is carried out: a text screenshot is made of the screen as it is now.
pub(crate) fn made(model: &Model, theme: Theme, area: Rect, effect: Effect) -> Effect {
    match effect {
        Effect::Screenshot => screenshot(model, theme, area),
        other => other,
    }
}

/// The screen as it is behind the menu, as a text file: what it is of on the last line.
fn screenshot(model: &Model, theme: Theme, area: Rect) -> Effect {
    let mut behind = model.clone();
    behind.notice = None;
    let mut buf = Buffer::empty(area);
    super::view::draw(&behind, theme, &mut buf);
    let mut out = text(&buf);
    let mut about = Vec::new();
    let what = match model.shown() {
        Some(app) => {
            let account = account(model, app);
            about.push(account.origin());
            about.extend(account.warnings());
            app.id.to_string()
        }
        None => "screen".into(),
    };
    if !about.is_empty() {
        out.push('\n');
        out.push_str(&about.join("\n"));
        out.push('\n');
    }
    Effect::Write {
        name: summary::file_name(&what, told_at(model), "txt"),
        text: out,
    }
}

/// Cells as lines, without the ones that a wide character hides and without blanks at the end.
fn text(buf: &Buffer) -> String {
    let columns = usize::from(buf.area.width).max(1);
    let mut out = String::new();
    for row in buf.content.chunks(columns) {
        let (mut line, mut hidden) = (String::new(), 0);
        for cell in row {
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            hidden = width(cell.symbol()).saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture;
    use super::super::tests::{picture, press as key};
    use super::*;
    use crate::tui::state::moment::Past;

    #[test]
    fn a_summary_for_a_chat_is_copied() {
        let mut model = fixture::model(fixture::announced());
        let effects = key(&mut model, KeyCode::Char('y'));
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert!(text.starts_with("BREACHED: Shop Android 8.43.0 (84300), in progress 5%\n"));
        assert!(!text.contains('@') && text.lines().count() < 9, "{text}");
        assert!(model.notice.unwrap().text.contains("OSC 52"));
    }

    #[test]
    fn the_menu_names_what_it_writes_and_nothing_else_closes_it() {
        let mut model = fixture::model(fixture::halted());
        for leaves in [KeyCode::Esc, KeyCode::Char('q')] {
            key(&mut model, KeyCode::Char('e'));
            assert!(key(&mut model, KeyCode::Enter).is_empty());
            assert!(matches!(model.layer, Some(Layer::Export)));
            assert!(key(&mut model, leaves).is_empty());
            assert!(model.layer.is_none());
        }
        key(&mut model, KeyCode::Char('e'));
        assert_eq!(key(&mut model, KeyCode::Char('s')), [Effect::Screenshot]);
        key(&mut model, KeyCode::Char('e'));
        let [Effect::Audit { app, name }] = &key(&mut model, KeyCode::Char('a'))[..] else {
            panic!()
        };
        assert_eq!(app.as_str(), "shop-android");
        assert_eq!(name, "haltline-audit-shop-android-20260110T143207Z.jsonl");
        key(&mut model, KeyCode::Char('e'));
        let [Effect::Write { name, text }] = &key(&mut model, KeyCode::Char('m'))[..] else {
            panic!()
        };
        assert_eq!(name, "haltline-shop-android-20260110T143207Z.md");
        assert!(text.starts_with("# HALTED: Shop Android"));
        assert!(model.layer.is_none());
    }

    #[test]
    fn the_palette_names_it_at_once() {
        let mut model = fixture::model(fixture::halted());
        assert_eq!(open(&mut model, "screen"), [Effect::Screenshot]);
        assert!(matches!(
            open(&mut model, " summary")[..],
            [Effect::Write { .. }]
        ));
        assert!(open(&mut model, "everything").is_empty());
        assert_eq!(
            model.notice.unwrap().text,
            "export what? screen, summary, audit"
        );
    }

    #[test]
    fn a_text_of_the_past_says_so_and_is_named_by_its_moment() {
        let mut model = fixture::model(fixture::nobody());
        model.moment = Moment::Past(Box::new(Past {
            picture: Arc::clone(&model.snapshot),
            arrived: true,
            asked: None,
            wish: None,
            stepped: None,
            around: None,
        }));
        let [Effect::Write { name, text }] = &open(&mut model, "summary")[..] else {
            panic!()
        };
        assert_eq!(name, "haltline-shop-android-20260110T120207Z.md");
        assert!(
            text.contains("**AS IT WAS at 2026-01-10 12:02:07 UTC, from the journal**"),
            "{text}"
        );
        model.moment = Moment::Frozen {
            since: fixture::now(),
        };
        let [Effect::Write { text, .. }] = &open(&mut model, "summary")[..] else {
            panic!()
        };
        assert!(text.contains("held still on a screen"), "{text}");
    }

    #[test]
    fn a_screenshot_is_what_is_seen_without_its_notice() {
        let mut model = fixture::model(fixture::announced());
        let theme = Theme::new(false, false);
        let seen = picture(&model, theme, (80, 24));
        model.tell(Tone::Strong, "something");
        let Effect::Write { name, text } = screenshot(&model, theme, Rect::new(0, 0, 80, 24))
        else {
            panic!()
        };
        assert_eq!(name, "haltline-shop-android-20260110T143207Z.txt");
        assert!(text.starts_with(&seen), "{text}");
        assert!(text.contains("written by haltline"), "{text}");
        assert_eq!(text.lines().count(), 26);
    }
}
