//! The date formats that Apple's bodies mix: `…Z`, `…-08:00`, `….000+0000`, and HTTP's own.

use chrono::{DateTime, Utc};

use crate::domain::Timestamp;

/// A timestamp of a JSON body; `None` for what is none of the formats seen.
pub(super) fn parse(raw: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(raw)
        .or_else(|_rfc3339| DateTime::parse_from_str(raw, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

/// A timestamp of an HTTP header: `Fri, 20 Nov 2026 11:00:00 GMT`.
pub(super) fn parse_http(raw: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(raw)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_seen_is_the_same_moment() {
        let same = [
            "2026-11-20T19:30:00Z",
            "2026-11-20T11:30:00-08:00",
            "2026-11-20T19:30:00.000+0000",
            "2026-11-20T11:30:00.000-0800",
            "2026-11-20T19:30:00.000Z",
        ];
        let moment = parse("2026-11-20T19:30:00+00:00").unwrap();
        for raw in same {
            assert_eq!(parse(raw), Some(moment), "{raw}");
        }
        assert_eq!(parse_http("Fri, 20 Nov 2026 19:30:00 GMT"), Some(moment));
        assert_eq!(parse("2026-11-20"), None);
        assert_eq!(parse("soon"), None);
    }
}
