use std::fmt::Write as _;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::field::Field;
use super::*;
use crate::domain::{Counts, Exposure, Metric, PlainText, Timestamp};
use crate::policy::observation::Baseline;

const HEADER: &str = "app,version,baseline,start,seconds,stratum,metric,n,failures,n_baseline,failures_baseline,exposure\n";

fn import(text: &str) -> Result<Imported, InputError> {
    import_with(false, &[text])
}

fn import_with(keep_going: bool, files: &[&str]) -> Result<Imported, InputError> {
    let mut importer = Importer::new(keep_going);
    for (text, name) in files.iter().zip(["a", "b", "c"]) {
        importer.read(name, text.as_bytes())?;
    }
    importer.finish()
}

fn error(text: &str) -> String {
    import(text).unwrap_err().to_string()
}

/// The error of a CSV file with these lines after the header.
fn csv_error(lines: &str) -> String {
    error(&format!("{HEADER}{lines}"))
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_timestamp(minute * 60, 0).unwrap()
}

const NDJSON: &str = r#"
{"app":"shop","version":"2","baseline":"1","start":"1970-01-01T00:05:00Z","seconds":300,"n":10,"failures":1,"n_baseline":90,"failures_baseline":2,"exposure":"5%"}
{"app":"shop","version":"2","baseline":"1","start":0,"seconds":300,"stratum":"tablet","metric":"crash_free_sessions","n":0,"failures":0,"n_baseline":50,"failures_baseline":0}
{"app":"shop","version":2,"baseline":"1","start":600,"seconds":300,"n":7,"failures":0,"n_baseline":9,"failures_baseline":0,"exposure":"20%","stratum":null}
{"app":"shop","version":"2","onset":"1970-01-01T00:10:00Z"}
"#;

const CSV: &str = "app;version;baseline;start;seconds;stratum;n;failures;n_baseline;failures_baseline;exposure;onset\r\n\
    shop;2;1;300;300;;10;1;90;2;5%;\r\n\
    shop;2;1;0;300;\"tablet\";0;0;50;0;;\r\n\
    shop;2;1;600;300;;7;0;9;0;20%;\r\n\
    shop;2;;;;;;;;;;1970-01-01T00:10:00Z\r\n";

#[test]
fn both_forms_say_the_same() {
    for text in [NDJSON, CSV] {
        let imported = import(text).unwrap();
        let [rollout] = imported.rollouts.as_slice() else {
            panic!("one rollout");
        };
        assert_eq!((imported.lines, imported.left_out), (4, 0));
        assert_eq!(rollout.version.as_str(), "2");
        assert_eq!(rollout.baseline, Some("1".into()));
        assert_eq!(rollout.terms.baseline, Baseline::Read);
        assert_eq!(rollout.onset, Some(at(10)));
        assert_eq!(imported.labels.bad, 1);
        let percent = Exposure::from_percent;
        assert_eq!(
            rollout.exposures,
            [(at(5), percent(5)), (at(10), percent(20))]
        );
        let [series] = rollout.metrics.as_slice() else {
            panic!("one metric");
        };
        assert_eq!(series.metric, Metric::CrashFreeSessions);
        let windows: Vec<_> = series
            .windows
            .iter()
            .map(|w| (w.start, w.stratum.as_str(), w.new.trials, w.old.failures))
            .collect();
        assert_eq!(
            windows,
            [
                (at(0), "tablet", 0, 0),
                (at(5), "", 10, 2),
                (at(10), "", 7, 0)
            ]
        );
        assert_eq!(rollout.began(), Some(at(5)));
    }
}

