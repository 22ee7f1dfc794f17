use super::*;

fn release() -> impl Strategy<Value = Value> {
    (
        prop::collection::vec(1_u64..12, 0..3),
        prop::sample::select(vec!["draft", "inProgress", "halted", "completed", "new"]),
        prop::option::of(0.0_f64..1.2),
        "\\PC{0,8}",
    )
        .prop_map(|(codes, status, fraction, text)| {
            let codes: Vec<String> = codes.iter().map(u64::to_string).collect();
            let mut release =
                json!({"versionCodes": codes, "status": status, "releaseNotes": [{"text": text}]});
            if let Some(fraction) = fraction {
                release["userFraction"] = json!(fraction);
            }
            release
        })
}

/// JSON of Play's shape with anything in its places.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "1",
            "-1",
            "99999999999999999999",
            "halted",
            "inProgress",
            "completed",
            "\u{1b}"
        ])
        .prop_map(Value::from),
    ];
    let keys = [
        "releases",
        "versionCodes",
        "status",
        "userFraction",
        "name",
        "countryTargeting",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys.to_vec()), inner, 0..6).prop_map(
                |map| map
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            ),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(releases in anything(), code in 0_u64..3) {
        if let Ok(track) = Track::parse(json!({"releases": [releases]})) {
            for wanted in [None, Some(code)] {
                drop(track.view(wanted, &[]));
            }
            for target in [Target::Stopped, Target::Completed, RESUME, at(5), started(Some(5)), started(None)] {
                drop(track.plan(&Version::from_code(code), target, &[]));
            }
        }
    }

    /// Invariant 7. The guard is the echo of `raw` in `Track::plan`.
    #[test]
    fn every_other_release_survives_every_write(
        releases in prop::collection::vec(release(), 0..5),
        code in 1_u64..12,
        target in prop::sample::select(vec![
            Target::Stopped, Target::Completed, RESUME, at(30), started(Some(30)), started(None),
        ]),
    ) {
        let before = json!({"track": "production", "releases": releases});
        let track = Track::parse(before).unwrap();
        let Ok(Plan::Write(Write { track: after, .. })) =
            track.plan(&Version::from_code(code), target, &[])
        else {
            return Ok(());
        };
        let changed = track.find(code).unwrap();
        let mut left = after["releases"].as_array().unwrap().iter();
        for (index, before) in releases.iter().enumerate() {
            let replaces = matches!(target, Target::Completed | Target::Started { exposure: None });
            if index != changed && replaces && before["status"] == "completed" {
                continue;
            }
            let after = left.next().unwrap();
            if index == changed {
                prop_assert_eq!(&before["versionCodes"], &after["versionCodes"]);
                prop_assert_eq!(&before["releaseNotes"], &after["releaseNotes"]);
            } else {
                prop_assert_eq!(before.to_string(), after.to_string());
            }
        }
        prop_assert!(left.next().is_none());
        let read_back = Track::parse(after).unwrap();
        prop_assert_eq!(read_back.plan(&Version::from_code(code), target, &[]), Ok(Plan::AlreadySo));
    }
}

#[test]
fn a_foreign_fraction_survives_to_the_last_digit() {
    for fraction in [
        "0.14285714285714285",
        "0.30000000000000004",
        "0.049999999999999996",
        "1e-7",
        "0.1",
    ] {
        let text = format!(
            r#"{{"releases":[{{"status":"inProgress","userFraction":{fraction},"versionCodes":["1"]}},{{"status":"completed","versionCodes":["2"]}}]}}"#
        );
        let track = Track::parse(serde_json::from_str(&text).unwrap()).unwrap();
        let Ok(Plan::Write(Write { track: after, .. })) =
            track.plan(&Version::from_code(2), Target::Stopped, &[])
        else {
            panic!("a write");
        };
        assert!(
            after
                .to_string()
                .contains(&format!("\"userFraction\":{fraction}")),
            "{fraction}: {after}"
        );
    }
}
