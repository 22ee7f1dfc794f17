//! Against a watcher made up here: a few routes on a socket, each answer in the test's hand.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;
use crate::api::acts::AskedAct;
use crate::api::client::{Client, News, RecordsAfter};
use crate::domain::{Act, ActRequest, Record, Refusal, RefusalKind, Standing, Verb};
use crate::policy::Role;
use crate::tui::fixture;

/// What the watcher does with an act.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    /// Takes it, and the answer is lost.
    Forgets,
    Refuses,
    Garbage,
}

#[derive(Default)]
struct World {
    /// What each stream of pictures sends, in the order in which they are asked for.
    streams: VecDeque<mpsc::UnboundedReceiver<String>>,
    moods: VecDeque<Mood>,
    acts: Vec<AskedAct>,
    records: Vec<Record>,
}

type Shared = Arc<Mutex<World>>;

struct Fake {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    world: Shared,
    serving: Option<JoinHandle<()>>,
}

impl Fake {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Self {
            socket: dir.path().join("haltline.sock"),
            _dir: dir,
            world: Shared::default(),
            serving: None,
        };
        fake.serve();
        fake
    }

    fn serve(&mut self) {
        drop(std::fs::remove_file(&self.socket));
        let listener = UnixListener::bind(&self.socket).unwrap();
        let router = Router::new()
            .route("/v1/me", get(async || serde_json::to_string(&me()).unwrap()))
            .route("/v1/picture", get(pictures))
            .route("/v1/acts", post(acts))
            .route("/v1/events", get(events))
            .route(
                "/v1/apps/{app}/history",
                get(async || {
                    let words = r#"{"error":{"kind":"not-found","what":"no such app","hint":"it has shop"}}"#;
                    (StatusCode::NOT_FOUND, words)
                }),
            )
            .route("/v1/snapshot", get(async || "<html>proxy</html>"))
            .with_state(Arc::clone(&self.world));
        self.serving = Some(tokio::spawn(async {
            axum::serve(listener, router).await.unwrap();
        }));
    }

    /// The socket stays behind, as of a process that was killed.
    async fn die(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.abort();
        drop(serving.await);
    }

    /// The next stream of pictures.
    fn stream(&self) -> mpsc::UnboundedSender<String> {
        let (sends, parts) = mpsc::unbounded_channel();
        self.world.lock().unwrap().streams.push_back(parts);
        sends
    }

    async fn line(&self) -> Line {
        Line::to(&self.socket).await.unwrap().0
    }

    /// A screen that looks at it.
    async fn screen(&self) -> Client {
        let (desk, client) = Client::desk(fixture::warning(), Link::Opening);
        let patience = Patience {
            silent: TimeDelta::milliseconds(400),
            shortest: TimeDelta::milliseconds(10),
            longest: TimeDelta::milliseconds(20),
            lost: TimeDelta::milliseconds(900),
        };
        let line = self.line().await;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let stop = std::future::pending();
        tokio::spawn(run(desk, line, clock, patience, stop));
        client
    }
}

fn me() -> Me {
    Me {
        name: "alice".into(),
        uid: 1000,
        own: false,
        role: Role::Operator,
        by: "named".into(),
        ask: "ask bob".into(),
        watcher: "pid 1 on jump-1".into(),
    }
}

async fn pictures(State(world): State<Shared>) -> Result<Body, StatusCode> {
    let next = world.lock().unwrap().streams.pop_front();
    let parts = next.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let parts = stream::unfold(parts, async |mut parts| {
        Some((Ok::<String, Infallible>(parts.recv().await?), parts))
    });
    Ok(Body::from_stream(parts))
}

async fn acts(
    State(world): State<Shared>,
    body: String,
) -> Result<(StatusCode, String), StatusCode> {
    let mood = {
        let mut world = world.lock().unwrap();
        world.acts.push(serde_json::from_str(&body).unwrap());
        world.moods.pop_front().unwrap_or(Mood::Takes)
    };
    let (status, reply) = match mood {
        Mood::Takes => (StatusCode::OK, ActReply::Taken { revision: 7 }),
        Mood::Refuses => (
            StatusCode::FORBIDDEN,
            ActReply::Refused(Refusal::new(RefusalKind::Rights, "ask bob")),
        ),
        Mood::Forgets => panic!("the connection is cut"),
        Mood::Garbage => return Ok((StatusCode::OK, "maybe".to_owned())),
    };
    Ok((status, serde_json::to_string(&reply).unwrap()))
}

async fn events(State(world): State<Shared>, query: axum::extract::RawQuery) -> String {
    let query = query.0.unwrap();
    let after = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="));
    let after: u64 = after.unwrap().parse().unwrap();
    let world = world.lock().unwrap();
    let records = world.records.iter().filter(|record| record.seq > after);
    let page: Vec<&Record> = records.take(3).collect();
    serde_json::to_string(&page).unwrap()
}

