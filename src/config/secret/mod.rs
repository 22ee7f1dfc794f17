//! Credentials by reference: where a secret is, never what it is.
//!
//! Owns the references (`file:`, `env:`, `credential:`, `command:`), the rules for key files, the checks of what kind of key
//! was found, and the variables that other tools have made a convention. A secret is in no error and no `Debug`.

mod api_key_json;
mod app_store_key;
mod command;
mod conventions;
mod key_file;
mod play_key;

pub(super) use app_store_key::AppStoreKey;
pub(super) use conventions::{app_store, ini, play, play_variables, sentry, sentry_url};
pub(super) use play_key::check as check_play_key;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::Surroundings;

/// Largest secret that is read, in bytes. A service account's key has 2,400.
const LARGEST: usize = 64 * 1024;

/// What is wrong with a credential, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(super) struct BadSecret {
    pub(super) what: String,
    pub(super) help: String,
}

impl BadSecret {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }
}

/// A secret and where it was found, in words that may be shown.
pub(super) struct Found {
    pub(super) secret: SecretString,
    pub(super) origin: String,
    /// Folder and name of the file it was read from, for keys whose file name says their id.
    pub(super) file: Option<PathBuf>,
}

/// How a config says where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// `file:PATH`: relative to the config's folder; `~/` is home.
    File(String),
    /// `env:NAME`
    Env(String),
    /// `credential:NAME`: a file in systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// `command:PROGRAM ARG…`: split at white space, run without a shell; its standard output is the secret.
    Command(Vec<String>),
}

impl Reference {
    pub(super) fn parse(raw: &str) -> Result<Self, BadSecret> {
        let forms =
            "write \"file:PATH\", \"env:NAME\", \"credential:NAME\" or \"command:PROGRAM ARG…\"";
        // What was written may be the secret itself: it is not repeated.
        let (scheme, rest) = raw.split_once(':').ok_or_else(|| {
            BadSecret::new("a secret is given by reference, not by its value", forms)
        })?;
        let rest = rest.trim();
        let reference = match scheme {
            "file" => Self::File(rest.to_owned()),
            "env" => Self::Env(rest.to_owned()),
            "credential" if rest.contains('/') => {
                return Err(BadSecret::new(
                    "the name of a credential is a plain file name",
                    "write \"credential:NAME\", as LoadCredential= has it",
                ));
            }
            "credential" => Self::Credential(rest.to_owned()),
            "command" => Self::Command(rest.split_whitespace().map(str::to_owned).collect()),
            _ => {
                return Err(BadSecret::new("this is not a reference to a secret", forms));
            }
        };
        if rest.is_empty() {
            return Err(BadSecret::new("the reference says no place", forms));
        }
        Ok(reference)
    }

    /// Reads the secret; `base` is the config's folder.
    pub(super) fn read(&self, base: &Path, around: &Surroundings) -> Result<Found, BadSecret> {
        match self {
            Self::File(raw) => read_file(&around.expand(raw, base)),
            Self::Env(name) => read_env(name, around),
            Self::Credential(name) => {
                let dir = around.var("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    BadSecret::new(
                        format!("credential:{name} needs $CREDENTIALS_DIRECTORY, which is not set"),
                        format!("run under systemd with LoadCredential={name}:PATH, or use file: or env:"),
                    )
                })?;
                let path = Path::new(dir).join(name);
                let secret = key_file::read(&path, key_file::Trust::Systemd)?;
                Ok(Found {
                    secret,
                    origin: format!("systemd credential {name}"),
                    file: Some(path),
                })
            }
            Self::Command(words) => {
                let (program, args) = words.split_first().ok_or_else(|| {
                    BadSecret::new("the command is empty", "write \"command:PROGRAM ARG…\"")
                })?;
                Ok(Found {
                    secret: command::run(program, args, base)?,
                    origin: format!("command {program}"),
                    file: None,
                })
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Found, BadSecret> {
    Ok(Found {
        secret: key_file::read(path, key_file::Trust::Owner)?,
        origin: format!("file {}", path.display()),
        file: Some(path.to_owned()),
    })
}

pub(super) fn read_env(name: &str, around: &Surroundings) -> Result<Found, BadSecret> {
    let value = around.var(name).ok_or_else(|| {
        BadSecret::new(
            format!("the environment variable {name} is not set, or empty"),
            format!("set {name} where haltline runs; under systemd prefer credential:"),
        )
    })?;
    Ok(Found {
        secret: value.trim().into(),
        origin: format!("environment variable {name}"),
        file: None,
    })
}

/// A token goes into a header: one line of visible ASCII. A whole file of something else is not one.
pub(super) fn check_token(found: &Found) -> Result<(), BadSecret> {
    let token = secrecy::ExposeSecret::expose_secret(&found.secret);
    if !token.is_empty() && token.len() <= 4096 && token.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(BadSecret::new(
        format!(
            "this is not a token ({}): it must be one word",
            found.origin
        ),
        "create an auth token in Sentry, with the scopes org:read, project:read and event:read",
    ))
}

/// Which kind of key the bytes of a PKCS#8 structure hold, by the object identifiers in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyType {
    P256,
    OtherCurve,
    Rsa,
    Unknown,
}

/// The type of key in a PEM block `PRIVATE KEY`; `None` where the text is no such block.
fn pem_key_type(pem: &str) -> Option<KeyType> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(body).ok()?;
    let has = |oid: &[u8]| der.windows(oid.len()).take(64).any(|bytes| bytes == oid);
    // RFC 5480 and RFC 8017: id-ecPublicKey, prime256v1, rsaEncryption.
    let curve = has(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    let p256 = has(&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    let rsa = has(&[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    ]);
    Some(match (curve, p256, rsa) {
        (true, true, _) => KeyType::P256,
        (true, false, _) => KeyType::OtherCurve,
        (false, _, true) => KeyType::Rsa,
        _ => KeyType::Unknown,
    })
}

#[cfg(test)]
mod tests;
