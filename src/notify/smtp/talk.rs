//! One conversation with a mail server, and what each of its answers means for the next move.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;

use super::{Settings, Tls};
use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::reason;
use crate::notify::text;

/// Until the server is reached.
const CONNECT: Duration = Duration::from_secs(5);
/// Nobody waits for a server that is slow to say goodbye: the mail is there.
const GOODBYE: Duration = Duration::from_secs(1);
/// Characters of what a server says that are passed on.
const LONGEST_SAID: usize = 200;

/// The server that takes mail from us.
pub(super) struct Relay<'a> {
    settings: &'a Settings,
}

/// What became of each address.
#[derive(Debug, Default)]
pub(super) struct Handed {
    pub(super) took: Vec<Address>,
    /// Not now.
    pub(super) later: Vec<(Address, Failure)>,
    pub(super) never: Vec<(Address, Failure)>,
}

impl<'a> Relay<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        Self { settings }
    }

    /// Hands a mail over for these. `Ok` where the server has said of each address what becomes of it, and took the mail for those
    /// whom it serves.
    pub(super) async fn hand_over(&self, to: &[Address], mail: &[u8]) -> Result<Handed, Failure> {
        let said_all = AtomicBool::new(false);
        let limit = self.settings.limit;
        let talk = tokio::time::timeout(limit, self.talk(to, mail, &said_all)).await;
        let (mut connection, handed) = talk.unwrap_or_else(|_elapsed| {
            // Whether it has the mail that it was given is not known: the same Message-ID tells readers that it is one.
            let kind = if said_all.load(Ordering::Relaxed) {
                FailureKind::Ambiguous
            } else {
                FailureKind::Retry
            };
            Err(Failure::new(
                kind,
                "the mail server does not answer in time",
            ))
        })?;
        drop(tokio::time::timeout(GOODBYE, connection.quit()).await);
        Ok(handed)
    }

    async fn talk(
        &self,
        to: &[Address],
        mail: &[u8],
        said_all: &AtomicBool,
    ) -> Result<(AsyncSmtpConnection, Handed), Failure> {
        let mut connection = self.connect().await?;
        self.log_in(&mut connection).await?;
        let from = Some(self.settings.from.email.clone());
        let begun = connection.command(Mail::new(from, Vec::new())).await;
        begun.map_err(|error| failure(&error, "MAIL"))?;
        let mut handed = Handed::default();
        for address in to {
            let taken = connection.command(Rcpt::new(address.clone(), Vec::new()));
            let taken = taken
                .await
                .map_err(|error| (failure(&error, "RCPT"), error));
            match taken {
                Ok(_) => handed.took.push(address.clone()),
                Err((why, error)) if error.is_permanent() => {
                    handed.never.push((address.clone(), why));
                }
                Err((why, error)) if error.is_transient() => {
                    handed.later.push((address.clone(), why));
                }
                Err((why, _)) => return Err(why),
            }
        }
        if handed.took.is_empty() {
            return Ok((connection, handed));
        }
        let asked = connection.command(Data).await;
        asked.map_err(|error| failure(&error, "DATA"))?;
        said_all.store(true, Ordering::Relaxed);
        let taken = connection.message(mail).await;
        taken.map_err(|error| {
            let lost = error.status().is_none();
            let failure = failure(&error, "end of DATA");
            let kind = if lost {
                FailureKind::Ambiguous
            } else {
                failure.kind
            };
            Failure { kind, ..failure }
        })?;
        Ok((connection, handed))
    }

    /// Connected, and encrypted where that is asked for: nothing of a mail is said before.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Settings {
            host, port, tls, ..
        } = self.settings;
        let implicit = match tls {
            Tls::Implicit => Some(self.parameters()?),
            Tls::Starttls | Tls::None => None,
        };
        let (server, own) = ((host.as_str(), *port), ClientId::default());
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &own, implicit, None);
        let connected = connecting.await;
        let mut connection = connected.map_err(|error| failure(&error, "EHLO"))?;
        if *tls == Tls::Starttls {
            if !connection.can_starttls() {
                let what = "the mail server offers no STARTTLS: nothing was sent in the clear";
                let hint = "tls = \"implicit\" (port 465) where it has that; tls = \"none\" only for a server on this machine";
                // Not the end: somebody in between may take it away for an hour.
                return Err(Failure::new(FailureKind::Retry, what).at("EHLO").hint(hint));
            }
            let encrypted = connection.starttls(self.parameters()?, &own).await;
            encrypted.map_err(|error| failure(&error, "STARTTLS"))?;
        }
        Ok(connection)
    }

    /// Whom we trust. Made anew each time: certificates that are missing now may be there for the next mail.
    fn parameters(&self) -> Result<TlsParameters, Failure> {
        let Settings { host, ca, .. } = self.settings;
        let mut parameters = TlsParameters::builder(host.clone());
        if let Some(path) = ca {
            parameters = parameters.add_root_certificate(authority(path)?);
        }
        parameters.build().map_err(|error| failure(&error, "TLS"))
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Failure> {
        let Some((user, password)) = &self.settings.login else {
            return Ok(());
        };
        let password = password.expose_secret().to_owned();
        let credentials = Credentials::new(user.clone(), password);
        let ways = [Mechanism::Plain, Mechanism::Login];
        let done = connection.auth(&ways, &credentials).await;
        done.map(drop).map_err(|error| {
            // A refusal may quote what it was sent, so that its words stay here.
            let what = match error.status() {
                Some(code) => format!("the mail server answered {code} to the log-in"),
                None if error.is_client() => {
                    "the mail server knows no way to log in that is known here".to_owned()
                }
                None => return failure(&error, "AUTH"),
            };
            let kind = if error.is_transient() {
                FailureKind::Retry
            } else {
                FailureKind::Credentials
            };
            let hint =
                "check user and password; many services want a password made for this purpose";
            Failure::new(kind, what).at("AUTH").hint(hint)
        })
    }
}

