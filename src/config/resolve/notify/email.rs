//! `kind = "email"`

use std::path::PathBuf;

use lettre::message::Mailbox;

use super::secrets::{self, Had};
use crate::config::channel::is_this_machine;
use crate::config::file::RawNotify;
use crate::config::problem::Problem;
use crate::config::resolve::Ctx;
use crate::config::tree::At;
use crate::config::{ChannelKind, EmailConfig, Tls};

const STARTTLS: u16 = 587;
const IMPLICIT: u16 = 465;

const TLS: [(&str, Tls); 3] = [
    ("starttls", Tls::Starttls),
    ("implicit", Tls::Implicit),
    ("none", Tls::None),
];

pub(super) fn resolve(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<ChannelKind> {
    let raw = &at.value;
    let host = host(ctx, at);
    let tls = match &raw.tls {
        Some(at) => ctx.one_of("tls", at, &TLS),
        None => Some(Tls::Starttls),
    };
    let tls = tls.filter(|tls| kept_secret(ctx, raw, *tls, host));
    let ca = raw.ca.as_ref().map(|at| authority(ctx, at, tls));
    let help = "write from = \"haltline <haltline@example.com>\"";
    let from = ctx.required(&at.span, "from", raw.from.as_ref(), help);
    let from = from.and_then(|at| mailbox(ctx, "from", at));
    let to = recipients(ctx, at);
    let login = login(ctx, at)?;
    let (host, tls, from, to) = (host?, tls?, from?, to?);
    let port = match tls {
        Tls::Implicit => IMPLICIT,
        Tls::Starttls | Tls::None => STARTTLS,
    };
    let port = raw.port.as_ref().map_or(port, |at| at.value);
    Some(login.map(|login| {
        ChannelKind::Email(EmailConfig {
            host: host.to_owned(),
            port,
            tls,
            ca,
            login,
            from,
            to,
        })
    }))
}

fn host<'r>(ctx: &mut Ctx<'_>, at: &'r At<RawNotify>) -> Option<&'r str> {
    let help = "write host = \"smtp.example.com\": the server that takes mail from us";
    let host = ctx.required(&at.span, "host", at.value.host.as_ref(), help)?;
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_number = host.value.parse::<std::net::IpAddr>().is_ok();
    if !is_number && (host.value.len() > 253 || !host.value.chars().all(fine)) {
        let what = format!("host = {:?} is not the name of a host", host.value);
        let help = "such as \"smtp.example.com\"; the port is a key of its own";
        ctx.push(Problem::error(host.span.clone(), what).help(help));
        return None;
    }
    Some(&host.value)
}

/// What is said in the clear is for this machine only.
fn kept_secret(ctx: &mut Ctx<'_>, raw: &RawNotify, tls: Tls, host: Option<&str>) -> bool {
    let fine = tls != Tls::None || host.is_none_or(is_this_machine);
    if let Some(at) = raw.tls.as_ref().filter(|_| !fine) {
        let what =
            "tls = \"none\" is for loopback only: mail tells what is wrong with your release";
        let help =
            "leave tls out, or have a mail server on this machine pass it on: host = \"localhost\"";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    fine
}

/// The file itself is read for each mail. Where it cannot be now, only this channel lacks it: a warning.
fn authority(ctx: &mut Ctx<'_>, at: &At<String>, tls: Option<Tls>) -> PathBuf {
    if tls == Some(Tls::None) {
        let what = "with tls = \"none\" there is no certificate that \"ca\" could vouch for";
        ctx.push(Problem::error(at.span.clone(), what).help("remove it, or encrypt"));
    }
    let path = ctx.around.expand(&at.value, ctx.base);
    let why = match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() => return path,
        Ok(_) => "is not a file",
        Err(_) => "cannot be read",
    };
    let what = format!("{} {why}: no mail gets through", path.display());
    let help = "name a file of certificates in PEM, from the config's folder on";
    ctx.push(Problem::warning(at.span.clone(), what).help(help));
    path
}

fn recipients(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Option<Vec<Mailbox>> {
    let help = "write to = [\"oncall@example.com\"]";
    let Some(list) = &at.value.to else {
        ctx.missing(&at.span, "to", help);
        return None;
    };
    if list.value.is_empty() && ctx.gone.is_empty() {
        ctx.push(Problem::error(list.span.clone(), "nobody gets this mail").help(help));
    }
    let mut to: Vec<Mailbox> = Vec::new();
    for at in &list.value {
        let one = mailbox(ctx, "to", at)?;
        if to.iter().any(|other| other.email == one.email) {
            let what = format!("{} is named twice", one.email);
            ctx.push(Problem::error(at.span.clone(), what).help("leave one of the two out"));
        }
        to.push(one);
    }
    Some(to).filter(|to| !to.is_empty())
}

/// `name@example.com` or `Somebody <name@example.com>`.
fn mailbox(ctx: &mut Ctx<'_>, key: &str, at: &At<String>) -> Option<Mailbox> {
    let found = at.value.parse::<Mailbox>().ok();
    // What is not ASCII takes a server that speaks SMTPUTF8, which is not to be found out in the night.
    let found = found.filter(|it| it.email.to_string().is_ascii());
    let found = found.filter(|_| !at.value.chars().any(char::is_control));
    if found.is_none() {
        let what = format!("{key} = {:?} is not an address", at.value);
        let help = "write \"oncall@example.com\" or \"On call <oncall@example.com>\"";
        ctx.push(Problem::error(at.span.clone(), what).help(help));
    }
    found
}

type Login = (String, secrecy::SecretString);

fn login(ctx: &mut Ctx<'_>, at: &At<RawNotify>) -> Had<Option<Login>> {
    match (&at.value.user, &at.value.password) {
        (None, None) => Some(Ok(None)),
        (Some(user), Some(password)) => {
            let password = secrets::by_reference(ctx, password, "email", secrets::password)?;
            Some(password.map(|password| Some((user.value.clone(), password))))
        }
        (Some(_), None) => {
            let help = "write password = \"env:SMTP_PASSWORD\"";
            ctx.missing(&at.span, "password", help);
            None
        }
        (None, Some(_)) => {
            ctx.missing(
                &at.span,
                "user",
                "write user = \"haltline\": who logs in with this password",
            );
            None
        }
    }
}
