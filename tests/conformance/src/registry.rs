//! The list of cases: number, name, whom it concerns, and what to run. Not here:
//! what a case does (see `cases`), nor what a report makes of it.

use std::fmt;

use super::outcome::{Failure, Outcome};
use super::session::Session;
use super::station::{Cable, Station, Traits};

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// As the certification numbers it; ours begin with `PP`.
    pub number: &'static str,
    /// In a few words.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// What the station must be for it.
    pub needs: Needs,
    /// The certification asks for it only where the station can do it.
    pub conditional: bool,
    /// The case itself.
    pub run: fn(&mut Session<'_>) -> Outcome,
}

/// What a case belongs to, as the reports group them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Registration.
    Boot,
    /// Sessions with cards and plugs.
    StartAndStop,
    /// The authorization cache.
    Cache,
    /// Remote start and stop.
    RemoteActions,
    /// Hard and soft.
    Reset,
    /// UnlockConnector.
    Unlock,
    /// Configuration keys.
    Configuration,
    /// Sampled and clock-aligned.
    MeterValues,
    /// Refusals, faults, power and connection losses.
    NonHappy,
    /// DataTransfer.
    DataTransfer,
    /// Profiles that the station does not offer are refused as they must be.
    NotSupported,
    /// Tokens that the central system keeps at the station.
    LocalList,
    /// A connector that is kept for somebody.
    Reservation,
    /// TriggerMessage.
    RemoteTrigger,
    /// Updates and diagnostics.
    Firmware,
    /// Charging profiles.
    SmartCharging,
    /// Ours: several connectors.
    SeveralConnectors,
    /// Ours: what the certification does not ask for.
    Beyond,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boot => "Core: boot",
            Self::StartAndStop => "Core: start and stop",
            Self::Cache => "Core: authorization cache",
            Self::RemoteActions => "Core: remote actions",
            Self::Reset => "Core: reset",
            Self::Unlock => "Core: unlock",
            Self::Configuration => "Core: configuration",
            Self::MeterValues => "Core: meter values",
            Self::NonHappy => "Core: non-happy flows",
            Self::DataTransfer => "Core: data transfer",
            Self::LocalList => "LocalAuthListManagement",
            Self::Reservation => "Reservation",
            Self::RemoteTrigger => "RemoteTrigger",
            Self::Firmware => "FirmwareManagement",
            Self::SmartCharging => "SmartCharging",
            Self::NotSupported => "Profiles that are not offered",
            Self::SeveralConnectors => "Beyond the certification: several connectors",
            Self::Beyond => "Beyond the certification",
        })
    }
}

/// What a station must be for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anything.
    Anything,
    /// A tethered cable at the connector under test.
    FixedCable,
    /// A socket there.
    Socket,
    /// Enough energy to say something after the mains have failed.
    HoldUp,
    /// Two connectors.
    TwoConnectors,
    /// Two connectors that one reader serves.
    SharedReader,
}

impl Needs {
    /// Nothing: the station has it. Else why not.
    pub fn missing_in(self, traits: &Traits) -> Option<String> {
        let (has, why) = match self {
            Self::Anything => (true, ""),
            Self::FixedCable => (
                traits.cable(traits.connector) == Cable::Fixed,
                "it is for fixed cables, and the connector is a socket",
            ),
            Self::Socket => (
                traits.cable(traits.connector) == Cable::Socket,
                "it is for sockets, and the connector has a fixed cable",
            ),
            Self::HoldUp => (
                traits.holds_up,
                "it is for stations that go on for a while when the mains fail",
            ),
            Self::TwoConnectors => (
                traits.cables.len() > 1,
                "it needs two connectors, and the station has one",
            ),
            Self::SharedReader => (
                traits.reader.len() > 1,
                "it needs a reader that serves two connectors",
            ),
        };
        (!has).then(|| why.to_owned())
    }
}

impl Case {
    /// Prepares the station, and runs the case on it.
    pub fn check(&self, station: &mut dyn Station) -> Outcome {
        if let Some(why) = self.needs.missing_in(station.traits()) {
            return Err(Failure::NotApplicable(why));
        }
        let mut session = Session::new(station);
        session.ready()?;
        (self.run)(&mut session)?;
        session.finish()
    }

    /// The case with this number.
    pub fn find(number: &str) -> Option<&'static Self> {
        super::cases::CASES
            .iter()
            .find(|case| case.number.eq_ignore_ascii_case(number))
    }

    /// It is one of the certification's cases, not ours.
    pub fn is_of_certification(&self) -> bool {
        self.number.starts_with("TC_")
    }
}
