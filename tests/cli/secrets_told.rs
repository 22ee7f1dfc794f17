//! A secret of every kind in one config, sent to servers that give it back in every way: it is in nothing that haltline says,
//! answers or keeps, in no spelling.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use rustix::process::Signal;

use crate::bench::{ANDROID, BREACHING, Bench, toml_string};

/// Variable and what is planted there; of an address, the part that is the secret is in braces.
const PLANTED: [(&str, &str); 16] = [
    ("PD_KEY", "PDr0ut1ngK3y23456789abcdefghijkl"),
    ("SLACK_HOOK", "BASE/services/T0/B0/{sl4ckW3bh00kSecret}"),
    ("SLACK_BOT", "xoxb-{sl4ckB0t/S3cr3t+=}"),
    ("TEAMS", "BASE/workflows/1/manual?sig={t3ams%2FS1gn%3D}"),
    ("NTFY_TOPIC", "releases-{n7fyT0p1cSecret}"),
    ("NTFY_TOKEN", "tk_{n7fyT0k3nSecret}"),
    ("SMTP_PASSWORD", "sm7p p4ss/w0rd+\u{e4}"),
    (
        "HOOK_URL",
        "BASE/hook/{h00kP4thSecret}?token={h00kT0k3n%2BSecret}",
    ),
    (
        "HOOK_SIGN",
        "whsec_{aDAwa1MxZ24xbmdTM2NyM3RrM3kwMTIzNDU2Nzg5}",
    ),
    ("HOOK_AUTH", "Bearer {h00kH34d3rSecret}"),
    ("AM_TOKEN", "4lertm4n4g3r/Secret"),
    ("EXEC_TOKEN", "3x3cEnvSecretValue"),
    ("PROM_TOKEN", "pr0m3th3usB4s1cSecret"),
    ("ONCALL_TOKEN", "u+0nC4llSecretValue"),
    ("SOURCE_TOKEN", "s0urc3Pr0gramSecret"),
    ("INLINE", "{1nl1n3T0k3nSecret}"),
];

/// Each spelling of each secret.
fn spellings(bench: &Bench) -> Vec<String> {
    let mut all = Vec::new();
    for (_, planted) in PLANTED {
        let mut parts: Vec<&str> = planted.split(['{', '}']).skip(1).step_by(2).collect();
        if parts.is_empty() {
            parts.push(planted);
        }
        for part in parts {
            all.push(part.to_owned());
            all.push(decoded(part));
        }
    }
    all.push("h00kS1gn1ngS3cr3tk3y".to_owned());
    let keys = &bench.sim.keys;
    all.push(keys.sentry_token.clone());
    let account: serde_json::Value =
        serde_json::from_str(&keys.service_account.key_file("http://x/token")).unwrap();
    for pem in [account["private_key"].as_str().unwrap(), &keys.app_store.p8] {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        all.extend(lines.filter(|line| line.len() > 20).map(str::to_owned));
    }
    let mut spelled = Vec::new();
    for secret in all {
        spelled.push(encoded(&secret));
        // Base64 of a text in which it stands somewhere: at each of the three places of a group, without its edges.
        for before in 0..3 {
            let text = [vec![b'x'; before], secret.as_bytes().to_vec()].concat();
            for code in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let middle = code.get(4..code.len() - 4);
                spelled.push(middle.unwrap_or_default().to_owned());
            }
        }
        spelled.push(secret);
    }
    spelled.retain(|text| text.len() >= 8);
    spelled.sort();
    spelled.dedup();
    spelled
}

fn decoded(text: &str) -> String {
    text.replace("%2F", "/")
        .replace("%3D", "=")
        .replace("%2B", "+")
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}

/// How a server gives back what it was sent.
#[derive(Clone, Copy)]
enum Way {
    Refuses,
    Redirects,
    SaysNo,
    Breaks,
    Hangs,
    Mail,
}

const WAYS: [(&str, Option<Way>); 6] = [
    ("refused", None),
    ("echo", Some(Way::Refuses)),
    ("redirect", Some(Way::Redirects)),
    ("no", Some(Way::SaysNo)),
    ("broken", Some(Way::Breaks)),
    ("hang", Some(Way::Hangs)),
];

/// `127.0.0.1:PORT`, until the test ends.
fn serve(way: Way) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream, way));
        }
    });
    at
}

