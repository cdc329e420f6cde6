//! What a manufacturer sets at the factory.

use serde_json::json;

use crate::fixed;

#[test]
fn limits_are_set_at_the_factory_whatever_their_place_in_the_file() {
    let settings = [
        ("ConnectorPhaseRotation", "0.RST,1.RST"),
        ("ConnectorPhaseRotationMaxLength", "1"),
        ("GetConfigurationMaxKeys", "19"),
        ("NumberOfConnectors", "7"),
        ("SupportedFeatureProfiles", "Core,Telepathy"),
    ];
    for mut world in fixed(&settings) {
        let ask = json!({"key": settings.map(|(key, _)| key)});
        let answer = world.call("GetConfiguration", ask);
        let told = answer["configurationKey"].as_array().expect("keys");
        let values: Vec<_> = told.iter().map(|key| key["value"].clone()).collect();
        // Two wirings are more than the limit; connectors are counted; and what
        // is not built is not claimed.
        let built: Vec<&str> = [
            (true, "Core"),
            (cfg!(feature = "firmware-management"), "FirmwareManagement"),
            (cfg!(feature = "local-auth-list"), "LocalAuthListManagement"),
            (cfg!(feature = "remote-trigger"), "RemoteTrigger"),
            (cfg!(feature = "reservation"), "Reservation"),
            (cfg!(feature = "smart-charging"), "SmartCharging"),
        ]
        .into_iter()
        .filter_map(|(is_built, name)| is_built.then_some(name))
        .collect();
        assert_eq!(values, ["1.Unknown", "1", "19", "1", &built.join(",")]);
    }
}
