//! Against a mail server of our own that speaks SMTP, and is rude where a test asks for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::notify::testing;

pub(super) fn settings(port: u16) -> Settings {
    Settings {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        ca: None,
        login: None,
        from: "haltline <haltline@example.com>".parse().unwrap(),
        to: ["alice", "bob", "carol"]
            .map(|name| format!("{name}@example.com").parse().unwrap())
            .to_vec(),
        own: "jump.example.com".into(),
        limit: Duration::from_secs(10),
    }
}

/// What the server answers instead of what it should, by the beginning of what it is told; `hang` answers nothing, `close` ends.
/// For whom, and its text.
type Mail = (Vec<String>, String);

type Rudeness = BTreeMap<&'static str, &'static str>;

#[derive(Default)]
struct Sink {
    port: u16,
    rude: Arc<Mutex<Rudeness>>,
    /// Of each mail: for whom, and its text.
    mails: Arc<Mutex<Vec<Mail>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    async fn start(rude: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            rude: Arc::new(Mutex::new(rude.iter().copied().collect())),
            ..Self::default()
        };
        let (rude, mails) = (Arc::clone(&sink.rude), Arc::clone(&sink.mails));
        let heard = Arc::clone(&sink.heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = serve(stream, rude.clone(), mails.clone(), heard.clone());
                tokio::spawn(one);
            }
        });
        sink
    }

    fn smtp(&self) -> Smtp {
        Smtp::new("email".into(), settings(self.port))
    }

    fn with(&self, change: impl FnOnce(&mut Settings)) -> Smtp {
        let mut settings = settings(self.port);
        change(&mut settings);
        Smtp::new("email".into(), settings)
    }

    fn polite(&self) {
        self.rude.lock().unwrap().clear();
    }

    fn recipients(&self) -> Vec<Vec<String>> {
        let mails = self.mails.lock().unwrap();
        mails.iter().map(|(to, _)| to.clone()).collect()
    }

    fn heard(&self, what: &str) -> bool {
        let heard = self.heard.lock().unwrap();
        heard.iter().any(|line| line.contains(what))
    }
}

async fn serve(
    stream: TcpStream,
    rude: Arc<Mutex<Rudeness>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    heard: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let rudely = |line: &str| {
        let rude = rude.lock().unwrap();
        let found = rude.iter().find(|(start, _)| line.starts_with(*start));
        found.map(|(_, answer)| *answer)
    };
    let mut to = Vec::new();
    let mut next = "CONNECT".to_owned();
    loop {
        let answer = match rudely(&next) {
            Some("hang") => std::future::pending().await,
            Some("close") => return None,
            Some(answer) => answer,
            None => match next.split([' ', ':']).next()? {
                "CONNECT" => "220 sink.example.com ESMTP",
                "EHLO" => "250-sink.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
                "AUTH" => "235 welcome",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            },
        };
        write
            .write_all(format!("{answer}\r\n").as_bytes())
            .await
            .ok()?;
        if next.starts_with("RCPT") && answer.starts_with('2') {
            to.push(next.split(['<', '>']).nth(1)?.to_owned());
        }
        if next == "END" && answer.starts_with('2') {
            let text = heard.lock().unwrap().join("\n");
            mails.lock().unwrap().push((std::mem::take(&mut to), text));
        }
        if next.starts_with("DATA") && answer.starts_with('3') {
            loop {
                let line = lines.next_line().await.ok()??;
                if line == "." {
                    break;
                }
                heard.lock().unwrap().push(line);
            }
            next = "END".to_owned();
            continue;
        }
        next = lines.next_line().await.ok()??;
        heard.lock().unwrap().push(next.clone());
    }
}

async fn tell(smtp: &Smtp) -> Result<Option<PlainText>, Failure> {
    smtp.tell(&testing::message()).await
}

#[tokio::test]
async fn a_mail_is_handed_over_once_to_all() {
    let sink = Sink::start(&[]).await;
    let smtp = sink.smtp();
    assert_eq!(tell(&smtp).await, Ok(None));
    let all = ["alice", "bob", "carol"].map(|name| format!("{name}@example.com"));
    assert_eq!(sink.recipients(), [all.to_vec()]);
    assert!(sink.heard("MAIL FROM:<haltline@example.com>"));
    let mail = &sink.mails.lock().unwrap()[0].1;
    assert!(mail.contains("crash-free sessions: 98.10% of 12,480"));
    assert_eq!(
        smtp.describe(),
        "email to alice@example.com and 2 more by 127.0.0.1"
    );
}