fn answer(mut stream: &TcpStream, way: Way) -> Option<()> {
    let ours = stream.try_clone().ok()?;
    let mut lines = BufReader::new(ours);
    if matches!(way, Way::Mail) {
        stream.write_all(b"220 mail\r\n").ok()?;
        loop {
            let mut line = String::new();
            (lines.read_line(&mut line).ok()? > 0).then_some(())?;
            let said = line.trim();
            let word = said.rsplit(' ').next().unwrap_or_default();
            let plain = STANDARD.decode(word).unwrap_or_default();
            let plain = String::from_utf8_lossy(&plain).replace('\0', " ");
            let answer = if said.starts_with("EHLO") {
                "250-mail\r\n250 AUTH PLAIN LOGIN\r\n".to_owned()
            } else {
                format!("535 5.7.8 not so: {said} {plain}\r\n")
            };
            stream.write_all(answer.as_bytes()).ok()?;
        }
    }
    let mut seen = String::new();
    while !seen.ends_with("\r\n\r\n") {
        (lines.read_line(&mut seen).ok()? > 0).then_some(())?;
    }
    let length = seen.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    lines.read_exact(&mut body).ok()?;
    let target = seen.split(' ').nth(1)?.to_owned();
    seen += &String::from_utf8_lossy(&body);
    for word in seen.clone().split_whitespace() {
        if let Ok(plain) = STANDARD.decode(word) {
            seen += &String::from_utf8_lossy(&plain);
        }
    }
    let said = serde_json::json!({ "status": "error", "ok": false, "error": seen, "message": seen,
        "errors": [seen], "detail": decoded(&seen), "code": seen })
    .to_string();
    let (status, header, body) = match way {
        Way::Refuses => ("401 Unauthorized", String::new(), said),
        Way::Redirects => {
            let to = format!("location: http://127.0.0.1:1{target}\r\n");
            ("302 Found", to, said)
        }
        Way::SaysNo => ("200 OK", String::new(), said),
        Way::Breaks => ("500 Internal Server Error", String::new(), decoded(&seen)),
        Way::Hangs | Way::Mail => {
            lines.read_exact(&mut [0]).ok()?;
            return None;
        }
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).ok()
}

/// Every channel at each of these servers, and what their variables hold.
fn config(bench: &mut Bench) -> String {
    let mut text = String::new();
    for (name, way) in WAYS {
        let at = way.map_or_else(|| "127.0.0.1:1".to_owned(), serve);
        let base = format!("http://{at}");
        for (var, planted) in PLANTED {
            let value = planted.replace("BASE", &base).replace(['{', '}'], "");
            let var = format!("{var}_{}", name.to_uppercase());
            bench.vars.push((var.leak(), value));
        }
        let env = |var: &str| format!("\"env:{var}_{}\"", name.to_uppercase());
        let inline = format!("{base}/in?token=1nl1n3T0k3nSecret");
        let base = toml_string(&base);
        let mut add = |kind: &str, called: &str, keys: String| {
            write!(text, "[[notify]]\nkind = \"{kind}\"\nname = \"{called}-{name}\"\nurgency = \"info\"\n{keys}\n").unwrap();
        };
        add(
            "pagerduty",
            "pd",
            format!("routing_key = {}\nbase_url = {base}", env("PD_KEY")),
        );
        add("slack", "hook", format!("webhook = {}", env("SLACK_HOOK")));
        add(
            "slack",
            "bot",
            format!(
                "token = {}\nchannel = \"#x\"\nbase_url = {base}",
                env("SLACK_BOT")
            ),
        );
        add("teams", "teams", format!("webhook = {}", env("TEAMS")));
        add(
            "alertmanager",
            "am",
            format!(
                "base_url = {base}\nuser = \"haltline\"\ntoken = {}",
                env("AM_TOKEN")
            ),
        );
        add(
            "ntfy",
            "ntfy",
            format!(
                "topic = {}\ntoken = {}\nbase_url = {base}",
                env("NTFY_TOPIC"),
                env("NTFY_TOKEN")
            ),
        );
        add(
            "webhook",
            "web",
            format!(
                "url = {}\nsecret = {}\nheaders = {{ authorization = {} }}",
                env("HOOK_URL"),
                env("HOOK_SIGN"),
                env("HOOK_AUTH")
            ),
        );
        add(
            "webhook",
            "inline",
            format!("url = {}", toml_string(&inline)),
        );
    }
    let mail = serve(Way::Mail);
    let port = mail.rsplit(':').next().unwrap();
    write!(
        text,
        r#"
[[notify]]
kind = "email"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "haltline"
password = "env:SMTP_PASSWORD_ECHO"
from = "haltline@example.com"
to = ["oncall@example.com"]
[[notify]]
kind = "exec"
run = ["sh", "-c", "echo no $WAKE; echo no $WAKE >&2; exit 1"]
env = {{ WAKE = "env:EXEC_TOKEN_ECHO" }}
[heartbeat]
channel = "web-echo"
every = "10s"
[escalation]
after = "1m"
[oncall]
kind = "pagerduty"
schedules = ["PABC123"]
token = "env:ONCALL_TOKEN_ECHO"
"#
    )
    .unwrap();
    text
}

