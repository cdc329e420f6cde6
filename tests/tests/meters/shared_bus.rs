//! Several meters on one serial bus, of which one fails.

use plugpoint_tests::charger::{Config, Site};
use plugpoint_tests::hardware::crooked_meter::PLAIN_MAP;
use plugpoint_tests::hardware::pymodbus::PyMeter;
use plugpoint_tests::hardware::{Pty, join};
use serde_json::json;

use crate::stage::{NOWHERE, rtu, write_map};

#[test]
fn a_dead_meter_keeps_nobody_from_the_others() {
    let (ours, theirs) = (Pty::new().expect("a line"), Pty::new().expect("a line"));
    let path = ours.path().to_string_lossy().into_owned();
    let their_path = theirs.path().to_owned();
    let _cable = join(ours, theirs);
    let mut meter = PyMeter::rtu(&their_path, 9600, "N", 1);
    let register = |unit: u32, wh: u32| json!({"unit": unit, "function": "input", "address": 0, "type": "u32", "value": wh});
    // There is no unit 2.
    meter.set(&[register(1, 1000), register(3, 3000)]);
    let site = Site::new().expect("a place");
    let map = write_map(&site, PLAIN_MAP);
    let mut config = Config::new(NOWHERE).connectors(3);
    for unit in 1..=3 {
        let mut table = rtu(&path, &map);
        table.insert("unit".into(), (unit as i64).into());
        config = config.meter(unit, table);
    }
    let charger = site.start(&config).expect("a charger");
    for (connector, wh) in [(1, 1000.0), (3, 3000.0)] {
        charger.wait_connector(connector, "its own register", |c| {
            c["register_wh"] == wh && c["register_stale"] == false
        });
    }
    charger.wait_connector(2, "a fault of its meter", |c| {
        c["faults"][0]["kind"] == "meter-failure" && c["register_wh"].is_null()
    });
    meter.set(&[register(1, 1001), register(3, 3003)]);
    for (connector, wh) in [(1, 1001.0), (3, 3003.0)] {
        charger.wait_connector(connector, "its own register, grown", |c| {
            c["register_wh"] == wh && c["register_stale"] == false && c["faults"] == json!([])
        });
    }
    // It is put in.
    meter.set(&[register(2, 2000)]);
    charger.wait_connector(2, "a meter that has come", |c| {
        c["register_wh"] == 2000.0 && c["faults"] == json!([])
    });
}