#[test]
fn a_bad_line_is_named_with_its_field_and_what_to_write() {
    let good = "shop,2,1,0,300,,,10,1,90,2,5%\n";
    for (line, told) in [
        (
            "shop,2,1,300,300,,,-3,1,90,2,5%",
            "a:3: n: -3 is no count; write a whole number from 0 up",
        ),
        (
            "shop,2,1,300,300,,,NaN,1,90,2,5%",
            "a:3: n: NaN is no count",
        ),
        (
            "shop,2,1,300,300,,,inf,1,90,2,5%",
            "a:3: n: inf is no count",
        ),
        (
            "shop,2,1,300,300,,,10,0.5,90,2,5%",
            "a:3: failures: 0.5 is no count",
        ),
        (
            "shop,2,1,300,300,,,10,11,90,2,5%",
            "a:3: failures: 11 failures of 10; failures are counted among the 10",
        ),
        (
            "shop,2,1,300,300,,,10,1,90,91,5%",
            "a:3: failures_baseline: 91 failures of 90",
        ),
        (
            "shop,2,1,300,300,,,10,1,,2,5%",
            "a:3: n_baseline: missing; a window with a baseline",
        ),
        (
            "shop,2,1,300,300,,,9999999999999999,1,90,2,5%",
            "a:3: n: 9999999999999999 is more than anybody can count",
        ),
        (
            "shop,2,1,300,0,,,10,1,90,2,5%",
            "a:3: seconds: a window lasts from 1 second to 31 days; found 0",
        ),
        (
            "shop,2,1,yesterday,300,,,10,1,90,2,5%",
            "a:3: start: yesterday is no time; write 2026-11-20T14:00:00Z",
        ),
        (
            "shop,2,1,1763647200000,300,,,10,1,90,2,5%",
            "a:3: start: 1763647200000 looks like milliseconds",
        ),
        (
            "shop,2,1,300,300,,,10,1,90,2,0.05",
            "a:3: exposure: an exposure needs its unit: write \"0.05%\"",
        ),
        (
            "shop,2,1,300,300,,,10,1,90,2,105%",
            "a:3: exposure: an exposure is a percentage from 0% to 100%",
        ),
        (
            "shop,2,1,300,300,,crash_free_session,10,1,90,2,5%",
            "a:3: metric: unknown metric \"crash_free_session\": did you mean \"crash_free_sessions\"?",
        ),
        (",2,1,300,300,,,10,1,90,2,5%", "a:3: app: missing"),
        ("shop,2,1,300,300,,,,1,90,2,5%", "a:3: n: missing"),
        (
            "shop,2,1,300,300,,,10,1,90,2",
            "a:3: 11 values, where the header has 12",
        ),
        (
            "shop,\"2,1,300,300,,,10,1,90,2,5%",
            "a:3: a quote that is not closed on its line",
        ),
        (
            "shop,2,1,0,300,,,10,1,90,2,5%",
            "a:3: start: the same window is there twice: it stands in line 2 already",
        ),
        (
            "shop,2,1,200,300,,,10,1,90,2,5%",
            "a:3: start: the window begins before the one of line 2 ends, at 1970-01-01T00:05:00Z",
        ),
        (
            "shop,2,3,300,300,,,10,1,90,2,5%",
            "a:3: baseline: 3, where line 2 has 1 for the same version",
        ),
        (
            "shop,2,1,0,300,tablet,,10,1,90,2,7%",
            "a:3: exposure: 7%, where line 2 has 5%",
        ),
        (
            "shop,3,,300,300,,,10,1,90,2,5%",
            "a:3: n_baseline: counts of a baseline that the line does not name",
        ),
    ] {
        let found = csv_error(&format!("{good}{line}\n"));
        assert!(found.starts_with(told), "{found}\n{told}");
        assert!(
            found.ends_with("with --keep-going such lines are left out, and counted"),
            "{found}"
        );
    }
}

