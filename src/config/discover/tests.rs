//! Whatever a project has, what comes of it is a config without a secret in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::*;
use crate::simulator::Keys;

/// Planted in every secret.
const CANARY: &str = "c4n4ry";

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::generate(1).unwrap());

/// A project and a home, empty.
struct Scene {
    dir: tempfile::TempDir,
    around: Surroundings,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (cwd, home) = (dir.path().join("home/shop"), dir.path().join("home"));
        fs::create_dir_all(cwd.join(".git")).unwrap();
        let around = Surroundings {
            cwd,
            home: Some(home),
            state_dir: Some("/state/haltline".into()),
            ..Surroundings::default()
        };
        Self { dir, around }
    }

    /// Below the project; readable by its owner alone.
    fn put(&self, name: &str, text: &str) {
        let path = self.around.cwd.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn set(&mut self, name: &str, value: &str) {
        self.around.vars.insert(name.into(), value.into());
    }

    fn target(&self) -> PathBuf {
        self.around.cwd.join("haltline.toml")
    }

    fn discover(&self) -> Discovery {
        discover(&self.target(), &self.around)
    }

    fn text(&self) -> String {
        self.discover().text.unwrap()
    }

    fn outcome(&self, text: &str) -> (Outcome, String) {
        let loaded = load::of_text(&self.target(), text, &self.around);
        let said: Vec<String> = loaded.report.errors().map(|p| p.what.to_string()).collect();
        (loaded.outcome(), said.join("; "))
    }
}

fn play_key() -> String {
    let file = KEYS
        .service_account
        .key_file("https://oauth2.example.com/token");
    file.replace("sim-project", CANARY)
}

fn api_key_json() -> String {
    let key = &KEYS.app_store.p8;
    serde_json::json!({ "key_id": "JSONKEY123", "issuer_id": "issuer", "key": key, "note": CANARY })
        .to_string()
}

type Part = fn(&mut Scene);

/// What a project may have; every combination of them is tried.
const PARTS: [Part; 12] = [
    |s| {
        s.put("fastlane/Appfile", "package_name(\"com.example.shop\")\napp_identifier(\"com.example.shop\")\njson_key_file(\"fastlane/play.json\")\n");
    },
    |s| s.put("fastlane/play.json", &play_key()),
    |s| s.set("SUPPLY_JSON_KEY_DATA", &play_key()),
    |s| s.put("fastlane/api_key.json", &api_key_json()),
    |s| s.put("private_keys/AuthKey_P8KEY12345.p8", &KEYS.app_store.p8),
    |s| {
        s.set("ASC_PRIVATE_KEY", &KEYS.app_store.p8.clone());
        s.set("ASC_ISSUER_ID", "11111111-2222-3333-4444-555555555555");
    },
    |s| s.set("ASC_KEY_ID", "ENVKEY1234"),
    |s| {
        s.put(".sentryclirc", &format!("[auth]\ntoken=sntrys_{CANARY}\n[defaults]\norg=acme\nproject=shop\nurl=https://sentry.example.com/\n"));
    },
    |s| {
        s.set("SENTRY_AUTH_TOKEN", &format!("sntrys_{CANARY}"));
        s.set("SENTRY_ORG", "acme");
    },
    |s| {
        s.put("app/build.gradle.kts", "plugins { id(\"com.google.firebase.crashlytics\") }\nandroid { applicationId = \"com.example.shop\" }\n");
        let services = format!(
            "{{ \"client\": [{{ \"client_info\": {{ \"mobilesdk_app_id\": \"1:123:android:ab\", \"android_client_info\": \
            {{ \"package_name\": \"com.example.shop\" }} }}, \"api_key\": [{{ \"current_key\": \"{CANARY}\" }}] }}] }}"
        );
        s.put("app/google-services.json", &services);
    },
    |s| {
        let plist = format!(
            "<key>API_KEY</key><string>{CANARY}</string><key>BUNDLE_ID</key><string>com.example.shop</string>\
            <key>GOOGLE_APP_ID</key><string>1:123:ios:cd</string>"
        );
        s.put("ios/Runner/GoogleService-Info.plist", &plist);
        s.put("ios/Podfile", "pod 'FirebaseCrashlytics'");
    },
    |s| {
        for name in [
            "DD_API_KEY",
            "DD_APP_KEY",
            "NEW_RELIC_API_KEY",
            "BUGSNAG_AUTH_TOKEN",
        ] {
            s.set(name, CANARY);
        }
        s.set("NEW_RELIC_ACCOUNT_ID", "1234567");
        s.set("NEW_RELIC_APP_NAME", "Shop \"quoted\"");
        s.set(
            "DD_RUM_APPLICATION_ID",
            "11111111-2222-3333-4444-555555555555",
        );
        s.set("BUGSNAG_PROJECT_ID", "515fb9337c1074f6fd000001");
        s.set(
            "PROMETHEUS_URL",
            &format!("https://me:{CANARY}@prometheus.example.com"),
        );
    },
];

#[test]
fn every_combination_is_a_config_without_a_secret() {
    let mut configs = 0;
    // All pairs of parts, with all the rest left out; and all the rest, with the pair left out.
    let few = (0..1_u32 << PARTS.len()).filter(|set| !(3..=9).contains(&set.count_ones()));
    for set in few {
        let mut scene = Scene::new();
        for (n, part) in (0..).zip(PARTS) {
            if set & (1 << n) != 0 {
                part(&mut scene);
            }
        }
        let discovery = scene.discover();
        let said = format!("{discovery:?}");
        assert!(
            !said.contains(CANARY) && !said.contains("PRIVATE KEY"),
            "{set:012b}\n{said}"
        );
        let Some(text) = discovery.text else {
            continue;
        };
        configs += 1;
        let (outcome, wrong) = scene.outcome(&text);
        assert_ne!(outcome, Outcome::BadConfig, "{set:012b}: {wrong}\n{text}");
    }
    assert!(configs > 80, "{configs}");
}