/// Somebody may be about to replace the file, so that it is no end where it is not as it should be.
fn authority(path: &Path) -> Result<Certificate, Failure> {
    let bad = |why: &str| {
        let hint = "ca names a file of certificates in PEM, readable by haltline";
        Failure::new(FailureKind::Retry, format!("{} {why}", path.display()))
            .at("TLS")
            .hint(hint)
    };
    let text =
        std::fs::read(path).map_err(|error| bad(&format!("cannot be read: {}", error.kind())))?;
    let begins = b"-----BEGIN CERTIFICATE-----";
    if !text.windows(begins.len()).any(|part| part == begins) {
        return Err(bad("holds no certificate"));
    }
    Certificate::from_pem(&text).map_err(|_garbled| bad("holds a certificate that is garbled"))
}

/// 4xx is "not now" and 5xx "never" (RFC 5321, 4.2.1); what breaks off is tried again.
fn failure(error: &Error, place: &'static str) -> Failure {
    let (kind, what, hint) = if let Some(code) = error.status() {
        let kind = if error.is_transient() {
            FailureKind::Retry
        } else {
            FailureKind::Refused
        };
        let said = std::error::Error::source(error);
        let said = said.map(|said| PlainText::from(said.to_string()));
        let said = said.filter(|said| !said.is_empty());
        let said = said.map(|said| format!(": {}", text::clip(said.as_str(), LONGEST_SAID)));
        let what = format!(
            "the mail server answered {code}{}",
            said.unwrap_or_default()
        );
        let hint = match place {
            "MAIL" => "may we send from the address in from? Some servers want a log-in first",
            "RCPT" => "is the address in to right?",
            _ => "",
        };
        (kind, what, hint)
    } else if error.is_timeout() {
        let what = "the mail server does not answer in time".to_owned();
        (FailureKind::Retry, what, "check host and port")
    } else if error.is_response() {
        let what = "what answers does not speak SMTP as it should".to_owned();
        (FailureKind::Malformed, what, "check host, port and tls")
    } else {
        let what = format!("no mail server: {}", reason::unconnected(error));
        (FailureKind::Retry, what, "check host, port and tls")
    };
    Failure::new(kind, what).at(place).hint(hint)
}
