//! A disk that cannot take the record harms nothing else.

use std::process::Command;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};

use crate::desk::{files, record_of};

/// From now on no file of the charger can grow beyond this, as on a full disk.
pub fn limit_files(charger: &Charger, limit: &str) {
    let done = Command::new("prlimit")
        .arg(format!("--pid={}", charger.process().id()))
        .arg(format!("--fsize={limit}:unlimited"))
        .status();
    assert!(done.expect("prlimit (util-linux) is there").success());
}

fn record_is_off(charger: &Charger) -> String {
    let status = charger.wait_status("a record that is off", |it| {
        it["components"][0]["record"]["state"] == "off"
    });
    let why = status["components"][0]["record"]["why"].as_str();
    why.expect("a reason").to_owned()
}

#[test]
fn a_full_disk_ends_the_record_and_nothing_else() {
    let central = CentralSystem::start().expect("a central system");
    let site = Site::new().expect("a place");
    let config = Config::new(central.url());
    let charger = site.start_with_limited_disk(&config).expect("a charger");
    central.expect_status(1, "Available");
    limit_files(&charger, "1");
    record_is_off(&charger);
    let ask = || {
        let key = serde_json::json!({"key": ["NumberOfConnectors"]});
        central.call("GetConfiguration", key).expect("an answer")
    };
    ask();
    let warned = charger.process().printed();
    let warned = warned
        .iter()
        .filter(|it| it.contains("nothing is recorded any more"));
    // One for each slot.
    assert_eq!(warned.count(), 2);
    ask();
}

#[test]
fn without_a_place_for_it_a_charger_works_all_the_same() {
    let central = CentralSystem::start().expect("a central system");
    let site = Site::new().expect("a place");
    std::fs::create_dir_all(site.state_dir()).expect("a state_dir");
    std::fs::write(site.state_dir().join("records"), "no directory").expect("a file");
    let charger = site.start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    let why = record_is_off(&charger);
    assert!(why.contains("directory"), "{why}");
}

#[test]
fn it_can_be_switched_off() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url()).set("recorder.enabled", false);
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    assert!(charger.slot("ocpp")["record"].is_null());
    assert!(charger.stop().success());
    assert!(files(&record_of(&site, "ocpp")).is_empty());
    assert!(!site.state_dir().join("records").exists());
}
