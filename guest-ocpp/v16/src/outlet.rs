//! What OCPP 1.6 adds to what is remembered of an outlet. Not here: what goes on there (see
//! `plugpoint_ocpp_core::outlet`).

use plugpoint_ocpp_core::clock::Moment;
use plugpoint_ocpp_core::{Protocol, outlet, session};

use crate::meter::MeterValue;
use crate::record::StopReason;
use crate::status::Report;

/// OCPP 1.6.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ocpp16;

impl Protocol for Ocpp16 {
    type Reason = StopReason;
    type Value = MeterValue;
    type Report = Report;

    fn time_of(value: &MeterValue) -> Moment {
        value.at
    }
}

pub(crate) type Outlet = outlet::Outlet<Ocpp16>;
pub(crate) type Session = session::Session<Ocpp16>;
pub(crate) type Stop = session::Stop<Ocpp16>;
pub(crate) type Halted = session::Halted<Ocpp16>;
