//! Meter values: sampled and clock-aligned.

use std::collections::BTreeSet;

use serde_json::Value;

use super::secs;
use crate::expected::any;
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::station::Message;
use crate::tags::OWNER;

const REGISTER: &str = "Energy.Active.Import.Register";
/// So many intervals are observed.
const INTERVALS: usize = 3;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// During a transaction meter values come at their interval, with what is
/// configured to be measured.
pub fn tc_070(s: &mut Session<'_>) -> Outcome {
    let interval = s.short();
    s.configure("MeterValueSampleInterval", &secs(interval))?;
    let measurands = measurands(s, "MeterValuesSampledData")?;
    let mark = s.mark();
    let transaction = s.charge(OWNER)?;
    let mut last_register = transaction.meter_start;
    for _ in 0..INTERVALS {
        let message = s.expect(any("MeterValues").with("connectorId", transaction.connector))?;
        if message.payload["transactionId"] != transaction.id {
            return Err(s.failure(format!(
                "MeterValues must name transaction {}, and say {}",
                transaction.id, message.payload["transactionId"]
            )));
        }
        check_values(s, &message, "Sample.Periodic", &measurands)?;
        if let Some(register) = register_of(&message) {
            if register < last_register {
                return Err(s.failure(format!(
                    "the register went back, from {last_register} Wh to {register} Wh"
                )));
            }
            last_register = register;
        }
    }
    let all = s.since(mark, "MeterValues");
    for pair in all.windows(2) {
        s.check_gap(
            "the time between MeterValues",
            pair[1].at - pair[0].at,
            interval,
        )?;
    }
    s.stop_by_card(&transaction)?;
    Ok(())
}

/// Meter values come on the grid of the clock.
pub fn tc_071(s: &mut Session<'_>) -> Outcome {
    let interval = s.short();
    s.configure("ClockAlignedDataInterval", &secs(interval))?;
    s.configure("MeterValueSampleInterval", "0")?;
    let measurands = measurands(s, "MeterValuesAlignedData")?;
    let transaction = s.charge(OWNER)?;
    let mut last: Option<i64> = None;
    for _ in 0..INTERVALS {
        let message = s.expect(any("MeterValues").with("connectorId", transaction.connector))?;
        check_values(s, &message, "Sample.Clock", &measurands)?;
        let at = s.moment(&message.payload["meterValue"][0]["timestamp"])?;
        check_grid(s, at, interval)?;
        if let Some(last) = last {
            let gap = std::time::Duration::from_millis(u64::try_from(at - last).unwrap_or(0));
            s.check_gap("the time between two points of the grid", gap, interval)?;
        }
        last = Some(at);
    }
    s.stop_by_card(&transaction)?;
    Ok(())
}

/// What a key lists to be measured.
pub(super) fn measurands(s: &mut Session<'_>, key: &str) -> Result<BTreeSet<String>, Failure> {
    let value = s.key(key)?.and_then(|key| key.value).unwrap_or_default();
    let mut list: BTreeSet<String> = value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(without_phase)
        .collect();
    if list.is_empty() {
        list.insert(REGISTER.to_owned());
    }
    Ok(list)
}

/// `Current.Import.L1` is `Current.Import` of one phase.
fn without_phase(item: &str) -> String {
    const PHASES: [&str; 7] = [".L1", ".L2", ".L3", ".N", ".L1-N", ".L2-N", ".L3-N"];
    let phase = PHASES.iter().find(|phase| item.ends_with(*phase));
    phase
        .map_or(item, |phase| &item[..item.len() - phase.len()])
        .to_owned()
}

pub(super) fn check_values(
    s: &Session<'_>,
    message: &Message,
    context: &str,
    wanted: &BTreeSet<String>,
) -> Outcome {
    let mut found = BTreeSet::new();
    for value in samples(message) {
        // Absent means Sample.Periodic.
        let told = value["context"].as_str().unwrap_or("Sample.Periodic");
        if told != context {
            return Err(s.failure(format!(
                "the context of a meter value must be {context}, and is {told}"
            )));
        }
        let measurand = value["measurand"].as_str().unwrap_or(REGISTER);
        let again = !found.insert(measurand.to_owned());
        if again && value.get("phase").is_none() {
            return Err(s.failure(format!(
                "{measurand} is told twice in one MeterValues: {}",
                message.payload
            )));
        }
        let number = value["value"].as_str().map(str::parse::<f64>);
        if !matches!(number, Some(Ok(_))) {
            return Err(s.failure(format!("the value {} is no number", value["value"])));
        }
    }
    if found != *wanted {
        return Err(s.failure(format!(
            "MeterValues must tell {wanted:?}, and tell {found:?}"
        )));
    }
    Ok(())
}

fn samples(message: &Message) -> impl Iterator<Item = &Value> {
    let values = message.payload["meterValue"].as_array();
    values
        .into_iter()
        .flatten()
        .filter_map(|value| value["sampledValue"].as_array())
        .flatten()
}

/// Wh.
fn register_of(message: &Message) -> Option<i64> {
    let value = samples(message)
        .find(|value| value["measurand"].as_str().unwrap_or(REGISTER) == REGISTER)?;
    let number: f64 = value["value"].as_str()?.parse().ok()?;
    let in_wh = if value["unit"] == "kWh" {
        number * 1000.0
    } else {
        number
    };
    Some(in_wh as i64)
}

/// The grid begins at midnight.
fn check_grid(s: &Session<'_>, at: i64, interval: std::time::Duration) -> Outcome {
    let step = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
    let beside = at.rem_euclid(DAY_MS) % step;
    let most = (step / 10).min(1_000);
    if beside.min(step - beside) <= most {
        return Ok(());
    }
    Err(s.failure(format!(
        "meter values of the clock must be taken on the grid of {} s, and these were taken \
         {beside} ms after it",
        interval.as_secs()
    )))
}

#[cfg(test)]
mod tests {
    use super::without_phase;

    #[test]
    fn a_phase_is_no_measurand() {
        assert_eq!(without_phase("Current.Import.L1"), "Current.Import");
        assert_eq!(without_phase("Voltage.L1-N"), "Voltage");
        assert_eq!(without_phase("SoC"), "SoC");
    }
}
