//! `GET /v1/events`: the live journal as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::Api;

pub(super) async fn events(
    State(shared): Api,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let receiver = shared.journal.listen();
    // Says that from now on nothing is missed.
    let hello = Event::default().comment("listening");
    let entries = stream::unfold(receiver, |mut receiver| async move {
        let event = match receiver.recv().await {
            Ok(entry) => Event::default()
                .id(entry.sequence.to_string())
                .event(entry.kind)
                .data(
                    json!({
                        "sequence": entry.sequence,
                        "time": crate::rfc3339::format(entry.time_ms),
                        "kind": entry.kind,
                        "detail": entry.detail,
                    })
                    .to_string(),
                ),
            Err(RecvError::Lagged(lost)) => Event::default()
                .event("lost")
                .data(json!({ "kind": "lost", "lost": lost }).to_string()),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), receiver))
    });
    let all = futures_util::StreamExt::chain(stream::once(async { Ok(hello) }), entries);
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
