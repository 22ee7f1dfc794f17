//! Numbers as people read them: the same on the screen, in sentences and in notifications.

use crate::domain::Unit;

/// `30,888`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share (0..=1) as a percentage: `99.12%`, `99.985%`, `3.1%`. As many digits as tell it from 0% and from 100%, so that
/// a share that is not whole never looks so.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".into();
    }
    let percent = share.clamp(0.0, 1.0) * 100.0;
    let edge = percent.min(100.0 - percent);
    let decimals = if edge >= 10.0 {
        1
    } else if edge >= 0.1 {
        2
    } else if edge < 1e-9 {
        0
    } else {
        (1.0 - edge.log10().floor()) as usize
    };
    format!("{}%", trimmed(percent, decimals))
}

/// A difference of shares in percentage points, with its sign: `+0.83 pt`, `−0.02 pt`.
pub fn points(difference: f64) -> String {
    if !difference.is_finite() {
        return "–".into();
    }
    let size = (difference * 100.0).abs();
    let decimals = if (1e-9..0.1).contains(&size) {
        (1.0 - size.log10().floor()).min(9.0) as usize
    } else {
        2
    };
    let sign = match difference {
        _ if size < 1e-9 => "±",
        d if d < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{} pt", trimmed(size, decimals))
}

/// A ratio: `12.4×`, `2.7×`, `1.25×`, `104×`.
pub fn times(ratio: f64) -> String {
    let decimals = match ratio {
        r if !r.is_finite() => return "–".into(),
        r if r >= 100.0 => 0,
        r if r >= 2.0 => 1,
        _ => 2,
    };
    format!("{}×", trimmed(ratio, decimals))
}

/// A bound of a ratio from below, rounded down: what is claimed is never more than what was shown.
pub fn times_down(ratio: f64) -> String {
    times(careful(ratio, f64::floor))
}

/// A bound of a ratio from above, rounded up.
pub fn times_up(ratio: f64) -> String {
    times(careful(ratio, f64::ceil))
}

/// Rounded in one direction to the digits that [`times`] shows. What binary fractions add to a decimal is not rounded up.
fn careful(ratio: f64, round: fn(f64) -> f64) -> f64 {
    let unit = match ratio {
        r if r >= 100.0 => 1.0,
        r if r >= 2.0 => 10.0,
        _ => 100.0,
    };
    let nearest = (ratio * unit).round() / unit;
    if (ratio - nearest).abs() < 1e-9 * ratio.abs() {
        nearest
    } else {
        round(ratio * unit) / unit
    }
}

/// How rare evidence of this strength (its natural logarithm) is where nothing is wrong: `at most 1 in 2,200`, rounded to the
/// careful side; above a billion only `less than 1 in a billion`, since no model is true to that degree.
pub fn one_in(ln_evidence: f64) -> String {
    match rarity(ln_evidence) {
        Rarity::Common => "every other".into(),
        Rarity::OneIn(n) => format!("at most 1 in {}", count(n)),
        Rarity::Beyond => "less than 1 in a billion".into(),
    }
}

/// The same, beside a threshold: `1 in 40`, `no evidence`.
pub fn strength(ln_evidence: f64) -> String {
    match rarity(ln_evidence) {
        Rarity::Common => "no evidence".into(),
        Rarity::OneIn(n) => format!("1 in {}", count(n)),
        Rarity::Beyond => "less than 1 in a billion".into(),
    }
}

enum Rarity {
    Common,
    OneIn(u64),
    Beyond,
}

fn rarity(ln_evidence: f64) -> Rarity {
    let evidence = ln_evidence.exp();
    if evidence >= 1e9 {
        return Rarity::Beyond;
    }
    if evidence.is_nan() || evidence < 2.0 {
        return Rarity::Common;
    }
    let unit = 10f64.powf((evidence.log10().floor() - 1.0).max(0.0));
    Rarity::OneIn(((evidence / unit).floor() * unit) as u64)
}

/// The evidence that is asked for: `1 in 300`.
pub fn asked(ln_threshold: f64) -> String {
    format!("1 in {}", count(ln_threshold.exp().round() as u64))
}

/// Evidence itself (its natural logarithm is given), rounded down: `4.2`, `18`; beside what is asked for.
pub fn evidence(ln_evidence: f64) -> String {
    let evidence = ln_evidence.exp();
    if evidence < 10.0 {
        trimmed((evidence * 10.0).floor() / 10.0, 1)
    } else {
        count(evidence as u64)
    }
}

/// A small factor without false digits: `3`, `4.5`, `20`.
pub fn factor(number: f64) -> String {
    trimmed(number, usize::from(number < 9.95))
}

/// The figure of a level: `4.5 s`, `850 ms`, `2.00%`, `4.2`.
pub fn figure(value: f64, unit: Unit) -> String {
    let decimals = |value: f64| (value * 1e6).round() / 1e6;
    match unit {
        Unit::Seconds if value < 1.0 => format!("{} ms", decimals(value * 1e3)),
        Unit::Seconds => format!("{} s", decimals(value)),
        Unit::Share => percent(value),
        Unit::Plain => decimals(value).to_string(),
    }
}

/// The same of one that was measured, to three digits.
pub fn measured(value: f64, unit: Unit) -> String {
    let magnitude = if value.abs() > 0.0 {
        value.abs().log10().floor()
    } else {
        0.0
    };
    let step = 10_f64.powf(magnitude - 2.0);
    let rounded = (value / step).round() * step;
    figure(if unit == Unit::Share { value } else { rounded }, unit)
}

/// A number of hours: `25min`, `7.3h`, `36h`, `3.1d`, `45d`; rounded up, since less would be too little.
pub fn hours(hours: f64) -> String {
    let up = |number: f64| (number - 1e-6).ceil();
    let tenths = |number: f64| up(number * 10.0) / 10.0;
    let (minutes, days) = (up(hours * 60.0).max(1.0), hours / 24.0);
    match hours {
        h if !h.is_finite() => "–".into(),
        _ if minutes < 60.0 => format!("{minutes}min"),
        h if tenths(h) < 10.0 => format!("{}h", tenths(h)),
        h if h <= 48.0 => format!("{}h", up(h)),
        _ if tenths(days) < 10.0 => format!("{}d", tenths(days)),
        _ if days <= 999.0 => format!("{}d", up(days)),
        _ => "years".into(),
    }
}

/// Rounded, without the zeros that say nothing.
fn trimmed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (312, "312"),
            (30_888, "30,888"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn percentages_have_the_digits_that_matter() {
        for (share, text) in [
            (0.9912, "99.12%"),
            (0.99985, "99.985%"),
            (0.9985, "99.85%"),
            (0.9995, "99.95%"),
            (0.5, "50%"),
            (0.873_21, "87.3%"),
            (0.05, "5%"),
            (0.000_012, "0.0012%"),
            (1.0, "100%"),
            (0.0, "0%"),
            (0.999_999, "99.9999%"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn the_rest() {
        assert_eq!(
            [points(0.0083), points(-0.0002), points(0.0), points(0.02)],
            ["+0.83 pt", "−0.02 pt", "±0 pt", "+2 pt"]
        );
        assert_eq!(
            [
                times(12.375),
                times(2.7104),
                times(1.25),
                times(104.4),
                times(3.0)
            ],
            ["12.4×", "2.7×", "1.25×", "104×", "3×"]
        );
        assert_eq!(
            [2.7104, 2.77, 1.999, 104.9, 2.0, 1.3, f64::NAN].map(times_down),
            ["2.7×", "2.7×", "1.99×", "104×", "2×", "1.3×", "–"]
        );
        assert_eq!(
            [7.61, 7.7, 1.541, 104.1, 1.1].map(times_up),
            ["7.7×", "7.7×", "1.55×", "105×", "1.1×"]
        );
        assert_eq!(strength(7.702_390_852_93), "1 in 2,200");
        assert_eq!(strength(0.3), "no evidence");
        assert_eq!(asked(300f64.ln()), "1 in 300");
        assert_eq!(
            [-900.0, 1.44, 2.99, 30.0, f64::NAN].map(evidence),
            ["0", "4.2", "19", "10,686,474,581,524", "0"]
        );
        assert_eq!([3.04, 4.46, 19.7].map(factor), ["3", "4.5", "20"]);
        assert_eq!(one_in(7.702_390_852_93), "at most 1 in 2,200");
        assert_eq!(one_in(21.1), "less than 1 in a billion");
        assert_eq!(one_in(20f64.ln() + 1e-9), "at most 1 in 20");
    }

    #[test]
    fn hours_are_rounded_up() {
        let shown = [
            0.001, 0.5, 0.9999, 1.0, 9.81, 9.91, 24.0, 48.0, 48.5, 239.0, 241.0, 30_000.0,
        ];
        let text = shown.map(hours);
        let told = [
            "1min", "30min", "1h", "1h", "9.9h", "10h", "24h", "48h", "2.1d", "10d", "11d", "years",
        ];
        assert_eq!(text, told);
        assert_eq!(hours(f64::INFINITY), "–");
    }

    proptest! {
        #[test]
        fn a_share_that_is_not_whole_never_looks_so(trials in 2..10_000_000_000u64, failures in 1..1000u64) {
            prop_assume!(failures < trials);
            let share = failures as f64 / trials as f64;
            prop_assert!(percent(share) != "0%" && percent(1.0 - share) != "100%");
        }

        #[test]
        fn any_number_can_be_shown(number in any::<f64>()) {
            prop_assert!(!percent(number).is_empty() && !points(number).is_empty() && !times(number).is_empty());
            prop_assert!(!one_in(number).is_empty());
        }
    }
}
