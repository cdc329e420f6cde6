//! Meters and maps that cannot be: exit code 2 and one message that names the
//! file, the key and what is expected. And a meter that is not there, which is
//! no reason not to start.

use plugpoint_tests::charger::{Config, Site};
use plugpoint_tests::hardware::crooked_meter::PLAIN_MAP;
use serde_json::json;
use toml::Table;

use crate::stage::{NOWHERE, check, rtu, tcp, write_map};

fn refused(config: &Config, words: &[&str]) {
    let site = Site::new().expect("a place");
    let config = config.clone().set(
        "charge_point.state_dir",
        site.state_dir().to_string_lossy().into_owned(),
    );
    let failed = site.run_to_end(&config.to_text()).expect("an end");
    failed.assert_refused(words);
}

fn with(meter: Table) -> Config {
    Config::new(NOWHERE).meter(1, meter)
}

fn but(mut meter: Table, key: &str, value: impl Into<toml::Value>) -> Table {
    meter.insert(key.to_owned(), value.into());
    meter
}

fn without(mut meter: Table, key: &str) -> Table {
    meter.remove(key);
    meter
}

#[test]
fn a_meter_that_cannot_be() {
    let good = || tcp("127.0.0.1:1502", "sdm630");
    let serial = || rtu("/dev/ttyUSB0", "sdm630");
    let cases: [(Table, &[&str]); 12] = [
        (without(good(), "address"), &["meter.address", "HOST:PORT"]),
        (
            but(good(), "address", "meter"),
            &["meter.address", "`meter`"],
        ),
        (without(good(), "map"), &["meter.map", "preset"]),
        (
            but(good(), "map", "sdm631"),
            &["meter.map", "sdm631", "sdm630, em24"],
        ),
        (but(good(), "unit", 248), &["meter.unit", "1 to 247", "248"]),
        (but(good(), "unit", "one"), &["meter.unit", "line"]),
        (but(good(), "baud", 9600), &["meter.baud", "modbus-tcp"]),
        (but(good(), "poll_ms", 1), &["meter.poll_ms", "50 to 60000"]),
        (without(serial(), "path"), &["meter.path", "/dev/tty"]),
        (but(serial(), "parity", "mark"), &["parity", "even"]),
        (
            but(serial(), "stop_bits", 3),
            &["meter.stop_bits", "1 to 2"],
        ),
        (but(good(), "sped", 1), &["meter", "sped"]),
    ];
    for (meter, words) in cases {
        refused(
            &with(meter),
            &[&["plugpoint.toml", "connector[0]"], words].concat(),
        );
    }
}

#[test]
fn two_meters_that_do_not_go_together() {
    let two = |one: Table, other: Table| {
        Config::new(NOWHERE)
            .connectors(2)
            .meter(1, one)
            .meter(2, other)
    };
    let on = |unit: i64, baud: i64| {
        but(
            but(rtu("/dev/ttyUSB0", "sdm630"), "unit", unit),
            "baud",
            baud,
        )
    };
    refused(
        &two(on(1, 9600), on(1, 9600)),
        &["connector[1].meter.unit", "same bus"],
    );
    refused(
        &two(on(1, 9600), on(2, 19_200)),
        &["connector[1].meter.path", "baud"],
    );
}

#[test]
fn a_map_that_cannot_be() {
    let line = |text: &str| format!("{PLAIN_MAP}{text}\n");
    let more = "[[register]]\naddress = 10\ntype = \"f32\"\nmeasurand = \"voltage\"\n";
    let cases = [
        (PLAIN_MAP.replace("u32", "u24"), "u24"),
        (
            PLAIN_MAP.replace("\"Wh\"", "\"V\""),
            "unit: expected Wh or kWh or MWh, found V",
        ),
        (PLAIN_MAP.replace("address = 0", "address = 65535"), "65535"),
        (line("scale = 0.0"), "scale"),
        (line("not_available = \"1FFFFFFFF\""), "32 bits"),
        (line("phase = \"L1\""), "phase"),
        (line(&format!("{more}unit = \"V\"\nwraps = true")), "wraps"),
        (line(&format!("{more}unit = \"V\"\nphase = \"L4\"")), "L4"),
        (
            PLAIN_MAP.replace("energy-active-import", "energy-active-export"),
            "energy-active-import",
        ),
        (PLAIN_MAP.replace("source = \"the test\"", ""), "source"),
        ("name = ".to_owned(), "map.toml"),
    ];
    for (map, word) in cases {
        let site = Site::new().expect("a place");
        let file = write_map(&site, &map);
        let config = with(tcp("127.0.0.1:1502", &file));
        refused(&config, &["connector[0].meter.map", "map.toml", word]);
    }
    let config = with(tcp("127.0.0.1:1502", "no-such-map.toml"));
    refused(&config, &["connector[0].meter.map", "no-such-map.toml"]);
}

#[test]
fn a_meter_that_is_not_there_is_said_and_does_not_stop_the_start() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = nobody.local_addr().expect("bound").to_string();
    drop(nobody);
    for (meter, words) in [
        (tcp(&place, "sdm630"), "refused"),
        (rtu("/dev/ttyNotThere", "sdm630"), "/dev/ttyNotThere"),
    ] {
        let site = Site::new().expect("a place");
        let (well, finding) = check(&site, &with(meter.clone()));
        assert!(!well);
        assert_eq!(finding["verdict"], "bad");
        let text = finding["text"].as_str().unwrap_or_default();
        assert!(text.contains(words), "{text}");

        let charger = site.start(&with(meter)).expect("a charger");
        charger.wait_connector(1, "a fault", |c| {
            c["faults"][0]["kind"] == "meter-failure"
                && c["meter"]["state"] == "failing"
                && c["meter"]["problem"]
                    .as_str()
                    .is_some_and(|it| it.contains(words))
        });
        // One message, not one per attempt.
        charger.wait_connector(1, "a few attempts", |c| {
            c["meter"]["failures"]
                .as_u64()
                .is_some_and(|count| count >= 2)
        });
        let said = charger.process().printed();
        let said = said
            .iter()
            .filter(|line| line.contains("the meter (unit 1"))
            .count();
        assert_eq!(said, 1);
        assert_eq!(charger.connector(1)["register_wh"], json!(null));
    }
}
