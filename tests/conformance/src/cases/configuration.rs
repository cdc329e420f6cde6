//! Configuration keys.

use serde_json::json;

use crate::outcome::{Failure, Outcome};
use crate::session::{Key, Session};
use crate::tags::OWNER;

/// What may be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    ReadWrite,
    /// The station decides.
    Either,
}
use Access::{Either, Read, ReadWrite};

/// The keys of Core that every station has.
const REQUIRED: [(&str, Access); 20] = [
    ("AuthorizeRemoteTxRequests", Either),
    ("ClockAlignedDataInterval", ReadWrite),
    ("ConnectionTimeOut", ReadWrite),
    ("ConnectorPhaseRotation", ReadWrite),
    ("GetConfigurationMaxKeys", Read),
    ("HeartbeatInterval", ReadWrite),
    ("LocalAuthorizeOffline", ReadWrite),
    ("LocalPreAuthorize", ReadWrite),
    ("MeterValuesAlignedData", ReadWrite),
    ("MeterValuesSampledData", ReadWrite),
    ("MeterValueSampleInterval", ReadWrite),
    ("NumberOfConnectors", Read),
    ("ResetRetries", ReadWrite),
    ("StopTransactionOnInvalidId", ReadWrite),
    ("StopTxnAlignedData", ReadWrite),
    ("StopTxnSampledData", ReadWrite),
    ("SupportedFeatureProfiles", Read),
    ("TransactionMessageAttempts", ReadWrite),
    ("TransactionMessageRetryInterval", ReadWrite),
    ("UnlockConnectorOnEVSideDisconnect", Either),
];
/// Keys that a station may leave out, and the access if it does not.
const OPTIONAL: [(&str, Access); 13] = [
    ("AllowOfflineTxForUnknownId", ReadWrite),
    ("AuthorizationCacheEnabled", ReadWrite),
    ("BlinkRepeat", ReadWrite),
    ("ConnectorPhaseRotationMaxLength", Read),
    ("LightIntensity", ReadWrite),
    ("MaxEnergyOnInvalidId", ReadWrite),
    ("MeterValuesAlignedDataMaxLength", Read),
    ("MeterValuesSampledDataMaxLength", Read),
    ("MinimumStatusDuration", ReadWrite),
    ("StopTransactionOnEVSideDisconnect", Either),
    ("StopTxnAlignedDataMaxLength", Read),
    ("StopTxnSampledDataMaxLength", Read),
    ("WebSocketPingInterval", ReadWrite),
];

/// The station tells its profiles, all required keys with the right access, and
/// as many keys at once as it promises.
pub fn tc_019(s: &mut Session<'_>) -> Outcome {
    let profiles = s.key("SupportedFeatureProfiles")?;
    let profiles = profiles.and_then(|key| key.value).unwrap_or_default();
    if !profiles.split(',').any(|profile| profile.trim() == "Core") {
        return Err(s.failure(format!(
            "SupportedFeatureProfiles must name Core, and is {profiles:?}"
        )));
    }
    let keys = s.keys()?;
    for (name, access) in REQUIRED {
        let Some(key) = named(&keys, name) else {
            return Err(s.failure(format!("the required key {name} is not listed")));
        };
        check_key(s, key, access)?;
    }
    for (name, access) in OPTIONAL {
        if let Some(key) = named(&keys, name) {
            check_key(s, key, access)?;
        }
    }
    check_connectors(s, &keys)?;
    check_secret(s, &keys)?;
    many_at_once(s, &keys)
}

fn named<'k>(keys: &'k [Key], name: &str) -> Option<&'k Key> {
    keys.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

fn check_key(s: &Session<'_>, key: &Key, access: Access) -> Outcome {
    let name = &key.name;
    if access != Either && key.readonly != (access == Read) {
        return Err(s.failure(format!(
            "the key {name} must be {access:?}, and has readonly {}",
            key.readonly
        )));
    }
    if key.value.is_none() {
        return Err(s.failure(format!("the key {name} is listed without a value")));
    }
    Ok(())
}

fn check_connectors(s: &Session<'_>, keys: &[Key]) -> Outcome {
    let told = named(keys, "NumberOfConnectors").and_then(|key| key.value.clone());
    let told = told.unwrap_or_default();
    let count = s.connectors().end().to_string();
    if told == count {
        return Ok(());
    }
    Err(s.failure(format!(
        "NumberOfConnectors is {told}, and the station has {count}"
    )))
}

