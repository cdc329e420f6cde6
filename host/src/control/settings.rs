//! `/v1/settings`: the settings of the protocol component, asked of it and changed by
//! it. Not here: what they mean.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::error::{ApiError, body};
use super::{Api, Command, Shared, intake};
use crate::wit::protocol::{SettingAnswer, SettingInfo, SettingOutcome, SettingsAnswer};

/// A component that has not answered by then does not.
const PATIENCE: Duration = Duration::from_secs(5);

type Answer<T> = oneshot::Sender<Result<T, NoAnswer>>;

/// What is asked of the protocol component.
#[derive(Debug)]
pub enum Ask {
    /// Its settings; no names: all of them.
    Query {
        /// Of those that are wanted.
        names: Vec<String>,
        /// To whoever asked.
        answer: Answer<SettingsAnswer>,
    },
    /// Another value.
    Change {
        /// Of the setting.
        name: String,
        /// May be a password.
        value: String,
        /// To whoever asked.
        answer: Answer<SettingAnswer>,
    },
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No component is at work, or it failed on the question.
    Lost,
    /// Too many wait for theirs.
    TooMany,
}

/// `GET /v1/settings`, with `?name=` for each that is wanted.
pub(super) async fn list(
    State(shared): Api,
    Query(wanted): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    let names = names(wanted)?;
    let settings: Vec<Value> = ask(&shared, names).await?.iter().map(shown).collect();
    Ok(Json(json!({ "settings": settings })))
}

/// `GET /v1/settings/{name}`.
pub(super) async fn one(
    State(shared): Api,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let settings = ask(&shared, vec![name.clone()]).await?;
    let setting = settings.first().ok_or_else(|| unknown(&name))?;
    Ok(Json(shown(setting)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    value: String,
}

/// `POST /v1/settings/{name}`.
pub(super) async fn change(
    State(shared): Api,
    Path(name): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Result<Json<Value>, ApiError> {
    let Change { value } = body(&bytes)?;
    let (answer, answered) = oneshot::channel();
    let ask = Ask::Change {
        name: name.clone(),
        value,
        answer,
    };
    let SettingAnswer { outcome, text, .. } = wait(&shared, ask, answered).await?;
    match outcome {
        SettingOutcome::Done | SettingOutcome::AfterRestart => {
            Ok(Json(json!({ "outcome": crate::words::of(&outcome) })))
        }
        SettingOutcome::Unknown => Err(unknown(&name)),
        SettingOutcome::ReadOnly => Err(ApiError::conflict(said(&name, "is read-only", &text))),
        SettingOutcome::Refused => Err(ApiError::bad(said(&name, "refuses this value", &text))),
    }
}

async fn ask(shared: &Shared, names: Vec<String>) -> Result<Vec<SettingInfo>, ApiError> {
    let (answer, answered) = oneshot::channel();
    let ask = Ask::Query { names, answer };
    Ok(wait(shared, ask, answered).await?.settings)
}

async fn wait<T>(
    shared: &Shared,
    ask: Ask,
    answered: oneshot::Receiver<Result<T, NoAnswer>>,
) -> Result<T, ApiError> {
    let unavailable = |text| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text);
    // Fails only when the loop has ended; then nobody answers either.
    let _ = shared.commands.send(Command::Settings(ask));
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(NoAnswer::Lost)) | Err(_)) => Err(unavailable(
            "no protocol component is at work, or it failed on this",
        )),
        Ok(Ok(Err(NoAnswer::TooMany))) => Err(unavailable(
            "too many questions wait for the protocol component's answer",
        )
        .retry_after(1)),
        Err(_) => Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the protocol component does not answer",
        )),
    }
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("there is no setting `{name}`"))
}

fn said(name: &str, what: &str, text: &str) -> String {
    let colon = if text.is_empty() { "" } else { ": " };
    format!("`{name}` {what}{colon}{text}")
}

fn shown(setting: &SettingInfo) -> Value {
    json!({
        "name": setting.name,
        "value": setting.value,
        "access": crate::words::of(&setting.access),
        "meaning": setting.meaning,
        "default": setting.default,
        "unit": setting.unit,
    })
}

/// `name=A&name=B`.
fn names(wanted: Vec<(String, String)>) -> Result<Vec<String>, ApiError> {
    let of_pair = |(key, value): (String, String)| match key.as_str() {
        "name" => Ok(value),
        other => Err(ApiError::bad(format!(
            "`{other}`: only `name` can be asked for"
        ))),
    };
    wanted.into_iter().map(of_pair).collect()
}
