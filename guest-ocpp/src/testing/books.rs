//! What must be true of everything that the central system was told, whatever
//! happened on the way.

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::{Sent, World};

/// A transaction as the central system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Connector.
    pub connector: i64,
    /// Of the start.
    pub meter_start: i64,
    /// Of the stop, if it has come.
    pub meter_stop: Option<i64>,
}

/// Checks the messages about transactions; what was told, or what is wrong.
///
/// # Errors
///
/// The first rule that is broken, in words.
pub fn audit(world: &World) -> Result<Vec<Told>, String> {
    let messages = without_repeats(&world.sent)?;
    let mut told: BTreeMap<i64, Told> = BTreeMap::new();
    let mut register: BTreeMap<i64, i64> = BTreeMap::new();
    let mut moved = |connector: i64, value: i64| {
        let before = register.insert(connector, value).unwrap_or(0);
        if value < before {
            Err(format!(
                "register of {connector} goes back from {before} to {value}"
            ))
        } else {
            Ok(())
        }
    };
    for sent in messages {
        let number = |name: &str| {
            sent.payload[name]
                .as_i64()
                .ok_or(format!("{} without {name}", sent.action))
        };
        match sent.action.as_str() {
            "StartTransaction" => {
                let id = world
                    .central
                    .transaction_of(&sent.id)
                    .ok_or("a start without an answer")?;
                let meter_start = number("meterStart")?;
                let connector = number("connectorId")?;
                moved(connector, meter_start)?;
                told.insert(
                    id,
                    Told {
                        connector,
                        meter_start,
                        meter_stop: None,
                    },
                );
            }
            "MeterValues" => {
                let connector = number("connectorId")?;
                if let Ok(id) = number("transactionId") {
                    let known = told
                        .get(&id)
                        .ok_or(format!("values of {id} before its start"))?;
                    if known.meter_stop.is_some() {
                        return Err(format!("values of {id} after its stop"));
                    }
                }
                for value in registers(&sent.payload) {
                    moved(connector, value)?;
                }
            }
            "StopTransaction" => {
                let id = number("transactionId")?;
                let meter_stop = number("meterStop")?;
                let known = told
                    .get_mut(&id)
                    .ok_or(format!("stop of {id} before its start"))?;
                if known.meter_stop.replace(meter_stop).is_some() {
                    return Err(format!("{id} is stopped twice"));
                }
                moved(known.connector, meter_stop)?;
            }
            _ => {}
        }
    }
    Ok(told.into_values().collect())
}

/// A repeat is the same message word for word, and counts once.
fn without_repeats(sent: &[Sent]) -> Result<Vec<&Sent>, String> {
    let mut seen: BTreeMap<&str, &Sent> = BTreeMap::new();
    let mut messages = Vec::new();
    for message in sent {
        match seen.get(message.id.as_str()) {
            None => {
                seen.insert(&message.id, message);
                messages.push(message);
            }
            Some(before)
                if before.payload == message.payload && before.action == message.action => {}
            Some(before) => {
                return Err(format!(
                    "id {} is used twice: {before:?} and {message:?}",
                    message.id
                ));
            }
        }
    }
    Ok(messages)
}

fn registers(payload: &Value) -> Vec<i64> {
    let values = payload["meterValue"].as_array().into_iter().flatten();
    let samples = values.flat_map(|value| value["sampledValue"].as_array().into_iter().flatten());
    samples
        .filter(|sample| sample["measurand"] == "Energy.Active.Import.Register")
        .filter_map(|sample| sample["value"].as_str()?.parse().ok())
        .collect()
}

/// Everything is told and finished: each transaction has its stop, and their
/// energy is what went through the contactors, to 1 Wh each.
///
/// # Errors
///
/// What is missing, in words.
pub fn close(world: &World) -> Result<Vec<Told>, String> {
    let told = audit(world)?;
    let mut billed = 0;
    for transaction in &told {
        let stop = transaction
            .meter_stop
            .ok_or(format!("never stopped: {transaction:?}"))?;
        billed += stop - transaction.meter_start;
    }
    let delivered: u64 = world
        .outlets
        .iter()
        .map(|outlet| outlet.delivered_mwh)
        .sum();
    let off = billed - (delivered / 1000) as i64;
    if off.unsigned_abs() > told.len() as u64 {
        return Err(format!(
            "billed {billed} Wh, delivered {delivered} mWh: {told:?}"
        ));
    }
    if world.shows(0, "queue") != "0" {
        return Err(format!("{} messages are left", world.shows(0, "queue")));
    }
    Ok(told)
}
