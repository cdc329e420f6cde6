//! The journal, entered line by line: what follows from each, and what breaks a
//! rule. Not here: what is concluded in the end (see [`Ledger`]).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use serde_json::Value;

use super::{Breach, Ledger, Rules, Sample, Stop, Transaction};
use crate::central_system::{Entry, What};
use crate::frame::Frame;

/// A CALL as it was first sent.
struct First {
    action: String,
    payload: Value,
    /// The connection on which it was answered by a CALLRESULT.
    settled_on: Option<u32>,
}

/// A register in Wh, and whether it was told as a whole number.
#[derive(Clone, Copy)]
struct Register {
    wh: f64,
    whole: bool,
}

impl Register {
    fn whole(wh: i64) -> Register {
        Register {
            wh: wh as f64,
            whole: true,
        }
    }
}

struct Outstanding {
    id: String,
    since: Instant,
}

#[derive(PartialEq)]
enum Boot {
    NotYet,
    Accepted,
    Pending,
    Rejected,
}

/// What is known at one entry of the journal.
pub(super) struct Book<'a> {
    rules: &'a Rules,
    pub(super) ledger: Ledger,
    calls: HashMap<String, First>,
    outstanding: HashMap<u32, Outstanding>,
    boot: Boot,
    /// The process was started anew, and has not connected yet.
    restarted: bool,
    /// The first connection of the present process.
    since: u32,
    /// Registers by connector.
    registers: BTreeMap<u64, Register>,
    /// StartTransactions that were entered, by message id.
    started: HashSet<String>,
    /// StartTransactions that were answered by errors only, by message id.
    failed_starts: Vec<String>,
    /// TriggerMessages: what each asks for, by message id.
    triggers: HashMap<String, String>,
    /// What was promised to a TriggerMessage since the last BootNotification.
    promised: HashSet<String>,
}

