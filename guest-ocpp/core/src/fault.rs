//! What is wrong at an outlet, and how bad that is. Not here: what a protocol calls it.

use plugpoint_guest::protocol::{Fault, FaultKind};

/// Faults that are reported, but do not keep a car from charging.
pub fn is_mere_warning(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::ReaderFailure | FaultKind::WeakSignal | FaultKind::VehicleCommunication
    )
}

/// Faults of the whole charger, wherever they are reported.
pub fn is_of_all(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::EmergencyStop | FaultKind::Internal)
}

/// Faults after which a transaction does not go on by itself.
pub fn ends_transaction(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::GroundFailure
            | FaultKind::OverCurrent
            | FaultKind::ContactorFailure
            | FaultKind::EmergencyStop
            | FaultKind::Internal
    )
}

/// What is wrong, in the order in which it came: the host has an order of its own.
pub(crate) fn in_order(known: &[Fault], present: &[Fault]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = known
        .iter()
        .filter(|fault| present.contains(fault))
        .cloned()
        .collect();
    for fault in present {
        if !faults.contains(fault) {
            faults.push(fault.clone());
        }
    }
    faults
}
