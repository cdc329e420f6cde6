//! How late planned reductions reach the control pilot, with a component that has
//! failed before and never starts again: a hundred of them, each seen at the control
//! API, whose own time is in the figure.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use plugpoint_tests::charger::{Control, component};
use serde_json::Value;

use crate::report::Report;
use crate::start;

const OUTLETS: u32 = 2;
/// Of each outlet.
const STEPS: u32 = 50;
const FIRST_MS: u32 = 8_000;
const APART_MS: u32 = 100;
const FULL_MA: u32 = 32_000;
/// By how much each is lower than the one before.
const LESS_MA: u32 = 500;

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let directory = tempfile::tempdir()?;
    let bad = component("bad-component")?;
    let mut charger = start::start(directory.path(), &listener, |config| {
        config
            .connectors(OUTLETS)
            .set("components.ocpp", bad.to_string_lossy().into_owned())
            .set("permit.orphan_life_s", 600)
    })
    .await?;
    let address = std::fs::read_to_string(directory.path().join("state/control.addr"))?;
    let control = Control::new(address.trim());
    let steps: Vec<String> = (1..=STEPS)
        .map(|n| {
            let at_ms = FIRST_MS + n * APART_MS;
            format!("{at_ms}:{}", FULL_MA - n * LESS_MA)
        })
        .collect();
    let steps = steps.join(" ");
    for outlet in 1..=OUTLETS {
        control.plug(outlet)?;
        let order = format!("permit {outlet} {FULL_MA} {steps}");
        charger.central.say(order).await?;
    }
    charger.central.say("die".into()).await?;
    charger.central.say("bad trap".into()).await?;
    let mut planned = Vec::new();
    while planned.len() < (OUTLETS * STEPS) as usize {
        tokio::time::sleep(Duration::from_millis(5)).await;
        planned = plan(&control.status()?)?;
    }
    let mut late = Vec::new();
    while !planned.is_empty() {
        let status = control.status()?;
        let now_ms = status["clock"]["monotonic_ms"].as_f64();
        let now_ms = now_ms.context("no time in the status")?;
        let offers: Vec<u64> = connectors(&status)?.map(offer).collect();
        planned.retain(|(place, at_ms, limit_ma)| {
            let is_there = offers[*place] <= *limit_ma;
            if is_there {
                late.push(now_ms - at_ms);
            }
            !is_there
        });
        let overdue = planned
            .iter()
            .any(|(_, at_ms, _)| now_ms > at_ms + 10_000.0);
        if overdue {
            bail!("a step was not taken: {status}");
        }
    }
    let status = control.status()?;
    if status["components"][0]["state"] != "waiting" {
        bail!("the component is alive: {status}");
    }
    report.steps(&mut late);
    charger.process.kill();
    Ok(())
}

/// Place of the outlet, monotonic ms and limit of each step ahead.
fn plan(status: &Value) -> anyhow::Result<Vec<(usize, f64, u64)>> {
    let mut planned = Vec::new();
    for (place, connector) in connectors(status)?.enumerate() {
        let steps = connector["permit"]["steps"].as_array();
        for step in steps.into_iter().flatten() {
            let at_ms = step["at_ms"].as_f64().context("a step without time")?;
            let limit_ma = step["limit_ma"].as_u64().context("one without limit")?;
            planned.push((place, at_ms, limit_ma));
        }
    }
    Ok(planned)
}

fn connectors(status: &Value) -> anyhow::Result<impl Iterator<Item = &Value>> {
    let all = status["connectors"].as_array();
    Ok(all.context("no connectors in the status")?.iter())
}

fn offer(connector: &Value) -> u64 {
    connector["offered_ma"].as_u64().unwrap_or(u64::MAX)
}
