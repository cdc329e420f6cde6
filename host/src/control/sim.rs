//! `POST /sim/…`: the hand that plugs cars in, presents cards and pulls the
//! mains. Only where hardware is simulated.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ApiError, body};
use super::{Api, Command, Shared, intake};
use crate::config::TokenKind;
use crate::outlet::{BenchError, SimBench};
use crate::wit::protocol::PilotState;

type Done = Result<Json<Value>, ApiError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plug {
    current_a: Option<f64>,
    phases: Option<u8>,
    capacity_wh: Option<f64>,
}

pub(super) async fn plug(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: Plug = body(&bytes)?;
    done(bench(&shared)?.plug(number(&n)?, it.current_a, it.phases, it.capacity_wh))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unplug {
    #[serde(default)]
    cable_stays: bool,
}

pub(super) async fn unplug(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: Unplug = body(&bytes)?;
    let (bench, number) = (bench(&shared)?, number(&n)?);
    done(match it.cable_stays {
        true => bench.unplug_at_car(number),
        false => bench.unplug(number),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvState {
    state: String,
}

pub(super) async fn ev_state(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: EvState = body(&bytes)?;
    let state = match it.state.as_str() {
        "A" => PilotState::A,
        "B" => PilotState::B,
        "C" => PilotState::C,
        "D" => PilotState::D,
        "E" => PilotState::E,
        "F" => PilotState::F,
        other => {
            return Err(ApiError::bad(format!(
                "`state`: expected B, C, D, E or F, found `{other}`"
            )));
        }
    };
    done(bench(&shared)?.ev_state(number(&n)?, state))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    kind: String,
}

pub(super) async fn fault(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: Fault = body(&bytes)?;
    done(bench(&shared)?.fault(number(&n)?, &it.kind))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClearFault {
    kind: Option<String>,
}

pub(super) async fn clear_fault(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: ClearFault = body(&bytes)?;
    done(bench(&shared)?.clear_fault(number(&n)?, it.kind.as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meter {
    energy_wh: f64,
}

pub(super) async fn meter(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: Meter = body(&bytes)?;
    done(bench(&shared)?.set_meter(number(&n)?, it.energy_wh))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    jammed: bool,
}

pub(super) async fn lock(
    State(shared): Api,
    Path(n): Path<String>,
    intake::Json(bytes): intake::Json,
) -> Done {
    let it: Lock = body(&bytes)?;
    done(bench(&shared)?.set_lock_jammed(number(&n)?, it.jammed))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rfid {
    id_tag: String,
    /// Absent: a card of ISO/IEC 14443.
    #[serde(default)]
    kind: TokenKind,
    connectors: Option<Vec<u32>>,
}

pub(super) async fn rfid(State(shared): Api, intake::Json(bytes): intake::Json) -> Done {
    let it: Rfid = body(&bytes)?;
    done(bench(&shared)?.present_card(&it.id_tag, it.kind.kind(), it.connectors.as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmergencyStop {
    active: bool,
}

pub(super) async fn emergency_stop(State(shared): Api, intake::Json(bytes): intake::Json) -> Done {
    let it: EmergencyStop = body(&bytes)?;
    done(bench(&shared)?.emergency_stop(it.active))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    online: bool,
}

pub(super) async fn network(State(shared): Api, intake::Json(bytes): intake::Json) -> Done {
    let it: Network = body(&bytes)?;
    bench(&shared)?;
    shared
        .commands
        .send(Command::Network(it.online))
        .map_err(|_| ApiError::conflict("the charger is shutting down"))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Power {
    mains: bool,
}

pub(super) async fn power(State(shared): Api, intake::Json(bytes): intake::Json) -> Done {
    let it: Power = body(&bytes)?;
    done(bench(&shared)?.mains(it.mains))
}

fn bench(shared: &Shared) -> Result<SimBench, ApiError> {
    shared
        .outlets
        .sim()
        .ok_or_else(|| ApiError::not_found("nothing is simulated on this charger"))
}

fn number(text: &str) -> Result<u32, ApiError> {
    text.parse()
        .map_err(|_| ApiError::not_found(format!("there is no connector `{text}`")))
}

fn done(result: Result<(), BenchError>) -> Done {
    match result {
        Ok(()) => Ok(Json(json!({}))),
        Err(error) => {
            let text = error.to_string();
            Err(match error {
                BenchError::UnknownConnector(_) | BenchError::UnknownReader => {
                    ApiError::not_found(text)
                }
                BenchError::AlreadyPlugged(_) | BenchError::NotPlugged(_) | BenchError::Ended => {
                    ApiError::conflict(text)
                }
                BenchError::BadValue(_) => ApiError::bad(text),
            })
        }
    }
}
