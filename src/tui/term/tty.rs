//! Whether there is a terminal that a screen can be drawn on, by what it can do.

use std::io::{self, IsTerminal as _};

/// Why there is none, as the end of "this is no terminal that a screen can be drawn on: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTerminal {
    #[error("its output is not a terminal")]
    Output,
    #[error("its input is not a terminal")]
    Input,
    #[error("TERM is not set, so that nothing is known of it")]
    Unknown,
    #[error("TERM=dumb cannot move its cursor")]
    Dumb,
}

/// To be asked before anything is started; `env` gives a variable's value.
pub fn check(env: impl Fn(&str) -> Option<String>) -> Result<(), NoTerminal> {
    judge(
        io::stdout().is_terminal(),
        io::stdin().is_terminal(),
        env("TERM").as_deref(),
    )
}

fn judge(output: bool, input: bool, term: Option<&str>) -> Result<(), NoTerminal> {
    match term {
        _ if !output => Err(NoTerminal::Output),
        _ if !input => Err(NoTerminal::Input),
        None | Some("") => Err(NoTerminal::Unknown),
        Some("dumb") => Err(NoTerminal::Dumb),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_move_a_cursor_will_do() {
        assert_eq!(judge(true, true, Some("xterm")), Ok(()));
        assert_eq!(judge(false, true, Some("xterm")), Err(NoTerminal::Output));
        assert_eq!(judge(true, false, Some("xterm")), Err(NoTerminal::Input));
        assert_eq!(judge(true, true, Some("dumb")), Err(NoTerminal::Dumb));
        assert_eq!(judge(true, true, None), Err(NoTerminal::Unknown));
    }
}
