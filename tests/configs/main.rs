//! Every config under `configs/valid` loads, every one under `configs/invalid` is refused as the text beside it says, and no
//! mutilation of a valid one does worse than an error with a place.
//!
//! To write the texts again after a change of wording: `HALTLINE_BLESS=1 cargo test --test configs`, then read the diff.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use haltline::cli::config::{Form, check};
use haltline::config::{
    self, AppConfig, EXAMPLE, Fallback, Kind, Loaded, Outcome, SourceConfig, StoreConfig,
    Surroundings,
};
use haltline::domain::Exposure;
use haltline::policy::train::Runs;
use haltline::policy::{After, CrossStep, OnHalt, Start, StepTo};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::ExposeSecret;

/// Planted in every secret: it may be in no answer.
const CANARY: &str = "c4n4ry";

/// A folder with keys of every kind, as `configs/*` name them.
struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Self { dir };
        let p256 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let p256 = pem(p256.as_ref());
        // Not a key, but the head of one: version, rsaEncryption.
        let rsa = pem(&[
            0x30, 0x14, 0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
            0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x04, 0x00,
        ]);
        let play = serde_json::json!({
            "type": "service_account", "client_email": "x@example.com", "private_key_id": CANARY,
            "private_key": rsa, "token_uri": "https://oauth2.example.com/token",
        });
        let of_type =
            |kind: &str| serde_json::json!({"type": kind, "refresh_token": CANARY}).to_string();
        let api_key = serde_json::json!({
            "key_id": "JSONKEY123", "issuer_id": "issuer-of-json",
            "key": p256.replace('\n', "\\n"), "in_house": false,
        });
        let base64_key = serde_json::json!({
            "key_id": "B64KEY123", "key": STANDARD.encode(&p256), "is_key_content_base64": true,
        });
        for (name, text) in [
            ("play.json", play.to_string()),
            ("person.json", of_type("authorized_user")),
            ("workload.json", of_type("external_account")),
            (
                "broken.json",
                format!("{{\"type\": \"service_account\", \"x\": {CANARY}"),
            ),
            ("rsa.pem", rsa),
            ("AuthKey_EXAMPLE123.p8", p256.clone()),
            ("key.p8", p256),
            ("api_key.json", api_key.to_string()),
            ("api_key_base64.json", base64_key.to_string()),
            ("token", format!("sntrys_{CANARY}\n")),
            ("token-of-two-words", format!("sntrys {CANARY}")),
            ("empty", String::new()),
            ("open.json", play.to_string()),
            ("huge.json", "x".repeat(70_000)),
        ] {
            let path = fixture.dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            let mode = if name.starts_with("open") {
                0o644
            } else {
                0o600
            };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::write(
            fixture.dir.path().join("binary.p12"),
            [0x30, 0x82, 0xff, 0xfe],
        )
        .unwrap();
        std::fs::set_permissions(
            fixture.dir.path().join("binary.p12"),
            std::fs::Permissions::from_mode(0o600),
        )
        .unwrap();
        std::fs::create_dir(fixture.dir.path().join("folder.json")).unwrap();
        std::os::unix::fs::symlink("play.json", fixture.dir.path().join("link.json")).unwrap();
        fixture
    }

    fn around(&self) -> Surroundings {
        let vars = [
            "SENTRY_AUTH_TOKEN",
            "PROMETHEUS_TOKEN",
            "BUGSNAG_TOKEN",
            "DATADOG_KEY",
            "DATADOG_APP",
            "NEW_RELIC_KEY",
            "HEALTH_TOKEN",
            "WAREHOUSE_TOKEN",
            "EMBRACE_TOKEN",
            "SLACK_TOKEN",
            "ALERTMANAGER_TOKEN",
            "NTFY_TOPIC",
            "NTFY_TOKEN",
            "SMTP_PASSWORD",
            "WAKE_TOKEN",
            "PAGERDUTY_TOKEN",
        ]
        .map(|name| (name, format!("sntrys_{CANARY}")));
        let webhook = |name| (name, format!("https://hooks.example.com/{CANARY}"));
        let of_a_form = [
            webhook("SLACK_WEBHOOK"),
            webhook("TEAMS_WEBHOOK"),
            // 32 letters and digits, and whsec_ with 24 bytes.
            ("PAGERDUTY_KEY", format!("{CANARY:0<32}")),
            ("WEBHOOK_SECRET", format!("whsec_{CANARY:A<32}")),
        ];
        Surroundings {
            vars: vars
                .into_iter()
                .chain(of_a_form)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            cwd: self.dir.path().to_owned(),
            home: Some(self.dir.path().join("home")),
            config_dir: None,
            state_dir: Some("/state/haltline".into()),
        }
    }

    fn load_bytes(&self, bytes: &[u8]) -> Loaded {
        let path = self.dir.path().join("haltline.toml");
        std::fs::write(&path, bytes).unwrap();
        config::load(&path, &self.around())
    }

    /// What `config check` says about `text`, with the folder's name left out.
    fn check(&self, text: &str) -> (Outcome, String) {
        let path = self.dir.path().join("haltline.toml");
        std::fs::write(&path, text).unwrap();
        let mut out = Vec::new();
        let outcome = check(
            &path,
            &self.around(),
            Form::Text { styled: false },
            &mut out,
        )
        .unwrap();
        let folder = self.dir.path().display().to_string();
        let said = String::from_utf8(out)
            .unwrap()
            .replace(&folder, "/etc/haltline");
        (outcome, said)
    }
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

