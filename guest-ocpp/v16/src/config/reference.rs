//! The configuration keys as the manual shows them (`docs/ocpp.md`): under headings,
//! with type, access and default in words. Not part of the component.

mod of_profiles;

use super::KeyInfo;
use super::keys::{Access, Info, Key, Kind, TABLE};
use super::meaning::about;

/// A group of keys in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Who may charge.
    Authorization,
    /// What happens at a connector.
    Charging,
    /// What is measured, and when.
    Meter,
    /// Messages and the connection that they go over.
    Messages,
    /// The charge point as a whole.
    ChargePoint,
    /// What the central system allows a car to draw.
    SmartCharging,
    /// How the charge point and the central system recognize each other.
    Security,
    /// Keys that are not the standard's.
    Own,
}

impl Group {
    /// All, in the order of the manual.
    pub const ALL: [Self; 8] = [
        Self::Authorization,
        Self::Charging,
        Self::Meter,
        Self::Messages,
        Self::ChargePoint,
        Self::SmartCharging,
        Self::Security,
        Self::Own,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Authorization => "Authorization",
            Self::Charging => "Charging",
            Self::Meter => "Meter values",
            Self::Messages => "Messages and connection",
            Self::ChargePoint => "Charge point",
            Self::SmartCharging => "Smart charging",
            Self::Security => "Security",
            Self::Own => "Plugpoint's own",
        }
    }
}

/// One key, as the manual shows it.
#[derive(Debug)]
pub struct KeyRow {
    /// As in the messages.
    pub name: &'static str,
    /// Where it stands in the manual.
    pub group: Group,
    /// Type, range and unit, in words.
    pub kind: String,
    /// Smallest and largest value, of an integer.
    pub range: Option<(i64, i64)>,
    /// `read`, `read, write` or `write`.
    pub access: &'static str,
    /// The value of a charger whose configuration does not set it.
    pub default: &'static str,
    /// In one or two sentences.
    pub meaning: String,
}

/// All keys, in the order of the table; then those of profiles.
pub fn rows<'k>(of_profiles: impl Iterator<Item = &'k KeyInfo>) -> Vec<KeyRow> {
    let of_profiles = of_profiles.map(row_of_profile);
    TABLE.iter().map(row).chain(of_profiles).collect()
}

fn row_of_profile(info: &KeyInfo) -> KeyRow {
    let kind_of = info.kind();
    let range = match kind_of {
        Kind::Int { least, most } => Some((least, most)),
        _ => None,
    };
    KeyRow {
        name: info.name,
        group: of_profiles::group(info.name),
        kind: kind(&kind_of, info.unit),
        range,
        access: access(info.access()),
        default: info.default,
        meaning: info.meaning.to_owned(),
    }
}

fn row(info: &Info) -> KeyRow {
    let (unit, meaning) = about(info.key);
    let range = match info.kind {
        Kind::Int { least, most } => Some((least, most)),
        _ => None,
    };
    KeyRow {
        name: info.name,
        group: group(info.key),
        kind: kind(&info.kind, unit),
        range,
        access: access(info.access),
        default: default(info),
        meaning: format!("{meaning}{}", pointer(info.key)),
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::ReadWrite => "read, write",
        Access::Write => "write",
    }
}

fn kind(kind: &Kind, unit: &str) -> String {
    let at_most = |key: Key| format!("at most `{}`", key.info().name);
    match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::Int { least, most } => {
            let space = if unit.is_empty() { "" } else { " " };
            format!("integer, {least} to {most}{space}{unit}")
        }
        Kind::Text { longest } => format!("text, at most {longest} characters"),
        Kind::Measurands { most } => format!("list of measurands, {}", at_most(*most)),
        Kind::Rotation { most } => format!("list of `connector.phases`, {}", at_most(*most)),
        Kind::Profiles => "list of feature profiles".to_owned(),
        Kind::Password => "password".to_owned(),
    }
}

/// Some defaults depend on the charge point (`Config::default_of`).
fn default(info: &Info) -> &'static str {
    match info.key {
        Key::NumberOfConnectors => "number of connectors",
        Key::ConnectorPhaseRotationMaxLength => "number of connectors + 1",
        Key::ConnectorPhaseRotation => "`Unknown` for each",
        Key::UnlockConnectorOnEVSideDisconnect => "`true` with a socket, else `false`",
        Key::SupportedFeatureProfiles => "`Core` and those of the build",
        Key::AuthorizationKey => "none",
        _ => info.default,
    }
}

/// Under which heading.
fn group(key: Key) -> Group {
    match key {
        Key::AllowOfflineTxForUnknownId
        | Key::AuthorizationCacheEnabled
        | Key::AuthorizeRemoteTxRequests
        | Key::LocalAuthorizeOffline
        | Key::LocalPreAuthorize
        | Key::MaxEnergyOnInvalidId
        | Key::StopTransactionOnInvalidId => Group::Authorization,
        Key::ConnectionTimeOut
        | Key::MinimumStatusDuration
        | Key::StopTransactionOnEVSideDisconnect
        | Key::UnlockConnectorOnEVSideDisconnect => Group::Charging,
        Key::BlinkRepeat
        | Key::LightIntensity
        | Key::ConnectorPhaseRotation
        | Key::ConnectorPhaseRotationMaxLength
        | Key::NumberOfConnectors
        | Key::ResetRetries
        | Key::SupportedFeatureProfiles
        | Key::SupportedFeatureProfilesMaxLength => Group::ChargePoint,
        Key::ClockAlignedDataInterval
        | Key::MeterValueSampleInterval
        | Key::MeterValuesAlignedData
        | Key::MeterValuesAlignedDataMaxLength
        | Key::MeterValuesSampledData
        | Key::MeterValuesSampledDataMaxLength
        | Key::StopTransactionMaxMeterValues
        | Key::StopTxnAlignedData
        | Key::StopTxnAlignedDataMaxLength
        | Key::StopTxnSampledData
        | Key::StopTxnSampledDataMaxLength => Group::Meter,
        Key::GetConfigurationMaxKeys
        | Key::HeartbeatInterval
        | Key::MessageTimeout
        | Key::TransactionMessageAttempts
        | Key::TransactionMessageRetryInterval
        | Key::WebSocketPingInterval => Group::Messages,
        Key::AuthorizationKey | Key::SecurityProfile => Group::Security,
        Key::BootOnReconnect
        | Key::FreeVendIdTag
        | Key::OfflineTransactionsWithoutClock
        | Key::RejectRemoteStartWithoutConnectorId
        | Key::TimestampMilliseconds
        | Key::TransactionsBeforeAccepted => Group::Own,
    }
}

/// What the page says of this key elsewhere.
fn pointer(key: Key) -> &'static str {
    match key {
        Key::AuthorizationKey => " See [below](#the-password).",
        Key::SecurityProfile => " See [below](#security-profiles).",
        _ => "",
    }
}
