//! `GET /v1/health` and `GET /v1/status`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Api, Shared};
use crate::equipment::{Device, Role};
use crate::outlet::{OutletView, PermitNews};
use crate::secrets::live;
use crate::wit::protocol::{Indication, Limiter, PilotState, Reading};

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn status(State(shared): Api) -> Json<Value> {
    Json(present(&shared))
}

/// What the charger is at this moment. Without what is secret.
pub(crate) fn present(shared: &Shared) -> Value {
    let facts = shared.board.facts();
    let indications = shared.outlets.indications();
    let shown = |outlet: u32| facts.shown.get(&outlet).cloned().unwrap_or_default();
    let mut connectors: Vec<Value> = shared
        .outlets
        .views()
        .iter()
        .map(|view| {
            let outlet = view.state.outlet;
            let indicator = indications.iter().find(|it| it.outlet == outlet);
            let policies = shared.sessions.shown(outlet);
            connector(view, &shown(outlet), indicator, policies)
        })
        .collect();
    let devices = shared.equipment.devices();
    for connector in &mut connectors {
        let meter = devices
            .iter()
            .find(|it| matches!(it.role, Role::Meter(outlet) if connector["id"] == outlet));
        connector["meter"] = json!(meter);
    }
    let readers: Vec<Value> = devices.iter().filter_map(reader).collect();
    let whole = shown(0);
    let now = shared.clock.now();
    let it = &shared.charge_point;
    live::masked(json!({
        "charge_point": {
            "id": it.id,
            "vendor": it.vendor,
            "model": it.model,
            "serial_number": it.serial_number,
            "firmware_version": it.firmware_version,
        },
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": shared.uptime_ms(),
        "clock": {
            "time": now.wall_ms.map(crate::rfc3339::format),
            "trust": crate::words::of(&now.trust),
            "monotonic_ms": now.at.monotonic_ms,
        },
        "engine": facts.engine,
        "link": facts.link,
        "shows": whole,
        "queue": facts.queue().unwrap_or(0),
        "connectors": connectors,
        "readers": readers,
        "components": facts.components,
        "storage": facts.storage,
        "safety": safety(shared.outlets.latencies().iter().map(|it| it.nanos).collect()),
        "decisions": facts.decisions,
        "counters": facts.counters,
    }))
}

fn reader(device: &Device) -> Option<Value> {
    let Role::Reader(name) = &device.role else {
        return None;
    };
    let mut reader = json!(device);
    reader["name"] = json!(name);
    Some(reader)
}

/// Thousandths as plain numbers: `"voltage L1-N": 230.1`.
fn measurements(reading: &Reading) -> BTreeMap<String, f64> {
    reading
        .measurements
        .iter()
        .map(|it| {
            (
                crate::words::measurand(it.quantity, it.phase),
                it.milli as f64 / 1000.0,
            )
        })
        .collect()
}

/// How long it took from an input to the open contactor, for the last openings
/// that an input has caused.
fn safety(mut nanos: Vec<u64>) -> Value {
    nanos.sort_unstable();
    let micros = |part: usize| {
        let last = nanos.len().checked_sub(1)?;
        Some(nanos[last * part / 100] as f64 / 1000.0)
    };
    json!({
        "openings": nanos.len(),
        "p50_us": micros(50),
        "p99_us": micros(99),
        "max_us": micros(100),
    })
}

fn connector(
    view: &OutletView,
    shown: &BTreeMap<String, String>,
    indicator: Option<&Indication>,
    policies: Vec<Value>,
) -> Value {
    let state = &view.state;
    json!({
        "id": state.outlet,
        "cable": crate::words::of(&state.cable),
        "pilot": pilot(state.pilot),
        "plugged": state.plugged,
        "lock": crate::words::of(&state.lock),
        "contactor": crate::words::of(&state.contactor),
        "offered_ma": state.offered_ma,
        "limited_by": state.limited_by.as_ref().map(limiter),
        "limited_by_policy": limiting_policy(state.limited_by.as_ref()),
        "policies": policies,
        "connection": view.connection,
        "permit_end": view.permit_end.as_ref().map(permit_end),
        "permit": state.permit.as_ref().map(|permit| json!({
            "limit_ma": permit.limit_ma,
            "limit_w": permit.limit_w,
            "phases": permit.phases,
            "energy_limit_wh": permit.energy_limit_wh,
            "reason": permit.reason,
            "steps": permit.steps.iter().map(|step| json!({
                "at_ms": step.at_ms,
                "limit_ma": step.limit_ma,
            })).collect::<Vec<_>>(),
            "session": permit.session,
            "energy_spent": state.energy_spent,
        })),
        "paced": view.paced,
        "register_wh": state.reading.as_ref().map(|r| r.energy_mwh as f64 / 1000.0),
        "register_age_ms": state.reading.as_ref().map(|r| r.age_ms),
        "measurements": state.reading.as_ref().map(measurements),
        "register_stale": state.reading.as_ref().map(|r| r.stale),
        "faults": state.faults.iter().map(|fault| json!({
            "kind": crate::words::of(&fault.kind),
            "text": fault.text,
        })).collect::<Vec<_>>(),
        "indicator": indicator.map(|it| json!({
            "look": crate::words::of(&it.look),
            "intensity_percent": it.intensity_percent,
            "blinks": it.blinks,
        })),
        "shows": shown,
    })
}

fn limiter(it: &Limiter) -> String {
    match it {
        Limiter::Policy(_) => "policy".to_owned(),
        other => crate::words::of(other),
    }
}

/// The policy that keeps the current from being higher, and why.
fn limiting_policy(it: Option<&Limiter>) -> Value {
    match it {
        Some(Limiter::Policy(limit)) => json!({ "name": limit.policy, "why": limit.why }),
        _ => Value::Null,
    }
}

/// How the last permit ended that its component did not end.
fn permit_end(news: &PermitNews) -> Value {
    json!({
        "session": news.session,
        "connection": news.connection,
        "what": news.fate.in_words(),
        "register_wh": news.register_mwh.map(|mwh| mwh as f64 / 1000.0),
        "at_ms": news.at.monotonic_ms,
    })
}

/// As technicians write it, and as `ev-state` takes it.
pub(crate) fn pilot(state: PilotState) -> &'static str {
    match state {
        PilotState::A => "A",
        PilotState::B => "B",
        PilotState::C => "C",
        PilotState::D => "D",
        PilotState::E => "E",
        PilotState::F => "F",
    }
}
