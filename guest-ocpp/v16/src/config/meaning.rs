//! What each configuration key of the standard's core means, for people: its unit, and
//! a sentence. Part of the component, which answers with it when the host asks for its
//! settings; the manual has it from here, too. Not here: keys of profiles, which say so
//! themselves.

use super::keys::{Access, Key, Kind, TABLE};
use super::{Config, Known};
use crate::host::{SettingAccess, SettingInfo};

impl Config {
    /// All keys, in the order of GetConfiguration.
    pub(crate) fn all(&self) -> impl Iterator<Item = Known> {
        let of_profiles = (0..self.of_profiles.len()).map(Known::OfProfile);
        let own = TABLE.iter().map(|info| Known::Own(info.key));
        own.chain(of_profiles)
    }

    /// For people.
    pub(crate) fn describe(&self, known: Known) -> SettingInfo {
        let access = self.access(known);
        let (value, default, (unit, meaning)) = match known {
            Known::Own(key) => (self.text(key), self.default_of(key), about(key)),
            Known::OfProfile(place) => {
                let info = self.of_profiles.info(place);
                let about = (info.unit, info.meaning);
                (self.of_profiles.text(place), info.default.to_owned(), about)
            }
        };
        let is_shown = access != Access::Write;
        SettingInfo {
            name: self.name_of(known).to_owned(),
            value: is_shown.then(|| value.to_owned()),
            access: match access {
                Access::Read => SettingAccess::ReadOnly,
                Access::ReadWrite => SettingAccess::ReadWrite,
                Access::Write => SettingAccess::WriteOnly,
            },
            meaning: meaning.to_owned(),
            default: is_shown.then_some(default),
            unit: unit.to_owned(),
        }
    }

    /// What values it takes, in words.
    pub(crate) fn wanted(&self, known: Known) -> String {
        let (kind, of_profile);
        match known {
            Known::Own(Key::SecurityProfile) => {
                return "a higher profile than now, with the password or certificates that it needs"
                    .to_owned();
            }
            Known::Own(key) => kind = &key.info().kind,
            Known::OfProfile(place) => {
                of_profile = self.of_profiles.info(place).kind();
                kind = &of_profile;
            }
        }
        match kind {
            Kind::Bool => "true or false".to_owned(),
            Kind::Int { least, most } => format!("an integer from {least} to {most}"),
            Kind::Text { longest } => format!("at most {longest} characters"),
            Kind::Measurands { most } => {
                format!("at most {} measurands that the meter has", self.int(*most))
            }
            Kind::Rotation { most } => format!(
                "at most {} items such as 1.RST, for connectors 0 to {}",
                self.int(*most),
                self.outlets
            ),
            Kind::Profiles => "feature profiles of this build".to_owned(),
            Kind::Password => "32 to 40 hexadecimal digits, or 16 to 20 characters".to_owned(),
        }
    }
}

