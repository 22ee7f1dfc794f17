//! An act that the watcher is asked for over its socket, followed in its events until it is settled.

use chrono::TimeDelta;

use super::PATIENCE;
use super::carry::ending_in;
use super::ending::Ending;
use crate::api::client::RecordsAfter;
use crate::api::remote::Line;
use crate::cli::house;
use crate::domain::{ActReply, ActRequest, AppId};
use crate::ports::{Clock as _, WallClock};

/// How often it is looked what became of it.
const LOOK_AGAIN: TimeDelta = TimeDelta::milliseconds(200);
/// Records at a look.
const A_PAGE: usize = 1000;

/// `before` is the last record that was there before it was asked for.
pub(super) async fn carry_out(
    line: &Line,
    mut before: u64,
    request: &ActRequest,
    id: &AppId,
) -> Ending {
    let revision = match line.act(request.clone()).await {
        Ok(ActReply::Taken { revision }) => revision,
        Ok(ActReply::Done) => return Ending::Done,
        Ok(ActReply::Waits { what }) => return Ending::Waits { what },
        Ok(ActReply::Refused(refusal)) => {
            // Where no release is known because the store cannot be read, that is what went wrong.
            let app = line.app(id).await.ok();
            let unread = app.filter(|app| app.release.is_none());
            return match unread.and_then(|app| app.store_failure.clone()) {
                Some(failure) => Ending::Failed { failure },
                None => Ending::Refused(refusal),
            };
        }
        Err(failure) => return Ending::Failed { failure },
    };
    let deadline = house::after(PATIENCE);
    while WallClock.now() < deadline {
        // A watcher that was started anew goes on with it: what is wanted is durable.
        let which = RecordsAfter {
            seq: before,
            most: A_PAGE,
        };
        let news = line.records(which).await.unwrap_or_default();
        if let Some(ending) = ending_in(news.iter(), before, revision) {
            return ending;
        }
        before = news.last().map_or(before, |record| record.seq);
        WallClock.sleep_until(WallClock.now() + LOOK_AGAIN).await;
    }
    Ending::Waiting { revision }
}
