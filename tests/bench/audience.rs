//! Screens attached to a watcher over its socket, as `haltline` attaches them: most of them well, one that is held up for a long
//! while, and beside them one that dies and one that only counts what it is sent.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use haltline::api::client::{Link, RecordsAfter};
use haltline::api::remote::{self, Line, Patience};
use haltline::api::{Act, ActReply, ActRequest, Client};
use haltline::domain::{Actor, Record, Standing};
use haltline::ports::{Clock, WallClock};
use haltline::watcher::empty_picture;
use tokio::runtime::{Builder, Runtime};

/// Until a screen that is well shows what is new; and one that was held up, which first finds its line cut.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Everybody who looks on.
pub(crate) struct Audience {
    runtime: Runtime,
    line: Line,
    screens: Vec<Client>,
    /// Bytes that one screen was sent, the first whole picture included.
    sent: Arc<AtomicU64>,
}

/// What they saw in the end.
pub(crate) struct Seen {
    /// Screens that show the journal's last event.
    pub(crate) alike: usize,
    pub(crate) screens: usize,
    /// From the answer to an act until the last of them showed it.
    pub(crate) took: TimeDelta,
}

impl Audience {
    /// Attaches `screens`, the last of which reads nothing for `held_up` from now on.
    pub(crate) fn attach(socket: &Path, screens: usize, held_up: Duration) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (line, _me) = runtime.block_on(Line::to(socket)).unwrap();
        let well = screens.saturating_sub(1);
        let mut clients: Vec<Client> = (0..well)
            .map(|_| runtime.block_on(attached(socket)).0)
            .collect();
        if screens > 0 {
            clients.push(held_up_screen(socket, held_up));
            // A process that is killed closes its connection, and nothing else.
            let (_client, listens) = runtime.block_on(attached(socket));
            listens.abort();
        }
        let sent = Arc::new(AtomicU64::new(0));
        count(socket, Arc::clone(&sent));
        Self {
            runtime,
            line,
            screens: clients,
            sent,
        }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Writes a note down, and waits until everybody shows it.
    pub(crate) fn compare(&self) -> Seen {
        self.runtime.block_on(async {
            let app = self.line.snapshot().await.unwrap().apps[0].id.clone();
            let note = ActRequest {
                id: "bench".into(),
                app: Some(app),
                act: Act::Note {
                    text: "the end".into(),
                },
                actor: Actor::Haltline,
                // Both are the watcher's to say.
                standing: Standing {
                    own: false,
                    groups: [].into(),
                },
                reason: "".into(),
                expect: None,
            };
            let reply = self.line.act(note).await.unwrap();
            assert!(!matches!(reply, ActReply::Refused { .. }), "{reply:?}");
            let begun = WallClock.now();
            loop {
                let last = last_of(&self.line).await;
                let shows = |client: &&Client| {
                    let picture = client.snapshot();
                    client.link() == Link::Live && picture.events.last() == Some(&last)
                };
                let alike = self.screens.iter().filter(shows).count();
                let took = WallClock.now() - begun;
                if alike == self.screens.len() || took > PATIENCE {
                    let screens = self.screens.len();
                    return Seen {
                        alike,
                        screens,
                        took,
                    };
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }
}

/// The last record of the journal, out of the journal.
async fn last_of(line: &Line) -> Record {
    let seq = line.snapshot().await.unwrap().seq - 1;
    let most = usize::MAX;
    let records = line.records(RecordsAfter { seq, most }).await.unwrap();
    records.last().unwrap().clone()
}

/// A screen, and what listens for it.
async fn attached(socket: &Path) -> (Client, tokio::task::JoinHandle<()>) {
    let (line, _me) = Line::to(socket).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let (desk, client) = Client::desk(empty_picture(clock.now()), Link::Opening);
    let never = std::future::pending();
    let listens = tokio::spawn(remote::run(desk, line, clock, Patience::default(), never));
    (client, listens)
}

/// As a lid that is shut, or an ssh that hangs: connected, and nothing is read.
fn held_up_screen(socket: &Path, held_up: Duration) -> Client {
    let (socket, (give, take)) = (socket.to_owned(), mpsc::channel());
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (client, listens) = runtime.block_on(attached(&socket));
        runtime.block_on(async {
            while client.link() != Link::Live {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        give.send(client).unwrap();
        thread::park_timeout(held_up);
        runtime.block_on(listens).unwrap();
    });
    take.recv().unwrap()
}

/// Counts what a screen is sent, until the watcher ends.
fn count(socket: &Path, sent: Arc<AtomicU64>) {
    let mut stream = UnixStream::connect(socket).unwrap();
    let asks = b"GET /v1/picture HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(asks).unwrap();
    thread::spawn(move || {
        let mut part = vec![0; 1 << 16];
        while let Ok(many @ 1..) = stream.read(&mut part) {
            sent.fetch_add(many as u64, Ordering::Relaxed);
        }
    });
}
