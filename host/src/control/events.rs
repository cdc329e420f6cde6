//! `GET /v1/events`: the live journal as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use serde_json::json;

use super::Api;
use super::error::ApiError;
use crate::journal::Heard;

/// Readers at a time. Each may hold the longest entry, half written.
pub(super) const MAX_READERS: usize = 16;

pub(super) async fn events(
    State(shared): Api,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let Ok(place) = shared.readers.clone().try_acquire_owned() else {
        return Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{MAX_READERS} readers of events are connected already"),
        ));
    };
    let listener = shared.journal.listen();
    // Says that from now on nothing is missed.
    let hello = Event::default().comment("listening");
    let entries = stream::unfold((listener, place), |(mut listener, place)| async move {
        let event = match listener.next().await {
            Heard::Entry(entry) => Event::default()
                .id(entry.sequence.to_string())
                .event(entry.kind)
                .data(format!(
                    r#"{{"sequence":{},"time":"{}","kind":"{}","detail":{}}}"#,
                    entry.sequence,
                    crate::rfc3339::format(entry.time_ms),
                    entry.kind,
                    entry.detail,
                )),
            Heard::Lost(lost) => Event::default()
                .event("lost")
                .data(json!({ "kind": "lost", "lost": lost }).to_string()),
        };
        Some((Ok(event), (listener, place)))
    });
    let all = futures_util::StreamExt::chain(stream::once(async { Ok(hello) }), entries);
    Ok(Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
