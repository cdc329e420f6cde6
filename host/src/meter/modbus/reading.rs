//! From the words of all batches to the values of a meter.

use super::failure::MeterFailure;
use crate::meter::map::value::Value;
use crate::meter::map::{Batch, Register, RegisterMap};
use crate::wit::protocol::Measurement;

/// What a meter's registers say; nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The energy register, mWh.
    pub register_mwh: u64,
    /// All else, in the order of the map, without what the meter does not have.
    pub measurements: Vec<Measurement>,
}

/// Words as they came, one list per batch of the map.
pub(super) fn values(map: &RegisterMap, answers: &[Vec<u16>]) -> Result<Values, MeterFailure> {
    let value = |register: &Register| {
        let words = words(&map.batches, answers, register);
        words.map_or(Value::NotAvailable, |words| register.value(words))
    };
    let register_mwh = match value(&map.energy) {
        Value::Milli(milli) => u64::try_from(milli)
            .map_err(|_negative| MeterFailure::Impossible(map.energy.address))?,
        Value::NotAvailable => return Err(MeterFailure::NoEnergy),
        Value::Impossible => return Err(MeterFailure::Impossible(map.energy.address)),
    };
    let mut measurements = Vec::with_capacity(map.others.len());
    for (measurand, register) in &map.others {
        match value(register) {
            Value::Milli(milli) => measurements.push(Measurement {
                quantity: measurand.quantity,
                phase: measurand.phase,
                milli,
            }),
            Value::NotAvailable => {}
            Value::Impossible => return Err(MeterFailure::Impossible(register.address)),
        }
    }
    Ok(Values {
        register_mwh,
        measurements,
    })
}

fn words<'a>(batches: &[Batch], answers: &'a [Vec<u16>], register: &Register) -> Option<&'a [u16]> {
    let (batch, words) = batches
        .iter()
        .zip(answers)
        .find(|(batch, _)| batch.holds(register))?;
    let from = usize::from(register.address - batch.address);
    words.get(from..from + usize::from(register.words()))
}