/// The configs of one folder, by name.
fn configs(folder: &str) -> BTreeMap<String, PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/configs")
        .join(folder);
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

#[test]
fn valid_configs_load() {
    let fixture = Fixture::new();
    let configs = configs("valid");
    assert!(configs.len() >= 5);
    for (name, path) in configs {
        let (outcome, said) = fixture.check(&std::fs::read_to_string(path).unwrap());
        assert_eq!(outcome, Outcome::Fine, "{name}\n{said}");
        assert!(!said.contains(CANARY), "{name} tells a secret\n{said}");
    }
}

#[test]
fn invalid_configs_are_refused_with_file_line_column_and_what_to_do() {
    let fixture = Fixture::new();
    let bless = std::env::var_os("HALTLINE_BLESS").is_some();
    let configs = configs("invalid");
    assert!(configs.len() >= 20);
    let mut wrong = String::new();
    for (name, path) in configs {
        let text = std::fs::read_to_string(&path).unwrap();
        let (outcome, said) = fixture.check(&text);
        let loaded = fixture.load_bytes(text.as_bytes());
        let class = if text.contains("# credentials") {
            Outcome::BadCredentials
        } else {
            Outcome::BadConfig
        };
        assert_eq!(outcome, class, "{name}\n{said}");
        assert!(!said.contains(CANARY), "{name} tells a secret\n{said}");
        assert!(!format!("{loaded:?}").contains(CANARY), "{name}");
        for problem in loaded.report.errors() {
            assert!(problem.place.is_some(), "{name}: {}", problem.what);
        }
        let expected = path.with_extension("txt");
        if bless {
            std::fs::write(&expected, &said).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            writeln!(wrong, "=== {name}\n{said}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_example_loads_and_names_every_key() {
    let fixture = Fixture::new();
    let (outcome, said) = fixture.check(EXAMPLE);
    assert_eq!(outcome, Outcome::Fine, "{said}");
    // The defaults that it shows are keys too, and right where they stand.
    let everything = EXAMPLE
        .lines()
        .filter(|line| !line.starts_with("#: clock"))
        .map(|line| line.trim_start_matches("#: "))
        .collect::<Vec<_>>()
        .join("\n");
    let (outcome, said) = fixture.check(&everything.replace("84300", "84301"));
    assert_eq!(outcome, Outcome::Fine, "{said}");

    let schema = haltline::config::schema::schema();
    // What rules and tiers may hold is shown by the presets.
    let mut keys = Vec::new();
    let mut own = schema.clone();
    let policy = own["$defs"].as_object_mut().unwrap();
    let before = policy.len();
    policy.retain(|name, _| {
        name.starts_with("Raw") && !matches!(name.as_str(), "RawPolicy" | "RawRule" | "RawTier")
    });
    assert!(policy.len() < before, "{before}");
    properties(&own, &mut keys);
    assert!(keys.len() > 30);
    for key in keys {
        let written = format!("{key} = ");
        let named = EXAMPLE.contains(&written)
            || EXAMPLE.contains(&format!("[{key}"))
            || EXAMPLE.contains(&format!(".{key}]"));
        let spoken = EXAMPLE.contains(&format!(" {key} = "));
        assert!(named || spoken, "the example does not show {key}");
    }
}

fn properties(schema: &serde_json::Value, keys: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| properties(value, keys));
        }
        serde_json::Value::Array(array) => array.iter().for_each(|value| properties(value, keys)),
        _ => {}
    }
}

