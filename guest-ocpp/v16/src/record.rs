//! The messages of transactions, as they are kept until the central system has answered
//! them. Not here: in which order they are kept (see `queue`).

use crate::host::Durability;
use crate::meter::MeterValue;
use crate::packed::{packed, packed_enum, packed_words};
use crate::turn::Turn;
use plugpoint_ocpp_core::clock::Moment;

/// One message. The central system's number of the transaction is filled in
/// when it is sent; here it goes by our own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Message id, the same each time it is sent.
    pub(crate) id: String,
    /// Our number of the transaction; 0: values outside of any.
    pub(crate) session: u64,
    pub(crate) outlet: u32,
    pub(crate) what: What,
}

impl Record {
    /// A start or a stop: never dropped because others fail.
    pub(crate) fn is_vital(&self) -> bool {
        !matches!(self.what, What::Values { .. })
    }

    /// The end of a transaction that may have ended later, ms, with that decided.
    pub(crate) fn ended_later(&self, by_ms: u64) -> Self {
        let mut record = self.clone();
        if let What::Stop {
            at, data, later_ms, ..
        } = &mut record.what
        {
            let before = *at;
            *at = before.plus(by_ms);
            *later_ms = None;
            // The last value is of the end.
            for value in data.iter_mut().rev().take_while(|it| it.at == before) {
                value.at = *at;
            }
        }
        record
    }

    /// What it is called on the wire.
    pub(crate) fn action(&self) -> &'static str {
        match self.what {
            What::Start { .. } => "StartTransaction",
            What::Values { .. } => "MeterValues",
            What::Stop { .. } => "StopTransaction",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Start {
        tag: String,
        meter_wh: i64,
        at: Moment,
        reservation: Option<i64>,
    },
    Values {
        values: Vec<MeterValue>,
    },
    Stop {
        tag: Option<String>,
        meter_wh: i64,
        at: Moment,
        reason: StopReason,
        data: Vec<MeterValue>,
        /// It may have ended this much later, ms; decided when it is first sent.
        later_ms: Option<u64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    Local,
    Remote,
    EvDisconnected,
    DeAuthorized,
    EmergencyStop,
    HardReset,
    SoftReset,
    Reboot,
    PowerLoss,
    UnlockCommand,
    Other,
}

impl StopReason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::Remote => "Remote",
            Self::EvDisconnected => "EVDisconnected",
            Self::DeAuthorized => "DeAuthorized",
            Self::EmergencyStop => "EmergencyStop",
            Self::HardReset => "HardReset",
            Self::SoftReset => "SoftReset",
            Self::Reboot => "Reboot",
            Self::PowerLoss => "PowerLoss",
            Self::UnlockCommand => "UnlockCommand",
            Self::Other => "Other",
        }
    }
}

/// The central system's number of one of our transactions, for messages that
/// are sent later.
pub(crate) mod numbers {
    use super::{Durability, Turn};

    pub(crate) fn note(turn: &mut Turn<'_>, session: u64, id: i64) {
        turn.store.write(key_of(session), &id, Durability::Durable);
    }

    pub(crate) fn find(turn: &mut Turn<'_>, session: u64) -> Option<i64> {
        let log = turn.log;
        turn.store.read(&key_of(session), log)
    }

    pub(crate) fn forget(turn: &mut Turn<'_>, session: u64) {
        turn.store.forget(&key_of(session));
    }

    fn key_of(session: u64) -> String {
        format!("number/{session:020}")
    }
}

packed!(Record {
    id,
    session,
    outlet,
    what
});
packed_enum!(What {
    Start { tag, meter_wh, at, reservation },
    Values { values },
    Stop { tag, meter_wh, at, reason, data, later_ms },
});
packed_words!(StopReason { Local = "Local", Remote = "Remote", EvDisconnected = "EVDisconnected", DeAuthorized = "DeAuthorized", EmergencyStop = "EmergencyStop", HardReset = "HardReset", SoftReset = "SoftReset", Reboot = "Reboot", PowerLoss = "PowerLoss", UnlockCommand = "UnlockCommand", Other = "Other" });
