//! Secrets that somebody wrote into the config itself, masked before any of its lines is shown.
//!
//! A caret shows the line it points into; the line may hold what should have been a reference. Works on text, not on TOML: it
//! must hold in a file that cannot be parsed too. Masked text is as long as it was, so that places stay right.

use crate::domain::suggest;

/// Words in a key that make its value a secret.
const SECRET_KEYS: [&str; 8] = [
    "token",
    "credential",
    "secret",
    "password",
    "private",
    "routing_key",
    "app_key",
    "webhook",
];

/// What a reference begins with: no secret follows.
const REFERENCES: [&str; 4] = ["file:", "env:", "credential:", "command:"];

/// `text` with every such secret replaced by stars.
pub(super) fn mask(text: &str) -> String {
    let mut in_key = false;
    text.split_inclusive('\n')
        .map(|line| {
            // A key pasted whole is many lines.
            let begins = line.contains("-----BEGIN ");
            let inside = in_key || begins;
            in_key = inside && !line.contains("-----END ");
            if inside {
                let at = if begins {
                    line.find("-----BEGIN ")
                } else {
                    None
                };
                let (before, rest) = line.split_at(at.unwrap_or(0));
                format!("{before}{}", stars(rest))
            } else {
                mask_login(&mask_value(line))
            }
        })
        .collect()
}

fn mask_value(line: &str) -> String {
    let Some((key, value)) = line.split_once('=') else {
        return line.to_owned();
    };
    let plain_key = key.to_lowercase();
    let secret = SECRET_KEYS.iter().any(|word| plain_key.contains(word))
        || suggest::nearest(key.trim(), ["token", "credentials"]).is_some();
    let bare = value.trim_start().trim_start_matches(['"', '\'']);
    if key.trim_start().starts_with('#')
        || !secret
        || REFERENCES.iter().any(|scheme| bare.starts_with(scheme))
    {
        return line.to_owned();
    }
    format!("{key}={}", stars(value))
}

/// `https://user:password@host`: what stands before the @.
fn mask_login(line: &str) -> String {
    let Some((before, rest)) = line.split_once("://") else {
        return line.to_owned();
    };
    let authority_ends = rest.find(['/', '"', '\'', ' ', '\n']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(authority_ends);
    match authority.rsplit_once('@') {
        Some((login, host)) => format!("{before}://{}@{host}{after}", stars(login)),
        None => line.to_owned(),
    }
}

/// A star for every byte but quotes and white space.
fn stars(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '\'' => c.to_string(),
            c if c.is_ascii_whitespace() => c.to_string(),
            c => "*".repeat(c.len_utf8()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_references_are_not() {
        for (raw, masked) in [
            ("token = \"sntrys_x\"\n", "token = \"********\"\n"),
            ("tokn_auth_token=sntrys_é", "tokn_auth_token=*********"),
            ("tokn = \"abc\"", "tokn = \"***\""),
            ("token = \"env:SENTRY\"", "token = \"env:SENTRY\""),
            ("credentials = 'file:a.p8'", "credentials = 'file:a.p8'"),
            ("routing_key = \"R0uting\"", "routing_key = \"*******\""),
            ("webhook = \"https://x/s\"", "webhook = \"***********\""),
            ("key_id = \"ABC\"", "key_id = \"ABC\""),
            (
                "base_url = \"https://me:pass@host/x\"",
                "base_url = \"https://*******@host/x\"",
            ),
            ("# token = how", "# token = how"),
            (
                "x = \"\"\"-----BEGIN PRIVATE KEY-----\nMIGT\n-----END PRIVATE KEY-----\"\"\"\npoll = 1",
                "x = \"\"\"********** ******* ********\n****\n******** ******* ********\"\"\"\npoll = 1",
            ),
        ] {
            assert_eq!(mask(raw), masked);
            assert_eq!(mask(raw).len(), raw.len());
        }
    }
}