/// Sources of the first app that give it back too.
fn sources() -> String {
    format!(
        r#"[[app.health]]
kind = "prometheus"
required = false
base_url = "http://{at}"
user = "haltline"
token = "env:PROM_TOKEN_ECHO"
window = "5m"
[app.health.metric."custom:pay"]
failures = 'sum(increase(bad{{b="{{build}}"}}[{{window}}]))'
trials = 'sum(increase(all{{b="{{build}}"}}[{{window}}]))'
[[app.health]]
kind = "exec"
required = false
run = ["sh", "-c", "echo no $TOKEN; echo no $TOKEN >&2; exit 1"]
env = {{ TOKEN = "env:SOURCE_TOKEN_ECHO" }}

"#,
        at = serve(Way::Refuses)
    )
}

/// The answer of the socket, head and all, as long as it comes.
fn asked(socket: &Path, path: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the socket is asked for.
const PATHS: [&str; 13] = [
    "/v1/snapshot",
    "/v1/me",
    "/v1/apps/shop-android",
    "/v1/apps/shop-android/history",
    "/v1/apps/shop-android/issues/sentry/x",
    "/v1/past?seq=5",
    "/v1/events?follow=false",
    "/v1/audit",
    "/metrics",
    "/livez?verbose",
    "/readyz?verbose",
    "/openapi.json",
    "/nowhere",
];

/// Each place at which something was said that should not have been, with what is before it.
fn leaks(said: &[(String, String)], spellings: &[String]) -> String {
    let mut leaks = String::new();
    for (what, text) in said {
        for secret in spellings {
            if let Some((before, _)) = text.split_once(secret.as_str()) {
                let start = before.chars().rev().take(200).collect::<Vec<_>>();
                let start: String = start.into_iter().rev().collect();
                writeln!(leaks, "{secret} in {what}: {start}").unwrap();
            }
        }
    }
    leaks
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_back_whatever_servers_do_with_it() {
    let mut bench = Bench::new(BREACHING).await;
    let channels = config(&mut bench);
    bench.edit(|text| {
        // Behind the tables of the first app.
        let second = text.match_indices("[[app]]").nth(1).unwrap().0;
        let (first, rest) = text.split_at(second);
        format!("{first}{}{rest}\n{channels}", sources())
    });
    bench.vars.push(("HALTLINE_LOG", "trace".into()));
    bench.vars.push(("HALTLINE_LOG_FORMAT", "json".into()));
    let mut said: Vec<(String, String)> = Vec::new();
    let mut watch = bench.start(&["watch", "--json"]);
    watch
        .until("the halt, and channels that fail", |out| {
            let failed = |kind: &str| out.contains(&format!("\"channel\":\"{kind}"));
            out.contains("desire-confirmed")
                && [
                    "pd-", "hook-", "bot-", "teams-", "ntfy-", "email", "exec", "web-", "inline-",
                ]
                .iter()
                .all(|kind| failed(kind))
        })
        .await;
    let socket = bench.state().join("haltline.sock");
    for path in PATHS {
        said.push((path.to_owned(), asked(&socket, path)));
    }
    // A newer config of which an address with a token in it has changed, and one that cannot be taken.
    bench.replace(
        "/in?token=1nl1n3T0k3nSecret",
        "/in?token=1nl1n3T0k3nSecret&x=2",
    );
    watch.signal(Signal::HUP);
    watch
        .until("the newer config", |out| out.contains("config-reloaded"))
        .await;
    bench.replace(
        "\"env:PD_KEY_ECHO\"",
        "\"PDr0ut1ngK3y23456789abcdefghijkl\"",
    );
    watch.signal(Signal::HUP);
    watch
        .until("the refusal", |out| out.contains("config-refused"))
        .await;
    for args in [
        &["config", "check", "--json"][..],
        &["config", "check"],
        &["notify", "test"],
    ] {
        said.push((args.join(" "), bench.run(args).await.to_string()));
    }
    bench.replace(
        "\"PDr0ut1ngK3y23456789abcdefghijkl\"",
        "\"env:PD_KEY_ECHO\"",
    );
    for args in [
        &["status", "--json"][..],
        &["status", ANDROID],
        &["audit", "--json"],
        &["audit"],
        &["doctor", "--json"],
        &["doctor"],
        &["config", "check", "--json"],
        &["config", "check"],
        &["notify", "test", "--json"],
        &["notify", "test"],
        &["summary", ANDROID],
        &["note", ANDROID, "x"],
        &["ready", ANDROID],
    ] {
        said.push((args.join(" "), bench.run(args).await.to_string()));
    }
    said.push(("watch".into(), watch.stop().await.ends_with(0).to_string()));
    for entry in fs::read_dir(bench.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            said.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    let spellings = spellings(&bench);
    assert!(spellings.len() > 100, "{}", spellings.len());
    let leaks = leaks(&said, &spellings);
    assert!(leaks.is_empty(), "{leaks}");
}
