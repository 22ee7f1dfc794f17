//! What a poll of one app from three sources costs haltline itself: requests, bytes, processor time beyond that of a client
//! that reads the same answers and makes nothing of them, and whether memory grows over a thousand polls.
//!
//! The answers are recorded once from the fake vendors and then given again as they are, so that no vendor is measured.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use figures::Figures;
use haltline::cli::adapters;
use haltline::config::{Surroundings, load};
use haltline::domain::{Timestamp, Version};
use haltline::ports::{HealthQuery, HealthSource};
use haltline::simulator::fault::Vendor;
use haltline::simulator::{Options, Running, Scenario, SimTime};

const SOURCES: [(&str, Vendor); 3] = [
    ("sentry", Vendor::Sentry),
    ("datadog", Vendor::Datadog),
    ("new-relic", Vendor::NewRelic),
];
const POLLS: usize = 1_000;
/// Processor time that one poll of all three may add.
const AIM_MS: f64 = 5.0;

/// A question: method, path with query, body.
type Asked = (Method, String, Bytes);

type Answered = (StatusCode, HeaderMap, Bytes);

/// What was answered to each question, and how much was asked and answered.
#[derive(Default)]
struct Tape {
    answers: Mutex<BTreeMap<(String, String, Bytes), Answered>>,
    /// Questions of the last poll, to ask them again without making anything of them.
    log: Mutex<Vec<(usize, Asked, HeaderMap)>>,
    requests: AtomicU64,
    bytes: AtomicU64,
    missed: AtomicU64,
}

struct Player {
    tape: Arc<Tape>,
    vendor: usize,
    behind: String,
    client: reqwest::Client,
}

async fn play(State(player): State<Arc<Player>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let tape = &player.tape;
    tape.requests.fetch_add(1, Ordering::Relaxed);
    let asked = (parts.method.clone(), path.clone(), body.clone());
    tape.log
        .lock()
        .unwrap()
        .push((player.vendor, asked, parts.headers.clone()));
    let key = (
        format!("{} {}", player.vendor, parts.method),
        path.clone(),
        body.clone(),
    );
    let known = tape.answers.lock().unwrap().get(&key).cloned();
    let (status, headers, body) = if let Some(known) = known {
        known
    } else {
        tape.missed.fetch_add(1, Ordering::Relaxed);
        let mut headers = parts.headers;
        headers.remove("host");
        let url = format!("{}{path}", player.behind);
        let call = player
            .client
            .request(parts.method, url)
            .headers(headers)
            .body(body);
        let answer = call.send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove("transfer-encoding");
        headers.remove("connection");
        let body = answer.bytes().await.unwrap();
        let answer = (status, headers, body);
        tape.answers.lock().unwrap().insert(key, answer.clone());
        answer
    };
    tape.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Twenty versions and a hundred crash groups, in the middle of a rollout.
fn scenario() -> Scenario {
    let mut text = String::from(
        "description = \"bench\"\n[watch]\nhealth = [\"sentry\", \"datadog\", \"new-relic\"]\n[[app]]\nid = \"shop\"\nname = \"Shop\"\n\
         store = \"google-play\"\npackage = \"com.example.shop\"\nsessions_per_day = 500_000\nlag = \"0s\"\n",
    );
    let mut version = |name: &str, build: u32, rest: &str| {
        writeln!(
            text,
            "[[app.version]]\nname = \"{name}\"\nbuild = \"{build}\"\n{rest}"
        )
        .unwrap();
    };
    for n in 0..18 {
        version(
            &format!("8.{n}.0"),
            80_000 + n * 100,
            "role = \"old\"\nshare = \"1%\"",
        );
    }
    let journeys = "journeys = { checkout = \"10%\" }";
    version(
        "8.42.0",
        84_200,
        &format!("role = \"baseline\"\ncrash = \"1%\"\n{journeys}"),
    );
    let new = format!(
        "role = \"new\"\nstarted = \"-6h\"\nexposure = \"20%\"\ncrash = \"2%\"\n{journeys}"
    );
    version("8.43.0", 84_300, &new);
    for n in 0..100 {
        let kind = if n % 2 == 0 { "recurring" } else { "new" };
        writeln!(
            text,
            "[[app.issue]]\ntitle = \"Error{n:02}: number {n}\"\nplace = \"com.example.shop.Class{n}.run\"\nkind = \"{kind}\""
        )
        .unwrap();
    }
    Scenario::parse("bench", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// The vendors and the tape in front of them, in a thread of their own; the config that leads to the tape.
fn serve(tape: &Arc<Tape>) -> (Running, Vec<String>) {
    let (give, take) = std::sync::mpsc::channel();
    let tape = Arc::clone(tape);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let scenario = scenario();
            let time = SimTime::discrete(scenario.start);
            let options = Options {
                seed: 1,
                time,
                listen: None,
                dir: None,
            };
            let running = Running::start(scenario, options).await.unwrap();
            let mut text = fs::read_to_string(&running.config).unwrap();
            let mut bases = Vec::new();
            for (vendor, (_, of)) in SOURCES.iter().enumerate() {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let base = format!("http://{}", listener.local_addr().unwrap());
                let behind = running.urls.of(*of).to_owned();
                text = text.replace(&behind, &base);
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                let player = Player {
                    tape: Arc::clone(&tape),
                    vendor,
                    behind,
                    client,
                };
                let router = Router::new().fallback(play).with_state(Arc::new(player));
                tokio::spawn(async move { axum::serve(listener, router).await });
                bases.push(base);
            }
            fs::write(&running.config, text).unwrap();
            give.send((running, bases)).unwrap();
            std::future::pending::<()>().await;
        });
    });
    take.recv().unwrap()
}

