//! How somebody left the screen, to start the next one alike: never a dialog, never a filter, never an app.
//!
//! Must not read or write: whoever starts the screen does ([`crate::tui::Options`]).

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::lists::List;
use super::model::{Model, Pane, View};
use super::overview;
use super::sort::{By, Sort};
use crate::tui::style::theme::Palette;

/// See the module. JSON; whatever is missing in it is as it is for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    view: Option<View>,
    focus: Option<Pane>,
    zoomed: bool,
    sorts: Vec<(List, Sort)>,
    columns: Columns,
    /// By its name, where somebody chose one on the screen.
    theme: Option<String>,
}

/// How the last screen was left, and what keeps how this one is.
pub struct Memory {
    pub left: ViewState,
    /// Called at every change, from the loop: it must be quick, and has nobody to tell of a failure.
    pub keep: Box<dyn Fn(&ViewState) + Send>,
}

impl Memory {
    /// Of a screen that leaves no trace.
    pub fn none() -> Self {
        Self {
            left: ViewState::default(),
            keep: Box::new(|_left| {}),
        }
    }
}

impl ViewState {
    /// Of what was written; whatever cannot be understood starts afresh.
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The theme that was chosen on the screen, where there is one of that name.
    pub fn theme(&self) -> Option<Palette> {
        self.theme.as_ref()?.parse().ok()
    }

    pub(crate) fn of(model: &Model) -> Self {
        Self {
            view: Some(model.view),
            focus: Some(model.focus),
            zoomed: model.zoomed,
            sorts: model.lists.sorts().collect(),
            columns: model.lists.columns.clone(),
            theme: model.chosen_theme.map(|it| it.name().to_owned()),
        }
    }

    /// Of the screen that starts.
    pub(crate) fn restore(self, model: &mut Model) {
        model.lists.start = self.view;
        model.chosen_theme = self.theme();
        overview::start(model);
        model.focus = self.focus.unwrap_or(model.focus);
        model.zoomed = self.zoomed;
        for (list, sort) in self.sorts {
            if By::of(list).contains(&sort.by) {
                model.lists.set_sort(list, sort);
            }
        }
        model.lists.columns = self.columns.mended();
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::super::message::Effect;
    use super::*;
    use crate::tui::fixture;
    use crate::tui::tests::press;

    fn typed(model: &mut Model, keys: &str) -> Vec<Effect> {
        let keys = keys.chars();
        keys.flat_map(|key| press(model, KeyCode::Char(key)))
            .collect()
    }

    #[test]
    fn the_next_screen_starts_as_this_one_was_left() {
        let mut model = fixture::fleet_model(6);
        let told = typed(&mut model, "ssc jJ");
        assert!(!told.is_empty() && told.iter().all(|it| *it == Effect::Remember));
        press(&mut model, KeyCode::Esc);
        typed(&mut model, "/courier");
        press(&mut model, KeyCode::Enter);
        typed(&mut model, "5szH");
        let kept = ViewState::of(&model);
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("courier"), "{text}");
        assert_eq!(ViewState::parse(&text), kept);

        let mut next = fixture::fleet_model(6);
        kept.clone().restore(&mut next);
        assert_eq!(ViewState::of(&next), kept);
        assert_eq!((next.focus, next.zoomed), (Pane::Crashes, true));
        assert!(next.layer.is_none());
        assert!(next.lists.filter(List::Overview).is_empty());
        assert_eq!(next.app, next.first_app());
    }

    #[test]
    fn looking_around_is_kept_and_moving_is_not() {
        let mut model = fixture::fleet_model(6);
        assert_eq!(typed(&mut model, "jk/x"), []);
        press(&mut model, KeyCode::Esc);
        assert_eq!(typed(&mut model, "s"), [Effect::Remember]);
    }

    #[test]
    fn a_theme_is_kept_once_it_is_chosen() {
        let mut model = fixture::fleet_model(6);
        typed(&mut model, "s");
        assert_eq!(ViewState::of(&model).theme(), None);
        assert_eq!(typed(&mut model, "t"), [Effect::Remember]);
        let kept = ViewState::of(&model);
        assert!(kept.theme().is_some());
        let mut next = fixture::fleet_model(6);
        kept.clone().restore(&mut next);
        assert_eq!(ViewState::of(&next), kept);
        let gone = ViewState::parse(r#"{"theme": "of a later version", "zoomed": true}"#);
        assert!(gone.theme().is_none() && gone.zoomed);
    }

    #[test]
    fn garbage_starts_afresh() {
        let kept = ViewState::default();
        for text in [
            "",
            "{",
            "null",
            "[]",
            "{\"focus\": 7}",
            "{\"view\": \"moon\"}",
            "\u{0}",
        ] {
            assert_eq!(ViewState::parse(text), kept, "{text}");
        }
        let later = "{\"zoomed\": true, \"of a later version\": [1]}";
        assert!(ViewState::parse(later).zoomed);
        let text = r#"{"sorts": [["overview", {"by": "first-seen", "reversed": true}]], "columns": [["who", false]]}"#;
        let mut model = fixture::fleet_model(6);
        ViewState::parse(text).restore(&mut model);
        assert_eq!(
            model.lists.sort(List::Overview),
            Sort::usual(List::Overview)
        );
        assert_eq!(model.lists.columns.shown().count(), 9);
    }
}
