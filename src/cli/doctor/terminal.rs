//! What the terminal at hand does to the screen: notes, never failures. Asks nothing of the terminal itself, whose answers
//! would be typed into the shell over a slow line.

use std::io::IsTerminal as _;
use std::process::Command;

use crate::config::Surroundings;

/// What a person should know before they rely on the screen here.
pub(super) fn notes(around: &Surroundings) -> Vec<String> {
    let tmux = around.var("TMUX").is_some().then(|| Tmux {
        clipboard: tmux_option("set-clipboard"),
    });
    let mut notes = of_env(|name| around.var(name).map(str::to_owned));
    notes.extend(tmux.iter().flat_map(Tmux::notes));
    if !std::io::stdout().is_terminal() {
        notes.push("this is no terminal: `haltline status --watch` tells in lines".into());
    }
    notes
}

/// Of the environment alone; `var` gives a variable's value.
fn of_env(var: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let mut notes = Vec::new();
    match set("TERM").as_deref() {
        None | Some("dumb") => notes.push(
            "TERM says that the cursor cannot be moved: no screen, but `haltline status --watch`"
                .into(),
        ),
        Some("linux") => notes.push("the Linux console: drawn with ASCII characters".into()),
        Some(_) => {}
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.as_deref().is_some_and(|it| {
        let it = it.to_ascii_lowercase();
        it.contains("utf-8") || it.contains("utf8")
    });
    if !utf8 {
        let named = locale.unwrap_or_else(|| "none".into());
        notes.push(format!(
            "the locale ({named}) is not UTF-8: drawn with ASCII characters"
        ));
    }
    if set("NO_COLOR").is_some() {
        notes.push("NO_COLOR is set: words, glyphs and bold instead of colours".into());
    }
    if set("STY").is_some() {
        notes.push(
            "screen passes no copy (OSC 52) on: `y` reaches nobody's clipboard, `e` writes a file"
                .into(),
        );
    }
    notes
}

/// The tmux around it.
struct Tmux {
    /// `on`, `external` or `off`; `None` where it cannot be asked.
    clipboard: Option<String>,
}

impl Tmux {
    fn notes(&self) -> Vec<String> {
        match self.clipboard.as_deref() {
            Some("on") => Vec::new(),
            Some(other) => vec![format!(
                "tmux has set-clipboard {other}, so `y` reaches nobody's clipboard; `tmux set -s set-clipboard on` lets it"
            )],
            None => vec!["tmux cannot be asked whether it passes copies on (set-clipboard)".into()],
        }
    }
}

fn tmux_option(name: &str) -> Option<String> {
    let asked = Command::new("tmux").args(["show", "-sv", name]).output();
    let output = asked.ok().filter(|output| output.status.success())?;
    let value = String::from_utf8(output.stdout).ok()?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pairs: &[(&str, &str)]) -> String {
        let var = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        of_env(var).join("\n")
    }

    #[test]
    fn a_usual_terminal_needs_no_word() {
        assert_eq!(told(&[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]), "");
    }

    #[test]
    fn what_the_environment_takes_away_is_told() {
        assert!(told(&[("TERM", "dumb"), ("LANG", "C.UTF-8")]).contains("no screen"));
        assert!(told(&[("TERM", "xterm")]).contains("the locale (none) is not UTF-8"));
        let mono = [("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")];
        assert!(told(&mono).starts_with("NO_COLOR is set"));
        let empty = [("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "")];
        assert_eq!(told(&empty), "", "an empty NO_COLOR says nothing");
    }

    #[test]
    fn tmux_is_told_what_to_set() {
        let of = |clipboard: Option<&str>| {
            let clipboard = clipboard.map(str::to_owned);
            Tmux { clipboard }.notes().join("\n")
        };
        assert_eq!(of(Some("on")), "");
        assert!(of(Some("external")).contains("tmux set -s set-clipboard on"));
        assert!(of(None).contains("cannot be asked"));
    }
}