fn event(name: &str, data: &impl serde::Serialize) -> String {
    let data = serde_json::to_string(data).unwrap();
    format!("event: {name}\ndata: {data}\n\n")
}

fn halt() -> ActRequest {
    ActRequest {
        id: "4711-1".into(),
        app: Some(fixture::healthy().apps[0].id.clone()),
        act: Act::Do {
            verb: Verb::Halt,
            to: None,
        },
        actor: fixture::alice(),
        standing: Standing::default(),
        reason: "bad".into(),
        expect: Some(3),
    }
}

/// The next link that is of that kind; what is seen before it.
async fn until(client: &mut Client, wanted: impl Fn(Link) -> bool) -> Vec<News> {
    let mut seen = Vec::new();
    let looking = async {
        while !wanted(client.link()) {
            seen.push(client.changed().await.unwrap());
        }
    };
    let patience = WallClock.sleep_until(WallClock.now() + TimeDelta::seconds(20));
    tokio::select! {
        () = looking => seen,
        () = patience => panic!("it never came: {:?}", client.link()),
    }
}

fn is_live(link: Link) -> bool {
    link == Link::Live
}

#[tokio::test]
async fn a_picture_comes_whole_and_then_what_changes() {
    let fake = Fake::new();
    let sends = fake.stream();
    let mut client = fake.screen().await;
    sends.send(": still here\n\n".into()).unwrap();
    sends.send(event("picture", &fixture::healthy())).unwrap();
    until(&mut client, is_live).await;
    assert_eq!(*client.snapshot(), fixture::healthy());
    assert_eq!(client.me().as_deref(), Some(&me()));

    let change = Change::between(&fixture::healthy(), &fixture::halted());
    let change = event("change", &change);
    // Cut in the middle.
    let (first, second) = change.split_at(change.len() / 2);
    sends.send(first.to_owned()).unwrap();
    sends.send(second.to_owned()).unwrap();
    while *client.snapshot() != fixture::halted() {
        client.changed().await.unwrap();
        assert_eq!(client.link(), Link::Live);
    }
}

#[tokio::test]
async fn an_old_picture_is_never_live() {
    let mut fake = Fake::new();
    let sends = fake.stream();
    let mut client = fake.screen().await;
    sends.send(event("picture", &fixture::healthy())).unwrap();
    until(&mut client, is_live).await;

    // It dies in the middle of a change, and a while later it is lost.
    sends.send("event: change\ndata: {".into()).unwrap();
    fake.die().await;
    let reconnecting = |link| matches!(link, Link::Reconnecting { .. });
    until(&mut client, reconnecting).await;
    let Link::Reconnecting { since } = client.link() else {
        panic!("{:?}", client.link())
    };
    until(&mut client, |link| link == Link::Lost { since }).await;
    assert_eq!(*client.snapshot(), fixture::healthy());

    // It comes back: nothing is live before its first picture.
    let sends = fake.stream();
    fake.serve();
    sends.send(event("picture", &fixture::halted())).unwrap();
    let seen = until(&mut client, is_live).await;
    let links = seen
        .iter()
        .filter(|news| matches!(news, News::Link(Link::Live)));
    assert!(links.count() <= 1);
    assert_eq!(*client.snapshot(), fixture::halted());
}

