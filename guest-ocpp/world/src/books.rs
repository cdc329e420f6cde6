//! What must be true of everything that the central system was told, whatever
//! happened on the way. Time within transactions is judged in `times`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::times::Times;
use super::watch::{Broken, Rule};
use super::world::{Sent, World};

/// A transaction as the central system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The number that the central system gave; -1 if it failed on the start
    /// until that was given up.
    pub id: i64,
    /// Connector.
    pub connector: i64,
    /// Of the start.
    pub meter_start: i64,
    /// Of the stop, if it has come.
    pub meter_stop: Option<i64>,
}

/// Checks the messages about transactions; what was told, in the order of the
/// starts.
///
/// # Errors
///
/// The first rule that is broken.
pub fn audit(world: &World) -> Result<Vec<Told>, Broken> {
    let mut book = Book::default();
    let mut times = Times::default();
    for sent in without_repeats(&world.sent)? {
        let place = book.enter(world, sent)?;
        times.enter(place, sent)?;
    }
    Ok(book.told)
}

#[derive(Default)]
struct Book {
    told: Vec<Told>,
    /// The last register told of each connector.
    registers: BTreeMap<i64, i64>,
}

impl Book {
    /// Which transaction it is about, if any.
    fn enter(&mut self, world: &World, sent: &Sent) -> Result<Option<usize>, Broken> {
        let number = |name: &str| {
            let missing = || reports(format!("{} without {name}", sent.action));
            sent.payload[name].as_i64().ok_or_else(missing)
        };
        match sent.action.as_str() {
            "StartTransaction" => {
                // A start without an answer may still get one, or be given up.
                let id = world.central.transaction_of(&sent.id).unwrap_or(-1);
                self.start(id, number("connectorId")?, number("meterStart")?)?;
                Ok(Some(self.told.len() - 1))
            }
            "MeterValues" => {
                let connector = number("connectorId")?;
                let place = match number("transactionId") {
                    Ok(id) => Some(self.goes_on(id, connector)?),
                    Err(_) => None,
                };
                for value in registers(&sent.payload) {
                    self.moved(connector, value)?;
                }
                Ok(place)
            }
            "StopTransaction" => {
                let place = self.stop(number("transactionId")?, number("meterStop")?)?;
                Ok(Some(place))
            }
            _ => Ok(None),
        }
    }

    fn start(&mut self, id: i64, connector: i64, meter_start: i64) -> Result<(), Broken> {
        self.moved(connector, meter_start)?;
        let before = self
            .told
            .iter()
            .rev()
            .find(|told| told.connector == connector);
        if let Some(before) = before {
            let stop = before.meter_stop.ok_or_else(|| {
                reports(format!(
                    "{id} on {connector} begins before the end of {before:?}"
                ))
            })?;
            // Energy flows in transactions only.
            if (meter_start - stop).abs() > 1 {
                return Err(Broken::new(
                    Rule::Billing,
                    format!("{} Wh between {before:?} and {id}", meter_start - stop),
                ));
            }
        }
        self.told.push(Told {
            id,
            connector,
            meter_start,
            meter_stop: None,
        });
        Ok(())
    }

    fn goes_on(&self, id: i64, connector: i64) -> Result<usize, Broken> {
        let of_this = |told: &Told| told.id == id && told.connector == connector;
        let place = self.told.iter().rposition(of_this);
        match place {
            None => Err(reports(format!("values of {id} before its start"))),
            Some(place) if self.told[place].meter_stop.is_some() => {
                Err(reports(format!("values of {id} after its stop")))
            }
            Some(place) => Ok(place),
        }
    }

    fn stop(&mut self, id: i64, meter_stop: i64) -> Result<usize, Broken> {
        // Several may be without a number: the one whose meter has got there.
        let used = |told: &Told| meter_stop - self.registers.get(&told.connector).unwrap_or(&0);
        let place = (0..self.told.len())
            .filter(|place| {
                let told = &self.told[*place];
                told.id == id && (id != -1 || (told.meter_stop.is_none() && used(told) >= 0))
            })
            .min_by_key(|place| used(&self.told[*place]));
        let Some(place) = place else {
            return Err(reports(format!("stop of {id} before its start")));
        };
        let told = &mut self.told[place];
        if told.meter_stop.replace(meter_stop).is_some() {
            return Err(reports(format!("{id} is stopped twice")));
        }
        if meter_stop < told.meter_start {
            return Err(Broken::new(
                Rule::Billing,
                format!("{id} ends at {meter_stop} Wh, before {}", told.meter_start),
            ));
        }
        let connector = told.connector;
        self.moved(connector, meter_stop)?;
        Ok(place)
    }

    fn moved(&mut self, connector: i64, value: i64) -> Result<(), Broken> {
        match self.registers.insert(connector, value) {
            Some(before) if value < before => Err(Broken::new(
                Rule::Billing,
                format!("register of {connector} goes back from {before} to {value}"),
            )),
            _ => Ok(()),
        }
    }
}

fn reports(what: String) -> Broken {
    Broken::new(Rule::Reports, what)
}

/// A repeat is the same message word for word, and counts once.
fn without_repeats(sent: &[Sent]) -> Result<Vec<&Sent>, Broken> {
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
                return Err(reports(format!(
                    "id {} is used twice: {before:?} and {message:?}",
                    message.id
                )));
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

/// Everything is told and finished: each transaction has its stop, and its
/// energy is what went through the contactor while it lasted, to 1 Wh each.
///
/// # Errors
///
/// What is missing.
pub fn close(world: &World) -> Result<Vec<Told>, Broken> {
    let told = audit(world)?;
    let mut billed = 0;
    for transaction in &told {
        let stop = transaction
            .meter_stop
            .ok_or_else(|| reports(format!("never stopped: {transaction:?}")))?;
        billed += stop - transaction.meter_start;
    }
    let outlets = world.outlets.iter();
    let delivered: u64 = outlets.map(|outlet| outlet.delivered_mwh).sum();
    let off = billed - (delivered / 1000) as i64;
    if off.unsigned_abs() > told.len() as u64 {
        return Err(Broken::new(
            Rule::Billing,
            format!("billed {billed} Wh, delivered {delivered} mWh: {told:?}"),
        ));
    }
    if world.shows(0, "queue") != "0" {
        return Err(Broken::new(
            Rule::Rest,
            format!("{} messages are left", world.shows(0, "queue")),
        ));
    }
    Ok(told)
}