#[test]
fn all_that_there_is_makes_a_config_that_is_fine() {
    let mut scene = Scene::new();
    for part in PARTS {
        part(&mut scene);
    }
    let text = scene.text();
    assert_eq!(
        scene.outcome(&text),
        (Outcome::Fine, String::new()),
        "{text}"
    );
    for part in [
        "id = \"shop-android\"",
        "id = \"shop-ios\"",
        "package = \"com.example.shop\"    # fastlane/Appfile",
        "# credentials: found by convention, environment variable SUPPLY_JSON_KEY_DATA",
        "organization = \"acme\"    # $SENTRY_ORG",
        "base_url = \"https://sentry.example.com/\"    # .sentryclirc",
        "# token: found by convention, environment variable SENTRY_AUTH_TOKEN",
        "#: kind = \"play-reviews\"",
        "mode = \"advise\"",
    ] {
        assert!(text.contains(part), "no {part}\n{text}");
    }
}

#[test]
fn keys_that_no_convention_finds_are_named_by_their_file() {
    let mut scene = Scene::new();
    PARTS[0](&mut scene);
    PARTS[1](&mut scene);
    PARTS[4](&mut scene);
    let text = scene.text();
    assert!(
        text.contains("credentials = \"file:fastlane/play.json\""),
        "{text}"
    );
    assert!(text.contains("credentials = \"file:private_keys/AuthKey_P8KEY12345.p8\"\nkey_id = \"P8KEY12345\"\n#: issuer_id"), "{text}");
    assert_eq!(scene.outcome(&text).0, Outcome::Fine, "{text}");
    // From a folder below, the same files are above.
    scene.around.cwd = scene.around.cwd.join("android");
    fs::create_dir(&scene.around.cwd).unwrap();
    let text = scene.text();
    assert!(
        text.contains("credentials = \"file:../fastlane/play.json\""),
        "{text}"
    );
    assert_eq!(scene.outcome(&text).0, Outcome::Fine, "{text}");
    // A config that is to be elsewhere cannot have them relative to here.
    let target = scene.dir.path().join("elsewhere/haltline.toml");
    let text = discover(&target, &scene.around).text.unwrap();
    let path = scene.dir.path().join("home/shop/fastlane/play.json");
    assert!(
        text.contains(&format!("credentials = \"file:{}\"", path.display())),
        "{text}"
    );
}

#[test]
fn nothing_above_the_repository_and_nothing_of_the_home_folder_is_taken() {
    let scene = Scene::new();
    for name in ["../build.gradle", "../../build.gradle"] {
        scene.put(name, "applicationId \"com.example.stranger\"");
    }
    assert!(scene.discover().text.is_none());
    assert!(scene.discover().found.is_empty());
}

#[test]
fn what_is_known_in_part_is_said() {
    let mut scene = Scene::new();
    scene.set("SUPPLY_JSON_KEY", &play_key());
    scene.put(".asc/config.json", "{\"app_id\":\"6470000001\"}");
    let discovery = scene.discover();
    assert!(discovery.text.is_none());
    let said = format!("{:?}", discovery.remarks);
    assert!(
        said.contains("SUPPLY_PACKAGE_NAME") && said.contains("6470000001"),
        "{said}"
    );
    // A key where a path belongs is not told as a path.
    scene.set("SUPPLY_PACKAGE_NAME", "com.example.shop");
    let text = scene.text();
    assert!(
        text.contains("found by convention, but it cannot be used"),
        "{text}"
    );
    let (outcome, said) = scene.outcome(&text);
    assert_eq!(outcome, Outcome::BadCredentials);
    assert!(
        !said.contains(CANARY) && said.contains("SUPPLY_JSON_KEY"),
        "{said}"
    );
}

#[test]
fn an_app_whose_key_has_no_id_is_left_out_with_the_reason() {
    let mut scene = Scene::new();
    PARTS[0](&mut scene);
    PARTS[5](&mut scene);
    let discovery = scene.discover();
    let text = discovery.text.unwrap();
    assert!(
        text.contains("shop-android") && !text.contains("shop-ios"),
        "{text}"
    );
    assert!(
        discovery.remarks[0].as_str().contains("key_id"),
        "{:?}",
        discovery.remarks
    );
}

#[test]
fn crashlytics_is_taken_where_the_build_has_it_and_nothing_better_is_there() {
    let mut scene = Scene::new();
    PARTS[2](&mut scene);
    PARTS[9](&mut scene);
    let text = scene.text();
    assert!(text.contains("kind = \"crashlytics\"\n"), "{text}");
    assert!(
        text.contains("application = \"1:123:android:ab\""),
        "{text}"
    );
    scene.put(
        "app/build.gradle.kts",
        "applicationId = \"com.example.shop\"",
    );
    let text = scene.text();
    assert!(
        text.contains("#: kind = \"crashlytics\"") && text.contains("\nkind = \"play-vitals\""),
        "{text}"
    );
}

#[test]
fn odd_names_are_not_written() {
    let mut scene = Scene::new();
    scene.set("SUPPLY_PACKAGE_NAME", "com.example\"\n[[app]]");
    scene.set("SENTRY_ORG", "a c m e");
    scene.set("SENTRY_PROJECT", "x\ny");
    assert!(scene.discover().text.is_none());
    scene.put("build.gradle", "applicationId 'com.example.android'");
    let text = scene.text();
    assert!(text.contains("id = \"example-android\""), "{text}");
    assert!(
        !text.contains("a c m e") && !text.contains("sentry\""),
        "{text}"
    );
}
