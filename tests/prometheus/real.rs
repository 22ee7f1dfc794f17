//! A real Prometheus on loopback, with samples that were there before it began.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use haltline::http::{BaseUrl, Call, Client, Limits};
use haltline::simulator::prometheus::Series;
use serde_json::Value;

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
    let named = std::env::var_os("HALTLINE_PROMETHEUS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&path).map(|folder| folder.join("prometheus"));
    named.or_else(|| on_path.find(|file| file.is_file()))
}

impl Real {
    /// `None`, and why, where there is no program.
    pub(crate) async fn start(samples: &[Series]) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: no prometheus on the path, and HALTLINE_PROMETHEUS is not set");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let (text, data) = (dir.path().join("samples"), dir.path().join("data"));
        std::fs::write(&text, open_metrics(samples)).unwrap();
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, "global: {}\n").unwrap();
        let filled = Command::new(program.with_file_name("promtool"))
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&text, &data])
            .output()
            .unwrap();
        assert!(filled.status.success(), "{filled:?}");
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let child = Command::new(&program)
            .arg(flag("config.file", &config))
            .arg(flag("storage.tsdb.path", &data))
            .arg("--storage.tsdb.retention.time=20y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let real = Self {
            base: format!("http://127.0.0.1:{port}"),
            child,
            _dir: dir,
        };
        let url = BaseUrl::parse(&real.base).unwrap().join(&["-", "ready"]);
        let client = Client::new(Limits::default()).unwrap();
        let ready = async {
            while !client
                .send(Call::get(url.clone()))
                .await
                .is_ok_and(|answer| answer.is_success())
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), ready)
            .await
            .unwrap();
        Some(real)
    }
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

/// As `promtool` reads samples.
fn open_metrics(samples: &[Series]) -> String {
    let mut text = String::new();
    for series in samples {
        let labels = series
            .labels
            .iter()
            .filter(|(label, _)| *label != "__name__");
        let labels: Vec<String> = labels
            .map(|(label, value)| format!("{label}={value:?}"))
            .collect();
        let (name, labels) = (&series.labels["__name__"], labels.join(","));
        for (at, value) in &series.samples {
            writeln!(text, "{name}{{{labels}}} {value} {}", at / 1000).unwrap();
        }
    }
    text + "# EOF\n"
}

/// Status and body; a body that is no JSON is a text.
pub(crate) async fn ask(base: &str, path: &str, pairs: &[(&'static str, String)]) -> (u16, Value) {
    let segments: Vec<&str> = ["api", "v1"].into_iter().chain(path.split('/')).collect();
    let mut url = BaseUrl::parse(base).unwrap().join(&segments);
    url.query_pairs_mut().extend_pairs(pairs);
    let client = Client::new(Limits::default()).unwrap();
    let answer = client.send(Call::get(url)).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    (
        answer.status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// The same but for the last digits of numbers.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * a.abs() || a.to_string() == b.to_string(),
            _ => a == b,
        },
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let both = a
                .iter()
                .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)));
            a.len() == b.len() && both
        }
        _ => a == b,
    }
}