/// Unit (empty: none) and meaning; words of the protocol are in backticks.
pub(super) fn about(key: Key) -> (&'static str, &'static str) {
    match key {
        Key::AllowOfflineTxForUnknownId => (
            "",
            "Offline, a card that is neither on the local list nor in the cache may charge.",
        ),
        Key::AuthorizationCacheEnabled => (
            "",
            "Remember what the central system says of each idTag. Switching it off empties the cache.",
        ),
        Key::AuthorizeRemoteTxRequests => (
            "",
            "The idTag of a RemoteStartTransaction is authorized like that of a card; otherwise it charges at once.",
        ),
        Key::BlinkRepeat => (
            "times",
            "How often the lamps blink to acknowledge something.",
        ),
        Key::ClockAlignedDataInterval => (
            "s",
            "Interval of the values on the clock's grid, which begins at midnight UTC. 0: none.",
        ),
        Key::ConnectionTimeOut => (
            "s",
            "How long a person who may charge is waited for to plug in, and a plugged-in car for its card. 0: for ever.",
        ),
        Key::ConnectorPhaseRotation => (
            "",
            "How the phases of each connector are wired, such as `1.RST,2.STR`; connector 0 is the main supply. For the central system's information.",
        ),
        Key::ConnectorPhaseRotationMaxLength => ("items", "Length of `ConnectorPhaseRotation`."),
        Key::GetConfigurationMaxKeys => (
            "keys",
            "Keys that one GetConfiguration may name; a request for all keys is never too long.",
        ),
        Key::HeartbeatInterval => (
            "s",
            "Heartbeat after this long without another message. The answer to BootNotification sets it. 0: once a day.",
        ),
        Key::LightIntensity => ("%", "Brightness of the lamps."),
        Key::LocalAuthorizeOffline => (
            "",
            "Offline, a card that is accepted on the local list or, if it is not there, in the cache may charge.",
        ),
        Key::LocalPreAuthorize => (
            "",
            "Online, a card that is accepted on the local list or, if it is not there, in the cache charges without waiting for Authorize.",
        ),
        Key::MaxEnergyOnInvalidId => (
            "Wh",
            "Energy that a transaction may have in all once the central system has refused its idTag, where `StopTransactionOnInvalidId` is `false`. 0: none any more.",
        ),
        Key::MessageTimeout => ("s", "How long an answer is waited for."),
        Key::MeterValuesAlignedData => (
            "",
            "What a MeterValues on the clock's grid contains. Empty: the energy register.",
        ),
        Key::MeterValuesAlignedDataMaxLength => ("items", "Length of `MeterValuesAlignedData`."),
        Key::MeterValuesSampledData => (
            "",
            "What a MeterValues during a transaction contains. Empty: the energy register.",
        ),
        Key::MeterValuesSampledDataMaxLength => ("items", "Length of `MeterValuesSampledData`."),
        Key::MeterValueSampleInterval => {
            ("s", "Interval of the values during a transaction. 0: none.")
        }
        Key::MinimumStatusDuration => (
            "s",
            "A status is reported once it has lasted for this long; faults at once.",
        ),
        Key::NumberOfConnectors => (
            "",
            "Physical connectors; not from `[ocpp]`, but from the `[[connector]]` sections.",
        ),
        Key::ResetRetries => (
            "times",
            "How often a reset that was not carried out within 30 s is tried again. Then it is given up, with a line in the log.",
        ),
        Key::StopTransactionMaxMeterValues => (
            "values",
            "Values in a StopTransaction. Where there are more, some between begin and end are left out.",
        ),
        Key::StopTransactionOnEVSideDisconnect => (
            "",
            "Unplugging at the car ends the transaction. Otherwise it is suspended until the same card or the central system ends it, or a car is there again.",
        ),
        Key::StopTransactionOnInvalidId => (
            "",
            "A transaction whose idTag is refused in the answer to StartTransaction ends (`DeAuthorized`). Otherwise it goes on, within `MaxEnergyOnInvalidId`.",
        ),
        Key::StopTxnAlignedData => (
            "",
            "What of the clock's grid StopTransaction contains. Empty: nothing.",
        ),
        Key::StopTxnAlignedDataMaxLength => ("items", "Length of `StopTxnAlignedData`."),
        Key::StopTxnSampledData => (
            "",
            "What of begin, end and the interval StopTransaction contains. Empty: nothing, unless `StopTxnAlignedData` says something.",
        ),
        Key::StopTxnSampledDataMaxLength => ("items", "Length of `StopTxnSampledData`."),
        Key::SupportedFeatureProfiles => (
            "",
            "Feature profiles of the standard that are offered; the configuration may leave some out.",
        ),
        Key::SupportedFeatureProfilesMaxLength => {
            ("items", "Length of `SupportedFeatureProfiles`.")
        }
        Key::TransactionMessageAttempts => (
            "times",
            "Attempts at a message of a transaction that the central system answers with an error. One that is not answered at all is repeated for as long as it takes.",
        ),
        Key::TransactionMessageRetryInterval => (
            "s",
            "Wait before the second attempt; it grows by as much with each further one. At least 1 s.",
        ),
        Key::UnlockConnectorOnEVSideDisconnect => (
            "",
            "Unplugging at the car unlocks the socket too. Otherwise the cable stays locked until its owner's card. Read-only if all cables are tethered.",
        ),
        Key::WebSocketPingInterval => (
            "s",
            "Interval of pings; a connection on which nothing follows one within 5 s is dialled again. Should be below attempts times retry interval. 0: none.",
        ),
        Key::AuthorizationKey => ("", "Password of HTTP basic authentication."),
        Key::SecurityProfile => ("", "How the connection is secured. It can only be raised."),
        Key::BootOnReconnect => (
            "",
            "BootNotification on every new connection, for central systems that forget a charge point.",
        ),
        Key::FreeVendIdTag => (
            "",
            "The idTag of a car that charges without a card, where a policy allows that.",
        ),
        Key::OfflineTransactionsWithoutClock => {
            ("", "Begin transactions although the time is not known yet.")
        }
        Key::RejectRemoteStartWithoutConnectorId => (
            "",
            "Answer a RemoteStartTransaction that names no connector with Rejected; otherwise it is for a car that waits, or the next one.",
        ),
        Key::TimestampMilliseconds => ("", "Timestamps with milliseconds."),
        Key::TransactionsBeforeAccepted => (
            "",
            "While the central system has answered BootNotification with Pending or Rejected: serve cards as if offline, instead of refusing them.",
        ),
    }
}
