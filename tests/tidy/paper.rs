//! README and ARCHITECTURE hold what they promise. That every command line of the README parses, and that its tables of
//! commands and keys are whole, is tested beside the command line and the keys.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::files;

fn haltline(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haltline"));
    command.args(words).stdin(Stdio::null());
    command
}

/// The lines of the README's ```sh blocks that start with `haltline`, without comment.
fn command_lines() -> Vec<String> {
    let readme = files::read("README.md");
    let blocks = readme.split("```sh\n").skip(1);
    let code = blocks.map(|block| block.split("```").next().unwrap_or_default());
    code.flat_map(str::lines)
        .filter(|line| line.starts_with("haltline"))
        .map(|line| line.split(" #").next().unwrap_or_default().trim().into())
        .collect()
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn the_commands_that_need_nothing_work() {
    let lines = command_lines();
    let promised = |line: &str| {
        let there = lines.iter().any(|known| known.starts_with(line));
        assert!(there, "the README does not show `{line}`");
        line.split(' ')
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (line, code) in [
        ("haltline demo --headless", 10),
        ("haltline config example", 0),
        ("haltline config schema", 0),
    ] {
        let words = promised(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = haltline(&words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(!output.stdout.is_empty(), "{line} says nothing");
    }

    let words = promised("haltline sim --scenario");
    let mut sim = haltline(&[&words[0], &words[1], "ios-phased"]);
    let mut sim = Ended(sim.stdout(Stdio::piped()).spawn().unwrap());
    let mut first = String::new();
    let out = sim.0.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut first).unwrap();
    let told: serde_json::Value = serde_json::from_str(&first).unwrap();
    let config = told["config"].as_str().unwrap();
    let check = haltline(&["--config", config, "config", "check"]).status();
    assert_eq!(check.unwrap().code(), Some(0), "the sim's own config");
}

/// A dependency without a reason is one too many; a reason without a dependency is a lie.
#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = toml::from_str(&files::read("Cargo.toml")).unwrap();
    let mut wanted: Vec<String> = ["dependencies", "dev-dependencies"]
        .into_iter()
        .filter_map(|table| manifest.get(table)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect();
    let paper = files::read("src/ARCHITECTURE.md");
    let table = paper
        .split("## Dependencies")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .unwrap();
    let mut named: Vec<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| {
            let cell = line.split('|').nth(1).unwrap_or_default();
            cell.split('`').skip(1).step_by(2).map(str::to_owned)
        })
        .collect();
    wanted.sort();
    named.sort();
    assert_eq!(wanted, named);
}

/// Every file and test that ARCHITECTURE.md names exists.
#[test]
fn architecture_names_what_is_there() {
    let paper = files::read("src/ARCHITECTURE.md");
    let sources: String = files::rust(&["src", "tests"])
        .iter()
        .map(|file| file.text.as_str())
        .collect();
    for word in paper.split('`').skip(1).step_by(2) {
        let is_path = !word.contains(' ')
            && ["src/", "tests/", "assets/", "config/"]
                .iter()
                .any(|folder| word.starts_with(folder))
            && !word.contains('*');
        if is_path {
            let path = word.trim_end_matches('/');
            assert!(files::root().join(path).exists(), "there is no {word}");
        }
        let is_test = word.matches('_').count() >= 3
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
        if is_test {
            let there = sources.contains(&format!("fn {word}("));
            assert!(there, "there is no test {word}");
        }
    }
}
