//! Files in, preferences or problems out.

use super::*;

fn load(text: &str) -> LoadedScreen {
    LoadedScreen::of_text(PathBuf::from("screen.toml"), text)
}

fn said(loaded: &LoadedScreen) -> Vec<String> {
    let errors = loaded.report.errors();
    errors
        .map(|problem| {
            let place = problem.place.unwrap();
            format!(
                "{}:{} {} | {}",
                place.line, place.column, problem.what, problem.help
            )
        })
        .collect()
}

#[test]
fn every_preference_is_read() {
    let loaded = load(
        "theme = \"deuteranopia\"\nsymbols = \"ascii\"\nmouse = true\nbell = false\nzone = \"Asia/Kolkata\"\n\
         [keys]\nhalt = [\"F9\", \"H\"]\npane.next = \"n\"\n\"pane.previous\" = []\n",
    );
    assert_eq!(said(&loaded), [""; 0]);
    let keys = [
        ("halt", vec!["F9", "H"]),
        ("pane.next", vec!["n"]),
        ("pane.previous", vec![]),
    ];
    let config = ScreenConfig {
        theme: Some(ThemeName::Deuteranopia),
        symbols: Symbols::Ascii,
        mouse: true,
        bell: Some(false),
        zone: Some(chrono_tz::Asia::Kolkata),
        keys: keys
            .map(|(id, keys)| (id.to_owned(), keys.into_iter().map(str::to_owned).collect()))
            .into(),
    };
    assert_eq!(loaded.config, config);
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let mut loaded = load(
        "theme = \"drak\"\nmoose = true\nbell = \"yes\"\nzone = \"Europe/Berln\"\n\
         [keys]\nhalt = 5\npause = [\"P\", 7]\nhepl = \"?\"\nzoom = [\"z\", \"q\"]\n\
         pane.next = \"n\"\n\"pane.next\" = \"Tab\"\n",
    );
    loaded.refuse(
        "hepl",
        None,
        "there is no action \"hepl\"",
        "did you mean \"help\"?",
    );
    loaded.refuse("zoom", Some(1), "`q` is both zoom and back", "");
    insta::assert_snapshot!(said(&loaded).join("\n"));
    assert!(!loaded.is_usable());
}

#[test]
fn without_a_file_there_are_the_defaults_and_what_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut around = Surroundings::default();
    assert!(ScreenConfig::load(&around).is_usable());
    around.config_dir = Some(dir.path().to_owned());
    let loaded = ScreenConfig::load(&around);
    assert!(!loaded.found && loaded.is_usable());
    assert_eq!(loaded.config, ScreenConfig::default());
    std::os::unix::fs::symlink("nowhere", dir.path().join(SCREEN_FILE)).unwrap();
    let loaded = ScreenConfig::load(&around);
    let told = loaded.report.errors().next().unwrap();
    assert!(
        loaded.found && told.what.as_str().contains("cannot be read"),
        "{}",
        told.what
    );
}

/// The lines `#: key = default`, without what stands behind them.
fn defaults() -> String {
    let lines = SCREEN_EXAMPLE.lines();
    let lines = lines.filter(|line| line.starts_with("#: ") || line.starts_with('['));
    lines
        .map(|line| line.trim_start_matches("#: "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_says_nothing_and_its_defaults_are_the_code_s() {
    let loaded = load(SCREEN_EXAMPLE);
    assert_eq!(said(&loaded), [""; 0]);
    assert_eq!(loaded.config, ScreenConfig::default());
    let loaded = load(&defaults());
    assert_eq!(said(&loaded), [""; 0]);
    let written = ScreenConfig {
        keys: BTreeMap::new(),
        ..loaded.config
    };
    let wanted = ScreenConfig {
        theme: Some(ThemeName::default()),
        bell: Some(true),
        zone: Some(chrono_tz::UTC),
        ..ScreenConfig::default()
    };
    assert_eq!(written, wanted);
    // Every key there is: an unknown one is answered with all of them.
    let other = load("no_such_preference = 1");
    let help = other.report.errors().next().unwrap().help.to_string();
    for key in help.trim_start_matches("known here: ").split(", ") {
        let shown = SCREEN_EXAMPLE.contains(&format!("#: {key} = ")) || key == "keys";
        assert!(shown, "the example does not show {key}");
    }
}