#[test]
fn a_bad_object_is_named_too() {
    for (line, told) in [
        (
            r#"{"app":"shop","#,
            "a:1: no JSON object: EOF while parsing",
        ),
        (
            r#"[{"app":"shop"}]"#,
            "a:1: a list, where each window has a line of its own",
        ),
        (
            r#"{"app":["shop"]}"#,
            "a:1: app: a list is no name; write text",
        ),
        (
            r#"{"app":"shop","version":"1","n":NaN}"#,
            "a:1: no JSON object: expected value, at column 33",
        ),
        (
            r#"{"app":"shop","version":"1","vresion":"1"}"#,
            "a:1: there is no field \"vresion\": did you mean \"version\"?",
        ),
        (r#"{"app":"shop","app":"shop"}"#, "a:1: app: given twice"),
        (
            r#"{"app":"shop","version":"1","start":0,"seconds":60,"n":1e3,"failures":0}"#,
            "a:1: n: 1000 is no count",
        ),
        (
            r#"{"app":"shop","version":"1","start":0,"seconds":60,"n":-1,"failures":0}"#,
            "a:1: n: -1 is no count",
        ),
        (
            r#"{"app":"shop","version":"1","onset":"soon"}"#,
            "a:1: onset: \"soon\" is no onset",
        ),
        (
            r#"{"app":"shop","version":"1","onset":"healthy","n":3}"#,
            "a:1: onset: a label and counts in one line",
        ),
    ] {
        let found = error(line);
        assert!(found.starts_with(told), "{found}\n{told}");
    }
}

#[test]
fn time_that_goes_back_within_a_series_is_an_error_between_series_it_is_not() {
    let windows = "shop,2,1,600,300,,,10,1,90,2,\nshop,2,1,0,300,tablet,,1,0,9,0,\nshop,3,2,0,300,,,1,0,9,0,\n";
    assert_eq!(
        import(&format!("{HEADER}{windows}"))
            .unwrap()
            .rollouts
            .len(),
        2
    );
    let found = csv_error(&format!("{windows}shop,2,1,0,300,,,10,1,90,2,\n"));
    let told =
        "a:5: start: time goes back: line 2 has begun at 1970-01-01T00:10:00Z; sort the windows";
    assert!(found.starts_with(told), "{found}");
}

#[test]
fn headers_and_empty_files_are_told_even_with_keep_going() {
    for (text, told) in [
        ("", "a is empty; write a JSON object a line"),
        ("\n \n", "a is empty"),
        (
            "app,version,start,n\n",
            "a:1: the header lacks seconds, failures",
        ),
        (
            "app,version,start,seconds,n,failures,n\n",
            "a:1: the column n is there twice",
        ),
        (
            "app,version,start,seconds,n,falures\n",
            "a:1: there is no field \"falures\": did you mean \"failures\"?",
        ),
        (
            "app,version,onset\nshop,2,healthy\n",
            "there are labels, but no windows",
        ),
    ] {
        for keep_going in [false, true] {
            let found = import_with(keep_going, &[text]).unwrap_err().to_string();
            assert!(found.starts_with(told), "{found}\n{told}");
        }
    }
}

#[test]
fn with_keep_going_what_is_wrong_is_counted_and_the_rest_is_used() {
    let text = format!(
        "{HEADER}shop,2,1,0,300,,,10,1,90,2,\nshop,2,1,300,300,,,ten,1,90,2,\nshop,2,1,600,300,,,10,1,90,2,\n"
    );
    let imported = import_with(true, &[&text]).unwrap();
    assert_eq!((imported.lines, imported.left_out), (3, 1));
    assert_eq!(imported.rollouts[0].metrics[0].windows.len(), 2);
    assert_eq!(imported.first_left_out[0].line, 3);
    let text = format!("{HEADER}nonsense\n");
    let found = import_with(true, &[&text]).unwrap_err().to_string();
    assert!(
        found.starts_with("none of the 1 lines can be used; the first: a:2: 1 values"),
        "{found}"
    );
}

#[test]
fn labels_may_come_in_a_file_of_their_own() {
    let windows = "app,version,start,seconds,n,failures\nshop,1,0,300,10,0\nshop,2,0,300,10,0\nshop,3,0,300,10,0\n";
    let labels = "app,version,onset\nshop,1,healthy\nshop,2,300\nshop,9,healthy\n";
    let imported = import_with(false, &[windows, labels]).unwrap();
    assert_eq!(
        imported.labels,
        Labels {
            bad: 1,
            healthy: 1,
            none: 1,
            unused: vec![("shop".into(), PlainText::from("9"))],
        }
    );
    assert_eq!(imported.rollouts[1].onset, Some(at(5)));
    assert_eq!(imported.rollouts[1].terms.baseline, Baseline::None);
    let twice = "app,version,onset\nshop,2,healthy\n";
    let found = import_with(false, &[windows, labels, twice])
        .unwrap_err()
        .to_string();
    assert!(
        found.starts_with("c:2: onset: b:3 says otherwise"),
        "{found}"
    );
}

#[test]
fn a_rollout_is_the_past_of_the_next_one() {
    let text = format!(
        "{HEADER}shop,2,1,0,300,,,10,1,90,2,\nshop,2,1,300,300,,,20,2,80,2,\nshop,2,1,900,300,,,30,3,,,\nshop,3,2,600,300,,,5,0,25,1,\n"
    )
    .replace("30,3,,,", "30,3,0,0,");
    let imported = import(&text).unwrap();
    let next = &imported.rollouts[1];
    assert_eq!(next.terms.old_began, Some(at(0)));
    let windows: Vec<_> = next.metrics[0]
        .windows
        .iter()
        .map(|w| (w.start, w.new.trials, w.old))
        .collect();
    let counts = |trials, failures| Counts { trials, failures };
    assert_eq!(
        windows,
        [
            (at(0), 0, counts(10, 1)),
            (at(5), 0, counts(20, 2)),
            (at(10), 5, counts(25, 1))
        ]
    );
    assert_eq!(imported.rollouts[0].terms.old_began, None);
}

#[test]
fn one_broken_line_among_very_many_is_named() {
    let start = at(0);
    let mut text = String::from("app,version,start,seconds,n,failures\n");
    for line in 0..200_000i64 {
        let start = (start + TimeDelta::seconds(60 * line)).timestamp();
        let n = if line == 123_456 { "broken" } else { "10" };
        writeln!(text, "shop,2,{start},60,{n},0").unwrap();
    }
    assert!(error(&text).starts_with("a:123458: n: broken is no count"));
    let imported = import_with(true, &[&text]).unwrap();
    assert_eq!((imported.lines, imported.left_out), (200_000, 1));
}

proptest! {
    #[test]
    fn any_bytes_give_an_error_or_rollouts(bytes in proptest::collection::vec(any::<u8>(), 0..400), keep_going: bool) {
        let mut importer = Importer::new(keep_going);
        if importer.read("a", bytes.as_slice()).is_ok() {
            drop(importer.finish());
        }
    }

    /// Lines that are nearly right reach deeper than noise does.
    #[test]
    fn any_values_give_an_error_or_rollouts(
        lines in proptest::collection::vec(
            proptest::collection::vec(
                prop_oneof![
                    Just(String::new()), Just("healthy".into()), Just("5%".into()), Just("1".into()), Just("2".into()),
                    Just("crash_free_users".into()), Just("18446744073709551615".into()), Just("-0".into()),
                    Just("1970-01-01T00:00:00+23:59".into()), Just("9999-12-31T23:59:60Z".into()),
                    any::<u64>().prop_map(|n| n.to_string()), (0..2_000u32).prop_map(|n| n.to_string()), "\\PC{0,8}",
                ],
                13,
            ),
            0..12,
        ),
        keep_going: bool,
        json: bool,
    ) {
        let names = Field::ALL.map(Field::name);
        let mut text = String::new();
        if json {
            for values in &lines {
                let object: serde_json::Map<_, _> = names
                    .iter()
                    .zip(values)
                    .map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.clone().into())))
                    .collect();
                text.push_str(&serde_json::to_string(&object).unwrap());
                text.push('\n');
            }
        } else {
            text = format!("{}\n", names.join(","));
            for values in &lines {
                text.push_str(&values.join(","));
                text.push('\n');
            }
        }
        let mut importer = Importer::new(keep_going);
        let read = importer.read("a", text.as_bytes());
        if let (Ok(()), Ok(imported)) = (read, importer.finish()) {
            for rollout in imported.rollouts {
                for series in rollout.metrics {
                    prop_assert!(series.windows.is_sorted_by_key(|w| (w.start, w.stratum.clone())));
                    prop_assert!(series.windows.iter().all(|w| w.new.failures <= w.new.trials && w.old.failures <= w.old.trials));
                }
            }
        }
    }
}