#[tokio::test]
async fn four_means_later_and_five_never_wherever_it_is_said() {
    for (place, answer, kind) in [
        ("CONNECT", "421 too busy", FailureKind::Retry),
        ("CONNECT", "554 no service", FailureKind::Refused),
        ("EHLO", "500 what", FailureKind::Refused),
        ("MAIL", "451 later", FailureKind::Retry),
        ("MAIL", "550 not from you", FailureKind::Refused),
        ("RCPT", "450 greylisted", FailureKind::Retry),
        ("RCPT", "550 no such user", FailureKind::Refused),
        ("DATA", "451 later", FailureKind::Retry),
        ("END", "452 disk full", FailureKind::Retry),
        ("END", "554 looks like spam", FailureKind::Refused),
        ("END", "close", FailureKind::Ambiguous),
        ("MAIL", "close", FailureKind::Malformed),
        (
            "CONNECT",
            "HTTP/1.1 400 Bad Request",
            FailureKind::Malformed,
        ),
    ] {
        let sink = Sink::start(&[(place, answer)]).await;
        let failure = tell(&sink.smtp()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{place} {answer}: {failure}");
        if let Some((code, said)) = answer
            .split_once(' ')
            .filter(|_| answer.starts_with(['4', '5']))
        {
            let what = format!("the mail server answered {code}: {said}");
            assert_eq!(failure.what.as_str(), what, "{place}");
        }
        assert!(sink.recipients().is_empty());
        // What was said is over with that try.
        sink.polite();
        assert_eq!(tell(&sink.smtp()).await, Ok(None), "{place} {answer}");
    }
}

#[tokio::test]
async fn one_bad_address_keeps_the_mail_from_nobody_else() {
    let sink = Sink::start(&[("RCPT TO:<bob", "550 no such user")]).await;
    assert_eq!(tell(&sink.smtp()).await, Ok(None));
    assert_eq!(
        sink.recipients(),
        [["alice@example.com", "carol@example.com"]]
    );
}

#[tokio::test]
async fn who_is_put_off_gets_it_later_and_the_others_not_twice() {
    let sink = Sink::start(&[
        ("RCPT TO:<alice", "550 no such user"),
        ("RCPT TO:<bob", "450 greylisted"),
    ])
    .await;
    let smtp = sink.smtp();
    let failure = tell(&smtp).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry);
    assert_eq!(sink.recipients(), [["carol@example.com"]]);
    assert_eq!(tell(&smtp).await.unwrap_err(), failure);
    assert_eq!(sink.recipients().len(), 1, "nobody was left to take it");
    sink.polite();
    assert_eq!(tell(&smtp).await, Ok(None));
    assert_eq!(
        sink.recipients(),
        [["carol@example.com"], ["bob@example.com"]]
    );
    // Another message is for all again.
    assert_eq!(tell(&smtp).await, Ok(None));
    assert_eq!(sink.recipients()[2].len(), 3);
}

#[tokio::test]
async fn a_mail_that_nobody_gets_in_the_end_was_not_told() {
    let sink = Sink::start(&[
        ("RCPT TO:<alice", "550 no such user"),
        ("RCPT TO:<bob", "450 greylisted"),
        ("RCPT TO:<carol", "550 no such user"),
    ])
    .await;
    let smtp = sink.smtp();
    assert_eq!(tell(&smtp).await.unwrap_err().kind, FailureKind::Retry);
    let never = ("RCPT TO:<bob", "550 no such user");
    sink.rude.lock().unwrap().extend([never]);
    assert_eq!(tell(&smtp).await.unwrap_err().kind, FailureKind::Refused);
    assert!(sink.recipients().is_empty());
}

#[tokio::test]
async fn a_server_that_hangs_is_left_and_one_that_has_the_mail_may_have_it() {
    for (place, kind) in [
        ("CONNECT", FailureKind::Retry),
        ("RCPT", FailureKind::Retry),
        ("END", FailureKind::Ambiguous),
    ] {
        let sink = Sink::start(&[(place, "hang")]).await;
        let smtp = sink.with(|settings| settings.limit = Duration::from_millis(200));
        let failure = tell(&smtp).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{place}");
        assert!(failure.what.as_str().contains("in time"), "{failure}");
    }
    // To whoever has the mail and does not say goodbye it has been told.
    let sink = Sink::start(&[("QUIT", "hang")]).await;
    assert_eq!(tell(&sink.smtp()).await, Ok(None));
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_it_should_not_be() {
    let sink = Sink::start(&[]).await;
    let login = Some(("haltline".to_owned(), "c4n4ry-password".into()));
    for tls in [Tls::Starttls, Tls::Implicit] {
        let smtp = sink.with(|settings| {
            settings.tls = tls;
            settings.login.clone_from(&login);
            settings.limit = Duration::from_secs(2);
        });
        let failure = tell(&smtp).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Retry, "{tls:?} {failure}");
    }
    for said in ["MAIL", "RCPT", "AUTH", "98.10"] {
        assert!(!sink.heard(said), "{said}");
    }
}

#[tokio::test]
async fn a_log_in_comes_first_and_its_password_is_in_no_error() {
    let login = Some(("haltline".to_owned(), "c4n4ry-password".into()));
    let sink = Sink::start(&[]).await;
    let smtp = sink.with(|settings| settings.login.clone_from(&login));
    assert_eq!(tell(&smtp).await, Ok(None));
    assert!(sink.heard("AUTH PLAIN "));
    for (answer, kind) in [
        ("535 c4n4ry-password is wrong", FailureKind::Credentials),
        ("454 later, c4n4ry-password", FailureKind::Retry),
    ] {
        let sink = Sink::start(&[("AUTH", answer)]).await;
        let smtp = sink.with(|settings| settings.login.clone_from(&login));
        let failure = tell(&smtp).await.unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(!failure.to_string().contains("c4n4ry"), "{failure}");
        assert!(!format!("{:?}", smtp.settings).contains("c4n4ry"));
        assert!(!sink.heard("MAIL"));
    }
    let sink = Sink::start(&[("EHLO", "250 sink.example.com")]).await;
    let smtp = sink.with(|settings| settings.login.clone_from(&login));
    assert_eq!(
        tell(&smtp).await.unwrap_err().kind,
        FailureKind::Credentials
    );
}

#[tokio::test]
async fn where_nobody_listens_it_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = tell(&Smtp::new("email".into(), settings(port)))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry);
    assert_eq!(failure.what.as_str(), "no mail server: connection refused");
    let mut nowhere = settings(port);
    nowhere.host = "smtp.invalid".into();
    let failure = tell(&Smtp::new("email".into(), nowhere)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry, "{failure}");
}
