//! The screen without a terminal: a picture as text, and what bringing a terminal from one frame to the next would write.
//!
//! For measuring, and for whoever wants to see a picture where no terminal is. Goes the way of the real loop: through
//! `update` and `view`, and nothing else.

use std::io;
use std::sync::Arc;

use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::api::Snapshot;
use crate::domain::Timestamp;
use crate::tui::state::message::{Message, Now};
use crate::tui::state::model::{Identity, Model};
use crate::tui::style::theme::Theme;
use crate::tui::update::update;
use crate::tui::view;

/// A screen of a fixed size that shows pictures to nobody.
#[derive(Debug)]
pub struct Offscreen {
    model: Model,
    theme: Theme,
    shown: Buffer,
}

impl Offscreen {
    /// A screen of `columns` and `rows` that shows `picture` at its own time.
    pub fn new(picture: Arc<Snapshot>, theme: Theme, columns: u16, rows: u16) -> Self {
        let now = Now {
            watched: picture.at,
            wall: picture.at,
        };
        let nobody = Identity {
            user: "".into(),
            host: "".into(),
        };
        Self {
            model: Model::new(picture, now, nobody),
            theme,
            shown: Buffer::empty(Rect::new(0, 0, columns, rows)),
        }
    }

    /// A newer picture has come.
    pub fn take(&mut self, picture: Arc<Snapshot>) {
        update(&mut self.model, Message::Snapshot(picture));
    }

    /// Time has gone on to `at`.
    pub fn tick(&mut self, at: Timestamp) {
        let now = Now {
            watched: at,
            wall: at,
        };
        update(&mut self.model, Message::Tick(now));
    }

    /// Draws, and returns what a terminal would be sent to get there from the frame before; nothing where nothing differs.
    ///
    /// # Errors
    /// None that is known of: it writes to memory.
    pub fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut next = Buffer::empty(self.shown.area);
        view::draw(&self.model, self.theme, &mut next);
        let mut bytes = Vec::new();
        let changes = self.shown.diff(&next);
        if !changes.is_empty() {
            CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
        }
        self.shown = next;
        Ok(bytes)
    }

    /// The last frame as text, a line a row.
    pub fn text(&self) -> String {
        let columns = usize::from(self.shown.area.width).max(1);
        let rows = self.shown.content.chunks(columns);
        let rows = rows.map(|row| {
            let row: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}
