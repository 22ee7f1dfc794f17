//! The mails of a rollout that a real watcher halts, in the mailboxes of real mail servers: in the clear on this machine, with
//! STARTTLS, and encrypted from the first byte; with a certificate that only the config's `ca` vouches for.
//!
//! Needs `aiosmtpd` (Debian: python3-aiosmtpd): where `HALTLINE_SMTP_SINK` says, or on the path; and `openssl` 3 for the
//! certificates. Where there is none the test says so, and passes.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use haltline::simulator::SimTime;
use tempfile::TempDir;

use crate::rollout::{APP, Rollout, until};

/// How a server wants to be spoken to.
#[derive(Clone, Copy)]
struct Way {
    tls: &'static str,
    /// Names of the options for certificate and key.
    options: Option<[&'static str; 2]>,
}

const WAYS: [Way; 3] = [
    Way {
        tls: "none",
        options: None,
    },
    Way {
        tls: "starttls",
        options: Some(["--tlscert", "--tlskey"]),
    },
    Way {
        tls: "implicit",
        options: Some(["--smtpscert", "--smtpskey"]),
    },
];

/// A server that keeps what it takes in a folder. Ends with the test.
struct Sink {
    way: Way,
    port: u16,
    mails: PathBuf,
    child: Child,
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

/// `None`, and why, where something is missing.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let named = std::env::var_os("HALTLINE_SMTP_SINK").map(PathBuf::from);
    let Some(sink) = named.or_else(|| on_path("aiosmtpd")) else {
        eprintln!("SKIPPED: no aiosmtpd on the path, and HALTLINE_SMTP_SINK is not set");
        return None;
    };
    let openssl = on_path("openssl");
    if openssl.is_none() {
        eprintln!("SKIPPED: no openssl to make certificates for the mail servers with");
    }
    Some((sink, openssl?))
}

/// `ca.pem`, and `server.pem` with `server.key`, which it signed.
fn certificates(openssl: &Path, dir: &Path) {
    let make = |name: &str, more: &[&str]| {
        let ended = Command::new(openssl)
            .args(["req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-subj", &format!("/O=Acme/CN={name}")])
            .args([
                "-keyout",
                &format!("{name}.key"),
                "-out",
                &format!("{name}.pem"),
            ])
            .args(more)
            .current_dir(dir)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
    };
    make("ca", &[]);
    let of_server = [
        ["-CA", "ca.pem"],
        ["-CAkey", "ca.key"],
        ["-addext", "basicConstraints=critical,CA:FALSE"],
        ["-addext", "subjectAltName=IP:127.0.0.1"],
    ];
    make("server", of_server.as_flattened());
}

impl Sink {
    async fn start(program: &Path, dir: &Path, way: Way) -> Self {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let mails = dir.join(way.tls);
        let mut command = Command::new(program);
        command.args(["-n", "-l", &format!("127.0.0.1:{port}")]);
        for (option, file) in way
            .options
            .iter()
            .flatten()
            .zip(["server.pem", "server.key"])
        {
            command.arg(option).arg(dir.join(file));
        }
        let child = command
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&mails)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let sink = Self {
            way,
            port,
            mails,
            child,
        };
        until(
            "the mail server listens",
            Some(&dir.join("log")),
            async || TcpStream::connect(("127.0.0.1", port)).ok().map(drop),
        )
        .await;
        sink
    }

    /// As a channel; `more` are further keys.
    fn channel(&self, name: &str, more: &str) -> String {
        format!(
            "[[notify]]\nkind = \"email\"\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{}\"\n{more}\
             from = \"haltline <haltline@example.com>\"\nto = [\"alice@example.com\", \"bob@example.com\"]\n",
            self.port, self.way.tls
        )
    }

    /// The mails that came, in the order in which they did.
    fn mails(&self) -> Vec<Mail> {
        let files = fs::read_dir(self.mails.join("new")).into_iter().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort_by_key(|file| fs::metadata(file).unwrap().modified().unwrap());
        let mails = files
            .iter()
            .map(|file| Mail(fs::read_to_string(file).unwrap()));
        mails.collect()
    }
}

#[derive(Debug)]
struct Mail(String);

impl Mail {
    /// With its folded lines in one.
    fn header(&self, name: &str) -> String {
        let (head, _) = self.0.split_once("\n\n").unwrap();
        let head = head.replace("\n ", " ");
        let start = format!("{name}: ");
        let found = head.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_default().to_owned()
    }