fn main() {
    let tape = Arc::<Tape>::default();
    let (running, bases) = serve(&tape);
    let mut around = Surroundings::of_process();
    around.vars.clear();
    let config = load(&running.config, &around).config.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let now = running.world.now();
    runtime.block_on(async {
        let apps = adapters(&config, &running.time.clock()).unwrap();
        let sources: Vec<Arc<dyn HealthSource>> = apps[0]
            .sources
            .iter()
            .map(|watched| Arc::clone(&watched.source))
            .collect();
        let mut figures =
            Figures::new("a poll of one app from three sources, 20 versions, 100 crash groups");
        costs(&tape, &sources, now, &mut figures).await;
        let query = query(now, Some(now - TimeDelta::hours(1)));
        tape.log.lock().unwrap().clear();
        for source in &sources {
            source.poll(&query).await.unwrap();
        }
        let questions = std::mem::take(&mut *tape.log.lock().unwrap());
        let missed = tape.missed.load(Ordering::Relaxed);

        let (mut ours, mut resident) = (Vec::new(), Vec::new());
        for poll in 0..POLLS {
            let start = processor_ms();
            for source in &sources {
                source.poll(&query).await.unwrap();
            }
            ours.push(processor_ms() - start);
            tape.log.lock().unwrap().clear();
            if poll % (POLLS / 10) == POLLS / 10 - 1 {
                resident.push(resident_mb());
            }
        }
        let plain = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut plainly = Vec::new();
        for _ in 0..POLLS / 4 {
            let start = processor_ms();
            for (vendor, (method, path, body), headers) in &questions {
                let url = format!("{}{path}", bases[*vendor]);
                let mut headers = headers.clone();
                headers.remove("host");
                let call = plain
                    .request(method.clone(), url)
                    .headers(headers)
                    .body(body.clone());
                call.send().await.unwrap().bytes().await.unwrap();
            }
            plainly.push(processor_ms() - start);
            tape.log.lock().unwrap().clear();
        }
        let median = |samples: &[f64]| {
            let mut sorted = samples.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[sorted.len() / 2]
        };
        let added = median(&ours) - median(&plainly);
        figures.add("processor time of a poll", "ms", ours, None);
        figures.add(
            "processor time of asking the same for nothing",
            "ms",
            plainly,
            None,
        );
        figures.add("added by haltline", "ms", vec![added], Some(AIM_MS));
        let (first, last) = (resident[0], resident[resident.len() - 1]);
        figures.add(
            format!("memory, all of it, over {POLLS} polls"),
            "MB",
            resident,
            None,
        );
        figures.add(
            "memory, the last tenth over the first",
            "MB",
            vec![last - first],
            None,
        );
        let late = tape.missed.load(Ordering::Relaxed) - missed;
        figures.add(
            "questions that were not on the tape",
            "",
            vec![late as f64],
            Some(1.0),
        );
        figures.print();
    });
}

fn query(now: Timestamp, since: Option<Timestamp>) -> HealthQuery {
    HealthQuery {
        version: Version::from_code(84_300),
        also: Vec::new(),
        baseline: Some(Version::from_code(84_200)),
        since,
        past: false,
        now,
    }
}

/// Requests and bytes of the first poll of each source, and of one later.
async fn costs(
    tape: &Tape,
    sources: &[Arc<dyn HealthSource>],
    now: Timestamp,
    figures: &mut Figures,
) {
    for (name, since) in [("first", None), ("next", Some(now - TimeDelta::hours(1)))] {
        let query = query(now, since);
        for source in sources {
            let id = source.id().clone();
            let before = (
                tape.requests.load(Ordering::Relaxed),
                tape.bytes.load(Ordering::Relaxed),
            );
            let report = source
                .poll(&query)
                .await
                .unwrap_or_else(|e| panic!("{id}: {e:?}"));
            let requests = tape.requests.load(Ordering::Relaxed) - before.0;
            let bytes = tape.bytes.load(Ordering::Relaxed) - before.1;
            figures.add(
                format!("{id}, {name} poll: requests"),
                "",
                vec![requests as f64],
                None,
            );
            figures.add(
                format!("{id}, {name} poll: answers"),
                "kB",
                vec![bytes as f64 / 1e3],
                None,
            );
            assert!(!report.readings.is_empty(), "{id}");
        }
    }
}

/// Processor time of this thread so far; the servers have one of their own.
fn processor_ms() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = told.split_whitespace().next().unwrap();
    nanoseconds.parse::<f64>().unwrap() / 1e6
}

fn resident_mb() -> f64 {
    let told = fs::read_to_string("/proc/self/statm").unwrap();
    let pages = told.split_whitespace().nth(1).unwrap();
    pages.parse::<f64>().unwrap() * 4_096.0 / 1e6
}
