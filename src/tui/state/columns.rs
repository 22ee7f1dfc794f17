//! Which columns the overview has, and in which order. The verdict and the app's name are always there.

use crossterm::event::{KeyCode, KeyEvent};
use serde::{Deserialize, Serialize};

use super::model::{Layer, Model};
use crate::tui::input::actions::Do;
use crate::tui::input::keymap::Keymap;

/// A column of the overview that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Column {
    Platform,
    Version,
    Stage,
    Next,
    Exposed,
    CrashFree,
    Change,
    Rules,
    Data,
    Who,
}

impl Column {
    const ALL: [Self; 10] = [
        Self::Platform,
        Self::Version,
        Self::Stage,
        Self::Next,
        Self::Exposed,
        Self::CrashFree,
        Self::Change,
        Self::Rules,
        Self::Data,
        Self::Who,
    ];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Version => "version",
            Self::Stage => "stage: how many may have it, or Apple's day",
            Self::Next => "next: what happens next, and when",
            Self::Exposed => "exposed: users who have it",
            Self::CrashFree => "crash-free: of the new version",
            Self::Change => "Δ prev: against the previous version",
            Self::Rules => "✗ ! ? ✓: rules by state",
            Self::Data => "data: age of the oldest that counts",
            Self::Who => "who: is on watch, ✓ has acknowledged",
        }
    }
}

/// All of them, in their order, and whether each is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Columns(Vec<(Column, bool)>);

impl Default for Columns {
    fn default() -> Self {
        Self(Column::ALL.map(|column| (column, true)).to_vec())
    }
}

impl Columns {
    pub(crate) fn all(&self) -> &[(Column, bool)] {
        &self.0
    }

    pub(crate) fn shown(&self) -> impl Iterator<Item = Column> {
        let shown = self.0.iter().filter(|(_, shown)| *shown);
        shown.map(|(column, _)| *column)
    }

    /// Each exactly once, whatever was kept.
    #[must_use]
    pub(crate) fn mended(self) -> Self {
        let mut mended: Vec<(Column, bool)> = Vec::new();
        let usual = Self::default().0;
        for (column, shown) in self.0.into_iter().chain(usual) {
            if !mended.iter().any(|(known, _)| *known == column) {
                mended.push((column, shown));
            }
        }
        Self(mended)
    }

    fn turn(&mut self, at: usize) {
        if let Some((_, shown)) = self.0.get_mut(at) {
            *shown = !*shown;
        }
    }

    /// Moves a column by one; where it stands then.
    fn shift(&mut self, at: usize, down: bool) -> usize {
        let to = if down { at + 1 } else { at.wrapping_sub(1) };
        if at < self.0.len() && to < self.0.len() {
            self.0.swap(at, to);
            to
        } else {
            at
        }
    }
}

/// The list of columns while somebody chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picker {
    pub(crate) at: usize,
}

/// Lets the person choose.
pub(crate) fn open(model: &mut Model) {
    model.layer = Some(Layer::Columns(Picker::default()));
}

/// A key while choosing; the overview behind follows.
pub(crate) fn press(model: &mut Model, mut picker: Picker, key: KeyEvent) {
    let columns = &mut model.lists.columns;
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'c') => return,
        KeyCode::Char(' ') => columns.turn(picker.at),
        KeyCode::Char('J') => picker.at = columns.shift(picker.at, true),
        KeyCode::Char('K') => picker.at = columns.shift(picker.at, false),
        KeyCode::Char('r') => *columns = Columns::default(),
        _ => {
            let last = columns.0.len().saturating_sub(1);
            if let Some(Do::Scroll(rows)) = does(&model.keys, key) {
                picker.at = picker.at.saturating_add_signed(rows).min(last);
            }
        }
    }
    model.layer = Some(Layer::Columns(picker));
}

fn does(keys: &Keymap, key: KeyEvent) -> Option<Do> {
    keys.action(key).map(|action| action.does)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;
    use crate::tui::tests::press;

    #[test]
    fn columns_go_come_and_move() {
        let mut model = fixture::fleet_model(6);
        let shown = |model: &Model| model.lists.columns.shown().collect::<Vec<_>>();
        for key in "c jJ".chars() {
            press(&mut model, KeyCode::Char(key));
        }
        let now = shown(&model);
        assert_eq!(now.first(), Some(&Column::Stage));
        assert_eq!(now.get(1), Some(&Column::Version));
        assert!(!now.contains(&Column::Platform));
        press(&mut model, KeyCode::Char('r'));
        assert_eq!(shown(&model), Column::ALL);
        press(&mut model, KeyCode::Esc);
        assert!(model.layer.is_none());
    }

    #[test]
    fn what_was_kept_is_mended() {
        let kept = vec![
            (Column::Who, false),
            (Column::Who, true),
            (Column::Next, true),
        ];
        let mended = Columns(kept).mended();
        assert_eq!(mended.0.len(), Column::ALL.len());
        assert_eq!(mended.0.first(), Some(&(Column::Who, false)));
        assert_eq!(mended.clone().mended(), mended);
    }
}
