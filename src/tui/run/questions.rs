//! What the screen asks the watcher: each question is put beside the loop, and its answer comes back as a message. Must not
//! change the model, nor hold a frame up.

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Sender;

use crate::api::Client;
use crate::domain::{AppId, Exposure, Failure};
use crate::tui::state::message::{Effect, Message};

/// Puts one; other effects are none.
pub(crate) fn put(client: Client, answered: Sender<Message>, question: Effect) {
    tokio::spawn(async move {
        if let Some(message) = answer(&client, question).await {
            // Nobody waits for it any more where the screen is gone.
            drop(answered.send(message).await);
        }
    });
}

/// A stop that goes around the watcher: what comes of it is waited for as well.
pub(crate) fn stop(
    stopping: BoxFuture<'static, Result<Exposure, Failure>>,
    answered: Sender<Message>,
    app: AppId,
) {
    tokio::spawn(async move {
        let outcome = stopping.await;
        drop(answered.send(Message::Stopped { app, outcome }).await);
    });
}

async fn answer(client: &Client, question: Effect) -> Option<Message> {
    match question {
        Effect::Ask { what, request } => {
            let reply = client.act(*request).await.ok();
            Some(Message::Answered { what, reply })
        }
        Effect::Look { app, source, id } => {
            let details = client.issue(app, source.clone(), id.clone()).await.ok();
            Some(Message::Details {
                source,
                id,
                details,
            })
        }
        Effect::Past(when) => {
            let answer = client.past(when).await;
            Some(Message::Past(
                answer.unwrap_or_else(|gone| Err(gone.into())),
            ))
        }
        Effect::History(app) => {
            let history = client.history(app.clone()).await.ok()?;
            Some(Message::History { app, history })
        }
        _ => None,
    }
}
