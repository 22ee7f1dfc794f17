//! Planted secrets: none of them, nor a piece of one, comes out of a run or stays in the state folder.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haltline::simulator::fault::{Fault, Vendor};

use crate::bench::{ANDROID, BREACHING, Bench, Run, status};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out() {
    let mut bench = Bench::new(BREACHING).await;
    bench.vars = vec![("HALTLINE_LOG", "trace".into())];
    let mut said: Vec<Run> = Vec::new();
    let every_command: [&[&str]; 9] = [
        &["watch", "--once", "--json"],
        &["watch", "--once"],
        &["status", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["config", "check", "--json"],
        &["halt", ANDROID, "--reason", "x"],
        &["audit", "--json"],
        &["audit", "--verify"],
    ];
    let secrets = planted(&bench);
    // What a vendor says back may hold what it was sent.
    let echo = Fault::Status {
        code: 401,
        body: Some(format!(
            "{{\"detail\":\"bad token {}\"}}",
            bench.sim.keys.sentry_token
        )),
        retry_after: None,
        applied: false,
    };
    for fault in [
        None,
        Some(status(401)),
        Some(Fault::Html),
        Some(Fault::Truncated),
        Some(echo),
    ] {
        bench.sim.world.faults().clear();
        for vendor in [Vendor::GooglePlay, Vendor::AppStore, Vendor::Sentry] {
            if let Some(fault) = &fault {
                bench.fault(vendor, "", fault.clone());
            }
        }
        let ill = fault.is_some();
        // A verb would go on trying for a minute.
        let commands = every_command
            .iter()
            .filter(|args| !(ill && args[0] == "halt"));
        for args in commands {
            said.push(bench.run(args).await);
        }
    }
    // A key that is nearly right: the error must not quote it.
    let key = fs::read_to_string(bench.dir.path().join("config/play.json")).unwrap();
    bench.put("play.json", &key.replace("BEGIN PRIVATE", "BEGIN PRIVAT"));
    bench.put(
        "sentry.token",
        &format!("{} two words\n", bench.sim.keys.sentry_token),
    );
    bench.put(
        "AuthKey_SIMKEY0001.p8",
        &bench.sim.keys.app_store.p8.replace("END", "ENDE"),
    );
    for args in every_command {
        said.push(bench.run(args).await);
    }
    for run in &said {
        for secret in &secrets {
            assert!(
                !run.out.contains(secret) && !run.err.contains(secret),
                "a secret in {run}"
            );
        }
    }
    for entry in fs::read_dir(bench.state()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "a secret in {}",
                path.display()
            );
        }
    }
}

/// Nor does one stand in what every other process may read of ours.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_process_list() {
    let bench = Bench::new(BREACHING).await;
    let watch = bench.watching().await;
    let line = fs::read(format!("/proc/{}/cmdline", watch.id())).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    for secret in planted(&bench) {
        assert!(!line.contains(&secret));
    }
    watch.stop().await.ends_with(0);
}

/// The tokens, every line of the private keys, and how every signed token begins: base64 of `{"alg` and `{"typ`.
fn planted(bench: &Bench) -> Vec<String> {
    let keys = &bench.sim.keys;
    let account: serde_json::Value =
        serde_json::from_str(&keys.service_account.key_file("http://x/token")).unwrap();
    let pems = [account["private_key"].as_str().unwrap(), &keys.app_store.p8];
    let mut secrets = vec![keys.sentry_token.clone(), "Bearer ".into(), "ya29.".into()];
    for pem in pems {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        secrets.extend(lines.map(str::to_owned));
    }
    secrets
        .extend(["{\"alg", "{\"typ"].map(|start| STANDARD.encode(start).chars().take(6).collect()));
    secrets
}
