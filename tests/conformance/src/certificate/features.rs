//! What the station is made of, from its configuration and its own status.

use serde::Serialize;
use serde_json::Value;

use crate::process::Setup;

/// One row of the hardware feature set.
#[derive(Debug, Clone, Serialize)]
pub struct Feature {
    /// Which.
    pub name: String,
    /// What it is.
    pub value: String,
}

/// All rows; `status` is the answer of the control API.
pub fn features(setup: &Setup, status: &Value) -> Vec<Feature> {
    let connectors = status["connectors"].as_array().map_or(0, Vec::len);
    let mut features = vec![
        feature("Connectors", connectors.to_string()),
        feature("Card reader", reader(setup)),
    ];
    for (place, connector) in status["connectors"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let text = |name: &str, otherwise: &str| {
            let value = setup.config().get(&format!("connector.{place}.{name}"));
            value.map_or(otherwise.to_owned(), plain)
        };
        let number = &connector["id"];
        let cable = match connector["cable"].as_str() {
            Some("fixed") => "fixed cable",
            Some("socket") => "socket",
            _ => "unknown",
        };
        let lock = match connector["lock"].as_str() {
            Some("none") | None => "none",
            Some(_) => "motor lock with feedback",
        };
        let name = |what: &str| format!("Connector {number}: {what}");
        features.extend([
            feature(name("attachment"), cable.to_owned()),
            feature(name("cable lock"), lock.to_owned()),
            feature(
                name("current"),
                format!("{} A", text("max_current_a", "32")),
            ),
            feature(name("phases"), text("phases", "3")),
            feature(name("meter"), text("meter.driver", "sim")),
            feature(name("hardware driver"), text("driver", "sim")),
        ]);
    }
    features
}

fn reader(setup: &Setup) -> String {
    let driver = setup.config().get("reader.0.driver");
    match driver {
        None => "none".to_owned(),
        Some(driver) => format!(
            "RFID ({}), for connector {}",
            plain(driver),
            list(&setup.traits().reader)
        ),
    }
}

fn list(numbers: &[u32]) -> String {
    let texts: Vec<_> = numbers.iter().map(u32::to_string).collect();
    texts.join(" and ")
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or(value.to_string(), str::to_owned)
}

fn feature(name: impl Into<String>, value: String) -> Feature {
    Feature {
        name: name.into(),
        value,
    }
}
