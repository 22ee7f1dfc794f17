//! The address with its holes, and what is filled into them.

use chrono::{SecondsFormat, TimeDelta};
use reqwest::Url;

use crate::domain::{Timestamp, Version};
use crate::http::base_url::may_be_called;

/// An address that cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("the address is no URL once its holes are filled: {0}")]
    NotAUrl(String),
    #[error("the address must be https; plain http is for loopback only")]
    PlainHttp,
}

/// An address with holes.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// `{package}` is filled already.
    raw: String,
}

impl Template {
    pub(super) fn parse(raw: &str, package: &str) -> Result<Self, BadAddress> {
        let template = Self {
            raw: raw.replace("{package}", &encoded(package)),
        };
        let sample = template.raw.replace(['{', '}'], "");
        let url = Url::parse(&sample).map_err(|error| BadAddress::NotAUrl(error.to_string()))?;
        if may_be_called(&url) {
            Ok(template)
        } else {
            Err(BadAddress::PlainHttp)
        }
    }

    /// True where an answer is of a stretch of time that is asked for.
    pub(super) fn names_times(&self) -> bool {
        self.raw.contains("{start}") && self.raw.contains("{end}")
    }

    /// Times as RFC 3339 in UTC, the window in seconds, each percent-encoded. `None` where it is no URL then.
    pub(super) fn fill(
        &self,
        version: &Version,
        baseline: Option<&Version>,
        (start, end): (Timestamp, Timestamp),
    ) -> Option<Url> {
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let name = version.name.as_ref().unwrap_or(&version.build);
        let seconds = (end - start).max(TimeDelta::zero()).num_seconds();
        let holes = [
            ("{version}", name.to_string()),
            ("{build}", version.build.to_string()),
            ("{baseline}", baseline.map(Version::key).unwrap_or_default()),
            ("{start}", time(start)),
            ("{end}", time(end)),
            ("{window}", seconds.to_string()),
        ];
        let filled = holes.iter().fold(self.raw.clone(), |url, (hole, value)| {
            url.replace(hole, &encoded(value))
        });
        Url::parse(&filled).ok()
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// Every byte but the unreserved ones of RFC 3986, so that nothing that is filled in can be more than a value.
fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_stays_a_value() {
        let at = |raw: &str| raw.parse::<Timestamp>().unwrap();
        let times = (at("2026-11-20T10:00:00Z"), at("2026-11-20T10:05:00Z"));
        let raw = "https://health.example.com/{package}/{version}+{build}?from={start}&to={end}&step={window}s&b={baseline}";
        let template = Template::parse(raw, "com.example.shop").unwrap();
        let version = Version::named("8.43.0/../&x=1", "84300#");
        let url = template.fill(&version, Some(&Version::from_code(84200)), times);
        assert_eq!(
            url.unwrap().as_str(),
            "https://health.example.com/com.example.shop/8.43.0%2F..%2F%26x%3D1+84300%23?from=2026-11-20T10%3A00%3A00Z&to=2026-11-20T10%3A05%3A00Z&step=300s&b=84200"
        );
        assert!(template.names_times());
        for (bad, error) in [
            ("http://health.example.com/{build}", BadAddress::PlainHttp),
            ("ftp://127.0.0.1/{build}", BadAddress::PlainHttp),
        ] {
            assert_eq!(Template::parse(bad, "x").unwrap_err(), error);
        }
        assert!(Template::parse("health/{build}", "x").is_err());
    }
}
