//! The same rule as `http::BaseUrl`, which this layer may not know: an address that may be called, and nothing but scheme, host,
//! port and a prefix. `http::BaseUrl` checks again with a full URL parser before anything is sent.

use crate::domain::address::{self, Checked};

/// `Err` is what is wrong, for people.
pub(super) fn check(raw: &str) -> Result<Checked, &'static str> {
    if raw.contains(['?', '#']) {
        return Err("a base URL has no query and no fragment: leave out what follows ? or #");
    }
    address::check(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_nothing_after_its_prefix() {
        assert!(check("https://play.example.com:8443/prefix").is_ok());
        for bad in ["https://h/?q=1", "https://h#f", "http://play.example.com"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
