//! The cases. One function each, named as the case is; a story in the words of
//! a session, and what the station must say to it.

mod boot;
mod cache;
mod configuration;
mod firmware;
mod local_list;
mod meter_values;
mod offline;
mod power;
mod refusals;
mod remote;
mod remote_trigger;
mod reservation;
mod reset;
mod several;
mod smart_charging;
mod start_stop;
mod unlock;
mod unsupported;

use std::time::Duration;

use super::outcome::Outcome;
use super::registry::{Case, Group, Needs};
use super::session::Session;

/// A duration as a configuration key has it.
fn secs(time: Duration) -> String {
    time.as_secs().to_string()
}

const fn case(
    number: &'static str,
    name: &'static str,
    group: Group,
    run: fn(&mut Session<'_>) -> Outcome,
) -> Case {
    Case {
        number,
        name,
        group,
        needs: Needs::Anything,
        conditional: false,
        run,
    }
}

const fn only(needs: Needs, case: Case) -> Case {
    Case { needs, ..case }
}

const fn conditional(case: Case) -> Case {
    Case {
        conditional: true,
        ..case
    }
}

/// All cases, in the order in which they are run.
#[rustfmt::skip] // a table
pub const CASES: &[Case] = &[
    case("TC_001", "Cold boot", Group::Boot, boot::tc_001),
    case("TC_002", "Cold boot, Pending", Group::Boot, boot::tc_002),
    case("TC_003", "Plug-in first", Group::StartAndStop, start_stop::tc_003),
    case("TC_004_1", "Identification first", Group::StartAndStop, start_stop::tc_004_1),
    case("TC_004_2", "Identification first, ConnectionTimeOut", Group::StartAndStop, start_stop::tc_004_2),
    only(Needs::Socket, case("TC_005_1", "EV-side disconnect, stop and unlock", Group::StartAndStop, start_stop::tc_005_1)),
    conditional(case("TC_005_2", "EV-side disconnect, stop without unlocking", Group::StartAndStop, start_stop::tc_005_2)),
    conditional(case("TC_005_3", "EV-side disconnect without stopping", Group::StartAndStop, start_stop::tc_005_3)),
    case("TC_068", "Stop with the same idTag", Group::StartAndStop, start_stop::tc_068),
    case("TC_069", "Stop with the same parentIdTag", Group::StartAndStop, start_stop::tc_069),
    case("TC_007_1", "Start with a cached id, local", Group::Cache, cache::tc_007_1),
    case("TC_007_2", "Start with a cached id, remote", Group::Cache, cache::tc_007_2),
    case("TC_061_1", "Clear cache, local", Group::Cache, cache::tc_061_1),
    case("TC_061_2", "Clear cache, remote", Group::Cache, cache::tc_061_2),
    case("TC_010", "Remote start, cable first", Group::RemoteActions, remote::tc_010),
    case("TC_011_1", "Remote start first", Group::RemoteActions, remote::tc_011_1),
    case("TC_011_2", "Remote start, ConnectionTimeOut", Group::RemoteActions, remote::tc_011_2),
    case("TC_012", "Remote stop", Group::RemoteActions, remote::tc_012),
    case("TC_026", "Remote start, rejected", Group::RemoteActions, remote::tc_026),
    case("TC_027", "Remote start, connectorId 0", Group::RemoteActions, remote::tc_027),
    case("TC_028", "Remote stop, unknown transaction", Group::RemoteActions, remote::tc_028),
    case("TC_013", "Hard reset, idle", Group::Reset, reset::tc_013),
    case("TC_014", "Soft reset, idle", Group::Reset, reset::tc_014),
    case("TC_015", "Hard reset in a transaction", Group::Reset, reset::tc_015),
    case("TC_016", "Soft reset in a transaction", Group::Reset, reset::tc_016),
    only(Needs::Socket, case("TC_017_1", "Unlock, idle, socket", Group::Unlock, unlock::tc_017_1)),
    only(Needs::FixedCable, case("TC_017_2", "Unlock, idle, fixed cable", Group::Unlock, unlock::tc_017_2)),
    only(Needs::Socket, case("TC_018_1", "Unlock while charging, socket", Group::Unlock, unlock::tc_018_1)),
    only(Needs::FixedCable, case("TC_018_2", "Unlock while charging, fixed cable", Group::Unlock, unlock::tc_018_2)),
    only(Needs::Socket, case("TC_030", "Unlock failure", Group::Unlock, unlock::tc_030)),
    case("TC_031", "Unlock, unknown connector", Group::Unlock, unlock::tc_031),
    case("TC_019", "Retrieve configuration", Group::Configuration, configuration::tc_019),
    case("TC_021", "Change configuration", Group::Configuration, configuration::tc_021),
    case("TC_040_1", "Change configuration, unknown key", Group::Configuration, configuration::tc_040_1),
    case("TC_040_2", "Change configuration, bad value", Group::Configuration, configuration::tc_040_2),
    case("TC_070", "Sampled meter values", Group::MeterValues, meter_values::tc_070),
    case("TC_071", "Clock-aligned meter values", Group::MeterValues, meter_values::tc_071),
    case("TC_023_4", "Authorize invalid, local", Group::NonHappy, refusals::tc_023_4),
    case("TC_023_5", "Authorize invalid, remote", Group::NonHappy, refusals::tc_023_5),
    only(Needs::Socket, case("TC_024", "Lock failure", Group::NonHappy, refusals::tc_024)),
    conditional(only(Needs::HoldUp, case("TC_032_1", "Power failure with back-up", Group::NonHappy, power::tc_032_1))),
    case("TC_032_2", "Power failure, stop after boot", Group::NonHappy, power::tc_032_2),
    case("TC_034", "Unavailable persists", Group::NonHappy, power::tc_034),
    case("TC_036", "Connection loss in a transaction", Group::NonHappy, offline::tc_036),
    case("TC_037_1", "Offline start, valid id", Group::NonHappy, offline::tc_037_1),
    case("TC_037_2", "Offline start, invalid id, StopTransactionOnInvalidId false", Group::NonHappy, offline::tc_037_2),
    case("TC_037_3", "Offline start, invalid id, StopTransactionOnInvalidId true", Group::NonHappy, offline::tc_037_3),
    case("TC_038", "Offline stop", Group::NonHappy, offline::tc_038),
    case("TC_039", "Offline transaction", Group::NonHappy, offline::tc_039),
    case("TC_041", "Fault", Group::NonHappy, refusals::tc_041),
    case("TC_062", "DataTransfer to the station", Group::DataTransfer, unsupported::tc_062),
    case("TC_042_1", "GetLocalListVersion, not supported", Group::NotSupported, unsupported::tc_042_1),
    case("TC_043_1", "SendLocalList, not supported", Group::NotSupported, unsupported::tc_043_1),
    case("TC_048_4", "ReserveNow, not supported", Group::NotSupported, unsupported::tc_048_4),
    case("TC_050_4", "ReserveNow of connector 0, not supported", Group::NotSupported, unsupported::tc_050_4),
    case("PP_044", "Updates and diagnostics, not supported", Group::NotSupported, firmware::pp_044),
    case("TC_042_2", "GetLocalListVersion, empty list", Group::LocalList, local_list::tc_042_2),
    case("TC_043", "SendLocalList", Group::LocalList, local_list::tc_043),
    case("TC_043_2", "SendLocalList, VersionMismatch", Group::LocalList, local_list::tc_043_2),
    case("TC_043_3", "SendLocalList, Failed", Group::LocalList, local_list::tc_043_3),
    case("TC_008_1", "Start with a listed id, local", Group::LocalList, local_list::tc_008_1),
    case("TC_008_2", "Start with a listed id, remote", Group::LocalList, local_list::tc_008_2),
    case("TC_044_1", "UpdateFirmware, installed", Group::Firmware, firmware::tc_044_1),
    case("TC_044_2", "UpdateFirmware, download failed", Group::Firmware, firmware::tc_044_2),
    case("TC_044_3", "UpdateFirmware, installation failed", Group::Firmware, firmware::tc_044_3),
    case("TC_045_1", "GetDiagnostics", Group::Firmware, firmware::tc_045_1),
    case("TC_045_2", "GetDiagnostics, upload failed", Group::Firmware, firmware::tc_045_2),
    case("TC_046_1", "Reservation, local start", Group::Reservation, reservation::tc_046_1),
    case("TC_046_2", "Reservation, remote start", Group::Reservation, reservation::tc_046_2),
    case("TC_047", "Reservation, expiry", Group::Reservation, reservation::tc_047),
    case("TC_048_1", "ReserveNow, Faulted", Group::Reservation, reservation::tc_048_1),
    case("TC_048_2", "ReserveNow, Occupied", Group::Reservation, reservation::tc_048_2),
    case("TC_048_3", "ReserveNow, Unavailable", Group::Reservation, reservation::tc_048_3),
    case("TC_049", "Reservation of connector 0", Group::Reservation, reservation::tc_049),
    case("TC_050_1", "ReserveNow of connector 0, Faulted", Group::Reservation, reservation::tc_050_1),
    case("TC_050_2", "ReserveNow of connector 0, Occupied", Group::Reservation, reservation::tc_050_2),
    case("TC_050_3", "ReserveNow of connector 0, Unavailable", Group::Reservation, reservation::tc_050_3),
    case("TC_051", "Cancel a reservation", Group::Reservation, reservation::tc_051),
    case("TC_052", "Cancel an unknown reservation", Group::Reservation, reservation::tc_052),
    case("TC_053_1", "Reservation for a group, local start", Group::Reservation, reservation::tc_053_1),
    case("TC_053_2", "Reservation for a group, remote start", Group::Reservation, reservation::tc_053_2),
    case("TC_054", "Trigger a message", Group::RemoteTrigger, remote_trigger::tc_054),
    case("TC_055", "Trigger a message, rejected", Group::RemoteTrigger, remote_trigger::tc_055),
    case("TC_056", "TxDefaultProfile", Group::SmartCharging, smart_charging::tc_056),
    case("TC_057", "TxProfile in a transaction", Group::SmartCharging, smart_charging::tc_057),
    case("TC_058_1", "TxProfile without a transaction", Group::SmartCharging, smart_charging::tc_058_1),
    case("TC_058_2", "TxProfile, wrong transactionId", Group::SmartCharging, smart_charging::tc_058_2),
    case("TC_082", "TxDefaultProfile in a transaction", Group::SmartCharging, smart_charging::tc_082),
    case("TC_066", "Composite schedule of three purposes", Group::SmartCharging, smart_charging::tc_066),
    case("TC_067", "Clear charging profiles", Group::SmartCharging, smart_charging::tc_067),
    case("TC_072", "Stacked profiles", Group::SmartCharging, smart_charging::tc_072),
    case("TC_059", "Remote start with a TxProfile", Group::SmartCharging, smart_charging::tc_059),
    case("TC_060", "Remote start with another profile", Group::SmartCharging, smart_charging::tc_060),
    only(Needs::SharedReader, case("PP_2C_1", "One reader for two connectors", Group::SeveralConnectors, several::pp_2c_1)),
    only(Needs::TwoConnectors, case("PP_2C_2", "Overlapping transactions", Group::SeveralConnectors, several::pp_2c_2)),
    only(Needs::TwoConnectors, case("PP_2C_3", "Remote start without connectorId", Group::SeveralConnectors, several::pp_2c_3)),
    only(Needs::TwoConnectors, case("PP_2C_4", "ChangeAvailability of connector 0 during a transaction", Group::SeveralConnectors, several::pp_2c_4)),
    only(Needs::TwoConnectors, case("PP_2C_5", "One connector out of service", Group::SeveralConnectors, several::pp_2c_5)),
    case("PP_1C_1", "Remote start without connectorId, one connector", Group::Beyond, configuration::pp_remote_start),
    case("PP_021", "Changed configuration survives the power", Group::Beyond, configuration::pp_configuration),
];
