//! `GET /v1/components` and what changes a slot.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::{Api, Shared, intake};
use crate::recorder::Comparison;
use crate::secrets::live;
use crate::slots::{Flags, Unavailable};

/// The signature of an uploaded component.
const SIGNATURE: &str = "x-minisign";

/// `?allow_downgrade=true&one_way=true&shadow=true`; of a rollback `?to=candidate`,
/// of a preflight `?all=true&recorded_by=BUILD&ignore_why=true`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    allow_downgrade: bool,
    one_way: bool,
    shadow: bool,
    to: Option<To>,
    all: bool,
    recorded_by: Option<String>,
    ignore_why: bool,
}

/// Where a rollback goes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum To {
    /// The version that was on probation before the present one.
    Candidate,
}

pub(super) async fn list(State(shared): Api) -> Json<Value> {
    let facts = shared.board.facts();
    // Keys are public; whoever sends a component can look before the way is paid for.
    let trust = shared.installer.get().map(|it| {
        let trust = it.trust();
        json!({
            "keys": trust.keys().collect::<Vec<_>>(),
            "precompiled": trust.keys_for_machine_code().collect::<Vec<_>>(),
            "allow_unsigned": trust.allows_unsigned(),
            "floor": it.floors().all(),
        })
    });
    Json(live::masked(json!({
        "components": facts.components,
        "installations": shared.jobs.all(),
        "trust": trust,
    })))
}

/// `POST /v1/components/{slot}` and `…/{slot}/preflight` with a component,
/// `…/{slot}/rollback` and `…/{slot}/accept` without.
pub(super) async fn change(
    State(shared): Api,
    Path(path): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let installer = shared.installer.get().ok_or_else(|| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the charger is still starting",
        )
    })?;
    let job = if let Some(slot) = path.strip_suffix("/rollback") {
        match options.to {
            Some(To::Candidate) => installer.roll_back_to_candidate(slot),
            None => installer.roll_back(slot),
        }
    } else if let Some(slot) = path.strip_suffix("/accept") {
        installer.accept(slot)
    } else if let Some(slot) = path.strip_suffix("/preflight") {
        let (wasm, signature) = component(&shared, &headers, body).await?;
        let comparison = Comparison {
            all: options.all,
            recorded_by: options.recorded_by,
            ignore_why: options.ignore_why,
        };
        installer.preflight(slot, wasm, signature, comparison)
    } else {
        let (wasm, signature) = component(&shared, &headers, body).await?;
        if options.allow_downgrade {
            // Whoever looks for the reason of an old version finds it.
            tracing::warn!(slot = path, "a downgrade is allowed by who installs");
            shared.journal.note(
                "component",
                || json!({ "slot": path, "what": "downgrade-allowed" }),
            );
        }
        let flags = Flags {
            allow_downgrade: options.allow_downgrade,
            one_way: options.one_way,
            shadow: options.shadow,
            brief: false,
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

/// An uploaded component, and its signature if there is one. One at a time: they
/// are large.
async fn component(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Vec<u8>, Option<Vec<u8>>), ApiError> {
    let signature = match headers.get(SIGNATURE) {
        Some(value) => Some(STANDARD.decode(value.as_bytes()).map_err(|error| {
            ApiError::bad(format!(
                "X-Minisign: expected the .minisig file in base64: {error}"
            ))
        })?),
        None => None,
    };
    let _alone = shared
        .uploads
        .try_acquire()
        .map_err(|_| ApiError::conflict("another component is being uploaded"))?;
    let wasm = intake::component(body).await?;
    if wasm.is_empty() {
        return Err(ApiError::bad(
            "the body: expected a component (a .wasm file), found nothing",
        ));
    }
    Ok((wasm, signature))
}