/// A password is not to be read.
fn check_secret(s: &mut Session<'_>, keys: &[Key]) -> Outcome {
    let asked = s.key("AuthorizationKey")?;
    let listed = named(keys, "AuthorizationKey").cloned();
    let told = asked
        .into_iter()
        .chain(listed)
        .any(|key| key.value.is_some_and(|value| !value.is_empty()));
    if told {
        return Err(s.failure("AuthorizationKey must not be readable, and its value was told"));
    }
    Ok(())
}

fn many_at_once(s: &mut Session<'_>, keys: &[Key]) -> Outcome {
    let most = s.key("GetConfigurationMaxKeys")?;
    let most = most.and_then(|key| key.value).unwrap_or_default();
    let Ok(most) = most.parse::<usize>() else {
        return Err(s.failure(format!("GetConfigurationMaxKeys is no number: {most:?}")));
    };
    let names: Vec<&str> = keys
        .iter()
        .map(|key| key.name.as_str())
        .take(most)
        .collect();
    let answer = s.call("GetConfiguration", json!({"key": names}))?;
    let known = answer["configurationKey"].as_array().map_or(0, Vec::len);
    let unknown = answer["unknownKey"].as_array().map_or(0, Vec::len);
    if known != names.len() || unknown != 0 {
        return Err(s.failure(format!(
            "asked for {} keys that it lists, the station told {known} and called {unknown} \
             unknown",
            names.len()
        )));
    }
    Ok(())
}

/// A key is changed, and read back.
pub fn tc_021(s: &mut Session<'_>) -> Outcome {
    change_and_read_back(s)?;
    Ok(())
}

/// What was changed survives the power, and names of keys are compared without
/// regard to case.
pub fn pp_configuration(s: &mut Session<'_>) -> Outcome {
    let value = change_and_read_back(s)?;
    s.power_off()?;
    s.power_on()?;
    s.boots(&[])?;
    for name in ["MeterValueSampleInterval", "metervaluesampleinterval"] {
        read_back(s, name, &value)?;
    }
    Ok(())
}

fn change_and_read_back(s: &mut Session<'_>) -> Result<String, Failure> {
    const NAME: &str = "MeterValueSampleInterval";
    let before = s.key(NAME)?.and_then(|key| key.value);
    let value = if before.as_deref() == Some("17") {
        "18"
    } else {
        "17"
    };
    let change = json!({"key": NAME, "value": value});
    s.call_for("ChangeConfiguration", change, &["Accepted"])?;
    read_back(s, NAME, value)?;
    Ok(value.to_owned())
}

fn read_back(s: &mut Session<'_>, name: &str, value: &str) -> Outcome {
    let told = s.key(name)?.and_then(|key| key.value);
    if told.as_deref() == Some(value) {
        return Ok(());
    }
    Err(s.failure(format!(
        "{name} was set to {value}, and {} was read back",
        told.as_deref().unwrap_or("nothing")
    )))
}

/// A key that there is not.
pub fn tc_040_1(s: &mut Session<'_>) -> Outcome {
    let change = json!({"key": "Testing", "value": "1"});
    s.call_for("ChangeConfiguration", change, &["NotSupported"])?;
    Ok(())
}

/// A value that cannot be is refused, and the one before stays.
pub fn tc_040_2(s: &mut Session<'_>) -> Outcome {
    const NAME: &str = "MeterValueSampleInterval";
    let before = s.key(NAME)?.and_then(|key| key.value).unwrap_or_default();
    s.call_for_or_error(
        "ChangeConfiguration",
        json!({"key": NAME, "value": "-1"}),
        &["Rejected"],
        &["PropertyConstraintViolation"],
    )?;
    read_back(s, NAME, &before)
}

/// A remote start that does not name a connector is no mistake on a station
/// that has only one.
pub fn pp_remote_start(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    if s.connectors().count() > 1 {
        return Err(Failure::NotApplicable(
            "it is for stations with one connector; see PP_2C_3 for others".to_owned(),
        ));
    }
    let asks = s.is_on("AuthorizeRemoteTxRequests", false)?;
    s.plug(connector)?;
    s.expect(crate::expected::status(connector, "Preparing"))?;
    let request = json!({"idTag": OWNER});
    s.call_for("RemoteStartTransaction", request, &["Accepted"])?;
    if asks {
        s.expect(crate::expected::authorize(OWNER))?;
    }
    s.begun(connector, OWNER)?;
    Ok(())
}
