//! Where a vendor is: scheme, host and an optional prefix before the vendor's own path.

use std::fmt;

use reqwest::Url;

/// A base URL that may be called: https anywhere, plain http to loopback only, no credentials, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

#[derive(Debug, thiserror::Error)]
pub enum BadBaseUrl {
    #[error("{raw:?} is not a URL: {why}; write https://host or https://host/prefix")]
    NotAUrl { raw: String, why: String },
    #[error("{0:?}: plain http is for loopback only; write https://")]
    PlainHttp(String),
    #[error("{0:?}: a base URL has no user, password, query or fragment")]
    Surplus(String),
}

impl BaseUrl {
    pub fn parse(raw: &str) -> Result<Self, BadBaseUrl> {
        let url = Url::parse(raw).map_err(|e| BadBaseUrl::NotAUrl {
            raw: raw.to_owned(),
            why: e.to_string(),
        })?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare {
            return Err(BadBaseUrl::Surplus(raw.to_owned()));
        }
        if may_be_called(&url) {
            Ok(Self(url))
        } else {
            Err(BadBaseUrl::PlainHttp(raw.to_owned()))
        }
    }

    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The URL of `segments` below this base; each segment is percent-encoded as one.
    pub fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// A paging link, followed on this base only: the link's path and query, this base's scheme and host. `None` where the
    /// link is no URL or its path does not start with this base's prefix.
    pub fn rebase(&self, link: &str) -> Option<Url> {
        let link = self.0.join(link).ok()?;
        let prefix = self.0.path().trim_end_matches('/');
        link.path().starts_with(prefix).then(|| {
            let mut url = self.0.clone();
            url.set_path(link.path());
            url.set_query(link.query());
            url
        })
    }
}

/// https anywhere, plain http to loopback only.
pub fn may_be_called(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_only_to_loopback() {
        for fine in [
            "https://play.internal",
            "https://h/prefix",
            "http://127.0.0.1:4200",
            "http://localhost:1",
            "http://[::1]:9",
        ] {
            assert!(BaseUrl::parse(fine).is_ok(), "{fine}");
        }
        for bad in [
            "http://play.internal",
            "ftp://127.0.0.1",
            "https://u:p@h",
            "https://h/?q=1",
            "nonsense",
            "http://127.0.0.1.evil.com",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn segments_are_encoded_one_by_one() {
        let base = BaseUrl::parse("https://h/pre/").unwrap();
        assert_eq!(
            base.join(&["tracks", "wear:production", "a/b c"]).as_str(),
            "https://h/pre/tracks/wear:production/a%2Fb%20c"
        );
    }

    #[test]
    fn paging_links_stay_on_the_base() {
        let base = BaseUrl::parse("http://127.0.0.1:9/pre").unwrap();
        assert_eq!(
            base.rebase("https://evil.com/pre/v1/apps?cursor=x")
                .unwrap()
                .as_str(),
            "http://127.0.0.1:9/pre/v1/apps?cursor=x"
        );
        assert!(base.rebase("https://evil.com/other").is_none());
    }
}
