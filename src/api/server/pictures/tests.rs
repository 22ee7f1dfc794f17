//! Whoever does not read harms nobody: neither the others, nor the watcher's memory.

use chrono::TimeDelta;
use futures_util::StreamExt as _;

use super::*;
use crate::domain::Record;
use crate::tui::fixture;

/// A watcher's pictures, shown by hand.
struct Show {
    pictures: Arc<Pictures>,
    now: Snapshot,
}

impl Show {
    fn new() -> Self {
        let first = fixture::healthy();
        let (_desk, client) = Client::desk(first.clone(), crate::api::client::Link::Live);
        Self {
            pictures: Arc::new(Pictures::of(&client, &Screens::default())),
            now: first,
        }
    }

    /// Shows the next picture, in which one more thing has happened.
    fn on(&mut self) {
        self.now.seq += 1;
        self.now.at += TimeDelta::seconds(1);
        self.now.events.push(Record {
            seq: self.now.seq,
            at: self.now.at,
            app: None,
            event: crate::domain::Event::StoreBack,
        });
        let surplus = self.now.events.len().saturating_sub(200);
        self.now.events.drain(..surplus);
        self.pictures.show(Arc::new(self.now.clone()));
    }
}

/// A screen as it understands what it is sent.
#[derive(Default)]
struct Screen {
    shown: Option<Snapshot>,
    wholes: u32,
}

impl Screen {
    fn shows(&self, picture: &Snapshot) -> bool {
        self.shown.as_ref() == Some(picture)
    }

    fn take(&mut self, sent: &Bytes) {
        let text = std::str::from_utf8(sent).unwrap();
        let (head, data) = text.split_once('\n').unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        match head {
            "event: picture" => {
                self.shown = Some(serde_json::from_str(data).unwrap());
                self.wholes += 1;
            }
            "event: change" => {
                let change: Change = serde_json::from_str(data).unwrap();
                assert!(change.apply(self.shown.as_mut().unwrap()));
            }
            _ => panic!("{text}"),
        }
    }
}

#[tokio::test]
async fn who_does_not_read_harms_nobody() {
    let mut show = Show::new();
    let (mut quick, mut slow) = (Screen::default(), Screen::default());
    let mut reads = Box::pin(show.pictures.stream());
    let mut sleeps = Box::pin(show.pictures.stream());
    quick.take(&reads.next().await.unwrap().unwrap());
    slow.take(&sleeps.next().await.unwrap().unwrap());
    for _ in 0..10 * KEPT {
        show.on();
        quick.take(&reads.next().await.unwrap().unwrap());
        assert!(quick.shows(&show.now), "each change comes");
        // What waits for whoever sleeps has an end.
        let changes = show.pictures.lock().changes.clone().unwrap();
        assert!(changes.len() <= KEPT);
    }
    assert_eq!(quick.wholes, 1);
    slow.take(&sleeps.next().await.unwrap().unwrap());
    assert!(slow.shows(&show.now), "the whole one at once");
    show.on();
    slow.take(&sleeps.next().await.unwrap().unwrap());
    assert!(slow.shows(&show.now), "and on from there");
    assert_eq!(slow.wholes, 2);
}

/// Whole pictures are dear: who falls behind again and again is let go, and comes back when it can. Who keeps up in between is
/// borne for ever.
#[tokio::test]
async fn who_falls_behind_again_and_again_is_let_go() {
    let mut show = Show::new();
    let mut sleeps = Box::pin(show.pictures.stream());
    let mut fails_to_keep_up = Box::pin(show.pictures.stream().fuse());
    let (mut borne, mut wholes) = (Screen::default(), 0);
    borne.take(&sleeps.next().await.unwrap().unwrap());
    fails_to_keep_up.next().await.unwrap().unwrap();
    for _ in 0..3 * PATIENCE {
        for _ in 0..=KEPT {
            show.on();
        }
        borne.take(&sleeps.next().await.unwrap().unwrap());
        for _ in 0..KEPT {
            show.on();
            borne.take(&sleeps.next().await.unwrap().unwrap());
        }
        assert!(borne.shows(&show.now));
        wholes += u32::from(fails_to_keep_up.next().await.is_some());
    }
    assert_eq!((borne.wholes, wholes), (1 + 3 * PATIENCE, PATIENCE));
    assert!(fails_to_keep_up.next().await.is_none());
}

#[tokio::test]
async fn with_nobody_there_nothing_is_written_out() {
    let mut show = Show::new();
    show.on();
    assert!(show.pictures.lock().whole.is_none());
    let gone = Box::pin(show.pictures.stream());
    drop(gone);
    show.on();
    assert_eq!(show.pictures.lock().changes.as_ref().unwrap().len(), 0);
}