#[test]
fn an_app_without_its_key_does_not_stop_the_others() {
    let fixture = Fixture::new();
    let text = EXAMPLE.replace("play.json", "gone.json");
    let loaded = fixture.load_bytes(text.as_bytes());
    assert_eq!(loaded.outcome(), Outcome::BadCredentials);
    let config = loaded.config.unwrap();
    assert!(
        matches!(&config.apps[0].store, StoreConfig::Unusable { why, .. }
        if why.to_string().contains("gone.json"))
    );
    assert!(matches!(
        &config.apps[1].store,
        StoreConfig::AppStore { .. }
    ));
}

#[test]
fn the_journal_is_found_in_a_broken_config() {
    let fixture = Fixture::new();
    let loaded = fixture.load_bytes(
        b"[watcher]\nstate = \"/elsewhere\"\npoll = 5\n[[app]]\nid = \"shop\"\nx = 1\n",
    );
    assert!(loaded.config.is_none());
    assert_eq!(loaded.state, Path::new("/elsewhere"));
    assert_eq!(loaded.apps[0].as_str(), "shop");
}

#[test]
fn fastlane_keys_bring_their_ids() {
    let fixture = Fixture::new();
    let app = |credentials: &str| {
        let text = format!(
            "[[app]]\nid = \"ios\"\n[app.store]\nkind = \"app-store\"\nbundle_id = \"com.example.shop\"\ncredentials = \"{credentials}\"\n"
        );
        let loaded = fixture.load_bytes(text.as_bytes());
        let said: Vec<String> = loaded.report.errors().map(|p| p.what.to_string()).collect();
        let StoreConfig::AppStore {
            key,
            key_id,
            issuer_id,
            ..
        } = loaded
            .config
            .unwrap_or_else(|| panic!("{said:?}"))
            .apps
            .remove(0)
            .store
        else {
            panic!("{said:?}");
        };
        assert!(
            key.expose_secret()
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
        (key_id, issuer_id)
    };
    assert_eq!(
        app("file:api_key.json"),
        ("JSONKEY123".to_owned(), Some("issuer-of-json".to_owned()))
    );
    assert_eq!(
        app("file:api_key_base64.json"),
        ("B64KEY123".to_owned(), None)
    );
    assert_eq!(
        app("file:AuthKey_EXAMPLE123.p8"),
        ("EXAMPLE123".to_owned(), None)
    );
}

#[test]
fn other_tools_variables_are_picked_up_in_order() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("haltline.toml");
    let text = "[[app]]\nid = \"a\"\n[app.store]\nkind = \"google-play\"\npackage = \"com.example.shop\"\n\
        [[app.health]]\nkind = \"sentry\"\norganization = \"acme\"\nproject = \"shop\"\n";
    std::fs::write(&path, text).unwrap();
    let mut around = fixture.around();
    let origins = |around: &Surroundings| -> Vec<String> {
        let loaded = config::load(&path, around);
        assert!(loaded.credentials.iter().all(|found| found.by_convention));
        loaded
            .credentials
            .into_iter()
            .map(|found| found.origin.to_string())
            .collect()
    };
    assert_eq!(
        origins(&around),
        ["environment variable SENTRY_AUTH_TOKEN"],
        "no key for Play"
    );
    let play = std::fs::read_to_string(fixture.dir.path().join("play.json")).unwrap();
    let mut set = |name: &str, value: &str| {
        around.vars.insert(name.to_owned(), value.to_owned());
        origins(&around).first().cloned().unwrap()
    };
    assert!(
        set("GPLAY_SERVICE_ACCOUNT", "play.json")
            .contains("play.json (from $GPLAY_SERVICE_ACCOUNT)")
    );
    assert_eq!(
        set("GPC_SERVICE_ACCOUNT", &play),
        "environment variable GPC_SERVICE_ACCOUNT"
    );
    assert!(
        set("GOOGLE_PLAY_SERVICE_ACCOUNT_CREDENTIALS", "@file:link.json").contains("link.json")
    );
    assert!(set("SUPPLY_JSON_KEY_DATA", &play).ends_with("SUPPLY_JSON_KEY_DATA"));
    assert!(
        set("HALTLINE_PLAY_CREDENTIALS", "file:play.json").contains("HALTLINE_PLAY_CREDENTIALS")
    );
    // One that is set but wrong is told, not passed over.
    assert!(set("HALTLINE_PLAY_CREDENTIALS", "file:gone.json").contains("SENTRY"));
}

