//! The hand at the simulation: plugs cars in, raises faults, presents cards.
//!
//! Each order is done, and to be seen in the snapshot, when its method returns.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use super::car::Wish;
use crate::outlet::command::Command;
use crate::reader::{ReaderSettings, TokenSink};
use crate::wit::protocol::{PilotState, TokenKind};

/// The safety thread answers in microseconds; this is only there to end.
const ANSWER_BOUND: Duration = Duration::from_secs(2);
/// How long an order waits for the disk, if it is to survive the process.
const KEEP_BOUND: Duration = Duration::from_millis(500);

const MOST_CURRENT_A: f64 = 1_000.0;
const MOST_ENERGY_WH: f64 = 1e12;
const MOST_WORD_CHARS: usize = 255;

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// No such connector, or it is not simulated.
    #[error("there is no simulated connector {0}")]
    UnknownConnector(u32),
    /// No reader serves these connectors.
    #[error("no simulated reader serves these connectors")]
    UnknownReader,
    /// There is a car already.
    #[error("a car is already plugged into connector {0}")]
    AlreadyPlugged(u32),
    /// There is no car.
    #[error("no car is plugged into connector {0}")]
    NotPlugged(u32),
    /// A value that makes no sense.
    #[error("{0}")]
    BadValue(String),
    /// The hardware is being shut down.
    #[error("the charger is shutting down")]
    Ended,
}

/// An order to one outlet.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::outlet) enum OutletOrder {
    Plug {
        current_ma: u32,
        phases: u8,
        capacity_mwh: Option<u64>,
    },
    /// `cable_stays`: it is pulled out of the car only, and left in the socket.
    Unplug {
        cable_stays: bool,
    },
    Wish(Wish),
    Fault(String),
    ClearFault(Option<String>),
    SetMeter(u64),
    Jam(bool),
    EmergencyStop(bool),
    Mains(bool),
}

/// An order to one outlet, or to all.
#[derive(Clone, Debug)]
pub(in crate::outlet) enum BenchOrder {
    One(u32, OutletOrder),
    All(OutletOrder),
}

/// It is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outlet) struct Worked;

/// The answer to an order, in one or two parts.
#[derive(Debug)]
pub(in crate::outlet) enum BenchAnswer {
    /// Done, or not. `kept_later`: [`BenchAnswer::Kept`] follows.
    Done {
        result: Result<Worked, BenchError>,
        kept_later: bool,
    },
    /// What was done would survive the process now.
    Kept,
}

/// A handle on the simulation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SimBench {
    commands: Sender<Command>,
    tokens: TokenSink,
    /// Of the simulated readers: name and outlets.
    readers: BTreeMap<String, Vec<u32>>,
}

impl SimBench {
    pub(in crate::outlet) fn new(
        commands: Sender<Command>,
        tokens: TokenSink,
        readers: &[ReaderSettings],
    ) -> Self {
        let readers = readers
            .iter()
            .map(|reader| (reader.name.clone(), reader.outlets.clone()))
            .collect();
        Self {
            commands,
            tokens,
            readers,
        }
    }

    /// A car is plugged in. What is left out: 32 A, 3 phases, a battery that
    /// never gets full.
    pub fn plug(
        &self,
        connector: u32,
        current_a: Option<f64>,
        phases: Option<u8>,
        capacity_wh: Option<f64>,
    ) -> Result<(), BenchError> {
        let current_ma = milli(current_a.unwrap_or(32.0), MOST_CURRENT_A, "current_a")?;
        let phases = phases.unwrap_or(3);
        if !(1..=3).contains(&phases) {
            return Err(BenchError::BadValue("phases: expected 1, 2 or 3".into()));
        }
        let capacity_mwh = capacity_wh
            .map(|wh| milli(wh, MOST_ENERGY_WH, "capacity_wh"))
            .transpose()?;
        self.one(
            connector,
            OutletOrder::Plug {
                current_ma: u32::try_from(current_ma).unwrap_or(u32::MAX),
                phases,
                capacity_mwh,
            },
        )
    }

    /// The cable is pulled out of the car, and of the socket as soon as its lock
    /// lets it go.
    pub fn unplug(&self, connector: u32) -> Result<(), BenchError> {
        self.one(connector, OutletOrder::Unplug { cable_stays: false })
    }

    /// The cable is pulled out of the car, and stays in the socket until it is
    /// unplugged once more.
    pub fn unplug_at_car(&self, connector: u32) -> Result<(), BenchError> {
        self.one(connector, OutletOrder::Unplug { cable_stays: true })
    }

