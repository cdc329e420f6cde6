//! The words in which people name faults, and the neutral kinds they mean.

use crate::wit::protocol::{Fault, FaultKind};

const WORDS: [(&str, FaultKind); 12] = [
    ("GroundFailure", FaultKind::GroundFailure),
    ("OverCurrentFailure", FaultKind::OverCurrent),
    ("OverVoltage", FaultKind::OverVoltage),
    ("UnderVoltage", FaultKind::UnderVoltage),
    ("HighTemperature", FaultKind::OverTemperature),
    ("PowerSwitchFailure", FaultKind::ContactorFailure),
    ("ConnectorLockFailure", FaultKind::LockFailure),
    ("PowerMeterFailure", FaultKind::MeterFailure),
    ("ReaderFailure", FaultKind::ReaderFailure),
    ("EVCommunicationError", FaultKind::VehicleCommunication),
    ("InternalError", FaultKind::Internal),
    ("WeakSignal", FaultKind::WeakSignal),
];

/// The fault that a word means; a word that nobody knows is `other`, with the
/// word as text.
pub(super) fn fault(word: &str) -> Fault {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    match known {
        Some((_, kind)) => Fault {
            kind: *kind,
            text: String::new(),
        },
        None => Fault {
            kind: FaultKind::Other,
            text: word.to_owned(),
        },
    }
}
