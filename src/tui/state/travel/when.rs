//! Times as people write them, and as the screen writes them itself.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};

use crate::domain::Timestamp;
use crate::tui::words::format::Zone;

const HINT: &str = "write a time as 14:28, Tue 06:12, 12 Nov 06:12, 2026-11-19 06:12 or -2h";

/// The last such time before `now`, in the hours of the zone; else what is wrong with it, in words.
pub(super) fn parse(text: &str, now: Timestamp, zone: Zone) -> Result<Timestamp, String> {
    match zone {
        Zone::Utc => within(text.trim(), now, &Utc),
        Zone::Named(zone) => within(text.trim(), now, &zone),
    }
}

fn within<Z: TimeZone>(text: &str, now: Timestamp, zone: &Z) -> Result<Timestamp, String> {
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    if let Some(span) = text.strip_prefix(['-', '−']) {
        let back = span_of(span).ok_or_else(|| refusal(text))?;
        return now.checked_sub_signed(back).ok_or_else(|| refusal(text));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return past(at.to_utc(), now, text);
    }
    let today = now.with_timezone(zone).date_naive();
    let (day, time) = split(text.trim_end_matches(['z', 'Z'])).ok_or_else(|| refusal(text))?;
    let at = |date: NaiveDate| {
        let local = zone.from_local_datetime(&date.and_time(time)).earliest()?;
        Some(local.to_utc())
    };
    let yesterday = |date: NaiveDate, days: i64| date.checked_sub_signed(TimeDelta::days(days));
    if day.is_empty() {
        let found = at(today).filter(|at| *at <= now);
        let found = found.or_else(|| at(yesterday(today, 1)?));
        return found.ok_or_else(|| refusal(text));
    }
    if let Ok(weekday) = day.parse::<Weekday>() {
        let back = i64::from(today.weekday().days_since(weekday));
        let found = at(yesterday(today, back).unwrap_or(today)).filter(|at| *at <= now);
        let found = found.or_else(|| at(yesterday(today, back + 7)?));
        return found.ok_or_else(|| refusal(text));
    }
    let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok();
    // Without its year as the screen writes it: the last one.
    let of_year = |year: i32| NaiveDate::parse_from_str(&format!("{day} {year}"), "%d %b %Y").ok();
    let date = date.or_else(|| {
        of_year(today.year())
            .filter(|date| *date <= today)
            .or_else(|| of_year(today.year() - 1))
    });
    let found = date.and_then(at).ok_or_else(|| refusal(text))?;
    past(found, now, text)
}

fn refusal(text: &str) -> String {
    format!("{text:?} is no time: {HINT}")
}

fn past(at: Timestamp, now: Timestamp, text: &str) -> Result<Timestamp, String> {
    if at > now {
        return Err(format!("{text} has not come yet"));
    }
    Ok(at)
}

/// The day, which may be empty, and the time behind it.
fn split(text: &str) -> Option<(&str, NaiveTime)> {
    let colon = text.find(':')?;
    let digits = text
        .get(..colon)?
        .trim_end_matches(|c: char| c.is_ascii_digit());
    let (day, time) = text.split_at_checked(digits.len())?;
    let forms = ["%H:%M", "%H:%M:%S"];
    let time = forms
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
    Some((day.trim_end_matches(['T', ' ']).trim(), time))
}

/// `2h`, `15m`, `1h30m`, `1d 2h`.
fn span_of(text: &str) -> Option<TimeDelta> {
    let span = humantime::parse_duration(text.trim()).ok()?;
    TimeDelta::from_std(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday, 10 January 2026.
    fn now() -> Timestamp {
        "2026-01-10T14:32:07Z".parse().unwrap()
    }

    #[test]
    fn a_time_is_the_last_one_of_that_name() {
        for (text, at) in [
            ("14:28", "2026-01-10T14:28:00Z"),
            ("14:28:27Z", "2026-01-10T14:28:27Z"),
            ("14:40", "2026-01-09T14:40:00Z"),
            ("Tue 06:12", "2026-01-06T06:12:00Z"),
            ("Tue06:12", "2026-01-06T06:12:00Z"),
            ("saturday 06:12", "2026-01-10T06:12:00Z"),
            ("Sat 20:00", "2026-01-03T20:00:00Z"),
            ("2025-11-19 06:12", "2025-11-19T06:12:00Z"),
            ("2025-11-19T06:12:30Z", "2025-11-19T06:12:30Z"),
            ("12 Nov 06:12", "2025-11-12T06:12:00Z"),
            ("-2h", "2026-01-10T12:32:07Z"),
            (" -1h30m ", "2026-01-10T13:02:07Z"),
            ("-90s", "2026-01-10T14:30:37Z"),
            ("now", "2026-01-10T14:32:07Z"),
        ] {
            let wanted: Timestamp = at.parse().unwrap();
            assert_eq!(parse(text, now(), Zone::Utc), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        let berlin = Zone::Named("Europe/Berlin".parse().unwrap());
        let at = |text| parse(text, now(), berlin).unwrap().to_rfc3339();
        assert_eq!(at("15:00"), "2026-01-10T14:00:00+00:00");
        assert_eq!(at("Sat 00:30"), "2026-01-09T23:30:00+00:00");
        // An hour that there was not has no time.
        assert!(parse("2025-03-30 02:30", now(), berlin).is_err());
    }

    #[test]
    fn what_is_no_time_says_how_to_write_one() {
        for text in [
            "",
            "soon",
            "25:00",
            "14",
            "-",
            "-2",
            "Tue",
            "32 Nov 10:00",
            "日本 10:00",
        ] {
            let why = parse(text, now(), Zone::Utc).unwrap_err();
            assert!(why.contains(HINT), "{text}: {why}");
        }
        let why = parse("2026-11-19 06:12", now(), Zone::Utc).unwrap_err();
        assert_eq!(why, "2026-11-19 06:12 has not come yet");
    }
}
