//! A real Prometheus on loopback that scrapes each second.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use haltline::http::{BaseUrl, Call, Client, Limits};
use serde_json::Value;

/// Ends with the test.
pub(crate) struct Real {
    base: String,
    child: Child,
    _dir: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Prometheus, with `promtool` beside it. `None`, and why, where there is none.
pub(crate) fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("HALTLINE_PROMETHEUS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&path).map(|folder| folder.join("prometheus"));
    let found = named.or_else(|| on_path.find(|file| file.is_file()));
    if found.is_none() {
        eprintln!("SKIPPED: no prometheus on the path, and HALTLINE_PROMETHEUS is not set");
    }
    found
}

impl Real {
    pub(crate) fn start(program: &Path, target: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("prometheus.yml");
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/alerts.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{rules:?}]\n\
             scrape_configs: [{{job_name: haltline, static_configs: [{{targets: [{target:?}]}}]}}]\n"
        );
        std::fs::write(&config, text).unwrap();
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let child = Command::new(program)
            .arg(flag("config.file", &config))
            .arg(flag("storage.tsdb.path", &dir.path().join("data")))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            base: format!("http://127.0.0.1:{port}"),
            child,
            _dir: dir,
        }
    }

    /// The one target, once it has been scraped.
    pub(crate) async fn target(&self) -> Value {
        let scraped = |told: &Value| {
            let target = &told["data"]["activeTargets"][0];
            target["health"].as_str().is_some_and(|is| is != "unknown")
        };
        let told = self.until("targets", &[], scraped).await;
        told["data"]["activeTargets"][0].clone()
    }

    /// The rules, once each of them has been evaluated and what is there fires.
    pub(crate) async fn rules(&self) -> Value {
        let evaluated = |told: &Value| {
            let text = told.to_string();
            text.contains("\"firing\"") && !text.contains("\"health\":\"unknown\"")
        };
        self.until("rules", &[], evaluated).await
    }

    /// The value of a query with one answer, once it has one.
    pub(crate) async fn ask(&self, query: &str) -> Option<String> {
        let answered = |told: &Value| told["data"]["result"][0]["value"][1].is_string();
        let told = self.until("query", &[("query", query)], answered).await;
        told["data"]["result"][0]["value"][1]
            .as_str()
            .map(str::to_owned)
    }

    /// Asks until it is so; after a minute whatever was told last.
    async fn until(
        &self,
        path: &str,
        pairs: &[(&str, &str)],
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut url = BaseUrl::parse(&self.base)
            .unwrap()
            .join(&["api", "v1", path]);
        url.query_pairs_mut().extend_pairs(pairs);
        let client = Client::new(Limits::default()).unwrap();
        let mut told = Value::Null;
        let asking = async {
            loop {
                if let Ok(answer) = client.send(Call::get(url.clone())).await {
                    told = serde_json::from_slice(&answer.body).unwrap_or_default();
                }
                if is_so(&told) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asking)
            .await
            .ok();
        told
    }
}

/// Runs it; fails with what it says.
pub(crate) fn promtool(prometheus: &Path, args: &[&str], input: &str) {
    let mut child = Command::new(prometheus.with_file_name("promtool"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{args:?}: {said}");
}

/// `promtool check metrics` reads the old format alone, where a counter's family has the name of its samples.
pub(crate) fn in_the_old_format(text: &str) -> String {
    let counters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let line = |line: &str| {
        let mut words: Vec<&str> = line.splitn(4, ' ').collect();
        let total;
        if let ["#", "HELP" | "TYPE", name, ..] = words[..]
            && counters.contains(&name)
        {
            total = format!("{name}_total");
            words[2] = &total;
        }
        words.join(" ") + "\n"
    };
    text.lines().map(line).collect()
}

/// The names of all series of all families.
pub(crate) fn series(text: &str) -> BTreeSet<String> {
    let families = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            _ => &[""],
        };
        Some(suffixes.iter().map(move |suffix| format!("{name}{suffix}")))
    });
    families.flatten().collect()
}
