//! `GET /metrics`: Prometheus text.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Api;
use crate::wit::protocol::ContactorState;

pub(super) async fn metrics(State(shared): Api) -> impl IntoResponse {
    let facts = shared.board.facts();
    let mut text = String::with_capacity(4096);
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        let _ = writeln!(text, "# HELP plugpoint_{name} {help}");
        let _ = writeln!(text, "# TYPE plugpoint_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "plugpoint_{name}{labels} {value}");
        }
    };
    family(
        "link_up",
        "gauge",
        "1 while the link to the central system is up.",
        &[(String::new(), u64::from(facts.link.state == "up"))],
    );
    family(
        "link_times_up_total",
        "counter",
        "How often the link came up.",
        &[(String::new(), facts.link.times_up)],
    );
    family(
        "uptime_ms",
        "gauge",
        "Milliseconds since the process started.",
        &[(String::new(), shared.uptime_ms())],
    );
    if let Some(queue) = facts.queue() {
        family(
            "queue",
            "gauge",
            "Messages that wait for the central system.",
            &[(String::new(), queue)],
        );
    }
    let outlets = shared.outlets.snapshot();
    let each = |value: &dyn Fn(&crate::wit::protocol::OutletState) -> u64| {
        outlets
            .iter()
            .map(|o| (format!("{{connector=\"{}\"}}", o.outlet), value(o)))
            .collect::<Vec<_>>()
    };
    family(
        "contactor_closed",
        "gauge",
        "1 while the contactor is closed.",
        &each(&|o| u64::from(o.contactor == ContactorState::Closed)),
    );
    family(
        "offered_ma",
        "gauge",
        "Current offered to the car, per phase.",
        &each(&|o| o.offered_ma.into()),
    );
    family(
        "faults",
        "gauge",
        "Faults present.",
        &each(&|o| o.faults.len() as u64),
    );
    family(
        "register_wh",
        "counter",
        "Active import register of the meter.",
        &each(&|o| o.reading.as_ref().map_or(0, |r| r.energy_mwh / 1000)),
    );
    let parts = |value: &dyn Fn(&crate::board::ComponentFacts) -> u64| {
        facts
            .components
            .iter()
            .map(|c| (format!("{{slot=\"{}\"}}", c.slot), value(c)))
            .collect::<Vec<_>>()
    };
    for (name, kind, help, samples) in [
        (
            "component_events_total",
            "counter",
            "Events handled.",
            parts(&|c| c.events),
        ),
        (
            "component_busy_us_total",
            "counter",
            "Time spent in the component.",
            parts(&|c| c.busy_us),
        ),
        (
            "component_worst_us",
            "gauge",
            "The longest that one event took.",
            parts(&|c| c.worst_us),
        ),
        (
            "component_memory_bytes",
            "gauge",
            "Linear memory.",
            parts(&|c| c.memory_bytes),
        ),
        (
            "component_restarts_total",
            "counter",
            "Instances made after a failure.",
            parts(&|c| c.restarts),
        ),
    ] {
        family(name, kind, help, &samples);
    }
    let counters: Vec<_> = facts
        .counters
        .iter()
        .map(|(name, value)| (format!("{{what=\"{name}\"}}"), *value))
        .collect();
    family("count_total", "counter", "Things that happened.", &counters);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
