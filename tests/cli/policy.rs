//! `haltline policy`: what is wrong with policies, what they see, and the presets. Needs no vendor.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder to stand in, with a home that has no config.
pub(crate) struct Desk {
    dir: TempDir,
}

/// How a run ended: code, stdout, stderr.
pub(crate) type Ended = (i32, String, String);

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_haltline"))
            .args(args)
            .env_clear()
            .env("HOME", self.dir.path())
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        (code, text(output.stdout), text(output.stderr))
    }

    /// stdout of a run that ends well and has nothing to say on stderr.
    #[track_caller]
    pub(crate) fn fine(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
        out
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str], schema: &str) -> Value {
        let out = self.fine(args);
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["schema"], schema);
        assert_eq!(out.lines().count(), 1, "one document: {out}");
        value
    }
}

/// No line of a table is too wide for a terminal.
#[track_caller]
pub(crate) fn fits(out: &str) {
    let table = out.lines().filter(|line| line.contains("  "));
    for line in table {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

const CONFIG: &str = r#"
[[app]]
id = "shop-android"
policy = "shop"
[app.store]
kind = "google-play"
package = "com.example.shop"
credentials = "file:nowhere.json"

[[app]]
id = "shop-ios"
policy = "phased-ios"

[policy.shop]
description = "ours"
[[policy.shop.rule]]
id = "floor"
metric = "crash_free_sessions"
floor = "99.85%"
action = "pause"

[policy.unused]
[[policy.unused.rule]]
id = "floor"
metric = "slow_cold_starts"
ceiling = "5%"
action = "notify"
"#;

#[test]
fn presets_are_listed_and_shown_as_written() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.fine(&["policy", "presets"]));
    let listed = desk.json(
        &["policy", "presets", "--json"],
        "haltline/policy-presets/v1",
    );
    for preset in listed["presets"].as_array().unwrap() {
        let name = preset["name"].as_str().unwrap();
        let written = fs::read_to_string(format!("config/policies/{name}.toml")).unwrap();
        assert_eq!(desk.fine(&["policy", "show", name]), written);
        let shown = desk.json(&["policy", "show", name, "--json"], "haltline/policy/v1");
        assert_eq!(shown["policy"]["description"], preset["description"]);
        assert_eq!(shown["hash"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn every_preset_passes_the_check_by_name_and_by_file() {
    let desk = Desk::new();
    let presets = fs::read_dir("config/policies").unwrap();
    let mut count = 0;
    for file in presets {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file = format!("{name}.toml");
        desk.put(&file, &fs::read_to_string(&path).unwrap());
        let by_name = desk.fine(&["policy", "check", &name]);
        let by_file = desk.fine(&["policy", "check", &file]);
        assert!(
            by_name.contains(&format!("{name}: fine (0 errors,")),
            "{by_name}"
        );
        assert!(
            by_file.contains(&format!("{file}: fine (0 errors,")),
            "{by_file}"
        );
        let noted = by_name.contains("note:");
        assert_eq!(
            noted,
            name == "fast-staging",
            "an hour of testers sees disasters: {by_name}"
        );
        fits(&by_name);
        let told = desk.json(
            &["policy", "check", &file, "--json"],
            "haltline/policy-check/v1",
        );
        assert_eq!(
            (&told["ok"], &told["policies"][0]["name"]),
            (&true.into(), &name.into())
        );
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn a_check_says_what_each_rule_and_stage_sees() {
    insta::assert_snapshot!(Desk::new().fine(&["policy", "check", "safe-production"]));
}

#[test]
fn a_check_says_what_each_tier_does() {
    let desk = Desk::new();
    let policy = r#"
[[tier]]
name = "fix forward"
when = "crash_free_sessions > 99.80%"
respond = "notify"
next_train = "2d"
[[tier]]
name = "hotfix"
when = "crash_free_sessions < 99.80%"
respond = "pause"
say = "ship a hotfix"
next_train = "36h"
[[tier]]
name = "flow"
when = "critical_flow"
fix = "unknown"
respond = "halt"
"#;
    desk.put("tiers.toml", policy);
    let out = desk.fine(&["policy", "check", "tiers.toml"]);
    fits(&out);
    let (tiers, _plan) = out.split_once("1,000,000 sessions").unwrap();
    insta::assert_snapshot!(tiers.trim_end());
    let document = desk.json(
        &["policy", "check", "tiers.toml", "--json"],
        "haltline/policy-check/v1",
    );
    let [rules, tiers] = ["rules", "tiers"].map(|key| document["policies"][0][key].clone());
    assert_eq!(rules[1]["id"], "hotfix, no train");
    assert_eq!(
        (&rules[1]["of_tier"], &rules[1]["action"]),
        (&true.into(), &"halt".into())
    );
    assert_eq!(tiers[1]["next_train_hours"], 36.0);
    assert_eq!(
        (&tiers[2]["when"], &tiers[2]["fix"]),
        (&"critical_flow".into(), &"unknown".into())
    );
    let wrong = policy.replace("notify", "pause");
    desk.put("wrong.toml", &wrong);
    let (code, out, _err) = desk.run(&["policy", "check", "wrong.toml"]);
    assert!(code == 2 && out.contains("wrong.toml:2:1"), "{out}");
}

#[test]
fn a_small_app_is_told_what_its_stages_cannot_see() {
    let args = [
        "policy",
        "check",
        "canary",
        "--sessions-per-day",
        "10k",
        "--baseline",
        "99.2%",
    ];
    insta::assert_snapshot!(Desk::new().fine(&args));
}

#[test]
fn errors_have_their_place() {
    let desk = Desk::new();
    desk.put(
        "mine.toml",
        "description = \"mine\"\n\n[[stage]]\nexposure = 5\n\n[[rule]]\nid = \"a\"\nmetric = \"crash_free_sessions\"\n\
         flor = \"99.85%\"\naction = \"stop\"\n",
    );
    let (code, out, err) = desk.run(&["policy", "check", "mine.toml"]);
    assert_eq!((code, err.as_str()), (2, ""));
    insta::assert_snapshot!(out);
    let (code, out, _) = desk.run(&["policy", "check", "mine.toml", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["ok"]), (2, &false.into()));
    let problem = &told["problems"][0];
    assert_eq!(
        (&problem["path"], &problem["line"], &problem["column"]),
        (&"mine.toml".into(), &4.into(), &12.into())
    );
    assert_eq!(told["policies"].as_array().unwrap().len(), 0);
}

#[test]
fn a_config_is_checked_whole_without_its_credentials() {
    let desk = Desk::new();
    desk.put("haltline.toml", CONFIG);
    let out = desk.fine(&["policy", "check"]);
    let checked: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("policy "))
        .collect();
    assert_eq!(
        checked,
        [
            "policy shop: ours",
            "policy unused: ",
            "policy phased-ios: Apple's seven days: gates before 5, 20, 50 and 100 %, pause on floors and ratios, hold on hangs"
        ]
    );
    assert!(
        out.contains("haltline.toml: fine (0 errors, 0 warnings)"),
        "{out}"
    );
    let one = desk.fine(&["policy", "check", "shop"]);
    assert_eq!(
        one.lines()
            .filter(|line| line.starts_with("policy "))
            .count(),
        1
    );
    let by_file = desk.fine(&["policy", "check", "haltline.toml"]);
    assert!(
        out.starts_with(by_file.split("haltline.toml").next().unwrap()),
        "{out}"
    );
    insta::assert_snapshot!(desk.fine(&["policy", "show", "shop"]));

    desk.put(
        "haltline.toml",
        &CONFIG.replace("\"phased-ios\"", "\"phased-oss\""),
    );
    let (code, out, _) = desk.run(&["policy", "check"]);
    assert_eq!(code, 2);
    assert!(out.contains("there is no policy \"phased-oss\""), "{out}");
    assert!(out.contains("did you mean \"phased-ios\"?"), "{out}");
    desk.put("haltline.toml", &CONFIG.replace("99.85%", "99.85"));
    let (code, _, err) = desk.run(&["plan", "shop", "--sessions-per-day", "1M"]);
    assert_eq!(code, 2);
    assert!(err.contains("write \"99.85%\""), "{err}");
}

#[test]
fn what_is_not_there_is_said() {
    let desk = Desk::new();
    for (args, words) in [
        (&["policy", "check"][..], "no config"),
        (
            &["policy", "check", "unheard-of"],
            "there is no policy \"unheard-of\"",
        ),
        (
            &["policy", "check", "nowhere.toml"],
            "nowhere.toml cannot be read",
        ),
        (&["policy", "show", "unheard-of"], "safe-production"),
        (&["policy", "check", "\u{1b}[31m"], "there is no policy"),
    ] {
        let (code, out, err) = desk.run(args);
        assert_eq!(code, 2, "{args:?} {out} {err}");
        assert!(
            format!("{out}{err}").contains(words),
            "{args:?} {out} {err}"
        );
        assert!(!err.contains('\u{1b}'), "{err}");
    }
    desk.put("two.toml", CONFIG);
    let (code, _, err) = desk.run(&["policy", "show", "two.toml"]);
    assert_eq!(code, 2);
    assert!(err.contains("several policies"), "{err}");
    desk.put("bad name.toml", "description = \"x\"\n");
    let (code, out, _) = desk.run(&["policy", "check", "bad name.toml"]);
    assert_eq!(code, 2);
    assert!(out.contains("the name of a policy is"), "{out}");
}

/// A minute-long look at two stages of an hour: cheap to simulate, and hasty enough to be wrong nearly always.
const PLAIN: &str = r#"
description = "plain comparisons"
[[stage]]
exposure = "50%"
soak = "1h"
[[stage]]
exposure = "100%"
[[rule]]
id = "hasty"
metric = "crash_free_sessions"
floor = "99.94%"
action = "pause"
evidence = "observed"
window = "5m"
min_sessions = 100
for = 1
[[rule]]
id = "tells"
metric = "crash_free_sessions"
floor = "99.94%"
action = "notify"
evidence = "observed"
"#;

#[test]
fn a_plain_comparison_is_told_what_it_costs() {
    let desk = Desk::new();
    desk.put("plain.toml", PLAIN);
    let told = desk.json(
        &["policy", "check", "plain.toml", "--json"],
        "haltline/policy-check/v1",
    );
    let rules = told["policies"][0]["rules"].as_array().unwrap();
    let (hasty, tells) = (&rules[0], &rules[1]);
    assert_eq!(
        (&hasty["one_in"], &hasty["sees_nothing_below"]),
        (&Value::Null, &Value::Null)
    );
    let rate = &hasty["false_stops"];
    assert_eq!(rate["of"], 500);
    assert!(rate["hits"].as_u64().unwrap() > 400, "{rate}");
    assert!(
        rate["low"].as_f64().unwrap() < rate["share"].as_f64().unwrap(),
        "{rate}"
    );
    assert_eq!(tells["false_stops"], Value::Null, "it stops nothing");
    insta::assert_snapshot!(desk.fine(&["policy", "check", "plain.toml"]));
}
