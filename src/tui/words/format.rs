//! Numbers and times as the screen writes them: short, of a fixed width where they stand in columns, never false.
//!
//! Pure. A number without data is `–`, never 0.

use chrono::{Datelike, TimeDelta};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::{Counts, Metric, Timestamp};
pub(crate) use crate::policy::explain::count;

/// The zone of the times that a person types; what is shown is UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    Utc,
    /// A named zone, such as `Europe/Berlin`.
    Named(chrono_tz::Tz),
}

/// What stands where there is no number.
pub(crate) const NOTHING: &str = "–";

/// An age, quantised so that a frame rarely changes: `45s`, `6m`, `5h`, `3d`. Below a minute it goes in steps of five seconds,
/// and up: nothing is fresher than it is said to be.
pub(crate) fn age(delta: TimeDelta) -> String {
    let seconds = delta.num_seconds();
    left(match seconds {
        ..60 => TimeDelta::seconds((seconds.max(0) + 4) / 5 * 5),
        _ => delta,
    })
}

/// Time left in one unit, rounded down: `41s`, `6m`, `5h`, `3d`.
pub(crate) fn left(delta: TimeDelta) -> String {
    let seconds = delta.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Time left, to the second below an hour: `3m40s`, `40s`, `1h05m`, `2d3h`; `now` where it is past.
pub(crate) fn countdown(delta: TimeDelta) -> String {
    let seconds = delta.num_seconds();
    match seconds {
        i64::MIN..=0 => "now".into(),
        1..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// At most five characters: `999`, `9,999`, `182k`, `1.3M`.
pub(crate) fn short_count(n: u64) -> String {
    let x = n as f64;
    match n {
        0..10_000 => count(n),
        10_000..999_500 => format!("{:.0}k", x / 1e3),
        999_500..9_950_000 => format!("{:.1}M", x / 1e6),
        9_950_000..999_500_000 => format!("{:.0}M", x / 1e6),
        _ => format!("{:.1}G", x / 1e9),
    }
}

/// The share as people write this metric, two decimals. A share of the good is rounded so that failures never show as
/// `100.00%`, nor does a share of the bad with failures show as `0.00%`.
pub(crate) fn share(metric: &Metric, counts: Counts) -> String {
    let Some(rate) = counts.failure_rate() else {
        return NOTHING.into();
    };
    let some = counts.failures > 0;
    if metric.is_good_share() {
        let percent = (1.0 - rate) * 100.0;
        if some && percent >= 99.995 {
            return "99.99%".into();
        }
        format!("{percent:.2}%")
    } else if some && rate < 0.000_05 {
        "<0.01%".into()
    } else {
        format!("{:.2}%", rate * 100.0)
    }
}

/// How the share moved from the old version to the new one, in percentage points: `−0.59pp`.
pub(crate) fn delta(metric: &Metric, new: Counts, old: Counts) -> String {
    let (Some(new), Some(old)) = (new.failure_rate(), old.failure_rate()) else {
        return NOTHING.into();
    };
    let worse = (new - old) * 100.0;
    let shown = if metric.is_good_share() {
        -worse
    } else {
        worse
    };
    if shown.abs() < 0.005 {
        return "±0.00pp".into();
    }
    let sign = if shown < 0.0 { '−' } else { '+' };
    format!("{sign}{:.2}pp", shown.abs())
}

/// A ratio with its lower bound: `12.4× ≥6.1`.
pub(crate) fn ratio(ratio: Option<f64>, lower: Option<f64>) -> String {
    let number = |x: f64| {
        if x >= 99.5 {
            format!("{x:.0}")
        } else {
            format!("{x:.1}")
        }
    };
    match (
        ratio.filter(|x| x.is_finite()),
        lower.filter(|x| x.is_finite()),
    ) {
        (Some(x), Some(low)) => format!("{}× ≥{}", number(x), number(low)),
        (Some(x), None) => format!("{}×", number(x)),
        (None, Some(low)) => format!("≥{}×", number(low)),
        (None, None) => NOTHING.into(),
    }
}

/// Evidence as a false-alarm rate: at most one healthy rollout in so many looks like this, however often one looks. As in
/// the sentences, nothing rarer than one in a billion is claimed.
pub(crate) fn one_in(ln_evidence: Option<f64>) -> String {
    let Some(evidence) = ln_evidence.map(f64::exp).filter(|x| !x.is_nan()) else {
        return NOTHING.into();
    };
    if evidence < 2.0 {
        "none".into()
    } else if evidence < 1e9 {
        format!("1 in {}", short_count(evidence as u64))
    } else {
        "<1 in 10^9".into()
    }
}

/// The hour and minute, UTC: `14:32`.
pub(crate) fn minute(t: Timestamp) -> String {
    t.format("%H:%M").to_string()
}

/// A moment in eight columns, as far back as it needs to be told: `14:32:07`, `Tue14:32`, `12 Nov  `.
pub(crate) fn stamp(t: Timestamp, now: Timestamp) -> String {
    let days = now
        .num_days_from_ce()
        .saturating_sub(t.num_days_from_ce())
        .unsigned_abs();
    match days {
        0 => t.format("%H:%M:%S").to_string(),
        1..7 => t.format("%a%H:%M").to_string(),
        _ => t.format("%d %b  ").to_string(),
    }
}

/// A moment for a sentence: `14:32`, `Tue 14:32`, `12 Nov 14:32`, in UTC.
pub(crate) fn moment(t: Timestamp, now: Timestamp) -> String {
    let days = (now.num_days_from_ce() - t.num_days_from_ce()).unsigned_abs();
    match days {
        0 => minute(t),
        1..7 => t.format("%a %H:%M").to_string(),
        _ => t.format("%d %b %H:%M").to_string(),
    }
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` cut to `columns`, by grapheme, ending in `…` where something is missing.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push('…');
    out
}

/// `text` in lines of at most `columns`, broken between words; the last of `lines` ends in `…` where there is more.
pub(crate) fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if columns == 0 || lines == 0 {
        return out;
    }
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if line.is_empty() {
            word.clone_into(&mut line);
        } else if line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
        } else if out.len() + 1 == lines {
            line.push(' ');
            line.push_str(word);
            break;
        } else {
            out.push(fit(&line, columns));
            word.clone_into(&mut line);
        }
    }
    if !line.is_empty() {
        out.push(fit(&line, columns));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_short() {
        for (seconds, short, left) in [
            (-5, "0s", "now"),
            (0, "0s", "now"),
            (1, "5s", "1s"),
            (41, "45s", "41s"),
            (55, "55s", "55s"),
            (56, "1m", "56s"),
            (220, "3m", "3m40s"),
            (3_900, "1h", "1h05m"),
            (190_000, "2d", "2d4h"),
        ] {
            let delta = TimeDelta::seconds(seconds);
            assert_eq!(
                (age(delta).as_str(), countdown(delta).as_str()),
                (short, left)
            );
        }
    }

    #[test]
    fn counts_never_widen_a_column() {
        for n in [
            0,
            999,
            9_999,
            10_000,
            182_431,
            999_999,
            1_304_118,
            88_000_000,
            2_000_000_000,
        ] {
            assert!(short_count(n).len() <= 5, "{}", short_count(n));
        }
    }

    #[test]
    fn a_share_never_hides_failures() {
        let crash_free = Metric::CrashFreeSessions;
        let of = |trials, failures| Counts { trials, failures };
        assert_eq!(share(&crash_free, of(0, 0)), "–");
        assert_eq!(share(&crash_free, of(1_000_000, 0)), "100.00%");
        assert_eq!(share(&crash_free, of(1_000_000, 2)), "99.99%");
        assert_eq!(share(&Metric::SlowColdStarts, of(1_000_000, 2)), "<0.01%");
        assert_eq!(delta(&crash_free, of(100, 1), of(1000, 1)), "−0.90pp");
        assert_eq!(
            delta(&Metric::SlowColdStarts, of(100, 1), of(1000, 1)),
            "+0.90pp"
        );
        assert_eq!(delta(&crash_free, of(0, 0), of(1000, 1)), "–");
    }

    #[test]
    fn evidence_reads_as_rollouts() {
        for (ln, text) in [
            (None, "–"),
            (Some(-3.0), "none"),
            (Some(20.5_f64.ln()), "1 in 20"),
            (Some(2.3e6_f64.ln()), "1 in 2.3M"),
            (Some(70.0), "<1 in 10^9"),
            (Some(f64::INFINITY), "<1 in 10^9"),
            (Some(f64::NAN), "–"),
        ] {
            assert_eq!(one_in(ln), text);
        }
    }

    #[test]
    fn wrapping_keeps_words_whole_and_says_what_is_missing() {
        assert_eq!(wrap("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three f…"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "\\PC{0,60}", columns in 0_usize..30, lines in 0_usize..4) {
            prop_assert!(width(&fit(&text, columns)) <= columns);
            let wrapped = wrap(&text, columns, lines);
            prop_assert!(wrapped.len() <= lines && wrapped.iter().all(|line| width(line) <= columns));
        }
    }
}
