//! `haltline policy import`: three shapes of other tools, what comes along and what is said about the rest.

use serde_json::Value;

use crate::policy::Desk;

const GPC: &str = include_str!("../imports/gpcrc-train.json");

const ROLLOUT_POLICY: &str = include_str!("../imports/rollout-policy.yaml");

const APPDISPATCH: &str = include_str!("../imports/appdispatch.json");

/// stdout and stderr of an import that worked, the one after the other.
#[track_caller]
fn imported(desk: &Desk, file: &str, text: &str) -> String {
    desk.put(file, text);
    let (code, out, err) = desk.run(&["policy", "import", file]);
    assert_eq!(code, 0, "{err}");
    // What was printed is a policy, and the one that the JSON tells of.
    desk.put("made.toml", &out);
    let check = ["policy", "check", "made.toml", "--json"];
    let checked = desk.json(&check, "haltline/policy-check/v1");
    let json = ["policy", "import", file, "--json"];
    let told = desk.json(&json, "haltline/policy-import/v1");
    assert_eq!(checked["policies"][0]["hash"], told["hash"]);
    assert_eq!(told["toml"].as_str().unwrap().trim_end(), out.trim_end());
    assert_eq!(
        (told["ok"].as_bool(), told["policy"].is_object()),
        (Some(true), true)
    );
    format!("{out}\n{err}")
}

#[test]
fn a_train_of_gpc_comes_along() {
    let desk = Desk::new();
    insta::assert_snapshot!(imported(&desk, ".gpcrc-train.json", GPC));
    // The same inside the tool's main file.
    let whole = format!("{{\"app\": \"com.example.shop\", \"release-train\": {GPC}}}");
    let said = imported(&desk, ".gpcrc.json", &whole);
    assert!(
        said.contains("exposure = \"10%\"\nsoak = \"14d\""),
        "{said}"
    );
    assert!(
        said.contains("app (line 1): haltline knows nothing like it"),
        "{said}"
    );
}

#[test]
fn a_rollout_policy_in_yaml_comes_along() {
    let desk = Desk::new();
    insta::assert_snapshot!(imported(&desk, "rollout-policy.yaml", ROLLOUT_POLICY));
}

#[test]
fn a_rollout_policy_of_appdispatch_comes_along() {
    let desk = Desk::new();
    insta::assert_snapshot!(imported(&desk, "dispatch.json", APPDISPATCH));
}

#[test]
fn units_are_read_by_all_numbers_of_a_file_or_refused() {
    let desk = Desk::new();
    let stages = |numbers: &[&str]| {
        let stages = numbers.iter().map(|n| format!("{{\"rollout\": {n}}}"));
        format!(
            "{{\"stages\": [{}]}}",
            stages.collect::<Vec<_>>().join(", ")
        )
    };
    let ladder = |numbers: &[&str]| -> Vec<String> {
        desk.put("train.json", &stages(numbers));
        let json = desk.run(&["policy", "import", "train.json", "--json"]).1;
        let told: Value = serde_json::from_str(&json).unwrap();
        let Some(stages) = told["policy"]["stage"].as_array() else {
            return vec![told["problems"][0]["what"].as_str().unwrap().to_owned()];
        };
        let of = |stage: &Value| stage["exposure"].as_str().unwrap().to_owned();
        stages.iter().map(of).collect()
    };
    assert_eq!(ladder(&["1", "10", "100"]), ["1%", "10%", "100%"]);
    assert_eq!(ladder(&["0.5", "1", "50"]), ["0.5%", "1%", "50%"]);
    assert_eq!(ladder(&["0.1", "0.5"]), ["10%", "50%"]);
    assert_eq!(ladder(&["\"1%\"", "0.5"]), ["1%", "50%"]);
    assert_eq!(
        ladder(&["0.1", "1"]),
        ["stages[1].rollout: 1 may be 1 % or the fraction, 100 %"]
    );
    assert_eq!(
        ladder(&["1.0"]),
        ["stages[0].rollout: 1 may be 1 % or the fraction, 100 %"]
    );
    assert_eq!(
        ladder(&["10", "101"]),
        ["stages[1].rollout: 101 lies outside 0 % to 100 %"]
    );
}

#[test]
fn bad_files_are_refused_with_their_places() {
    let desk = Desk::new();
    let mut said = String::new();
    for (name, text) in [
        ("not.json", "{\"stages\": [}"),
        ("not.yaml", "stages: [\n  - a"),
        ("empty.yaml", ""),
        ("other.json", "{\"steps\": [5, 25]}"),
        ("none.json", "{\"stages\": []}"),
        ("words.yaml", "stages: fast"),
        (
            "twice.yaml",
            "stages:\n  - percentage: 5%\n    percentage: 6%\n",
        ),
        (
            "many.yaml",
            "stages:\n  - percentage: 0.5\n    duration: 24\n  - percentage: 1\n    criteria:\n      min_sessions: few\n      \
             max_crash_rate: 0.5\n  - duration: 1h\n  - percentage: 5\u{2105}\n    requires_manual_approval: maybe\n",
        ),
        (
            "falling.json",
            "{\"stages\": [{\"percentage\": 50, \"minDevices\": 1.5}, {\"percentage\": 5},\n {\"percentage\": 0}],\n \
             \"thresholds\": {\"crashRate\": 0.7, \"errorRate\": \"0%\", \"action\": \"\\u001b[2Jpray\"}}",
        ),
        ("anchors.yaml", "stages: &a\n  - percentage: *a\n"),
    ] {
        desk.put(name, text);
        let (code, out, err) = desk.run(&["policy", "import", name]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(!err.contains('\u{1b}'), "{err:?}");
        said += &["--- ", name, "\n", &err].concat();
        let (code, out, err) = desk.run(&["policy", "import", name, "--json"]);
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (2, ""), "{name}");
        assert_eq!(told["ok"], false);
        for problem in told["problems"].as_array().unwrap() {
            assert!(problem["line"].is_u64(), "{name}: {problem}");
        }
    }
    insta::assert_snapshot!(said);
    let (code, _, err) = desk.run(&["policy", "import", "nowhere.yaml"]);
    assert_eq!(code, 2);
    assert!(err.contains("nowhere.yaml cannot be read"), "{err}");
}
