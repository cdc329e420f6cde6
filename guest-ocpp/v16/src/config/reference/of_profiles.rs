//! What the manual says of the keys that the profiles bring along. Not here: the core's.

use super::Group;

/// Group, unit and meaning of a key of a profile.
pub(super) fn about(name: &str) -> (Group, &'static str, &'static str) {
    use Group::*;
    match name {
        "LocalAuthListEnabled" => (
            Authorization,
            "",
            "Use the local list. Switched off, it is kept, and cannot be updated.",
        ),
        "LocalAuthListMaxLength" => (Authorization, "entries", "Length of the local list."),
        "SendLocalListMaxLength" => (Authorization, "entries", "Length of one SendLocalList."),
        "ReserveConnectorZeroSupported" => (
            Authorization,
            "",
            "Connector 0 can be reserved: one connector is kept, whichever that is. Those that are kept for it, once there are no others, are `Reserved`.",
        ),
        "SupportedFileTransferProtocols" => (
            ChargePoint,
            "",
            "How files are fetched and sent: the schemes of `location` in UpdateFirmware and GetDiagnostics.",
        ),
        "ChargeProfileMaxStackLevel" => (
            SmartCharging,
            "",
            "Highest stackLevel of a charging profile.",
        ),
        "ChargingScheduleAllowedChargingRateUnit" => (
            SmartCharging,
            "",
            "Units of charging schedules: `Current` (A per phase), `Power` (W in all), or both.",
        ),
        "ChargingScheduleMaxPeriods" => (
            SmartCharging,
            "periods",
            "Length of a charging schedule; a composite schedule with more ends earlier than was asked.",
        ),
        "ConnectorSwitch3to1PhaseSupported" => (
            SmartCharging,
            "",
            "The hardware can switch between one and three phases in a transaction. Otherwise all phases stay on, whatever `numberPhases` says.",
        ),
        "MaxChargingProfilesInstalled" => (
            SmartCharging,
            "profiles",
            "Charging profiles installed at a time.",
        ),
        "PlugpointCompositeStartSchedule" => (
            SmartCharging,
            "",
            "GetCompositeSchedule is answered with `startSchedule` beside `scheduleStart`, for central systems that look for it there. Errata 3.57 has it left out.",
        ),
        "PlugpointOfflineCurrent" => (
            SmartCharging,
            "A",
            "Offline, a transaction draws no more than this per phase, whatever the charging profiles allow; below 6 nothing. -1: charging profiles alone count.",
        ),
        "PlugpointOfflineCurrentDelay" => (
            SmartCharging,
            "s",
            "How long the connection has been lost when `PlugpointOfflineCurrent` comes into force.",
        ),
        "PlugpointSharingRotationInterval" => (
            SmartCharging,
            "s",
            "Where a ChargePointMaxProfile does not allow 6 A for each car, others are served after this time. 0: those that came first, until they have left.",
        ),
        other => panic!("the manual says nothing of {other}"),
    }
}
