//! A real Alertmanager receives, holds and resolves the alert of an incident, and passes both on.
//!
//! Needs the program `prometheus-alertmanager` (Debian's name) or `alertmanager`: where `HALTLINE_ALERTMANAGER` says, or on the
//! path. Where there is none the test says so, and passes.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use haltline::domain::IncidentChange;
use haltline::http::{BaseUrl, Call, Client};
use haltline::notify::LIMITS;
use haltline::notify::alertmanager::{Alertmanager, Settings};
use haltline::ports::{Clock, Incident, Message, Notifier, WallClock};
use serde_json::Value;

use crate::channels::{KEY, about, later, opened};
use crate::rollout::until;
use crate::vendor::{Vendor, says};

/// Ends with the test.
pub(crate) struct Real {
    pub(crate) base: String,
    child: Child,
    _dir: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("HALTLINE_ALERTMANAGER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&path).flat_map(|folder| {
        ["prometheus-alertmanager", "alertmanager"].map(|name| folder.join(name))
    });
    named.or_else(|| on_path.find(|file| file.is_file()))
}

impl Real {
    /// `None`, and why, where there is no program. What it tells goes to `hook`.
    pub(crate) async fn start(hook: &str) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: no Alertmanager on the path, and HALTLINE_ALERTMANAGER is not set");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("am.yml");
        let text = format!(
            "route: {{receiver: hook, group_by: [alertname, app], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1h}}\n\
             receivers: [{{name: hook, webhook_configs: [{{url: '{hook}/am', send_resolved: true}}]}}]\n"
        );
        std::fs::write(&config, text).unwrap();
        let log = dir.path().join("log");
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.path={}",
                dir.path().join("data").display()
            ))
            .args([
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
            ])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut real = Self {
            base: String::new(),
            child,
            _dir: dir,
        };
        let child = RefCell::new(&mut real.child);
        let port = until("it listens", None, async || {
            let said = std::fs::read_to_string(&log).unwrap();
            let ended = child.borrow_mut().try_wait().unwrap();
            assert!(ended.is_none(), "{said}");
            let (_, rest) = said.split_once("address=127.0.0.1:")?;
            let (port, _) = rest.split_once('\n')?;
            Some(port.trim().to_owned())
        })
        .await;
        real.base = format!("http://127.0.0.1:{port}");
        let url = BaseUrl::parse(&real.base).unwrap().join(&["-", "ready"]);
        let client = Client::new(LIMITS).unwrap();
        until("it is ready", None, async || {
            let answer = client.send(Call::get(url.clone())).await;
            answer.is_ok_and(|answer| answer.is_success()).then_some(())
        })
        .await;
        Some(real)
    }

    /// The alerts that it holds as active.
    pub(crate) async fn active(&self) -> Vec<Value> {
        let base = BaseUrl::parse(&self.base).unwrap();
        let mut url = base.join(&["api", "v2", "alerts"]);
        url.set_query(Some("active=true"));
        let client = Client::new(LIMITS).unwrap();
        let answer = client.send(Call::get(url)).await.unwrap();
        assert!(answer.is_success());
        answer.json().unwrap()
    }
}

fn channel(base: &str) -> Alertmanager {
    let settings = Settings {
        base: BaseUrl::parse(base).unwrap(),
        user: None,
        token: None,
        host: "jump1".into(),
        beat_every: TimeDelta::minutes(1),
    };
    let client = Client::new(LIMITS).unwrap();
    Alertmanager::new("alerts".into(), settings, client, Arc::new(WallClock))
}

fn now(message: Message) -> Message {
    Message {
        at: WallClock.now(),
        ..message
    }
}

#[tokio::test]
async fn an_incident_fires_is_held_and_resolved() {
    let hook = Vendor::start([says(200, "")]).await;
    let Some(real) = Real::start(&hook.base).await else {
        return;
    };
    let told = |status: &str| {
        let seen = hook.seen();
        let alerts = seen
            .iter()
            .flat_map(|seen| seen.json()["alerts"].as_array().cloned().unwrap());
        let alerts: Vec<Value> = alerts
            .filter(|alert| alert["status"] == status && alert["labels"]["release"] == "84300")
            .collect();
        alerts
    };
    let first = channel(&real.base);
    first.tell(&now(opened())).await.unwrap();
    let held = real.active().await;
    assert_eq!(held.len(), 1, "{held:?}");
    let fired = until("the receiver hears of it", None, async || {
        told("firing").pop()
    })
    .await;
    assert_eq!(fired["labels"]["alertname"], "HaltlineIncident");
    assert_eq!(fired["annotations"]["on_call"], "alice");

    // After a restart only a reminder is told: the same alert, with its end moved on.
    let open = Incident {
        key: KEY.into(),
        about: about(),
        opened: WallClock.now(),
        text: "halted at 25%".into(),
        acknowledged: false,
    };
    let second = channel(&real.base);
    second
        .remind(std::slice::from_ref(&open), WallClock.now())
        .await
        .unwrap();
    second.beat(WallClock.now()).await.unwrap();
    let held = real.active().await;
    let of = |held: &[Value], name: &str| {
        let of: Vec<Value> = held
            .iter()
            .filter(|alert| alert["labels"]["alertname"] == name)
            .cloned()
            .collect();
        of
    };
    let incidents = of(&held, "HaltlineIncident");
    assert_eq!((held.len(), incidents.len()), (2, 1), "{held:?}");
    assert_eq!(of(&held, "HaltlineHeartbeat").len(), 1);
    // It lists times to the millisecond.
    let began = |alert: &Value| {
        let at = alert["startsAt"].as_str().unwrap();
        DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis()
    };
    assert_eq!(
        began(&incidents[0]),
        began(&fired),
        "it began when it began"
    );
    assert!(began(&fired) < open.opened.timestamp_millis());

    second
        .tell(&now(later(IncidentChange::Resolved, None)))
        .await
        .unwrap();
    until("it is gone", None, async || {
        of(&real.active().await, "HaltlineIncident")
            .is_empty()
            .then_some(())
    })
    .await;
    let resolved = until("the receiver hears of the end", None, async || {
        told("resolved").pop()
    })
    .await;
    assert_eq!(resolved["fingerprint"], fired["fingerprint"]);

    // What it refuses is told in its own words.
    let base = channel(&format!("{}/no-such-prefix", real.base));
    let failure = base.tell(&now(opened())).await.unwrap_err();
    assert!(failure.what.as_str().contains("404"), "{failure}");
    eprintln!("a real Alertmanager held the incident and passed on its beginning and its end");
}