#[tokio::test]
async fn whoever_says_nothing_any_more_is_gone() {
    let fake = Fake::new();
    let (silent, _later) = (fake.stream(), fake.stream());
    let mut client = fake.screen().await;
    silent.send(event("picture", &fixture::healthy())).unwrap();
    until(&mut client, is_live).await;
    until(&mut client, |link| {
        matches!(link, Link::Reconnecting { .. })
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_believed_is_asked_for_anew() {
    let fake = Fake::new();
    let change = Change::between(&fixture::healthy(), &fixture::healthy());
    let bad = [
        // A change without a picture, and one of another picture.
        vec![event("change", &change)],
        vec![
            event(
                "picture",
                &Snapshot {
                    apps: Vec::new(),
                    ..fixture::healthy()
                },
            ),
            event("change", &change),
        ],
        vec![event(
            "picture",
            &Snapshot {
                schema: "other/v9".into(),
                ..fixture::healthy()
            },
        )],
        vec!["<html>\n\n data: {}\n\nevent: picture\ndata: {\"apps\": 7}\n\n".to_owned()],
        vec!["event: picture\ndata: \0\u{1b}[2J\n\n".to_owned()],
        vec![
            event("later", &"what a newer watcher tells"),
            event("picture", &fixture::halted()),
        ],
    ];
    let held: Vec<_> = bad
        .map(|parts| {
            let sends = fake.stream();
            for part in parts {
                sends.send(part).unwrap();
            }
            sends
        })
        .into();
    let mut client = fake.screen().await;
    while *client.snapshot() != fixture::halted() {
        client.changed().await.unwrap();
    }
    until(&mut client, is_live).await;
    assert_eq!(held.len(), 6);
}

#[tokio::test]
async fn an_act_whose_answer_is_lost_is_asked_again_with_the_same_id() {
    let fake = Fake::new();
    let line = fake.line().await;
    fake.world.lock().unwrap().moods = [Mood::Forgets, Mood::Forgets, Mood::Takes].into();
    let reply = line.act(halt()).await;
    assert_eq!(reply, Ok(ActReply::Taken { revision: 7 }));
    let acts = std::mem::take(&mut fake.world.lock().unwrap().acts);
    assert_eq!(acts, vec![AskedAct::from(halt()); 3]);

    fake.world.lock().unwrap().moods = [Mood::Refuses].into();
    let refusal = Refusal::new(RefusalKind::Rights, "ask bob");
    assert_eq!(line.act(halt()).await, Ok(ActReply::Refused(refusal)));

    fake.world.lock().unwrap().moods = [Mood::Garbage].into();
    let taken = line.act(halt()).await;
    assert_eq!(taken, Ok(ActReply::Taken { revision: 7 }), "asked again");
}

#[tokio::test]
async fn it_is_said_what_is_certain() {
    let mut fake = Fake::new();
    let line = fake.line().await.insisting(TimeDelta::milliseconds(600));
    fake.world.lock().unwrap().moods = vec![Mood::Forgets; 60].into();
    let why = line.act(halt()).await.unwrap_err();
    assert_eq!(why.kind, FailureKind::Ambiguous);
    assert_eq!(
        why.to_string(),
        "it is not known whether it was taken: look at the events"
    );
    fake.die().await;
    let why = line.act(halt()).await.unwrap_err();
    assert_eq!(why.to_string(), "the watcher cannot be reached");
    let nobody = Line::to(&fake.socket).await.unwrap_err();
    assert!(matches!(nobody, Unreachable::Nobody(_)), "{nobody}");
    let nobody = Line::to(&fake.socket.with_extension("none"))
        .await
        .unwrap_err();
    assert!(matches!(nobody, Unreachable::Nobody(_)), "{nobody}");
    std::fs::write(fake.socket.with_extension("txt"), "").unwrap();
    let file = Line::to(&fake.socket.with_extension("txt"))
        .await
        .unwrap_err();
    assert!(!file.to_string().is_empty());
}

#[tokio::test]
async fn records_come_page_by_page_and_errors_in_the_watchers_words() {
    let fake = Fake::new();
    let line = fake.line().await;
    let records: Vec<Record> = (1..=8)
        .map(|seq| Record {
            seq,
            at: fixture::now(),
            app: None,
            event: crate::domain::Event::StoreBack,
        })
        .collect();
    fake.world.lock().unwrap().records.clone_from(&records);
    let of = |seq, most| line.records(RecordsAfter { seq, most });
    assert_eq!(of(0, 100).await, Ok(records.clone()));
    assert_eq!(of(2, 4).await.as_deref(), Ok(&records[2..6]));
    assert_eq!(of(8, 4).await, Ok(Vec::new()));

    let app = fixture::healthy().apps[0].id.clone();
    let why = line.history(&app).await.unwrap_err();
    assert_eq!(
        (why.kind, why.to_string().as_str()),
        (FailureKind::NotFound, "no such app: it has shop")
    );
    let why = line.snapshot().await.unwrap_err();
    assert_eq!(why.kind, FailureKind::Malformed);
    assert_eq!(
        *line.url(&["apps", "a/b", "issues", "ä?"]).as_str(),
        *"http://localhost/v1/apps/a%2Fb/issues/%C3%A4%3F"
    );
}

/// The stream begins a moment behind what was fetched before it: nobody sees time go back, nor takes that for live.
#[tokio::test]
async fn a_stream_that_begins_behind_does_not_turn_time_back() {
    let fake = Fake::new();
    let sends = fake.stream();
    let mut client = fake.screen().await;
    let first = client.snapshot();
    let behind = Snapshot {
        at: first.at - TimeDelta::milliseconds(200),
        seq: first.seq - 1,
        ..fixture::healthy()
    };
    let now = Snapshot {
        at: first.at + TimeDelta::milliseconds(200),
        seq: first.seq + 1,
        ..fixture::healthy()
    };
    sends.send(event("picture", &behind)).unwrap();
    sends
        .send(event("change", &Change::between(&behind, &now)))
        .unwrap();
    for news in until(&mut client, is_live).await {
        if let News::Picture(picture) = news {
            assert_eq!(*picture, now);
        }
    }
    assert_eq!(*client.snapshot(), now);
}
