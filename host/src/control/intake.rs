//! Reading the body of a request: no more of it than is needed, and not for ever.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;

/// A JSON body; all of them are short.
const MAX_JSON: usize = 64 * 1024;
const JSON_PATIENCE: Patience = Patience {
    silence: SILENCE,
    whole: Duration::from_secs(10),
};

/// The largest component that can be uploaded.
const MAX_COMPONENT: usize = 64 * 1024 * 1024;
/// Enough for the slowest modem.
const COMPONENT_PATIENCE: Patience = Patience {
    silence: SILENCE,
    whole: Duration::from_secs(30 * 60),
};

/// A sender that is silent for this long has gone.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a body may take.
#[derive(Clone, Copy)]
struct Patience {
    /// From one part to the next.
    silence: Duration,
    /// For all of it.
    whole: Duration,
}

/// The body of a request that takes JSON.
pub(super) struct Json(pub(super) Vec<u8>);

impl<S: Sync> FromRequest<S> for Json {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let body = read(request.into_body(), MAX_JSON, JSON_PATIENCE).await?;
        Ok(Self(body))
    }
}

/// An uploaded component.
pub(super) async fn component(body: Body) -> Result<Vec<u8>, ApiError> {
    read(body, MAX_COMPONENT, COMPONENT_PATIENCE).await
}

async fn read(mut body: Body, most: usize, patience: Patience) -> Result<Vec<u8>, ApiError> {
    let too_large = || {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than the {} KiB allowed", most / 1024),
        )
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(too_large());
    }
    let mut read = Vec::with_capacity(announced);
    let end = Instant::now() + patience.whole;
    loop {
        let until = end.min(Instant::now() + patience.silence);
        let frame = match timeout_at(until, body.frame()).await {
            Err(_) => {
                return Err(ApiError::new(
                    StatusCode::REQUEST_TIMEOUT,
                    format!("the body stopped after {} bytes", read.len()),
                ));
            }
            Ok(None) => return Ok(read),
            Ok(Some(Err(error))) => return Err(ApiError::bad(format!("the body: {error}"))),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            if data.len() > most - read.len() {
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use futures_util::{StreamExt as _, stream};

    type Chunk = Result<Bytes, std::io::Error>;

    fn chunks(sizes: &'static [usize]) -> impl futures_util::Stream<Item = Chunk> + Send {
        stream::iter(sizes.iter().map(|size| Ok(Bytes::from(vec![0; *size]))))
    }

    #[tokio::test]
    async fn a_body_is_bounded_whether_its_length_is_announced_or_not() {
        for (body, granted) in [
            (Body::from(vec![0; 1024]), true),
            (Body::from(vec![0; 1025]), false),
            (Body::from_stream(chunks(&[512, 512])), true),
            (Body::from_stream(chunks(&[512, 512, 1])), false),
        ] {
            let outcome = read(body, 1024, JSON_PATIENCE).await;
            assert_eq!(outcome.is_ok(), granted);
        }
    }

    #[tokio::test]
    async fn whoever_stops_or_dawdles_is_not_waited_for() {
        let patience = Patience {
            silence: Duration::from_millis(50),
            whole: Duration::from_millis(200),
        };
        let silent = Body::from_stream(chunks(&[10]).chain(stream::pending()));
        let outcome = read(silent, 1024, patience).await;
        assert!(outcome.is_err());

        let dawdling = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Chunk::Ok(Bytes::from_static(b"x")), ()))
        });
        let outcome = read(Body::from_stream(dawdling), usize::MAX, patience).await;
        assert!(outcome.is_err());
    }
}
