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
fn the_readme_lists_every_command() {
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let row = format!("\n| `{}` |", command.get_name());
        assert!(README.contains(&row), "no row of {}", command.get_name());
    }
}
