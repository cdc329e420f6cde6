//! Readers that cannot be: exit code 2 and one message that names the file, the
//! key and what is expected. And one that is not there, which is no reason not
//! to start.

use std::path::Path;

use plugpoint_tests::charger::{Config, Site};
use toml::Table;

use crate::stage::{NOWHERE, expect_state, reader, with};

fn refused(reader: Table, words: &[&str]) {
    let site = Site::new().expect("a place");
    let config = Config::new(NOWHERE).reader(reader).set(
        "charge_point.state_dir",
        site.state_dir().to_string_lossy().into_owned(),
    );
    let failed = site.run_to_end(&config.to_text()).expect("an end");
    failed.assert_refused(&[&["plugpoint.toml", "reader[0]"], words].concat());
}

#[test]
fn a_reader_that_cannot_be() {
    let serial = || reader("serial", Path::new("/dev/ttyUSB0"));
    let pn532 = || reader("pn532", Path::new("/dev/ttyUSB0"));
    let mut nowhere = pn532();
    nowhere.remove("path");
    refused(nowhere, &["reader[0].path", "/dev/ttyUSB0"]);
    refused(with(serial(), "driver", "rfid"), &["rfid", "pn532"]);
    refused(with(serial(), "uid", "octal"), &["octal", "decimal"]);
    refused(
        with(serial(), "uid", "decimal"),
        &["reader[0].uid", "reads"],
    );
    refused(
        with(serial(), "reversed", true),
        &["reader[0].reversed", "reads"],
    );
    refused(with(pn532(), "reads", "hex"), &["reader[0].reads", "pn532"]);
    refused(
        with(pn532(), "parity", "even"),
        &["reader[0].parity", "pn532"],
    );
    refused(with(serial(), "baud", 100), &["reader[0].baud", "300"]);
    refused(
        with(serial(), "debounce_ms", 100_000),
        &["reader[0].debounce_ms", "60000"],
    );
    refused(with(serial(), "conectors", 1), &["conectors"]);
    let nobody = toml::Value::Array(vec![2.into()]);
    refused(
        with(serial(), "connectors", nobody),
        &["reader[0].connectors", "no connector 2"],
    );
    let keyboard = reader("evdev", Path::new("/dev/input/event0"));
    refused(with(keyboard, "baud", 9600), &["reader[0].baud", "evdev"]);
}

#[test]
fn a_reader_that_is_not_there_is_said_and_does_not_stop_the_start() {
    for driver in ["serial", "pn532", "evdev"] {
        let missing = reader(driver, Path::new("/dev/not-there"));
        let site = Site::new().expect("a place");
        let charger = site
            .start(&Config::new(NOWHERE).reader(missing))
            .expect("a charger");
        let failing = expect_state(&charger, "failing");
        assert_eq!(failing["driver"], driver);
        assert_eq!(failing["at"], "/dev/not-there");
        charger.wait_status("some attempts", |status| {
            status["readers"][0]["failures"]
                .as_u64()
                .is_some_and(|count| count >= 2)
        });
        let said = charger.process().printed();
        let said: Vec<&String> = said
            .iter()
            .filter(|l| l.contains("/dev/not-there"))
            .collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("WARN") && said[0].contains("cannot be opened"),
            "{said:?}"
        );
        let fault = &charger.connector(1)["faults"][0];
        assert_eq!(fault["kind"], "reader-failure");
    }
}
