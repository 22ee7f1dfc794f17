use super::*;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what it refuses is looked at")]
struct File {
    percent: Option<Percent>,
    points: Option<Points>,
    duration: Option<Duration>,
    share: Option<Share>,
    range: Option<Exposures>,
    times: Option<Times>,
}

fn error(toml: &str) -> String {
    toml::from_str::<File>(toml).unwrap_err().to_string()
}

#[test]
fn units_read_as_people_mean_them() {
    let file: File = toml::from_str(
        "percent = \"99.85%\"\npoints = \"2pt\"\nduration = \"4h 30m\"\nrange = \"1%..50%\"\ntimes = 2",
    )
    .unwrap();
    let percent = file.percent.unwrap();
    assert_eq!((percent.share(), percent.complement()), (0.9985, 0.0015));
    assert_eq!(file.points, Some(Points(0.02)));
    assert_eq!(file.duration.unwrap().0, TimeDelta::minutes(270));
    assert_eq!(
        file.range.unwrap(),
        Exposures(Exposure::from_percent(1), Exposure::from_percent(50))
    );
    assert_eq!(file.times, Some(Times(2.0)));
}

#[test]
fn a_bare_number_says_what_to_write_and_where() {
    let text = error("times = 2.0\npercent = 99.85");
    assert!(text.contains("line 2, column 11"), "{text}");
    assert!(text.contains("write \"99.85%\""), "{text}");
    assert!(error("share = 5").contains("write \"5%\""));
    assert!(error("share = \"5\"").contains("write \"5%\""));
    assert!(error("points = 2").contains("write \"2pt\""));
    assert!(error("duration = 30").contains("write \"30s\" or \"30m\" or"));
}

#[test]
fn what_is_out_of_range_or_no_number_is_refused() {
    for bad in [
        "percent = \"101%\"",
        "percent = \"-1%\"",
        "percent = \"nan%\"",
        "percent = \"inf%\"",
        "percent = \"1e1%\"",
        "percent = nan",
        "percent = inf",
        "percent = true",
        "percent = \"%\"",
        "points = \"0pt\"",
        "points = \"100pt\"",
        "points = \"2%\"",
        "duration = \"soon\"",
        "duration = \"99999d\"",
        "range = \"50%..1%\"",
        "range = \"1..50\"",
        "times = 0.5",
        "times = \"2x\"",
        "times = 1001",
        "times = nan",
        "times = inf",
    ] {
        let text = error(bad);
        assert!(text.contains("line 1"), "{bad}: {text}");
    }
}
