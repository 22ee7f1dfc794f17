//! `haltline init`: a first config of what is there already, without a secret, never over one that is there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use haltline::simulator::Keys;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, haltline};

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::generate(4).unwrap());

/// Planted in what is secret.
const CANARY: &str = "c4n4ry";

/// A home with a project in it, and the environment of whoever works there.
struct Desk {
    home: TempDir,
    vars: Vec<(&'static str, String)>,
}

impl Desk {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        fs::create_dir_all(home.path().join("shop/.git")).unwrap();
        let vars = Vec::new();
        Self { home, vars }
    }

    /// A fastlane project whose key is refused without a word to the network: Google's token service is a closed port of loopback.
    fn of_fastlane() -> Self {
        let desk = Self::new();
        let appfile = "package_name(\"com.example.shop\")\njson_key_file(\"fastlane/play.json\")\n";
        desk.put("fastlane/Appfile", appfile, 0o644);
        let key = KEYS.service_account.key_file("http://127.0.0.1:9/token");
        desk.put(
            "fastlane/play.json",
            &key.replace("sim-project", CANARY),
            0o600,
        );
        desk
    }

    fn project(&self) -> PathBuf {
        self.home.path().join("shop")
    }

    fn config(&self) -> PathBuf {
        self.project().join("haltline.toml")
    }

    fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.project().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_in(&self.project(), args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> Ran {
        let mut command = haltline(args);
        command.current_dir(folder).env("HOME", self.home.path());
        command.envs(self.vars.iter().map(|(name, value)| (*name, value)));
        let out = command.output().unwrap();
        let ran = Ran {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        };
        for secret in [CANARY, "PRIVATE KEY"] {
            assert!(
                !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
                "{args:?} tells a secret"
            );
        }
        ran
    }
}

#[test]
fn what_fastlane_knows_becomes_a_config_and_is_tried() {
    let desk = Desk::of_fastlane();
    let run = desk.run(&["init", "--yes"]);
    // The key is refused: doctor says so.
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    for part in ["found", "com.example.shop", "fastlane/Appfile", "wrote"] {
        assert!(run.stderr.contains(part), "no {part}: {}", run.stderr);
    }
    assert!(
        run.stdout.contains("MISSING  shop-android: Google Play"),
        "{}",
        run.stdout
    );
    let text = fs::read_to_string(desk.config()).unwrap();
    assert!(
        text.contains("credentials = \"file:fastlane/play.json\""),
        "{text}"
    );
    assert!(!text.contains(CANARY) && !text.contains("BEGIN"), "{text}");
    let mode = fs::metadata(desk.config()).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode & !0o022, 0o644 & !0o022, "{mode:o}");
    assert_eq!(mode & 0o7133, 0, "{mode:o}");
    let check = desk.run(&["config", "check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
}

#[test]
fn a_file_that_is_there_is_never_touched() {
    let desk = Desk::of_fastlane();
    for there in ["", "# mine\n"] {
        fs::write(desk.config(), there).unwrap();
        for args in [
            &["init"][..],
            &["init", "--yes"],
            &["init", "--yes", "--json"],
        ] {
            let run = desk.run(args);
            assert_eq!(run.code, Some(2));
            assert!(run.stderr.contains("is there already"), "{}", run.stderr);
            assert!(run.stdout.is_empty(), "{}", run.stdout);
            assert_eq!(fs::read_to_string(desk.config()).unwrap(), there);
        }
    }
    fs::remove_file(desk.config()).unwrap();
    std::os::unix::fs::symlink("/nonexistent/haltline.toml", desk.config()).unwrap();
    assert_eq!(desk.run(&["init", "--yes"]).code, Some(2));
    // To look at it, one may.
    let run = desk.run(&["init", "--print"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("[[app]]"), "{}", run.stdout);
}

#[test]
fn where_nobody_can_be_asked_nothing_is_written_without_yes() {
    let desk = Desk::of_fastlane();
    let run = desk.run(&["init"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert!(!desk.config().exists());
    let run = desk.run(&["init", "--print", "--yes"]);
    assert_eq!(run.code, Some(2), "one or the other");
}

#[test]
fn nothing_found_says_what_was_looked_for() {
    let desk = Desk::new();
    for args in [&["init"][..], &["init", "--yes"], &["init", "--print"]] {
        let run = desk.run(args);
        assert_eq!(run.code, Some(2));
        for part in [
            "Appfile",
            "SUPPLY_JSON_KEY",
            ".sentryclirc",
            "google-services.json",
            "haltline config example",
        ] {
            assert!(run.stderr.contains(part), "no {part}: {}", run.stderr);
        }
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        assert!(!desk.config().exists());
    }
}

#[test]
fn json_is_one_document() {
    let mut desk = Desk::of_fastlane();
    desk.vars = vec![("SENTRY_AUTH_TOKEN", format!("sntrys_{CANARY}"))];
    let run = desk.run(&["init", "--yes", "--json"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["schema"], "haltline/init/v1");
    assert_eq!(told["written"], true);
    assert_eq!(told["path"], desk.config().to_str().unwrap());
    let found = told["found"].to_string();
    assert!(
        found.contains("com.example.shop") && found.contains("fastlane/Appfile"),
        "{found}"
    );
    assert!(
        told["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["ok"] == false)
    );

    let run = Desk::new().run(&["init", "--json"]);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["written"], false);
}

#[test]
fn another_place_for_the_config_and_a_folder_below() {
    let desk = Desk::of_fastlane();
    let below = desk.project().join("app/src");
    fs::create_dir_all(&below).unwrap();
    let elsewhere = desk.home.path().join("elsewhere.toml");
    let asked = ["--config", elsewhere.to_str().unwrap(), "init", "--yes"];
    let run = desk.run_in(&below, &asked);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let text = fs::read_to_string(&elsewhere).unwrap();
    let key = desk.project().join("fastlane/play.json");
    assert!(
        text.contains(&format!("\"file:{}\"", key.display())),
        "{text}"
    );
    assert!(!below.join("haltline.toml").exists() && !desk.config().exists());
    let run = desk.run_in(&below, &["init", "--print"]);
    assert!(
        run.stdout.contains("\"file:../../fastlane/play.json\""),
        "{}",
        run.stdout
    );
    // A folder that there is not is an error, no new folder.
    let nowhere = desk.home.path().join("none/haltline.toml");
    let run = desk.run(&["--config", nowhere.to_str().unwrap(), "init", "--yes"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
}
