//! Under which heading of the manual the keys of profiles stand. Not here: the core's.

use super::Group;

/// Of this key of a profile.
pub(super) fn group(name: &str) -> Group {
    match name {
        "LocalAuthListEnabled"
        | "LocalAuthListMaxLength"
        | "SendLocalListMaxLength"
        | "ReserveConnectorZeroSupported" => Group::Authorization,
        "SupportedFileTransferProtocols" => Group::ChargePoint,
        "ChargeProfileMaxStackLevel"
        | "ChargingScheduleAllowedChargingRateUnit"
        | "ChargingScheduleMaxPeriods"
        | "ConnectorSwitch3to1PhaseSupported"
        | "MaxChargingProfilesInstalled"
        | "PlugpointCompositeStartSchedule"
        | "PlugpointOfflineCurrent"
        | "PlugpointOfflineCurrentDelay"
        | "PlugpointSharingRotationInterval" => Group::SmartCharging,
        other => panic!("the manual has no heading for {other}"),
    }
}
