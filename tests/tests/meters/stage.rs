//! What these tests stand on: maps, configurations, and looks at the status.

use std::path::PathBuf;

use plugpoint_tests::charger::{Charger, Config, Site};
use serde_json::Value;
use toml::Table;

/// Nobody listens there; a charger charges without a central system too.
pub const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

/// A meter on the network, asked often and without patience.
pub fn tcp(place: &str, map: &str) -> Table {
    let mut meter = hasty(map);
    meter.insert("driver".into(), "modbus-tcp".into());
    meter.insert("address".into(), place.into());
    meter
}

/// A meter on a serial line, likewise.
pub fn rtu(path: &str, map: &str) -> Table {
    let mut meter = hasty(map);
    meter.insert("driver".into(), "modbus-rtu".into());
    meter.insert("path".into(), path.into());
    meter
}

fn hasty(map: &str) -> Table {
    let mut meter = Table::new();
    meter.insert("map".into(), map.into());
    meter.insert("poll_ms".into(), 50.into());
    meter.insert("timeout_ms".into(), 300.into());
    meter.insert("fault_after_ms".into(), 100.into());
    meter
}

/// A charger with one outlet and this meter, and its map in a file.
pub fn charger(map: &str, meter: impl FnOnce(&str) -> Table) -> (Site, Charger) {
    let site = Site::new().expect("a place");
    let file = write_map(&site, map);
    let config = Config::new(NOWHERE).meter(1, meter(&file));
    let charger = site.start(&config).expect("a charger");
    (site, charger)
}

pub fn write_map(site: &Site, map: &str) -> String {
    let file: PathBuf = site.file("map.toml");
    std::fs::write(&file, map).expect("a file");
    file.to_string_lossy().into_owned()
}

/// What `plugpoint check` says of the one meter, and whether all is well.
pub fn check(site: &Site, config: &Config) -> (bool, Value) {
    let file = site.file("check.toml");
    let config = config.clone().set(
        "charge_point.state_dir",
        site.state_dir().to_string_lossy().into_owned(),
    );
    std::fs::write(&file, config.to_text()).expect("a file");
    let file = file.to_string_lossy();
    let ended = site
        .run(&["check", "--json", "--config", &file])
        .expect("an end");
    let printed = ended.printed.join("\n");
    let findings: Value =
        serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"));
    (ended.code == Some(0), findings[0].clone())
}

/// Waits for a fresh reading of so many Wh, without any fault.
pub fn expect_fresh(charger: &Charger, wh: f64) {
    charger.wait_connector(1, &format!("a fresh reading of {wh} Wh"), |c| {
        c["register_wh"] == wh
            && c["register_stale"] == false
            && c["meter"]["state"] == "well"
            && c["faults"] == serde_json::json!([])
    });
}

/// Waits until the meter has failed with these words, which is a fault; the
/// register is still `wh`, and stale.
pub fn expect_failed(charger: &Charger, words: &str, wh: f64) {
    let connector = charger.wait_connector(1, &format!("a meter with {words:?}"), |c| {
        let problem = c["meter"]["problem"].as_str().unwrap_or_default();
        let fault = &c["faults"][0];
        problem.contains(words)
            && c["register_stale"] == true
            && fault["kind"] == "meter-failure"
            && fault["text"]
                .as_str()
                .is_some_and(|text| text.contains(words))
    });
    assert_eq!(connector["register_wh"], wh, "{connector:#}");
    assert_eq!(connector["meter"]["state"], "failing");
}
