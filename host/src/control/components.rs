//! `GET /v1/components` and what changes a slot.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;

pub(super) async fn list(State(shared): Api) -> Json<Value> {
    let facts = shared.board.facts();
    Json(json!({ "components": facts.components }))
}

/// This version runs what the binary carries or the configuration names; saying
/// so is better than taking a file and doing nothing with it.
pub(super) async fn change(State(shared): Api, Path(path): Path<String>) -> ApiError {
    let slot = path.strip_suffix("/rollback").unwrap_or(&path);
    let facts = shared.board.facts();
    if !facts.components.iter().any(|c| c.slot == slot) {
        return ApiError::not_found(format!("there is no slot `{slot}`"));
    }
    ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "this version cannot change components while it runs: name the file in [components] or [[policy]] and restart",
    )
}
