//! Every type in every order of words and bytes, as `pymodbus` serves what
//! Python has packed.

use plugpoint_tests::charger::{Config, Site};
use plugpoint_tests::hardware::pymodbus::PyMeter;
use plugpoint_tests::hardware::{Pty, join};
use serde_json::{Value, json};
use toml::Table;

use crate::stage::{NOWHERE, check, rtu, tcp, write_map};

/// What is written, by type: a negative number where there are such.
const VALUES: [(&str, f64); 8] = [
    ("u16", 65_000.0),
    ("i16", -12_345.0),
    ("u32", 4_000_000_000.0),
    ("i32", -2_000_000_000.0),
    ("u64", 9_007_199_254_740.0),
    ("i64", -9_007_199_254_740.0),
    ("f32", -230.5),
    ("f64", -123_456.789),
];

/// No two values have the same measurand and phase.
const MEASURANDS: [(&str, &str); 8] = [
    ("power-active-import", "W"),
    ("power-active-export", "W"),
    ("power-reactive-import", "var"),
    ("power-reactive-export", "var"),
    ("voltage", "V"),
    ("current-import", "A"),
    ("current-export", "A"),
    ("temperature", "C"),
];

/// A map, what is to be served, and what is to be read.
fn everything(
    words: &str,
    bytes: &str,
    function: &str,
) -> (String, Vec<Value>, Vec<(String, f64)>) {
    let mut map = format!(
        "name = \"Types\"\nsource = \"the test\"\nfunction = \"{function}\"\n\
         word_order = \"{words}\"\nbyte_order = \"{bytes}\"\n"
    );
    let mut served = Vec::new();
    let mut read = vec![("energy-active-import".to_owned(), 123_456.0)];
    let mut register = |address: usize, kind: &str, measurand: &str, unit: &str, value: f64| {
        map += &format!(
            "[[register]]\naddress = {address}\ntype = \"{kind}\"\nmeasurand = \"{measurand}\"\n\
             unit = \"{unit}\"\n"
        );
        let value = if kind.starts_with('f') {
            json!(value)
        } else {
            json!(value as i64)
        };
        served.push(json!({
            "function": function, "address": address, "type": kind, "value": value,
            "word_order": words, "byte_order": bytes,
        }));
    };
    register(100, "u32", "energy-active-import", "Wh", 123_456.0);
    // With holes, so that there are several requests.
    for (place, ((kind, value), (measurand, unit))) in VALUES.iter().zip(MEASURANDS).enumerate() {
        register(200 + place * 5, kind, measurand, unit, *value);
        read.push((measurand.to_owned(), *value));
    }
    (map, served, read)
}

fn assert_read(finding: &Value, expected: &[(String, f64)]) {
    assert_eq!(finding["verdict"], "good", "{finding:#}");
    for (name, value) in expected {
        let found = finding["values"][name].as_f64().unwrap_or(f64::NAN);
        // To the thousandth, as the host counts.
        assert!(
            (found - value).abs() < 0.000_6,
            "{name}: {found}, not {value}: {finding:#}"
        );
    }
}

#[test]
fn over_tcp() {
    let mut meter = PyMeter::tcp(None);
    let site = Site::new().expect("a place");
    for words in ["high-first", "low-first"] {
        for bytes in ["high-first", "low-first"] {
            for function in ["input", "holding"] {
                let (map, served, expected) = everything(words, bytes, function);
                meter.set(&served);
                let map = write_map(&site, &map);
                let config = Config::new(NOWHERE).meter(1, tcp(meter.place(), &map));
                let (well, finding) = check(&site, &config);
                assert!(well, "{words} {bytes} {function}: {finding:#}");
                assert_read(&finding, &expected);
            }
        }
    }
}

#[test]
fn over_rtu_at_any_setting_of_the_line() {
    for (baud, parity, stop_bits, letter) in [
        (9600, "none", 1, "N"),
        // A pseudo-terminal takes parity from our side and not from pyserial's.
        (19_200, "even", 1, "N"),
        (38_400, "odd", 2, "N"),
    ] {
        let (ours, theirs) = (Pty::new().expect("a line"), Pty::new().expect("a line"));
        let path = ours.path().to_string_lossy().into_owned();
        let their_path = theirs.path().to_owned();
        let _cable = join(ours, theirs);
        let mut meter = PyMeter::rtu(&their_path, baud, letter, stop_bits);
        let (map, served, expected) = everything("low-first", "high-first", "input");
        meter.set(&served);
        let site = Site::new().expect("a place");
        let mut table: Table = rtu(&path, &write_map(&site, &map));
        table.insert("baud".into(), i64::from(baud).into());
        table.insert("parity".into(), parity.into());
        table.insert("stop_bits".into(), i64::from(stop_bits).into());
        table.insert("timeout_ms".into(), 2000.into());
        let (well, finding) = check(&site, &Config::new(NOWHERE).meter(1, table));
        assert!(well, "{finding:#}");
        assert_read(&finding, &expected);
    }
}
