//! What the manual says of each configuration key (`docs/ocpp.md`): meaning and
//! unit. Name, type, access and default come from the table of keys. Not part of
//! the component, which has no use for it.

mod of_profiles;

use super::KeyInfo;
use super::keys::{Access, Info, Key, Kind, TABLE};

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
    pub meaning: &'static str,
}

/// All keys, in the order of the table; then those of profiles.
pub fn rows<'k>(of_profiles: impl Iterator<Item = &'k KeyInfo>) -> Vec<KeyRow> {
    let of_profiles = of_profiles.map(row_of_profile);
    TABLE.iter().map(row).chain(of_profiles).collect()
}

fn row_of_profile(info: &KeyInfo) -> KeyRow {
    let (group, unit, meaning) = of_profiles::about(info.name);
    let kind_of = info.kind();
    let range = match kind_of {
        Kind::Int { least, most } => Some((least, most)),
        _ => None,
    };
    KeyRow {
        name: info.name,
        group,
        kind: kind(&kind_of, unit),
        range,
        access: access(info.access()),
        default: info.default,
        meaning,
    }
}

fn row(info: &Info) -> KeyRow {
    let (group, unit, meaning) = about(info.key);
    let range = match info.kind {
        Kind::Int { least, most } => Some((least, most)),
        _ => None,
    };
    KeyRow {
        name: info.name,
        group,
        kind: kind(&info.kind, unit),
        range,
        access: access(info.access),
        default: default(info),
        meaning,
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

/// Group, unit and meaning.
fn about(key: Key) -> (Group, &'static str, &'static str) {
    use Group::*;
    match key {
        Key::AllowOfflineTxForUnknownId => (
            Authorization,
            "",
            "Offline, a card that is neither on the local list nor in the cache may charge.",
        ),
        Key::AuthorizationCacheEnabled => (
            Authorization,
            "",
            "Remember what the central system says of each idTag. Switching it off empties the cache.",
        ),
        Key::AuthorizeRemoteTxRequests => (
            Authorization,
            "",
            "The idTag of a RemoteStartTransaction is authorized like that of a card; otherwise it charges at once.",
        ),
        Key::LocalAuthorizeOffline => (
            Authorization,
            "",
            "Offline, a card that is accepted on the local list or, if it is not there, in the cache may charge.",
        ),
        Key::LocalPreAuthorize => (
            Authorization,
            "",
            "Online, a card that is accepted on the local list or, if it is not there, in the cache charges without waiting for Authorize.",
        ),
        Key::MaxEnergyOnInvalidId => (
            Authorization,
            "Wh",
            "Energy that a transaction may have in all once the central system has refused its idTag, where `StopTransactionOnInvalidId` is `false`. 0: none any more.",
        ),
        Key::StopTransactionOnInvalidId => (
            Authorization,
            "",
            "A transaction whose idTag is refused in the answer to StartTransaction ends (`DeAuthorized`). Otherwise it goes on, within `MaxEnergyOnInvalidId`.",
        ),
        Key::ConnectionTimeOut => (
            Charging,
            "s",
            "How long a person who may charge is waited for to plug in, and a plugged-in car for its card. 0: for ever.",
        ),
        Key::MinimumStatusDuration => (
            Charging,
            "s",
            "A status is reported once it has lasted for this long; faults at once.",
        ),
        Key::StopTransactionOnEVSideDisconnect => (
            Charging,
            "",
            "Unplugging at the car ends the transaction. Otherwise it is suspended until the same card or the central system ends it, or a car is there again.",
        ),
        Key::UnlockConnectorOnEVSideDisconnect => (
            Charging,
            "",
            "Unplugging at the car unlocks the socket too. Otherwise the cable stays locked until its owner's card. Read-only if all cables are tethered.",
        ),
        Key::BlinkRepeat => (
            ChargePoint,
            "times",
            "How often the lamps blink to acknowledge something.",
        ),
        Key::LightIntensity => (ChargePoint, "%", "Brightness of the lamps."),
        Key::ConnectorPhaseRotation => (
            ChargePoint,
            "",
            "How the phases of each connector are wired, such as `1.RST,2.STR`; connector 0 is the main supply. For the central system's information.",
        ),
        Key::ConnectorPhaseRotationMaxLength => {
            (ChargePoint, "items", "Length of `ConnectorPhaseRotation`.")
        }
        Key::NumberOfConnectors => (
            ChargePoint,
            "",
            "Physical connectors; not from `[ocpp]`, but from the `[[connector]]` sections.",
        ),
        Key::ResetRetries => (
            ChargePoint,
            "times",
            "How often a reset that was not carried out within 30 s is tried again. Then it is given up, with a line in the log.",
        ),
        Key::SupportedFeatureProfiles => (
            ChargePoint,
            "",
            "Feature profiles of the standard that are offered; the configuration may leave some out.",
        ),
        Key::SupportedFeatureProfilesMaxLength => (
            ChargePoint,
            "items",
            "Length of `SupportedFeatureProfiles`.",
        ),
        Key::ClockAlignedDataInterval => (
            Meter,
            "s",
            "Interval of the values on the clock's grid, which begins at midnight UTC. 0: none.",
        ),
        Key::MeterValueSampleInterval => (
            Meter,
            "s",
            "Interval of the values during a transaction. 0: none.",
        ),
        Key::MeterValuesAlignedData => (
            Meter,
            "",
            "What a MeterValues on the clock's grid contains. Empty: the energy register.",
        ),
        Key::MeterValuesAlignedDataMaxLength => {
            (Meter, "items", "Length of `MeterValuesAlignedData`.")
        }
        Key::MeterValuesSampledData => (
            Meter,
            "",
            "What a MeterValues during a transaction contains. Empty: the energy register.",
        ),
        Key::MeterValuesSampledDataMaxLength => {
            (Meter, "items", "Length of `MeterValuesSampledData`.")
        }
        Key::StopTransactionMaxMeterValues => (
            Meter,
            "values",
            "Values in a StopTransaction. Where there are more, some between begin and end are left out.",
        ),
        Key::StopTxnAlignedData => (
            Meter,
            "",
            "What of the clock's grid StopTransaction contains. Empty: nothing.",
        ),
        Key::StopTxnAlignedDataMaxLength => (Meter, "items", "Length of `StopTxnAlignedData`."),
        Key::StopTxnSampledData => (
            Meter,
            "",
            "What of begin, end and the interval StopTransaction contains. Empty: nothing, unless `StopTxnAlignedData` says something.",
        ),
        Key::StopTxnSampledDataMaxLength => (Meter, "items", "Length of `StopTxnSampledData`."),
        Key::GetConfigurationMaxKeys => (
            Messages,
            "keys",
            "Keys that one GetConfiguration may name; a request for all keys is never too long.",
        ),
        Key::HeartbeatInterval => (
            Messages,
            "s",
            "Heartbeat after this long without another message. The answer to BootNotification sets it. 0: once a day.",
        ),
        Key::MessageTimeout => (Messages, "s", "How long an answer is waited for."),
        Key::TransactionMessageAttempts => (
            Messages,
            "times",
            "Attempts at a message of a transaction that the central system answers with an error. One that is not answered at all is repeated for as long as it takes.",
        ),
        Key::TransactionMessageRetryInterval => (
            Messages,
            "s",
            "Wait before the second attempt; it grows by as much with each further one. At least 1 s.",
        ),
        Key::WebSocketPingInterval => (
            Messages,
            "s",
            "Interval of pings; a connection on which nothing follows one within 5 s is dialled again. Should be below attempts times retry interval. 0: none.",
        ),
        Key::AuthorizationKey => (
            Security,
            "",
            "Password of HTTP basic authentication, see [below](#the-password).",
        ),
        Key::SecurityProfile => (
            Security,
            "",
            "How the connection is secured, see [below](#security-profiles). ChangeConfiguration can only raise it.",
        ),
        Key::BootOnReconnect => (
            Own,
            "",
            "BootNotification on every new connection, for central systems that forget a charge point.",
        ),
        Key::FreeVendIdTag => (
            Own,
            "",
            "The idTag of a car that charges without a card, where a policy allows that.",
        ),
        Key::OfflineTransactionsWithoutClock => (
            Own,
            "",
            "Begin transactions although the time is not known yet.",
        ),
        Key::RejectRemoteStartWithoutConnectorId => (
            Own,
            "",
            "Answer a RemoteStartTransaction that names no connector with Rejected; otherwise it is for a car that waits, or the next one.",
        ),
        Key::TimestampMilliseconds => (Own, "", "Timestamps with milliseconds."),
        Key::TransactionsBeforeAccepted => (
            Own,
            "",
            "While the central system has answered BootNotification with Pending or Rejected: serve cards as if offline, instead of refusing them.",
        ),
    }
}