impl<'a> Book<'a> {
    pub(super) fn new(rules: &'a Rules) -> Book<'a> {
        Book {
            rules,
            ledger: Ledger::default(),
            calls: HashMap::new(),
            outstanding: HashMap::new(),
            boot: Boot::NotYet,
            restarted: false,
            since: 0,
            registers: BTreeMap::new(),
            started: HashSet::new(),
            failed_starts: Vec::new(),
            triggers: HashMap::new(),
            promised: HashSet::new(),
        }
    }

    pub(super) fn enter(&mut self, entry: &Entry) {
        match &entry.what {
            What::Received(Frame::Call {
                id,
                action,
                payload,
            }) => self.call(entry, id, action, payload),
            What::Sent(Frame::Result { id, payload }) => self.result(entry, id, payload),
            What::Sent(Frame::Error { id, .. }) => self.error(entry.connection, id),
            What::Sent(Frame::Call {
                id,
                action,
                payload,
            }) if action == "TriggerMessage" => {
                let wanted = text(&payload["requestedMessage"]);
                self.triggers.insert(id.clone(), wanted);
            }
            What::Received(Frame::Result { id, payload }) => {
                let wanted = self.triggers.remove(id);
                self.promised
                    .extend(wanted.filter(|_| payload["status"] == "Accepted"));
            }
            What::Restarted => self.restarted = true,
            What::Opened(_) if self.restarted => {
                self.restarted = false;
                self.since = entry.connection;
                self.boot = Boot::NotYet;
            }
            What::Ended(_) => {
                self.outstanding.remove(&entry.connection);
            }
            What::Nonsense(text) => self.breach(entry, format!("no OCPP-J: {text}")),
            _ => {}
        }
    }

    fn call(&mut self, entry: &Entry, id: &str, action: &str, payload: &Value) {
        if let Some(other) = self.outstanding.get(&entry.connection) {
            let waited = entry.at.duration_since(other.since);
            if waited < self.rules.call_timeout {
                let other = other.id.clone();
                self.breach(
                    entry,
                    format!("{action} while {other} is unanswered for only {waited:?}"),
                );
            }
        }
        let outstanding = Outstanding {
            id: id.to_owned(),
            since: entry.at,
        };
        self.outstanding.insert(entry.connection, outstanding);
        // What is still read of an earlier process was sent before it ended.
        let of_this_process = entry.connection >= self.since;
        let asked_for = self.boot == Boot::Pending && self.promised.contains(action);
        let unasked = self.boot != Boot::Accepted && action != "BootNotification" && !asked_for;
        if of_this_process && unasked {
            self.breach(entry, format!("{action} before the boot was accepted"));
        }
        if let Some(first) = self.calls.get(id) {
            self.ledger.retransmissions += 1;
            let complaint = if first.action != action || first.payload != *payload {
                Some(format!("{action} with the id of another message: {id}"))
            } else if first.settled_on == Some(entry.connection) {
                // On another connection: the answer may have been lost with
                // the one before.
                Some(format!("{action} again though it was answered: {id}"))
            } else {
                None
            };
            if let Some(complaint) = complaint {
                self.breach(entry, complaint);
            }
            return;
        }
        let first = First {
            action: action.to_owned(),
            payload: payload.clone(),
            settled_on: None,
        };
        self.calls.insert(id.to_owned(), first);
        match action {
            "MeterValues" => self.meter_values(entry, payload),
            "StopTransaction" => self.stop(entry, payload),
            _ => {}
        }
    }

    fn result(&mut self, entry: &Entry, id: &str, payload: &Value) {
        self.release(entry.connection, id);
        let Some(first) = self.calls.get_mut(id) else {
            return;
        };
        first.settled_on = Some(entry.connection);
        let (action, call) = (first.action.clone(), first.payload.clone());
        match action.as_str() {
            "BootNotification" if entry.connection >= self.since => {
                self.promised.clear();
                self.boot = match payload["status"].as_str() {
                    Some("Accepted") => Boot::Accepted,
                    Some("Pending") => Boot::Pending,
                    _ => Boot::Rejected,
                };
            }
            "StartTransaction" if self.started.insert(id.to_owned()) => {
                self.failed_starts.retain(|failed| failed != id);
                let number = payload["transactionId"].as_i64().unwrap_or(0);
                self.start(entry, &call, number);
            }
            _ => {}
        }
    }

    fn error(&mut self, connection: u32, id: &str) {
        self.release(connection, id);
        let is_start = self
            .calls
            .get(id)
            .is_some_and(|call| call.action == "StartTransaction" && call.settled_on.is_none());
        if is_start && !self.failed_starts.iter().any(|failed| failed == id) {
            self.failed_starts.push(id.to_owned());
        }
    }

    /// Something is told of a transaction without number: its start was given
    /// up, the first of those that failed (on this connector, if that is said).
    fn begin_without_number(&mut self, entry: &Entry, connector: Option<u64>) {
        let goes_on = self.ledger.transactions.iter().any(|tx| {
            tx.id == -1 && tx.stop.is_none() && connector.is_none_or(|c| c == tx.connector)
        });
        let at = self.failed_starts.iter().position(|id| {
            let call = &self.calls[id].payload;
            connector.is_none() || call["connectorId"].as_u64() == connector
        });
        if let Some(at) = at.filter(|_| !goes_on) {
            let id = self.failed_starts.remove(at);
            let call = self.calls[&id].payload.clone();
            self.started.insert(id);
            self.start(entry, &call, -1);
        }
    }

    fn release(&mut self, connection: u32, id: &str) {
        if self
            .outstanding
            .get(&connection)
            .is_some_and(|o| o.id == id)
        {
            self.outstanding.remove(&connection);
        }
    }

    fn start(&mut self, entry: &Entry, call: &Value, id: i64) {
        let connector = call["connectorId"].as_u64().unwrap_or(0);
        let meter_start = call["meterStart"].as_i64().unwrap_or(i64::MIN);
        self.register(entry, connector, Register::whole(meter_start));
        self.ledger.transactions.push(Transaction {
            id,
            connector,
            id_tag: text(&call["idTag"]),
            meter_start,
            started_at: text(&call["timestamp"]),
            samples: Vec::new(),
            stop: None,
        });
    }

    fn meter_values(&mut self, entry: &Entry, payload: &Value) {
        let samples = samples(payload);
        let connector = payload["connectorId"].as_u64().unwrap_or(0);
        if let Some(id) = payload["transactionId"].as_i64() {
            if id == -1 {
                self.begin_without_number(entry, Some(connector));
            }
            let problem = match self.running(id) {
                None => Some(format!("MeterValues of unknown transaction {id}")),
                Some(tx) if tx.stop.is_some() => {
                    Some(format!("MeterValues of transaction {id} after its end"))
                }
                Some(tx) => {
                    let last = tx.samples.last().map_or(&tx.started_at, |s| &s.at).clone();
                    tx.samples.extend(samples.iter().cloned());
                    out_of_order(&last, &samples)
                }
            };
            if let Some(problem) = problem {
                self.breach(entry, problem);
            }
        }
        for sample in samples {
            let wh = sample.register_wh;
            self.register(entry, connector, Register { wh, whole: false });
        }
    }

    fn stop(&mut self, entry: &Entry, payload: &Value) {
        let id = payload["transactionId"].as_i64().unwrap_or(i64::MIN);
        if id == -1 {
            self.begin_without_number(entry, None);
        }
        let stop = Stop {
            meter: payload["meterStop"].as_i64().unwrap_or(i64::MIN),
            reason: payload["reason"].as_str().unwrap_or("Local").to_owned(),
            id_tag: payload["idTag"].as_str().map(str::to_owned),
            at: text(&payload["timestamp"]),
        };
        let Some(tx) = self.running(id) else {
            self.breach(
                entry,
                format!("StopTransaction of unknown transaction {id}"),
            );
            return;
        };
        if tx.stop.is_some() {
            self.breach(entry, format!("second StopTransaction of transaction {id}"));
            return;
        }
        let last = tx.samples.last().map_or(&tx.started_at, |s| &s.at).clone();
        let connector = tx.connector;
        let meter = stop.meter;
        let early = before(&stop.at, &last);
        tx.stop = Some(stop);
        if early {
            self.breach(entry, format!("transaction {id} ends before {last}"));
        }
        self.register(entry, connector, Register::whole(meter));
    }

    fn running(&mut self, id: i64) -> Option<&mut Transaction> {
        let all = &mut self.ledger.transactions;
        // Several may have no number; they are told in their order.
        let goes_on = |tx: &Transaction| tx.id == id && tx.stop.is_none();
        let at = all
            .iter()
            .position(goes_on)
            .or_else(|| all.iter().rposition(|tx| tx.id == id));
        Some(&mut all[at?])
    }

    fn register(&mut self, entry: &Entry, connector: u64, register: Register) {
        let Some(before) = self.registers.insert(connector, register) else {
            return;
        };
        // Whole Wh in Start and Stop, thousandths in between: rounding is not
        // going back.
        let rounding = if before.whole == register.whole {
            0.0
        } else {
            1.0
        };
        if self.rules.registers_only_grow && register.wh < before.wh - rounding {
            let (before, now) = (before.wh, register.wh);
            self.breach(
                entry,
                format!("register of connector {connector} goes back from {before} to {now} Wh"),
            );
        }
    }

    fn breach(&mut self, entry: &Entry, what: String) {
        self.ledger.breaches.push(Breach {
            entry: entry.number,
            what,
        });
    }
}

/// The energy registers in MeterValues.
fn samples(payload: &Value) -> Vec<Sample> {
    let empty = Vec::new();
    let values = payload["meterValue"].as_array().unwrap_or(&empty);
    values
        .iter()
        .filter_map(|value| {
            let sampled = value["sampledValue"].as_array()?;
            let register = sampled.iter().find(|s| {
                let measurand = s["measurand"].as_str();
                measurand.is_none_or(|m| m == "Energy.Active.Import.Register")
                    && s["phase"].is_null()
            })?;
            let number: f64 = register["value"].as_str()?.parse().ok()?;
            let factor = if register["unit"] == "kWh" {
                1000.0
            } else {
                1.0
            };
            Some(Sample {
                at: text(&value["timestamp"]),
                register_wh: number * factor,
            })
        })
        .collect()
}

fn out_of_order(last: &str, samples: &[Sample]) -> Option<String> {
    let mut last = last;
    for sample in samples {
        if before(&sample.at, last) {
            return Some(format!("meter value of {} after one of {last}", sample.at));
        }
        last = &sample.at;
    }
    None
}

/// Compares as times; a text that is none is before everything.
fn before(a: &str, b: &str) -> bool {
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match (time(a), time(b)) {
        (Some(a), Some(b)) => a < b,
        _ => true,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
