//! What a line may not say, and how long a file may be.

use super::files::{self, File};

const LONGEST: usize = 500;

/// The one file that asks the machine what time it is.
const CLOCK: &str = "src/ports/clock.rs";

/// Places in what ships that hold one of these.
fn shipped_with(words: &[&str], except: &str) -> Vec<String> {
    let files = files::shipped();
    let hits = files
        .iter()
        .filter(|file| file.path != except)
        .flat_map(|file| {
            let code = file.code().into_iter();
            code.filter(|(_, line)| words.iter().any(|word| line.contains(word)))
                .map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
        });
    hits.collect()
}

fn nothing(found: &[String], why: &str) {
    assert!(found.is_empty(), "{why}:\n{}", found.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let long = files::rust(&["src", "tests"])
        .iter()
        .map(|file| (file.text.lines().count(), file.path.clone()))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect::<Vec<_>>();
    nothing(&long, "at most 500 lines a file, one concept each");
}

#[test]
fn every_module_says_what_it_owns() {
    let silent = files::shipped()
        .into_iter()
        .filter(|file| !file.text.starts_with("//!") && !file.text.starts_with("#![doc = "))
        .map(|file| file.path)
        .collect::<Vec<_>>();
    nothing(&silent, "a module opens with `//!`");
}

#[test]
fn only_the_clock_reads_the_time() {
    let words = [
        "SystemTime::now",
        "Instant::now",
        "Utc::now",
        "Local::now",
        "thread::sleep",
    ];
    nothing(
        &shipped_with(&words, CLOCK),
        "time comes from ports::Clock only",
    );
}

#[test]
fn nothing_that_ships_gives_up_or_prints() {
    let words = [
        ".unwrap()",
        ".expect(\"",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        "println!(",
        "eprintln!(",
        "print!(",
        "dbg!(",
        "unsafe {",
    ];
    nothing(
        &shipped_with(&words, ""),
        "an error is a value, and `cli::say` is who prints",
    );
}

/// `allow` hides a lint for good; `expect` tells when it is no longer needed, and has to say why it was.
#[test]
fn lints_are_silenced_with_a_reason() {
    let mut silent = Vec::new();
    for file in files::rust(&["src", "tests"]) {
        let lines: Vec<&str> = file.text.lines().map(str::trim_start).collect();
        for (at, line) in lines.iter().enumerate() {
            let allows = line.starts_with("#[allow(") || line.starts_with("#![allow(");
            let expects = line.starts_with("#[expect(") || line.starts_with("#![expect(");
            let end = lines[at..].iter().position(|line| line.contains(")]"));
            let attribute = &lines[at..=at + end.unwrap_or(0)];
            let reasoned = attribute.iter().any(|line| line.contains("reason = "));
            if allows || (expects && !reasoned) {
                silent.push(format!("{}:{}: {line}", file.path, at + 1));
            }
        }
    }
    nothing(&silent, "#[expect(lint, reason = \"…\")]");
}

/// Addresses in the code are the simulator's and the tests': this machine, or one of the ranges kept for documents.
#[test]
fn no_address_but_this_machine() {
    let mut found = Vec::new();
    for file in everything() {
        for (at, line) in file.text.lines().enumerate() {
            let words = line.split(|c: char| !(c.is_ascii_digit() || c == '.'));
            let foreign = words
                .filter_map(|word| word.trim_matches('.').parse::<std::net::Ipv4Addr>().ok())
                .any(|address| {
                    !(address.is_loopback()
                        || address.is_unspecified()
                        || address.is_documentation())
                });
            if foreign {
                found.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    nothing(&found, "an address that is not loopback");
}

/// The repository knows nothing of the machine that it was written on.
#[test]
fn no_path_of_one_machine() {
    let paths = [
        concat!("/wo", "rk/"),
        concat!("/tmp/", "wt/"),
        concat!("/ro", "ot/"),
    ];
    let mut found = Vec::new();
    for file in everything() {
        for (at, line) in file.text.lines().enumerate() {
            if paths.iter().any(|path| line.contains(path)) {
                found.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    nothing(&found, "a path of one machine");
}

/// A line feed at the end, no tabs, no space before it: what an editor or a formatter would change in a diff.
#[test]
fn text_files_are_clean() {
    let mut found = Vec::new();
    for file in everything() {
        let is_code = file.path.ends_with(".rs") || file.path.ends_with(".md");
        if !is_code {
            continue;
        }
        if !file.text.ends_with('\n') || file.text.contains('\r') {
            found.push(format!("{}: line endings", file.path));
        }
        let tabs = file.text.lines().position(|line| line.contains('\t'));
        found.extend(tabs.map(|at| format!("{}:{}: a tab", file.path, at + 1)));
    }
    nothing(&found, "text files");
}

fn everything() -> Vec<File> {
    let mut files = files::under(&["src", "tests", "assets", "config"]);
    for path in ["README.md", "CHANGELOG.md", "Cargo.toml"] {
        files.push(File {
            path: path.into(),
            text: files::read(path),
        });
    }
    files
}
