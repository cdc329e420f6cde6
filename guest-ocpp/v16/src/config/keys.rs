//! The table of configuration keys: names, types, access, defaults.

/// What a value of a key looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int {
        least: i64,
        most: i64,
    },
    Text {
        longest: usize,
    },
    /// A list of measurands, no longer than another key says.
    Measurands {
        most: Key,
    },
    /// A list of `connector.wiring`, no longer than another key says.
    Rotation {
        most: Key,
    },
    Profiles,
    Password,
}

/// What the central system may do with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
    Write,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) key: Key,
    pub(crate) name: &'static str,
    pub(super) kind: Kind,
    pub(super) access: Access,
    pub(super) default: &'static str,
}

const fn row(
    key: Key,
    name: &'static str,
    kind: Kind,
    access: Access,
    default: &'static str,
) -> Info {
    Info {
        key,
        name,
        kind,
        access,
        default,
    }
}

/// A key of ours, not the standard's.
const fn own(key: Key, name: &'static str, kind: Kind, default: &'static str) -> Info {
    Info {
        key,
        name,
        kind,
        access: Access::ReadWrite,
        default,
    }
}

/// A configuration key; the order is the one of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::enum_variant_names)] // the standard's names
pub(crate) enum Key {
    AllowOfflineTxForUnknownId,
    AuthorizationCacheEnabled,
    AuthorizeRemoteTxRequests,
    BlinkRepeat,
    ClockAlignedDataInterval,
    ConnectionTimeOut,
    ConnectorPhaseRotation,
    ConnectorPhaseRotationMaxLength,
    GetConfigurationMaxKeys,
    HeartbeatInterval,
    LightIntensity,
    LocalAuthorizeOffline,
    LocalPreAuthorize,
    MaxEnergyOnInvalidId,
    MessageTimeout,
    MeterValuesAlignedData,
    MeterValuesAlignedDataMaxLength,
    MeterValuesSampledData,
    MeterValuesSampledDataMaxLength,
    MeterValueSampleInterval,
    MinimumStatusDuration,
    NumberOfConnectors,
    ResetRetries,
    StopTransactionMaxMeterValues,
    StopTransactionOnEVSideDisconnect,
    StopTransactionOnInvalidId,
    StopTxnAlignedData,
    StopTxnAlignedDataMaxLength,
    StopTxnSampledData,
    StopTxnSampledDataMaxLength,
    SupportedFeatureProfiles,
    SupportedFeatureProfilesMaxLength,
    TransactionMessageAttempts,
    TransactionMessageRetryInterval,
    UnlockConnectorOnEVSideDisconnect,
    WebSocketPingInterval,
    AuthorizationKey,
    SecurityProfile,
    BootOnReconnect,
    FreeVendIdTag,
    OfflineTransactionsWithoutClock,
    RejectRemoteStartWithoutConnectorId,
    TimestampMilliseconds,
    TransactionsBeforeAccepted,
}

pub(super) const COUNT: usize = 44;

impl Key {
    pub(crate) fn info(self) -> &'static Info {
        &TABLE[self as usize]
    }

    /// One of the three keys that should fit together (see `warn_of_retries`).
    pub(super) fn is_of_retries(self) -> bool {
        matches!(
            self,
            Self::WebSocketPingInterval
                | Self::TransactionMessageAttempts
                | Self::TransactionMessageRetryInterval
        )
    }

    /// Names are compared as the standard says: without regard to case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|info| info.name.len() == name.len() && info.name.eq_ignore_ascii_case(name))
            .map(|info| info.key)
    }
}

