//! The status of a connector, derived from raw facts. Not here: when it is
//! told (see `reporting`).

use crate::host::{Fault, FaultKind, Look};
use crate::packed::{packed, packed_words};

/// In the words of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Available,
    Preparing,
    Charging,
    SuspendedEvse,
    SuspendedEv,
    Finishing,
    Reserved,
    Unavailable,
    Faulted,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Preparing => "Preparing",
            Self::Charging => "Charging",
            Self::SuspendedEvse => "SuspendedEVSE",
            Self::SuspendedEv => "SuspendedEV",
            Self::Finishing => "Finishing",
            Self::Reserved => "Reserved",
            Self::Unavailable => "Unavailable",
            Self::Faulted => "Faulted",
        }
    }

    pub(crate) fn is_in_session(self) -> bool {
        matches!(
            self,
            Self::Charging | Self::SuspendedEv | Self::SuspendedEvse
        )
    }

    pub(crate) fn look(self) -> Look {
        match self {
            Self::Available => Look::Available,
            Self::Preparing => Look::Preparing,
            Self::Charging => Look::Charging,
            Self::SuspendedEvse | Self::SuspendedEv => Look::Suspended,
            Self::Finishing => Look::Finishing,
            Self::Reserved => Look::Reserved,
            Self::Unavailable => Look::Unavailable,
            Self::Faulted => Look::Faulted,
        }
    }
}

impl Status {
    /// Whether the standard's table of transitions allows this step.
    fn may_become(self, next: Self) -> bool {
        use Status::*;
        match self {
            Available => next != Finishing,
            Unavailable => !matches!(next, Finishing | Reserved),
            Preparing => !matches!(next, Unavailable | Reserved),
            Charging | SuspendedEv | SuspendedEvse => !matches!(next, Preparing | Reserved),
            Reserved => matches!(
                next,
                Reserved | Available | Preparing | Unavailable | Faulted
            ),
            Finishing => matches!(
                next,
                Finishing | Available | Preparing | Unavailable | Faulted
            ),
            Faulted => true,
        }
    }

    /// What has to be said in between where the table does not allow the step,
    /// because something was too short to be said, or needs no saying here.
    pub(crate) fn bridge_to(self, next: Self, plugged: bool) -> Option<Self> {
        if self.may_become(next) {
            return None;
        }
        if (self, next) == (Self::Preparing, Self::Unavailable) {
            // Nothing has timed out and nothing has ended: the use that was
            // intended is over (B1).
            return Some(Self::Available);
        }
        let order = if plugged {
            [Self::Preparing, Self::Finishing, Self::Available]
        } else {
            [Self::Available, Self::Preparing, Self::Finishing]
        };
        order
            .into_iter()
            .find(|between| self.may_become(*between) && between.may_become(next))
    }
}

/// A status with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) status: Status,
    /// The standard's error code.
    pub(crate) error: String,
    pub(crate) info: String,
    pub(crate) vendor_error: String,
}

pub(crate) const NO_ERROR: &str = "NoError";

impl Report {
    pub(crate) fn of(status: Status) -> Self {
        Self {
            status,
            error: NO_ERROR.to_owned(),
            info: String::new(),
            vendor_error: String::new(),
        }
    }

    pub(crate) fn with_fault(status: Status, fault: &Fault) -> Self {
        let (error, vendor_error) = match fault.kind {
            FaultKind::Other => ("OtherError", fault.text.clone()),
            FaultKind::EmergencyStop => ("OtherError", "EmergencyStop".to_owned()),
            kind => (error_code(kind), String::new()),
        };
        let info = if fault.kind == FaultKind::Other {
            String::new()
        } else {
            fault.text.clone()
        };
        Self {
            status,
            error: error.to_owned(),
            info,
            vendor_error,
        }
    }
}

fn error_code(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::GroundFailure => "GroundFailure",
        FaultKind::OverCurrent => "OverCurrentFailure",
        FaultKind::OverVoltage => "OverVoltage",
        FaultKind::UnderVoltage => "UnderVoltage",
        FaultKind::OverTemperature => "HighTemperature",
        FaultKind::ContactorFailure => "PowerSwitchFailure",
        FaultKind::LockFailure => "ConnectorLockFailure",
        FaultKind::MeterFailure => "PowerMeterFailure",
        FaultKind::ReaderFailure => "ReaderFailure",
        FaultKind::VehicleCommunication => "EVCommunicationError",
        FaultKind::Internal => "InternalError",
        FaultKind::WeakSignal => "WeakSignal",
        FaultKind::EmergencyStop | FaultKind::Other => "OtherError",
    }
}

/// Whether a fault may be told together with this status: what is said of the
/// car, only while there is one that does not charge (OCPP 1.6, 4.9).
pub(crate) fn goes_with(kind: FaultKind, status: Status) -> bool {
    kind != FaultKind::VehicleCommunication
        || matches!(
            status,
            Status::Preparing | Status::SuspendedEv | Status::SuspendedEvse | Status::Finishing
        )
}

packed_words!(Status { Available = "Available", Preparing = "Preparing", Charging = "Charging", SuspendedEvse = "SuspendedEVSE", SuspendedEv = "SuspendedEV", Finishing = "Finishing", Reserved = "Reserved", Unavailable = "Unavailable", Faulted = "Faulted" });
packed!(Report {
    status,
    error,
    info,
    vendor_error
});
