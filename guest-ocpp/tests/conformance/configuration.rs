//! Configuration and meter values.

use guest_ocpp::host::Cable;
use guest_ocpp::testing::Sent;
use serde_json::{Value, json};

use crate::{Bench, charge};

/// Required keys of Core, and whether they may be read only.
const REQUIRED: [(&str, bool); 24] = [
    ("AuthorizeRemoteTxRequests", false),
    ("ClockAlignedDataInterval", false),
    ("ConnectionTimeOut", false),
    ("ConnectorPhaseRotation", false),
    ("GetConfigurationMaxKeys", true),
    ("HeartbeatInterval", false),
    ("LocalAuthorizeOffline", false),
    ("LocalPreAuthorize", false),
    ("MeterValuesAlignedData", false),
    ("MeterValuesSampledData", false),
    ("MeterValueSampleInterval", false),
    ("NumberOfConnectors", true),
    ("ResetRetries", false),
    ("StopTransactionOnEVSideDisconnect", false),
    ("StopTransactionOnInvalidId", false),
    ("StopTxnAlignedData", false),
    ("StopTxnSampledData", false),
    ("SupportedFeatureProfiles", true),
    ("TransactionMessageAttempts", false),
    ("TransactionMessageRetryInterval", false),
    ("UnlockConnectorOnEVSideDisconnect", true),
    ("AuthorizationCacheEnabled", false),
    ("MinimumStatusDuration", false),
    ("WebSocketPingInterval", false),
];

pub fn tc_019(bench: Bench) {
    let mut world = bench.fixed();
    let answer = world.call(
        "GetConfiguration",
        json!({"key": ["SupportedFeatureProfiles"]}),
    );
    assert_eq!(answer["configurationKey"][0]["value"], "Core");
    let all = world.call("GetConfiguration", json!({}));
    let keys = all["configurationKey"].as_array().unwrap();
    for (name, readonly) in REQUIRED {
        let key = keys
            .iter()
            .find(|key| key["key"] == name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(key["readonly"], readonly, "{name}");
        assert!(key["value"].is_string());
    }
    assert!(!keys.iter().any(|key| key["key"] == "AuthorizationKey"));
    let most = world.call(
        "GetConfiguration",
        json!({"key": ["GetConfigurationMaxKeys"]}),
    );
    let most: usize = most["configurationKey"][0]["value"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let names: Vec<&Value> = keys.iter().map(|key| &key["key"]).take(most).collect();
    let answer = world.call("GetConfiguration", json!({"key": names}));
    assert_eq!(
        answer["configurationKey"].as_array().unwrap().len(),
        names.len()
    );
    assert!(answer.get("unknownKey").is_none());
}

pub fn tc_021(bench: Bench) {
    let mut world = bench.fixed();
    let change = json!({"key": "MeterValueSampleInterval", "value": "17"});
    assert_eq!(
        world.call("ChangeConfiguration", change)["status"],
        "Accepted"
    );
    let answer = world.call(
        "GetConfiguration",
        json!({"key": ["MeterValueSampleInterval"]}),
    );
    assert_eq!(answer["configurationKey"][0]["value"], "17");
    world.power_cycle();
    world.run(2_000);
    let answer = world.call(
        "GetConfiguration",
        json!({"key": ["metervaluesampleinterval"]}),
    );
    assert_eq!(answer["configurationKey"][0]["value"], "17");
}

pub fn tc_040_1(bench: Bench) {
    let mut world = bench.fixed();
    let answer = world.call(
        "ChangeConfiguration",
        json!({"key": "Testing", "value": "1"}),
    );
    assert_eq!(answer["status"], "NotSupported");
}

pub fn tc_040_2(bench: Bench) {
    let mut world = bench.fixed();
    let answer = world.call(
        "ChangeConfiguration",
        json!({"key": "MeterValueSampleInterval", "value": "-1"}),
    );
    assert_eq!(answer["status"], "Rejected");
}

pub fn tc_070(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("MeterValueSampleInterval", "10")]);
    charge(&mut world, "TAG1");
    world.run(30_000);
    assert_eq!(world.news(), ["MeterValues", "MeterValues", "MeterValues"]);
    for sent in world.all("MeterValues") {
        assert_eq!(sent.payload["transactionId"], 1001);
        let values = sent.payload["meterValue"][0]["sampledValue"]
            .as_array()
            .unwrap();
        assert_eq!(values.len(), 1);
        assert_eq!(values[0]["context"], "Sample.Periodic");
        assert_eq!(values[0]["measurand"], "Energy.Active.Import.Register");
        assert_eq!(values[0]["unit"], "Wh");
        assert!(values[0]["value"].as_str().unwrap().parse::<u64>().unwrap() >= 1000);
    }
}

pub fn tc_071(bench: Bench) {
    let mut world = bench.idle(
        Cable::Fixed,
        &[
            ("ClockAlignedDataInterval", "15"),
            ("MeterValueSampleInterval", "0"),
        ],
    );
    charge(&mut world, "TAG1");
    world.run(45_000);
    assert_eq!(world.news(), ["MeterValues", "MeterValues", "MeterValues"]);
    let own = |sent: &&Sent| sent.payload["connectorId"] == 1;
    for (sent, second) in world
        .all("MeterValues")
        .into_iter()
        .filter(own)
        .zip(["15", "30", "45"])
    {
        let value = &sent.payload["meterValue"][0];
        assert_eq!(
            value["timestamp"],
            format!("2026-11-22T12:00:{second}.000Z")
        );
        assert_eq!(value["sampledValue"][0]["context"], "Sample.Clock");
    }
}
