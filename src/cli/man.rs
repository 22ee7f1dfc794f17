//! `haltline man`: the manual pages, made of what the command line says of itself, and of what stands in `man/` for all of it:
//! exit codes, variables, files, signals.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::{Man, roff};

use super::args::Cli;
use super::exit::Exit;
use super::say;

/// What `--help` does not say, in roff.
const OF_ALL: &str = include_str!("man/haltline.1");
const OF_THE_DAEMON: &str = include_str!("man/watch.1");
const OF_EACH: &str = include_str!("man/command.1");

/// All pages into a folder, which is made where it is missing; without one the first page on stdout.
pub(super) fn run(folder: Option<&Path>) -> anyhow::Result<Exit> {
    let command = whole();
    let Some(folder) = folder else {
        let mut text = Vec::new();
        page(&command, &mut text)?;
        say::forgiving(io::stdout().lock().write_all(&text))?;
        return Ok(Exit::Fine);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| write_all(&command, folder))
        .with_context(|| format!("cannot write the manual pages into {}", folder.display()))?;
    Ok(Exit::Fine)
}

fn whole() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    for one in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        write_all(one, folder)?;
    }
    let mut text = Vec::new();
    page(command, &mut text)?;
    std::fs::write(folder.join(format!("{}.1", name(command))), text)
}

/// `haltline-policy-check`
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, to: &mut dyn Write) -> io::Result<()> {
    let name = name(command);
    let first = name == "haltline";
    // The options that every command has are told once, on the first page.
    let shown = command.clone().mut_args(|arg| {
        let hidden = arg.is_global_set() && !first;
        arg.hide(hidden)
    });
    let man = Man::new(shown)
        .source(concat!("haltline ", env!("CARGO_PKG_VERSION")))
        .manual("haltline's manual");
    man.render_title(to)?;
    man.render_name_section(to)?;
    synopsis(command, to)?;
    man.render_description_section(to)?;
    man.render_options_section(to)?;
    if command.has_subcommands() {
        man.render_subcommands_section(to)?;
    }
    let rest: &[&str] = match name {
        "haltline" => &[OF_ALL],
        "haltline-watch" => &[OF_THE_DAEMON, OF_EACH],
        _ => &[OF_EACH],
    };
    rest.iter()
        .try_for_each(|section| to.write_all(section.as_bytes()))
}

/// As `--help` has it, with the values that options take.
fn synopsis(command: &Command, to: &mut dyn Write) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    roff::Roff::new()
        .control("SH", ["SYNOPSIS"])
        .text([roff::roman(usage)])
        .to_writer(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(command: &Command, into: &mut Vec<(String, String)>) {
        for one in command.get_subcommands() {
            all(one, into);
        }
        let mut text = Vec::new();
        page(command, &mut text).unwrap();
        into.push((name(command).to_owned(), String::from_utf8(text).unwrap()));
    }

    #[test]
    fn each_command_has_a_page() {
        let mut pages = Vec::new();
        all(&whole(), &mut pages);
        for (name, text) in &pages {
            assert!(text.contains(&format!(".TH {name} 1")), "{text}");
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPTIONS",
                "\"EXIT STATUS\"",
            ] {
                let wanted = format!(".SH {section}\n");
                assert_eq!(text.matches(&wanted).count(), 1, "{name}: {section}");
            }
            let told = text.contains("\\-\\-theme");
            assert_eq!(told, name == "haltline", "{name}: options of the screen");
        }
        let named = |name: &str| {
            pages
                .iter()
                .find(|(one, _)| one == name)
                .map(|(_, text)| text)
        };
        let halt = named("haltline-halt").unwrap();
        let usage = "haltline halt [OPTIONS] \\-\\-reason <TEXT> <APP>";
        assert!(halt.contains(usage), "{halt}");
        assert!(named("haltline-policy-check").is_some());
        assert!(named("haltline-watch").unwrap().contains("SIGHUP"));
    }

    #[test]
    fn every_exit_code_is_told_and_as_the_readme_tells_it() {
        let readme = include_str!("../../README.md");
        let table = readme.split("| exit code | means |").nth(1).unwrap();
        let rows: Vec<_> = table
            .lines()
            .skip(2)
            .map_while(|line| line.strip_prefix("| "))
            .filter_map(|line| line.trim_end_matches(" |").split_once(" | "))
            .collect();
        assert!(rows.len() > 8, "{rows:?}");
        for (code, means) in rows {
            let means = means.replace('`', "").replace('-', "\\-");
            let told = format!(".TP\n{code}\n{means}\n");
            assert!(OF_ALL.contains(&told), "{told}");
        }
    }
}