#[test]
fn a_self_hosted_sentry_is_taken_from_the_environment() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("haltline.toml");
    std::fs::write(&path, EXAMPLE).unwrap();
    let mut around = fixture.around();
    around
        .vars
        .insert("SENTRY_URL".into(), "https://sentry.example.com/".into());
    let config = config::load(&path, &around).config.unwrap();
    assert!(matches!(&config.apps[0].health[0].source,
        SourceConfig::Sentry { base_url, .. } if base_url == "https://sentry.example.com"));
    around
        .vars
        .insert("SENTRY_URL".into(), "http://sentry.example.com/".into());
    assert_eq!(config::load(&path, &around).outcome(), Outcome::BadConfig);
}

#[test]
fn the_json_form_is_one_document_with_places() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("haltline.toml");
    let answer = |text: &str| -> serde_json::Value {
        std::fs::write(&path, text).unwrap();
        let mut out = Vec::new();
        check(&path, &fixture.around(), Form::Json, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    };
    let fine = answer(EXAMPLE);
    assert_eq!(fine["schema"], "haltline/config-check/v1");
    assert_eq!(fine["ok"], true);
    assert_eq!(fine["apps"][1]["store"], "app-store");
    assert_eq!(
        fine["apps"][0]["credentials"][1]["origin"],
        "environment variable SENTRY_AUTH_TOKEN"
    );
    let bad = answer(&EXAMPLE.replace("[watcher]\n", "[watcher]\npoll = 5\n"));
    assert_eq!(bad["ok"], false);
    let line = EXAMPLE
        .lines()
        .position(|line| line == "[watcher]")
        .unwrap()
        + 2;
    assert_eq!(bad["problems"][0]["line"], line);
    assert_eq!(bad["problems"][0]["column"], 8);
}

#[test]
fn no_mutilation_does_worse_than_an_error_with_a_place() {
    let fixture = Fixture::new();
    let sources: Vec<Vec<u8>> = configs("valid")
        .values()
        .map(|path| std::fs::read(path).unwrap())
        .chain([EXAMPLE.as_bytes().to_vec()])
        .collect();
    let mut rng = StdRng::seed_from_u64(2);
    let mut refused = 0;
    for _ in 0..10_000 {
        let mut bytes = sources[rng.random_range(0..sources.len())].clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            let upto = (at + rng.random_range(1..20)).min(bytes.len());
            match rng.random_range(0..4) {
                0 => drop(bytes.drain(at..upto)),
                1 => {
                    let copy = bytes[at..upto].to_vec();
                    bytes.splice(at..at, copy);
                }
                2 => bytes[at] = rng.random(),
                _ => bytes.insert(at, b"\"[]={}.#\n\\\x1b\xff1"[rng.random_range(0..13)]),
            }
        }
        // No mutant may run a program that a mutant made up.
        if bytes.windows(8).any(|window| window == b"command:") {
            continue;
        }
        let loaded = fixture.load_bytes(&bytes);
        for problem in loaded.report.errors().chain(loaded.report.warnings()) {
            assert!(problem.place.is_some(), "{}", problem.what);
            let rendered = loaded.report.render(problem, false);
            assert!(!rendered.contains('\u{1b}'), "{rendered:?}");
        }
        refused += u32::from(loaded.outcome() != Outcome::Fine);
        let config_fine = loaded
            .report
            .errors()
            .all(|problem| problem.kind == Kind::Credentials);
        assert_eq!(loaded.config.is_some(), config_fine);
    }
    assert!(refused > 3_000, "{refused}");
}