    /// As people read it: quoted-printable, undone where it matters here.
    fn body(&self) -> String {
        let (_, body) = self.0.split_once("\n\n").unwrap();
        body.replace("=\n", "").replace("=3D", "=")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mails_of_a_halted_rollout_arrive_however_they_are_carried() {
    let Some((program, openssl)) = programs() else {
        return;
    };
    let dir = TempDir::new().unwrap();
    certificates(&openssl, dir.path());
    let mut sinks = Vec::new();
    for way in WAYS {
        sinks.push(Sink::start(&program, dir.path(), way).await);
    }
    let ca = format!("ca = {:?}\n", dir.path().join("ca.pem"));
    let channels: String = sinks
        .iter()
        .map(|sink| sink.channel(sink.way.tls, if sink.way.tls == "none" { "" } else { &ca }))
        .collect();
    let mut rollout = Rollout::new(SimTime::from_the_wall(1.0), &channels).await;
    rollout.watch();
    let sentence = rollout.halted().await;
    let halted = sentence.split_once(": ").unwrap().1;
    for sink in &sinks {
        until("the mail of the halt", None, async || {
            let mails = sink.mails();
            mails
                .iter()
                .any(|mail| mail.body().contains(halted))
                .then_some(())
        })
        .await;
    }
    rollout.next_release();
    let resolved = |event: &serde_json::Value| {
        let text = event["text"].as_str();
        text.is_some_and(|text| text.contains("resolved:"))
    };
    rollout.event("tell-queued", resolved).await;

    for sink in &sinks {
        let tls = sink.way.tls;
        let mails = until("the mail that it is over", None, async || {
            let mails = sink.mails();
            let over = mails
                .iter()
                .any(|mail| mail.header("Subject").contains("RESOLVED"));
            over.then_some(mails)
        })
        .await;
        let of_incident: Vec<&Mail> = mails
            .iter()
            .filter(|mail| mail.header("References").starts_with("<incident."))
            .collect();
        assert!(of_incident.len() >= 2, "{tls}: {mails:?}");
        let root = of_incident[0].header("References");
        let mut ids = Vec::new();
        for mail in &of_incident {
            assert_eq!(mail.header("References"), root, "one thread: {mail:?}");
            assert_eq!(mail.header("In-Reply-To"), root);
            ids.push(mail.header("Message-ID"));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(
            ids.len(),
            of_incident.len(),
            "each once, each its own: {ids:?}"
        );

        let page = of_incident.iter().find(|mail| mail.body().contains(halted));
        let page = page.unwrap_or_else(|| panic!("{tls}: no {halted:?} in {mails:?}"));
        let subject = page.header("Subject");
        assert!(
            subject.starts_with(&format!("[haltline] PAGE {APP}: ")),
            "{subject}"
        );
        assert!(
            page.header("Content-Type").starts_with("text/plain"),
            "{page:?}"
        );
        assert_eq!(page.header("Auto-Submitted"), "auto-generated");
        assert!(
            page.header("X-RcptTo")
                .contains("alice@example.com, bob@example.com")
        );
        assert!(
            page.body().contains("To act:") && page.body().contains("haltline "),
            "{page:?}"
        );
        eprintln!(
            "{} mails came by a real server with tls = \"{tls}\"",
            mails.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_to_a_server_that_nobody_vouches_for() {
    let Some((program, openssl)) = programs() else {
        return;
    };
    let dir = TempDir::new().unwrap();
    certificates(&openssl, dir.path());
    fs::write(dir.path().join("none.pem"), "not a certificate\n").unwrap();
    let mut channels = String::new();
    let mut sinks = Vec::new();
    for way in &WAYS[1..] {
        let sink = Sink::start(&program, dir.path(), *way).await;
        let ca = |file: &str| format!("ca = {:?}\n", dir.path().join(file));
        channels += &sink.channel(&format!("{}-unknown", way.tls), "");
        channels += &sink.channel(&format!("{}-empty", way.tls), &ca("none.pem"));
        channels += &sink.channel(&format!("{}-gone", way.tls), &ca("gone.pem"));
        // The right certificate, of a server of another name.
        let elsewhere = sink.channel(&format!("{}-elsewhere", way.tls), &ca("ca.pem"));
        channels += &elsewhere.replace("\"127.0.0.1\"", "\"localhost\"");
        sinks.push(sink);
    }
    let rollout = Rollout::new(SimTime::from_the_wall(1.0), &channels).await;
    let ended = rollout.run(&["notify", "test"]).await;
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{out}");
    let mut lines = out.lines();
    while let Some(line) = lines.next() {
        let name = line.split_whitespace().nth(1).unwrap();
        if name == "log:" {
            continue;
        }
        assert!(line.starts_with("FAILED"), "{line}");
        let (_, case) = name.trim_end_matches(':').split_once('-').unwrap();
        let why = match case {
            "unknown" => "the TLS certificate is from an unknown issuer",
            "empty" => "holds no certificate",
            "gone" => "cannot be read",
            _ => "the TLS certificate is for another name",
        };
        let reason = lines.next().unwrap();
        assert!(reason.contains(why), "{line}: {reason}");
    }
    for sink in &sinks {
        assert!(sink.mails().is_empty(), "{}", sink.way.tls);
    }
}
