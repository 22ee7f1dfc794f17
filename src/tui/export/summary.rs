//! An incident in words: for a tracker as Markdown, for a chat in a few lines. Pure: what is known in, text out.
//!
//! Every number carries what it rests on, every time is in UTC, and nothing in it calls anybody. Must not know where the text
//! goes.

mod facts;
pub(crate) mod markdown;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::api::wire::WatcherState;
use crate::api::{AppSnapshot, Snapshot};
use crate::domain::{PlainText, Record, Timestamp};
use crate::tui::words::headline::Headline;
use crate::tui::words::state_words;
use markdown::{sentence, text, uncalled};

/// What a summary is of.
pub(crate) struct Account<'a> {
    pub(crate) picture: &'a Snapshot,
    pub(crate) app: &'a AppSnapshot,
    /// What happened to it and to the watcher, oldest first.
    pub(crate) events: &'a [Record],
    pub(crate) standing: Standing,
    /// When it is written, the watcher's time.
    pub(crate) at: Timestamp,
    /// Who has it written.
    pub(crate) by: PlainText,
    /// `simulated, 60×`; empty for the real world.
    pub(crate) banner: PlainText,
}

/// How the picture stands to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Now,
    /// It was held still; newer ones came meanwhile.
    Frozen,
    /// The journal's, of an earlier moment.
    Past,
    /// The watcher cannot be reached: it is the last one that came.
    Cut,
}

impl Account<'_> {
    /// As the screen has it: nothing reads healthy that nobody looks at now.
    fn headline(&self) -> Headline {
        let nobody = matches!(self.picture.watcher, WatcherState::NobodySince { .. });
        Headline::of(self.app, !nobody && self.standing != Standing::Cut)
    }

    /// `HALTED: Shop Android 8.43.0 (84300), halted at Google Play, 5% kept`
    fn title(&self) -> String {
        let app = self.app;
        let version = match app.version_name.as_str() {
            "" => String::new(),
            name => format!(" {name}"),
        };
        format!(
            "{}: {} {}{version}, {}",
            self.headline().word(),
            app.name,
            app.store.platform(),
            state_words::of(app)
        )
    }

    /// What makes this another thing than the present state, first of all.
    pub(in crate::tui) fn warnings(&self) -> Vec<String> {
        let picture = full(self.picture.at);
        let mut out = Vec::new();
        if !self.banner.is_empty() {
            out.push(format!("{}: no real rollout", self.banner));
        }
        match self.standing {
            Standing::Now => {}
            Standing::Frozen => out.push(format!(
                "as it was at {picture}, held still on a screen: it may have changed since"
            )),
            Standing::Past => out.push(format!("AS IT WAS at {picture}, from the journal")),
            Standing::Cut => out.push(format!(
                "THE WATCHER CANNOT BE REACHED: this is what it knew at {picture}"
            )),
        }
        match &self.picture.watcher {
            WatcherState::NobodySince { since: Some(since) } if self.standing != Standing::Past => {
                out.push(format!("NOBODY IS WATCHING since {}", full(*since)));
            }
            WatcherState::NobodySince { since: None } => out.push("NOBODY IS WATCHING".into()),
            WatcherState::WatchingOnly { why } => {
                out.push(format!("haltline watches and must not act: {why}"));
            }
            _ => {}
        }
        out
    }

    /// `written by haltline 0.1.0 at … for alice on jump-1, revision 19, event 25`
    pub(in crate::tui) fn origin(&self) -> String {
        let by = match self.by.as_str() {
            "" => String::new(),
            name => format!(" for {name}"),
        };
        format!(
            "written by haltline {} at {}{by}, from revision {} of {}, event {}",
            env!("CARGO_PKG_VERSION"),
            full(self.at),
            self.app.revision,
            self.app.id,
            self.picture.seq
        )
    }
}

/// The whole of it, for a tracker or a postmortem.
pub(crate) fn document(account: &Account<'_>) -> String {
    let mut out = format!("# {}\n\n", text(&account.title()));
    for warning in account.warnings() {
        let _infallible = writeln!(out, "> **{}**\n>", text(&warning));
    }
    if out.ends_with(">\n") {
        out.truncate(out.len() - 2);
        out.push('\n');
    }
    list(&mut out, &facts::in_short(account));
    tables::all(account, &mut out);
    section(
        &mut out,
        "What cannot be undone",
        &facts::irrevocable(account.app),
    );
    if !account.app.way_out.is_empty() {
        out.push_str("\n## The way out\n\n");
        for (n, step) in account.app.way_out.iter().enumerate() {
            let _infallible = writeln!(out, "{}. {}", n + 1, sentence(step));
        }
    }
    tables::timeline(account, &mut out);
    let _infallible = write!(
        out,
        "\n---\n\n{}. The proof: `haltline audit {} --json`.\n",
        sentence(&capital(&account.origin())),
        account.app.id
    );
    out
}

/// A few lines for a chat, as plain text.
pub(crate) fn brief(account: &Account<'_>) -> String {
    let mut lines = vec![account.title()];
    lines.extend(account.warnings());
    let facts = facts::in_short(account);
    lines.extend(facts.iter().map(|line| format!("- {}", begun(line))));
    lines.push(format!(
        "haltline, {}, revision {}",
        full(account.at),
        account.app.revision
    ));
    lines.iter().map(|line| uncalled(line) + "\n").collect()
}

/// What the file is called: `haltline-shop-android-20261120T142827Z.md`. Of what a name is made of outside, only what is
/// harmless in one is kept.
pub(crate) fn file_name(what: &str, at: Timestamp, extension: &str) -> String {
    let fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let what: String = what.chars().filter(fine).collect();
    format!(
        "haltline-{what}-{}.{extension}",
        at.format("%Y%m%dT%H%M%SZ")
    )
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _infallible = write!(out, "\n## {title}\n\n");
        list(out, lines);
    }
}

fn list(out: &mut String, lines: &[String]) {
    for line in lines {
        let _infallible = writeln!(out, "- {}", sentence(line));
    }
}

/// The first two sentences: who asks for more has the document.
fn begun(text: &str) -> &str {
    let second = text.match_indices(". ").nth(1);
    second.and_then(|(at, _)| text.get(..=at)).unwrap_or(text)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// `2026-01-10 14:32:07 UTC`
fn full(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
