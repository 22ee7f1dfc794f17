use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use super::*;
use crate::domain::Version;
use crate::domain::rollout::{Applied, Glance, StoreView};
use crate::ports::AccessCheck;

/// A store that shows, one read after the other, what it was told to; the last of it for ever.
struct Shows {
    kind: StoreKind,
    reads: Mutex<VecDeque<Option<ReleaseView>>>,
    applies: Result<Applied, Failure>,
    orders: Mutex<Vec<Order>>,
}

impl Shows {
    fn new(reads: &[Option<ReleaseView>], applies: Result<Applied, Failure>) -> Self {
        Self {
            kind: StoreKind::GooglePlay,
            reads: Mutex::new(reads.iter().cloned().collect()),
            applies,
            orders: Mutex::default(),
        }
    }

    async fn stopped(&self) -> (Result<Exposure, FailureKind>, usize) {
        let done = at_store(self, InReview::default()).await;
        let orders = std::mem::take(&mut *self.orders.lock().unwrap());
        assert!(orders.iter().all(|order| order.target == Target::Stopped));
        (done.map_err(|failure| failure.kind), orders.len())
    }
}

impl Store for Shows {
    fn kind(&self) -> StoreKind {
        self.kind
    }

    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>> {
        unreachable!("a stop reads the whole")
    }

    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>> {
        let mut reads = self.reads.lock().unwrap();
        let release = match reads.len() {
            1 => reads.front().cloned(),
            _ => reads.pop_front(),
        };
        let view = StoreView {
            release: release.unwrap(),
            previous: None,
            waiting: None,
            others: 0,
        };
        Box::pin(async { Ok(view) })
    }

    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>> {
        self.orders.lock().unwrap().push(order.clone());
        let result = self.applies.clone();
        Box::pin(async { result })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        unreachable!("a stop tries nothing else")
    }
}

fn release(status: Status) -> ReleaseView {
    ReleaseView {
        version: Version::from_code(84_300),
        also: Vec::new(),
        label: PlainText::default(),
        status,
        exposure: Exposure::from_percent(5),
        in_review: false,
        phased: None,
    }
}

#[tokio::test]
async fn it_is_stopped_once_the_store_shows_that_it_is() {
    let (runs, stands) = (
        Some(release(Status::InProgress)),
        Some(release(Status::Stopped)),
    );
    let five = Ok(Exposure::from_percent(5));
    let both = [runs.clone(), stands.clone()];

    assert_eq!(
        Shows::new(&both, Ok(Applied::Written)).stopped().await,
        (five, 1)
    );
    // The answer was lost: what it shows decides.
    let lost = Err(Failure::new(FailureKind::Ambiguous, "no answer"));
    assert_eq!(Shows::new(&both, lost).stopped().await, (five, 1));
    // Nothing is written where it stands still already, or where there is nothing to stop.
    let already = Shows::new(&[stands], Ok(Applied::Written));
    assert_eq!(already.stopped().await, (five, 0));
    let none = Shows::new(&[None], Ok(Applied::Written));
    assert_eq!(none.stopped().await, (Err(FailureKind::NotFound), 0));
    let draft = Shows::new(&[Some(release(Status::Draft))], Ok(Applied::Written));
    assert_eq!(draft.stopped().await, (Err(FailureKind::Refused), 0));
    let final_there = Shows {
        kind: StoreKind::AppStore,
        ..Shows::new(&[Some(release(Status::Completed))], Ok(Applied::Written))
    };
    assert_eq!(final_there.stopped().await, (Err(FailureKind::Refused), 0));
    // It said no.
    let refused = Err(Failure::new(FailureKind::Rights, "it may not"));
    assert_eq!(
        Shows::new(&both, refused).stopped().await,
        (Err(FailureKind::Rights), 1)
    );
    // Another release took its place meanwhile: nobody knows of this one any more.
    let other = Some(ReleaseView {
        version: Version::from_code(84_400),
        ..release(Status::Stopped)
    });
    assert_eq!(
        Shows::new(&[runs, other], Ok(Applied::Written))
            .stopped()
            .await,
        (Err(FailureKind::Ambiguous), 1)
    );
}

#[test]
fn a_report_is_its_writers_alone_and_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let around = Surroundings {
        state_dir: Some(home.path().join("haltline")),
        ..Surroundings::default()
    };
    let asked = AskedAct {
        id: "1-2-direct".into(),
        app: AppId::try_from("shop-android".to_owned()).ok(),
        act: Act::Report {
            verb: Verb::Halt,
            at: WallClock.now(),
            outcome: Ok(Exposure::from_percent(5)),
        },
        reason: "it hangs".into(),
        expect: None,
    };
    let report = Report {
        socket: "/run/haltline/haltline.sock".into(),
        asked: asked.clone(),
    };
    keep(&report, &around).unwrap();
    assert!(keep(&report, &around).is_err(), "never over another one");
    let dir = folder(&around).unwrap();
    let names: Vec<PathBuf> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(names, [dir.join("1-2-direct.json")]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&names[0])), (0o700, 0o600));
    let back = read(&names[0]).unwrap();
    assert_eq!((back.socket, back.asked), (report.socket, asked));

    for bad in ["", "{", "[]", "{\"socket\": 7}", "\0\u{1b}[2J"] {
        fs::write(&names[0], bad).unwrap();
        assert!(read(&names[0]).is_none(), "{bad:?}");
    }
}
