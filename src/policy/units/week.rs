//! Parts of a week as people write them: `"mon-fri"`, `"09:00-17:00"`, `"Europe/Berlin"`.

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::Written;
use crate::domain::suggest;

/// Days in the order of the week, at least one: `"mon-fri"`, `"mon,wed"`, `"sat-mon"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days(pub Vec<Weekday>);

/// From a time of day up to a later one, `"09:00-17:00"`; midnight at the end is `24:00`, kept as 00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours(pub NaiveTime, pub NaiveTime);

/// A time zone by its name, with its summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl Written for Days {
    const WHAT: &'static str = "days of the week";
    const EXAMPLE: &'static str = "mon-fri\" or \"mon,wed";
    const PATTERN: &'static str = r"^\s*[A-Za-z]+(\s*[-,]\s*[A-Za-z]+)*\s*$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        let mut days = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (Weekday, Weekday) =
                (first.trim().parse().ok()?, last.trim().parse().ok()?);
            let many = usize::try_from(last.days_since(first)).ok()? + 1;
            days.extend(std::iter::successors(Some(first), |day| Some(day.succ())).take(many));
        }
        days.sort_by_key(Weekday::num_days_from_monday);
        days.dedup();
        Some(Self(days))
    }
}

impl Written for Hours {
    const WHAT: &'static str = "hours that rise within one day";
    const EXAMPLE: &'static str = "09:00-17:00";
    const PATTERN: &'static str = r"^\s*[0-9]{1,2}:[0-9]{2}\s*-\s*[0-9]{1,2}:[0-9]{2}\s*$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (time(from.trim())?, end(until.trim())?);
        (until == NaiveTime::MIN || from < until).then_some(Self(from, until))
    }

    fn meant(text: &str) -> Option<String> {
        let (from, until) = text.split_once('-')?;
        let whole = |hour: &str| match hour.trim().parse::<u8>() {
            Ok(hour) => format!("{hour:02}:00"),
            Err(_) => hour.trim().to_owned(),
        };
        let (from, until) = (whole(from), whole(until));
        let meant = format!("{from}-{until}");
        if Self::read(&meant).is_some() {
            return Some(meant);
        }
        // Over midnight, which takes a day of its own.
        (time(&from)? > time(&until)?).then(|| format!("{from}-24:00"))
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

/// Midnight is one at the end too.
fn end(text: &str) -> Option<NaiveTime> {
    if text == "24:00" {
        return Some(NaiveTime::MIN);
    }
    time(text).filter(|time| *time != NaiveTime::MIN)
}

impl Written for Zone {
    const WHAT: &'static str = "a time zone by its name";
    const EXAMPLE: &'static str = "Europe/Berlin";
    const PATTERN: &'static str = r"^[A-Za-z0-9_+/-]+$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn meant(text: &str) -> Option<String> {
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        // Many know the city and not the continent.
        let city = text.rsplit('/').next()?.replace(' ', "_");
        let is_city = |name: &&str| {
            name.rsplit('/')
                .next()
                .is_some_and(|own| own.eq_ignore_ascii_case(&city))
        };
        names()
            .find(is_city)
            .or_else(|| suggest::nearest(text, names()))
            .map(str::to_owned)
    }
}
