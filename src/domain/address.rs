//! Addresses that haltline may call: https anywhere, plain http to loopback only, no user and no password.
//!
//! A first look, for messages that point into a config. Must not resolve names; whoever sends checks again with a full URL parser.

/// What matters of an address that keeps the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub loopback: bool,
}

/// `Err` is what is wrong, for people.
pub fn check(raw: &str) -> Result<Checked, &'static str> {
    let (scheme, rest) = raw
        .split_once("://")
        .ok_or("not a URL: write \"https://host\" or \"https://host/path\"")?;
    if raw.chars().any(|c| c.is_whitespace() || c.is_control()) || raw.contains('\\') {
        return Err("a URL holds no white space and no backslash");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a URL has no user or password here: no secret is written in this file");
    }
    let loopback = is_loopback(authority).ok_or("this URL has no valid host and port")?;
    match scheme {
        "https" => Ok(Checked { loopback }),
        "http" if loopback => Ok(Checked { loopback }),
        "http" => Err("plain http is for loopback only: write https://"),
        _ => Err("a URL begins with https:// (or http:// to loopback)"),
    }
}

/// `None` where `host[:port]` is none.
fn is_loopback(authority: &str) -> Option<bool> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        is_port(port)?;
        return Some(host.parse::<std::net::Ipv6Addr>().ok()?.is_loopback());
    }
    let (host, port) = match authority.find(':') {
        Some(at) => authority.split_at(at),
        None => (authority, ""),
    };
    is_port(port)?;
    if host.is_empty() {
        return None;
    }
    Some(
        host == "localhost"
            || host
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|ip| ip.is_loopback()),
    )
}

/// Nothing, or a colon and a number.
fn is_port(raw: &str) -> Option<()> {
    match raw.strip_prefix(':') {
        Some(number) => number.parse::<u16>().ok().map(|_| ()),
        None => raw.is_empty().then_some(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_http_to_loopback() {
        for (fine, loopback) in [
            ("https://play.example.com", false),
            ("https://play.example.com:8443/prefix", false),
            ("https://127.0.0.1:9", true),
            ("http://127.0.0.1:4200", true),
            ("https://qa.example.com?app=shop", false),
            ("http://localhost:1/play", true),
            ("http://[::1]:9", true),
        ] {
            assert_eq!(check(fine), Ok(Checked { loopback }), "{fine}");
        }
        for bad in [
            "play.example.com",
            "http://play.example.com",
            "ftp://127.0.0.1",
            "https://u:p@h",
            "https://u:p@h?q",
            "https://",
            "https:///x",
            "https://h:port",
            "https://h ost",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1\\@example.com",
            "http://[::1]x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
