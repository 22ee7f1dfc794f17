//! Secrets of channels: each named by reference, and of the form that its kind has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::resolve::Ctx;
use crate::config::resolve::health::secrets::had;
pub(super) use crate::config::resolve::health::secrets::{Had, values};
use crate::config::resolve::store::named;
use crate::config::secret::{BadSecret, Found};
use crate::config::tree::At;
use crate::domain::address;

/// What a secret must look like: `Err` says so without saying what it is.
pub(super) type Form = fn(&str) -> Result<(), &'static str>;

/// A secret by reference.
pub(super) fn by_reference(
    ctx: &mut Ctx<'_>,
    at: &At<String>,
    for_what: &'static str,
    form: Form,
) -> Had<SecretString> {
    let found = named(ctx, at)?.and_then(|found| checked(found, form));
    Some(had(ctx, None, at.span.clone(), (for_what, false), found))
}

/// The same of a key that may be left out.
pub(super) fn optional(
    ctx: &mut Ctx<'_>,
    at: Option<&At<String>>,
    for_what: &'static str,
    form: Form,
) -> Had<Option<SecretString>> {
    match at {
        None => Some(Ok(None)),
        Some(at) => Some(by_reference(ctx, at, for_what, form)?.map(Some)),
    }
}

/// A value that may be a secret: where it is no reference, it stands as it is written.
pub(super) fn maybe_secret(
    ctx: &mut Ctx<'_>,
    at: &At<String>,
    for_what: &'static str,
    form: Form,
) -> Had<SecretString> {
    let scheme = at.value.split_once(':').map(|(scheme, _)| scheme);
    if matches!(scheme, Some("env" | "file" | "credential" | "command")) {
        return by_reference(ctx, at, for_what, form);
    }
    if let Err(why) = form(&at.value) {
        let problem = crate::config::problem::Problem::error(at.span.clone(), why);
        ctx.push(problem);
        return None;
    }
    Some(Ok(at.value.as_str().into()))
}

fn checked(found: Found, form: Form) -> Result<Found, BadSecret> {
    match form(found.secret.expose_secret().trim_end()) {
        Ok(()) => Ok(Found {
            secret: found.secret.expose_secret().trim_end().into(),
            ..found
        }),
        Err(why) => Err(BadSecret {
            what: format!("{why} ({})", found.origin),
            help: "the place is right, what is there is not".into(),
        }),
    }
}

/// Goes into a header: one word of visible ASCII.
pub(super) fn word(raw: &str) -> Result<(), &'static str> {
    let fine = !raw.is_empty() && raw.len() <= 4096 && raw.chars().all(|c| c.is_ascii_graphic());
    fine.then_some(())
        .ok_or("this is not a token: it must be one word")
}

/// Events API v2: 32 letters and digits.
pub(super) fn routing_key(raw: &str) -> Result<(), &'static str> {
    let fine = raw.len() == 32 && raw.chars().all(|c| c.is_ascii_alphanumeric());
    fine.then_some(())
        .ok_or("this is not an integration key of Events API v2: it has 32 letters and digits")
}

/// An address that may be called.
pub(super) fn url(raw: &str) -> Result<(), &'static str> {
    address::check(raw).map(drop)
}

/// Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes.
pub(super) fn signing(raw: &str) -> Result<(), &'static str> {
    let bytes = raw.strip_prefix("whsec_").map(|rest| STANDARD.decode(rest));
    let fine = matches!(bytes, Some(Ok(bytes)) if (24..=64).contains(&bytes.len()));
    fine.then_some(())
        .ok_or("this is not a signing secret: it is whsec_ and the base64 of 24 to 64 bytes")
}

pub(super) fn topic(raw: &str) -> Result<(), &'static str> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let well = (1..=64).contains(&raw.len()) && raw.chars().all(fine);
    well.then_some(())
        .ok_or("this is not a topic: a-z, A-Z, 0-9, '-' and '_', 64 at most")
}

/// Anything on one line.
pub(super) fn password(raw: &str) -> Result<(), &'static str> {
    let fine = !raw.is_empty() && raw.len() <= 1024 && !raw.chars().any(char::is_control);
    fine.then_some(())
        .ok_or("this is not a password: it must be one line")
}
