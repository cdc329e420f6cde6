//! Configurations and states that cannot be used: one message that names the
//! file, the key and what is expected, and exit code 2. What goes wrong only
//! while a car charges does not disturb the car.

use std::path::Path;
use std::process::Command;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::ledger::{Ledger, Rules};

/// Nobody listens there; no charger gets that far.
const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

fn good(site: &Site) -> Config {
    Config::new(NOWHERE).set("charge_point.state_dir", text(&site.state_dir()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The program ends with exit code 2 and one message with these words.
fn check(site: &Site, config: &str, words: &[&str]) {
    let failed = site.run_to_end(config).expect("an end");
    check_message(failed.code, &failed.printed, words);
}

fn check_message(code: Option<i32>, printed: &[String], words: &[&str]) {
    // What was logged before is no message.
    let messages: Vec<&String> = printed
        .iter()
        .filter(|line| !line.contains(" INFO ") && !line.trim().is_empty())
        .collect();
    assert_eq!(code, Some(2), "{printed:?}");
    assert_eq!(messages.len(), 1, "one message: {printed:?}");
    println!("{}", messages[0]);
    for word in words {
        assert!(messages[0].contains(word), "no {word:?} in {printed:?}");
    }
}

fn check_edit(edit: impl FnOnce(Config) -> Config, words: &[&str]) {
    let site = Site::new().expect("a place");
    check(&site, &edit(good(&site)).to_text(), words);
}

#[test]
fn the_file_is_missing() {
    let site = Site::new().expect("a place");
    let missing = text(&site.file("missing.toml"));
    let failed = site.run(&["run", "--config", &missing]).expect("an end");
    check_message(
        failed.code,
        &failed.printed,
        &["missing.toml", "No such file"],
    );
}

#[test]
fn the_file_is_no_toml() {
    let site = Site::new().expect("a place");
    check(
        &site,
        "[charge_point\nid = 1",
        &["plugpoint.toml", "line 1"],
    );
}

#[test]
fn a_type_is_wrong() {
    let words = &["plugpoint.toml", "control.listen", "string"];
    check_edit(|config| config.set("control.listen", 8080), words);
    let words = &["plugpoint.toml", "charge_point.id", "string"];
    check_edit(|config| config.set("charge_point.id", true), words);
}

#[test]
fn a_key_is_unknown() {
    let words = &["plugpoint.toml", "csms", "ulr", "url"];
    check_edit(|config| config.set("csms.ulr", "ws://x"), words);
    let words = &["plugpoint.toml", "conection"];
    check_edit(|config| config.set("conection.id", 1), words);
}

#[test]
fn a_value_is_impossible() {
    let words = &["plugpoint.toml", "csms.url", "http://"];
    check_edit(|config| config.set("csms.url", "http://127.0.0.1"), words);
    let words = &["plugpoint.toml", "connector", "at least one"];
    check_edit(
        |config| config.without("connector").without("reader"),
        words,
    );
    let words = &["plugpoint.toml", "control.listen", "somewhere"];
    check_edit(|config| config.set("control.listen", "somewhere"), words);
    let words = &["plugpoint.toml", "debug.crash.n"];
    check_edit(|config| config.crash("effect", 0), words);
    let words = &["plugpoint.toml", "charge_point.vendor", "20"];
    check_edit(
        |config| config.set("charge_point.vendor", "V".repeat(21)),
        words,
    );
}

#[test]
fn values_do_not_go_together() {
    let words = &["plugpoint.toml", "client_key"];
    check_edit(
        |config| config.set("tls.client_cert", "/some/file.pem"),
        words,
    );
}

#[test]
fn an_unknown_ocpp_key_is_left_out() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url()).ocpp("NoSuchKey", "1");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    let log = charger.process().printed().join("\n");
    assert!(log.contains("NoSuchKey"), "{log}");
}

#[test]
fn the_state_dir_cannot_be_written() {
    let site = Site::new().expect("a place");
    let file = site.file("a-file");
    std::fs::write(&file, "in the way").expect("a file");
    let config = good(&site).set("charge_point.state_dir", text(&file.join("state")));
    check(&site, &config.to_text(), &["state_dir", "a-file"]);
}

#[test]
fn the_control_port_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let words = &["control.listen", &address];
    check_edit(
        |config| config.set("control.listen", address.clone()),
        words,
    );
}

#[test]
fn the_database_is_corrupt() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url());
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    assert!(charger.stop().success());
    let database = database_of(&site);
    std::fs::write(&database, vec![0x55; 64 * 1024]).expect("a bad database");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", text(&database)));
    }
    let name = database
        .file_name()
        .map(Path::new)
        .map(text)
        .expect("a name");
    check(&site, &good(&site).to_text(), &[&name]);
}

/// The one database in a state_dir.
fn database_of(site: &Site) -> std::path::PathBuf {
    let found = std::fs::read_dir(site.state_dir())
        .expect("a state_dir")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")));
    found.expect("a database")
}

/// From now on the disk is full for the charger, or has room again.
fn limit_files(charger: &Charger, limit: &str) {
    let done = Command::new("prlimit")
        .arg(format!("--pid={}", charger.process().id()))
        .arg(format!("--fsize={limit}:unlimited"))
        .status()
        .expect("prlimit (util-linux) is there");
    assert!(done.success());
}

#[test]
fn the_disk_is_full_while_a_car_charges() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url()).ocpp("MeterValueSampleInterval", "1");
    let site = Site::new().expect("a place");
    let charger = site.start_with_limited_disk(&config).expect("a charger");
    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_any("StartTransaction");
    central.expect_status(1, "Charging");
    charger.wait_contactor(1, "closed");

    limit_files(&charger, "1");
    // Every second a meter value is to be kept, and cannot be.
    charger.wait_status("a storage that fails", |s| {
        s["storage"]["failing"].is_string() || s["storage"]["failing"] == true
    });
    let wh = charger.connector(1)["register_wh"]
        .as_f64()
        .expect("a register");
    charger.wait_register(1, wh + 5.0);
    assert_eq!(charger.connector(1)["contactor"], "closed");
    // One clear message, not one for each event.
    let errors = charger
        .process()
        .printed()
        .iter()
        .filter(|line| line.contains("ERROR"))
        .count();
    assert_eq!(errors, 1, "{:#?}", charger.process().printed());
    // Safety does not need the disk.
    limit_files(&charger, "unlimited");
    charger.wait_status("a storage that works", |s| {
        s["storage"]["failing"].is_null()
    });
    charger.control().card("CARD1").expect("a card");
    central.expect_any("StopTransaction");
    charger.wait_contactor(1, "open");
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
    assert!(ledger.transactions[0].energy_wh() >= Some(5));
}

#[test]
fn a_full_disk_does_not_keep_the_contactor_closed() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url()).ocpp("MeterValueSampleInterval", "0");
    let site = Site::new().expect("a place");
    let charger = site.start_with_limited_disk(&config).expect("a charger");
    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    charger.wait_contactor(1, "closed");
    limit_files(&charger, "1");
    charger.control().unplug(1).expect("no car");
    charger.wait_contactor(1, "open");
    // The end of the transaction is told once it can be kept.
    limit_files(&charger, "unlimited");
    let stop = central.expect_any("StopTransaction");
    assert_eq!(stop.payload["reason"], "EVDisconnected");
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
}