#[rustfmt::skip] // a table
pub(super) static TABLE: [Info; COUNT] = [
    row(Key::AllowOfflineTxForUnknownId, "AllowOfflineTxForUnknownId", Kind::Bool, Access::ReadWrite, "false"),
    row(Key::AuthorizationCacheEnabled, "AuthorizationCacheEnabled", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::AuthorizeRemoteTxRequests, "AuthorizeRemoteTxRequests", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::BlinkRepeat, "BlinkRepeat", Kind::Int { least: 0, most: 100 }, Access::ReadWrite, "3"),
    row(Key::ClockAlignedDataInterval, "ClockAlignedDataInterval", Kind::Int { least: 0, most: 86_400 }, Access::ReadWrite, "0"),
    row(Key::ConnectionTimeOut, "ConnectionTimeOut", Kind::Int { least: 0, most: 86_400 }, Access::ReadWrite, "60"),
    row(Key::ConnectorPhaseRotation, "ConnectorPhaseRotation", Kind::Rotation { most: Key::ConnectorPhaseRotationMaxLength }, Access::ReadWrite, ""),
    row(Key::ConnectorPhaseRotationMaxLength, "ConnectorPhaseRotationMaxLength", Kind::Int { least: 0, most: 1_000 }, Access::Read, ""),
    row(Key::GetConfigurationMaxKeys, "GetConfigurationMaxKeys", Kind::Int { least: 1, most: 1_000 }, Access::Read, "64"),
    row(Key::HeartbeatInterval, "HeartbeatInterval", Kind::Int { least: 0, most: 604_800 }, Access::ReadWrite, "3600"),
    row(Key::LightIntensity, "LightIntensity", Kind::Int { least: 0, most: 100 }, Access::ReadWrite, "100"),
    row(Key::LocalAuthorizeOffline, "LocalAuthorizeOffline", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::LocalPreAuthorize, "LocalPreAuthorize", Kind::Bool, Access::ReadWrite, "false"),
    row(Key::MaxEnergyOnInvalidId, "MaxEnergyOnInvalidId", Kind::Int { least: 0, most: 1_000_000_000 }, Access::ReadWrite, "0"),
    row(Key::MessageTimeout, "MessageTimeout", Kind::Int { least: 1, most: 3_600 }, Access::ReadWrite, "30"),
    row(Key::MeterValuesAlignedData, "MeterValuesAlignedData", Kind::Measurands { most: Key::MeterValuesAlignedDataMaxLength }, Access::ReadWrite, "Energy.Active.Import.Register"),
    row(Key::MeterValuesAlignedDataMaxLength, "MeterValuesAlignedDataMaxLength", Kind::Int { least: 1, most: 100 }, Access::Read, "10"),
    row(Key::MeterValuesSampledData, "MeterValuesSampledData", Kind::Measurands { most: Key::MeterValuesSampledDataMaxLength }, Access::ReadWrite, "Energy.Active.Import.Register"),
    row(Key::MeterValuesSampledDataMaxLength, "MeterValuesSampledDataMaxLength", Kind::Int { least: 1, most: 100 }, Access::Read, "10"),
    row(Key::MeterValueSampleInterval, "MeterValueSampleInterval", Kind::Int { least: 0, most: 604_800 }, Access::ReadWrite, "60"),
    row(Key::MinimumStatusDuration, "MinimumStatusDuration", Kind::Int { least: 0, most: 3_600 }, Access::ReadWrite, "0"),
    row(Key::NumberOfConnectors, "NumberOfConnectors", Kind::Int { least: 0, most: 1_000 }, Access::Read, "1"),
    row(Key::ResetRetries, "ResetRetries", Kind::Int { least: 0, most: 100 }, Access::ReadWrite, "3"),
    row(Key::StopTransactionMaxMeterValues, "StopTransactionMaxMeterValues", Kind::Int { least: 2, most: 1_000 }, Access::Read, "10"),
    row(Key::StopTransactionOnEVSideDisconnect, "StopTransactionOnEVSideDisconnect", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::StopTransactionOnInvalidId, "StopTransactionOnInvalidId", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::StopTxnAlignedData, "StopTxnAlignedData", Kind::Measurands { most: Key::StopTxnAlignedDataMaxLength }, Access::ReadWrite, ""),
    row(Key::StopTxnAlignedDataMaxLength, "StopTxnAlignedDataMaxLength", Kind::Int { least: 1, most: 100 }, Access::Read, "10"),
    row(Key::StopTxnSampledData, "StopTxnSampledData", Kind::Measurands { most: Key::StopTxnSampledDataMaxLength }, Access::ReadWrite, ""),
    row(Key::StopTxnSampledDataMaxLength, "StopTxnSampledDataMaxLength", Kind::Int { least: 1, most: 100 }, Access::Read, "10"),
    row(Key::SupportedFeatureProfiles, "SupportedFeatureProfiles", Kind::Profiles, Access::Read, "Core"),
    row(Key::SupportedFeatureProfilesMaxLength, "SupportedFeatureProfilesMaxLength", Kind::Int { least: 0, most: 100 }, Access::Read, "10"),
    row(Key::TransactionMessageAttempts, "TransactionMessageAttempts", Kind::Int { least: 0, most: 1_000 }, Access::ReadWrite, "3"),
    row(Key::TransactionMessageRetryInterval, "TransactionMessageRetryInterval", Kind::Int { least: 0, most: 86_400 }, Access::ReadWrite, "60"),
    row(Key::UnlockConnectorOnEVSideDisconnect, "UnlockConnectorOnEVSideDisconnect", Kind::Bool, Access::ReadWrite, "true"),
    row(Key::WebSocketPingInterval, "WebSocketPingInterval", Kind::Int { least: 0, most: 86_400 }, Access::ReadWrite, "30"),
    row(Key::AuthorizationKey, "AuthorizationKey", Kind::Password, Access::Write, ""),
    row(Key::SecurityProfile, "SecurityProfile", Kind::Int { least: 0, most: 3 }, Access::ReadWrite, "0"),
    own(Key::BootOnReconnect, "PlugpointBootOnReconnect", Kind::Bool, "false"),
    own(Key::FreeVendIdTag, "PlugpointFreeVendIdTag", Kind::Text { longest: 20 }, "FREEVEND"),
    own(Key::OfflineTransactionsWithoutClock, "PlugpointOfflineTransactionsWithoutClock", Kind::Bool, "false"),
    own(Key::RejectRemoteStartWithoutConnectorId, "PlugpointRejectRemoteStartWithoutConnectorId", Kind::Bool, "false"),
    own(Key::TimestampMilliseconds, "PlugpointTimestampMilliseconds", Kind::Bool, "true"),
    own(Key::TransactionsBeforeAccepted, "PlugpointTransactionsBeforeAccepted", Kind::Bool, "false"),
];

#[cfg(test)]
mod tests {
    use super::{Key, TABLE};

    #[test]
    fn the_table_is_in_the_order_of_the_keys() {
        for (at, info) in TABLE.iter().enumerate() {
            assert_eq!(info.key as usize, at, "{}", info.name);
            assert_eq!(Key::find(&info.name.to_uppercase()), Some(info.key));
        }
    }
}
