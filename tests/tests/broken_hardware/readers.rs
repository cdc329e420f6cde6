//! A reader that is pulled out while a car charges, and put in again.

use plugpoint_tests::hardware::Pty;

use crate::stage::{ONE, PATIENCE, TWO, device, stage};

#[test]
fn a_reader_that_vanishes_stops_nobody() {
    let place = tempfile::tempdir().expect("a place");
    let link = place.path().join("reader");
    let line = Pty::new().expect("a line");
    line.link(&link).expect("a link");
    let stage = stage([ONE, TWO], None, |config, _| {
        let mut reader = device("serial", &link);
        let both = vec![1.into(), 2.into()];
        reader.insert("connectors".into(), toml::Value::Array(both));
        config.reader(reader)
    });
    stage.charger.wait_status("a reader that works", |status| {
        status["readers"][0]["state"] == "well"
    });
    stage.charge(1, false);

    drop(line);
    stage.fault(1, ["Charging", "ReaderFailure"], "reader-failure", "gone");
    stage.fault(2, ["Available", "ReaderFailure"], "reader-failure", "gone");
    let words = format!("{} is gone", link.display());
    stage.one_message(&words);
    assert!(stage.chip.level("K1"), "who charges goes on charging");
    // Others are started from afar.
    stage.charge(2, false);
    stage.charger.wait_status("some attempts", |status| {
        status["readers"][0]["failures"]
            .as_u64()
            .is_some_and(|count| count >= 2)
    });
    stage.one_message(&words);

    stage.central.forget_earlier();
    let line = Pty::new().expect("a line");
    line.link(&link).expect("a link");
    stage.told(1, "Charging", "NoError");
    stage.told(2, "Charging", "NoError");
    let ready = stage.charger.process().printed();
    let ready = ready.iter().filter(|it| it.contains("ready: "));
    assert_eq!(ready.count(), 2, "at the start, and that it is back");
    line.write(b"04A1B2C3\r").expect("written");
    let read = stage
        .charger
        .events()
        .wait_for(0, "token", PATIENCE, |it| it["token"] == "04A1B2C3");
    assert!(read.is_some(), "it reads");
}
