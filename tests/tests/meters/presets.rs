//! Every map that the program carries, against a server that has the registers
//! of the map and no others: one that reads too far gets an exception.

use std::path::Path;

use plugpoint_tests::charger::{Config, Site};
use plugpoint_tests::hardware::pymodbus::PyMeter;
use plugpoint_tests::hardware::{Pty, join};
use serde_json::{Value, json};
use toml::Table;

use crate::stage::{NOWHERE, check, rtu, tcp};

/// Energy register and its type by the manuals, written down apart from the maps.
const ENERGY: [(&str, i64, &str, f64); 10] = [
    ("sdm72", 0x0048, "f32", 1000.0),
    ("sdm72-v2", 0x0048, "f32", 1000.0),
    ("sdm120", 0x0048, "f32", 1000.0),
    ("sdm230", 0x0048, "f32", 1000.0),
    ("sdm630", 0x0048, "f32", 1000.0),
    ("em24", 0x003E, "i32", 100.0),
    ("em24-e1", 0x0034, "i32", 100.0),
    ("em340", 0x0034, "i32", 100.0),
    ("b23", 0x5000, "u64", 10.0),
    ("iem3155", 3203, "i64", 1.0),
];

/// What is to be served, and what is to be read, for a map in `host/meters`.
fn of_map(name: &str) -> (Vec<Value>, Vec<(String, f64)>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../host/meters/{name}.toml"));
    let map: Table = std::fs::read_to_string(&path)
        .expect("a map")
        .parse()
        .expect("TOML");
    let registers = map["register"].as_array().expect("registers");
    let mut served = Vec::new();
    let mut expected = Vec::new();
    for (place, register) in registers.iter().enumerate() {
        let text = |key: &str| register.get(key).and_then(|it| it.as_str());
        let scale = register
            .get("scale")
            .and_then(toml::Value::as_float)
            .unwrap_or(1.0);
        let kind = text("type").expect("a type");
        // Each register has a number of its own, exact also as an f32.
        let raw = 1000.0 + 16.0 * place as f64;
        let value = if kind.starts_with('f') {
            json!(raw)
        } else {
            json!(raw as i64)
        };
        served.push(json!({
            "function": map["function"].as_str(), "address": register["address"].as_integer(),
            "type": kind, "value": value,
            "word_order": map.get("word_order").and_then(|it| it.as_str()),
        }));
        let unit = text("unit").expect("a unit");
        let thousands = if unit.starts_with('k') { 1000.0 } else { 1.0 };
        let measurand = text("measurand").expect("a measurand");
        let name = match text("phase") {
            Some(phase) => format!("{measurand} {phase}"),
            None => measurand.to_owned(),
        };
        expected.push((name, raw * scale * thousands));
    }
    (served, expected)
}

fn assert_read(preset: &str, finding: &Value, expected: &[(String, f64)]) {
    let values = finding["values"]
        .as_object()
        .unwrap_or_else(|| panic!("{preset}: {finding:#}"));
    assert_eq!(values.len(), expected.len(), "{preset}: {finding:#}");
    for (name, value) in expected {
        let found = values.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        assert!(
            (found - value).abs() < 0.000_6,
            "{preset}: {name}: {found}, not {value}"
        );
    }
}

#[test]
fn every_preset_over_tcp() {
    let site = Site::new().expect("a place");
    for (preset, address, kind, wh) in ENERGY {
        let mut meter = PyMeter::tcp(None);
        let (served, expected) = of_map(preset);
        let energy = served.iter().find(|it| it["address"] == address);
        assert_eq!(energy.map(|it| &it["type"]), Some(&json!(kind)), "{preset}");
        meter.set(&served);
        let config = Config::new(NOWHERE).meter(1, tcp(meter.place(), preset));
        let (well, finding) = check(&site, &config);
        assert!(well, "{preset}: {finding:#}");
        assert_read(preset, &finding, &expected);
        let raw = finding["values"]["energy-active-import"]
            .as_f64()
            .unwrap_or(0.0)
            / wh;
        assert!((1000.0..1300.0).contains(&raw), "{preset}: {finding:#}");
    }
}

#[test]
fn every_preset_over_rtu() {
    let site = Site::new().expect("a place");
    let (ours, theirs) = (Pty::new().expect("a line"), Pty::new().expect("a line"));
    let path = ours.path().to_string_lossy().into_owned();
    let their_path = theirs.path().to_owned();
    let _cable = join(ours, theirs);
    for (number, (preset, ..)) in ENERGY.into_iter().enumerate() {
        // A fresh unit each: what one has, another has not.
        let unit = number as i64 + 1;
        let mut meter = PyMeter::rtu(&their_path, 19_200, "N", 1);
        let (mut served, expected) = of_map(preset);
        for item in &mut served {
            item["unit"] = json!(unit);
        }
        meter.set(&served);
        let mut table = rtu(&path, preset);
        table.insert("unit".into(), unit.into());
        table.insert("baud".into(), 19_200.into());
        table.insert("timeout_ms".into(), 2000.into());
        let (well, finding) = check(&site, &Config::new(NOWHERE).meter(1, table));
        assert!(well, "{preset}: {finding:#}");
        assert_read(preset, &finding, &expected);
    }
}

#[test]
fn no_preset_is_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/meters");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the maps")
        .filter_map(|entry| {
            Some(
                entry
                    .ok()?
                    .path()
                    .file_stem()?
                    .to_string_lossy()
                    .into_owned(),
            )
        })
        .collect();
    files.sort();
    let mut known: Vec<&str> = ENERGY.iter().map(|(name, ..)| *name).collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

#[test]
fn what_the_meter_does_not_have_is_left_out() {
    let site = Site::new().expect("a place");
    let mut meter = PyMeter::tcp(None);
    let (mut served, expected) = of_map("b23");
    // As an ABB of one phase: no power on L2.
    let missing = "power-active-import L2";
    let place = expected
        .iter()
        .position(|(name, _)| name == missing)
        .expect("there");
    served[place] = json!({
        "function": "holding", "address": served[place]["address"], "words": [0x7FFF, 0xFFFF],
    });
    meter.set(&served);
    let config = Config::new(NOWHERE).meter(1, tcp(meter.place(), "b23"));
    let (well, finding) = check(&site, &config);
    assert!(well && finding["values"][missing].is_null(), "{finding:#}");
    // Without an energy register it is no meter for a charger.
    let energy = served[0]["address"].clone();
    meter.set(&[json!({
        "function": "holding", "address": energy, "words": [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF],
    })]);
    let (well, finding) = check(&site, &config);
    assert!(!well);
    let text = finding["text"].as_str().unwrap_or_default();
    assert!(text.contains("energy register: not available"), "{text}");
}