    /// What the car wants: B pauses, C charges, D charges with ventilation; E
    /// and F are a broken pilot wire.
    pub fn ev_state(&self, connector: u32, state: PilotState) -> Result<(), BenchError> {
        let wish = match state {
            PilotState::A => {
                return Err(BenchError::BadValue(
                    "state: expected B, C, D, E or F (for A, unplug)".into(),
                ));
            }
            PilotState::B => Wish::Pause,
            PilotState::C => Wish::Charge,
            PilotState::D => Wish::Ventilate,
            PilotState::E | PilotState::F => Wish::Broken(state),
        };
        self.one(connector, OutletOrder::Wish(wish))
    }

    /// A fault begins; an unknown word is a fault of kind `other`.
    pub fn fault(&self, connector: u32, word: &str) -> Result<(), BenchError> {
        let chars = word.chars().count();
        if chars == 0 || chars > MOST_WORD_CHARS {
            return Err(BenchError::BadValue(format!(
                "kind: expected a word of 1 to {MOST_WORD_CHARS} characters"
            )));
        }
        self.one(connector, OutletOrder::Fault(word.to_owned()))
    }

    /// A fault ends; without a word, all of them.
    pub fn clear_fault(&self, connector: u32, word: Option<&str>) -> Result<(), BenchError> {
        self.one(
            connector,
            OutletOrder::ClearFault(word.map(ToOwned::to_owned)),
        )
    }

    /// The register is set.
    pub fn set_meter(&self, connector: u32, energy_wh: f64) -> Result<(), BenchError> {
        let mwh = milli(energy_wh, MOST_ENERGY_WH, "energy_wh")?;
        self.one(connector, OutletOrder::SetMeter(mwh))
    }

    /// The lock's motor fails from now on, or works again.
    pub fn set_lock_jammed(&self, connector: u32, jammed: bool) -> Result<(), BenchError> {
        self.one(connector, OutletOrder::Jam(jammed))
    }

    /// The emergency stop of the whole charger.
    pub fn emergency_stop(&self, active: bool) -> Result<(), BenchError> {
        self.send(BenchOrder::All(OutletOrder::EmergencyStop(active)))
    }

    /// The mains fail, or come back.
    pub fn mains(&self, present: bool) -> Result<(), BenchError> {
        self.send(BenchOrder::All(OutletOrder::Mains(present)))
    }

    /// A card is read, by the first reader that serves all these connectors;
    /// none given: by the first reader.
    pub fn present_card(
        &self,
        token: &str,
        kind: TokenKind,
        connectors: Option<&[u32]>,
    ) -> Result<(), BenchError> {
        let wanted = connectors.unwrap_or_default();
        let (name, outlets) = self
            .readers
            .iter()
            .find(|(_, outlets)| wanted.iter().all(|outlet| outlets.contains(outlet)))
            .ok_or(BenchError::UnknownReader)?;
        let outlets = match wanted {
            [] => outlets.clone(),
            wanted => wanted.to_vec(),
        };
        self.tokens
            .put(name, outlets, token, kind)
            .map_err(|error| BenchError::BadValue(format!("id_tag: {error}")))
    }

    fn one(&self, connector: u32, order: OutletOrder) -> Result<(), BenchError> {
        self.send(BenchOrder::One(connector, order))
    }

    fn send(&self, order: BenchOrder) -> Result<(), BenchError> {
        let (answer, answers) = mpsc::channel();
        let at = Instant::now();
        self.commands
            .send(Command::Bench { order, at, answer })
            .map_err(|_| BenchError::Ended)?;
        let Ok(BenchAnswer::Done { result, kept_later }) = answers.recv_timeout(ANSWER_BOUND)
        else {
            return Err(BenchError::Ended);
        };
        result?;
        if kept_later && answers.recv_timeout(KEEP_BOUND).is_err() {
            tracing::warn!("the simulated hardware's state is not on disk yet");
        }
        Ok(())
    }
}

/// A number from outside in thousandths.
fn milli(value: f64, most: f64, name: &str) -> Result<u64, BenchError> {
    if !(value.is_finite() && (0.0..=most).contains(&value)) {
        return Err(BenchError::BadValue(format!(
            "{name}: expected a number from 0 to {most}"
        )));
    }
    // In range by the check above.
    Ok((value * 1000.0).round() as u64)
}
