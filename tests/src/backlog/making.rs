//! Makes transactions at all connectors of a charger at the same time, through
//! its simulated cars and cards. Waits for events of the charger, never for a
//! time to pass.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::Plan;
use crate::charger::Charger;

/// For what a charger does at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every so-manieth lasts long enough for a sample of the meter.
const LONG_EVERY: u32 = 20;

/// More than flows within a second.
const LONG_WH: f64 = 8.0;

/// All that are planned, and one more at connector 1, which does not end.
pub(super) fn transactions(charger: &Charger, plan: &Plan) -> anyhow::Result<()> {
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let drivers: Vec<_> = (1..=plan.connectors)
            .map(|connector| {
                let next = &next;
                scope.spawn(move || -> anyhow::Result<()> {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= plan.transactions {
                            return Ok(());
                        }
                        transaction(charger, connector, number)
                            .with_context(|| format!("transaction {number} at {connector}"))?;
                    }
                })
            })
            .collect();
        drivers
            .into_iter()
            .try_for_each(|driver| match driver.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    begin(charger, 1, plan.transactions).map(drop)
}

/// From plug to unplug.
fn transaction(charger: &Charger, connector: u32, number: u32) -> anyhow::Result<()> {
    let from_wh = begin(charger, connector, number)?;
    let control = charger.control();
    if number.is_multiple_of(LONG_EVERY) {
        charger.wait_register(connector, from_wh + LONG_WH);
    }
    let from = charger.events().count();
    control.card_at(connector, &card(number))?;
    contactor(charger, from, connector, "open")?;
    control.unplug(connector)?;
    Ok(())
}

/// A car is plugged in, a card is read, and energy flows; the register then.
fn begin(charger: &Charger, connector: u32, number: u32) -> anyhow::Result<f64> {
    let control = charger.control();
    let from = charger.events().count();
    control.plug(connector)?;
    control.card_at(connector, &card(number))?;
    let closed = contactor(charger, from, connector, "closed")?;
    let wh = closed["register_wh"].as_f64().unwrap_or(0.0);
    // An amount of its own, so that no two are alike: as if a car had drawn it
    // in no time.
    let wh = wh.floor() + f64::from(100 + number % 97);
    control.meter(connector, wh)?;
    Ok(wh)
}

fn card(number: u32) -> String {
    format!("CARD{number:05}")
}

/// Waits until this contactor has moved; what was told of it then.
fn contactor(charger: &Charger, from: usize, connector: u32, state: &str) -> anyhow::Result<Value> {
    let event = charger
        .events()
        .wait_for(from, "outlet", PATIENCE, |detail| {
            detail["outlet"] == connector && detail["contactor"] == state
        });
    let event = event.with_context(|| format!("the contactor is never {state}"))?;
    Ok(event["detail"].clone())
}
