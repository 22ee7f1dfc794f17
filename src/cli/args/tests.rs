//! README and command line agree.

use clap::CommandFactory as _;

use super::*;

const README: &str = include_str!("../../../README.md");

/// The words of a command line as a shell would cut it; quotes are all that the README needs.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_command_line_of_the_readme_parses() {
    let blocks = README.split("```sh\n").skip(1);
    let lines: Vec<&str> = blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .filter_map(|line| line.split(" #").next()?.split('>').next())
        .filter(|line| line.starts_with("haltline"))
        .collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        if let Err(error) = Cli::try_parse_from(words(line)) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn the_help_has_the_exit_codes_of_the_readme() {
    let table = README.split("| exit code | means |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let codes: Vec<&str> = rows.filter_map(|row| row.split(' ').nth(1)).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    let mut rest = EXIT_CODES;
    for code in codes {
        let at = rest.find(&format!(" {code} "));
        rest = rest
            .split_at(at.unwrap_or_else(|| panic!("no {code} in {rest}")))
            .1;
    }
}

#[test]
fn the_readme_lists_every_command() {
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let row = format!("\n| `{}` |", command.get_name());
        assert!(README.contains(&row), "no row of {}", command.get_name());
    }
}
