//! Why a request failed, in a closed set of words.
//!
//! Operating systems, resolvers and TLS libraries put ports, addresses, times and their own numbers into their errors, and
//! a reset may show as an early end or as a reset by chance. None of that may reach an event, so nothing is quoted here.

use std::error::Error;
use std::io::ErrorKind;

/// The cause in words: the same fault gives the same words, without URL, host, port, address or duration.
pub(super) fn reason(error: &reqwest::Error) -> String {
    words(error).to_owned()
}

fn words(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "time limit reached";
    }
    if error.is_builder() {
        return "the request could not be built";
    }
    match error.is_connect() {
        true => unconnected(error),
        false if error.is_decode() => "the answer broke off or is garbled",
        false => "the connection broke off",
    }
}

/// Why no connection came about, whatever was to be spoken on it.
pub(crate) fn unconnected(error: &(dyn Error + 'static)) -> &'static str {
    let mut refused = false;
    let mut text = String::new();
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let io = current.downcast_ref::<std::io::Error>();
        refused |= io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused);
        text.push_str(&current.to_string());
        text.push('\n');
        cause = current.source();
    }
    if refused {
        "connection refused"
    } else {
        connecting(&text.to_lowercase())
    }
}

/// What failed before a connection stood, from the text of the error and its causes in lower case.
fn connecting(text: &str) -> &'static str {
    let has = |part: &str| text.contains(part);
    if has("dns error") || has("lookup address") {
        "the host name was not found"
    } else if has("certificate") && has("expired") {
        "the TLS certificate has expired"
    } else if has("certificate") && has("not valid for name") {
        "the TLS certificate is for another name"
    } else if has("certificate") && has("unknownissuer") {
        "the TLS certificate is from an unknown issuer"
    } else if has("certificate") {
        "the TLS certificate is refused"
    } else if has("tls") || has("invalid message") || has("corrupt") {
        "no TLS here, or a kind that is not spoken"
    } else {
        "the connection could not be made"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_before_a_connection_stands() {
        for (said, words) in [
            (
                "dns error\nfailed to lookup address information: name or service not known",
                "the host name was not found",
            ),
            (
                "invalid peer certificate: certificate expired: verification time 1795174000 (unix)",
                "the TLS certificate has expired",
            ),
            (
                "invalid peer certificate: unknownissuer",
                "the TLS certificate is from an unknown issuer",
            ),
            (
                "received corrupt message of type invalidcontenttype",
                "no TLS here, or a kind that is not spoken",
            ),
            (
                "network is unreachable (os error 101)",
                "the connection could not be made",
            ),
        ] {
            assert_eq!(connecting(said), words, "{said}");
        }
    }
}
