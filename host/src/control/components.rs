//! `GET /v1/components` and what changes a slot.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use crate::slots::{Flags, Unavailable};

/// The signature of an uploaded component.
const SIGNATURE: &str = "x-minisign";

/// `?allow_downgrade=true&one_way=true&shadow=true`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    allow_downgrade: bool,
    one_way: bool,
    shadow: bool,
}

pub(super) async fn list(State(shared): Api) -> Json<Value> {
    let facts = shared.board.facts();
    Json(json!({ "components": facts.components, "installations": shared.jobs.all() }))
}

/// `POST /v1/components/{slot}` and `…/{slot}/preflight` with a component,
/// `…/{slot}/rollback` without.
pub(super) async fn change(
    State(shared): Api,
    Path(path): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let installer = shared.installer.get().ok_or_else(|| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the charger is still starting",
        )
    })?;
    let job = if let Some(slot) = path.strip_suffix("/rollback") {
        installer.roll_back(slot)
    } else if let Some(slot) = path.strip_suffix("/preflight") {
        let (wasm, signature) = component(&headers, body)?;
        installer.preflight(slot, wasm, signature)
    } else {
        let (wasm, signature) = component(&headers, body)?;
        let flags = Flags {
            allow_downgrade: options.allow_downgrade,
            one_way: options.one_way,
            shadow: options.shadow,
        };
        installer.install(&path, wasm, signature, flags)
    };
    let id = job.map_err(|unavailable| {
        let status = match unavailable {
            Unavailable::NoSlot { .. } => StatusCode::NOT_FOUND,
            Unavailable::Busy => StatusCode::CONFLICT,
            Unavailable::NoShadow { .. } => StatusCode::BAD_REQUEST,
            Unavailable::Ending => StatusCode::SERVICE_UNAVAILABLE,
        };
        ApiError::new(status, unavailable.to_string())
    })?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "job": id }))))
}

/// An uploaded component, and its signature if there is one.
fn component(headers: &HeaderMap, body: Bytes) -> Result<(Vec<u8>, Option<Vec<u8>>), ApiError> {
    if body.is_empty() {
        return Err(ApiError::bad(
            "the body: expected a component (a .wasm file), found nothing",
        ));
    }
    let signature = match headers.get(SIGNATURE) {
        Some(value) => Some(STANDARD.decode(value.as_bytes()).map_err(|error| {
            ApiError::bad(format!(
                "X-Minisign: expected the .minisig file in base64: {error}"
            ))
        })?),
        None => None,
    };
    Ok((body.into(), signature))
}
