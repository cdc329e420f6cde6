//! The process itself: how it ends, and what the next one finds.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::ledger::{Ledger, Rules};

fn charging(config: impl FnOnce(Config) -> Config) -> (CentralSystem, Config, Site, Charger) {
    let central = CentralSystem::start().expect("a central system");
    let config = config(Config::new(central.url()));
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    charger.wait_contactor(1, "closed");
    (central, config, site, charger)
}

#[test]
fn sigterm_ends_it_in_good_order_and_in_time() {
    let (central, config, site, charger) = charging(Config::persistent);
    let asked = Instant::now();
    let status = charger.stop();
    assert!(status.success(), "{status}");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert!(central.expect_ended().contains("closed"));
    // The transaction is open on disk: the next process ends it, and says why.
    assert!(central.calls("StopTransaction").is_empty());
    central.note_restart();
    let charger = site.start(&config).expect("a charger");
    let stop = central.expect_any("StopTransaction");
    assert_eq!(stop.payload["reason"], "Reboot");
    charger.wait_contactor(1, "open");
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
}

/// Also a process that began after an end in good order is killed.
#[test]
fn sigkill_is_a_power_failure_and_no_end_in_good_order() {
    let (central, config, site, charger) = charging(|config| config);
    charger.kill();
    central.note_restart();
    let charger = site.start(&config).expect("a charger");
    let stop = central.expect_any("StopTransaction");
    assert_eq!(stop.payload["reason"], "PowerLoss");
    assert!(charger.stop().success());

    central.forget_earlier();
    central.note_restart();
    let charger = site.start(&config).expect("a charger");
    central.expect_any("BootNotification");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    charger.kill();
    central.note_restart();
    let _charger = site.start(&config).expect("a charger");
    let stop = central.expect_any("StopTransaction");
    assert_eq!(stop.payload["reason"], "PowerLoss");
}

#[test]
fn sigterm_does_not_wait_for_a_dead_central_system() {
    let (central, _config, _site, charger) = charging(|config| config);
    central.freeze();
    let asked = Instant::now();
    assert!(charger.stop().success());
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn registers_are_kept_and_cars_are_not() {
    let (_central, config, site, charger) = charging(|config| config);
    charger.wait_register(1, 3.0);
    charger.kill();
    let charger = site.start(&config).expect("a charger");
    let connector = charger.connector(1);
    assert_eq!(connector["plugged"], false);
    assert!(
        connector["register_wh"]
            .as_f64()
            .is_some_and(|wh| wh >= 3.0)
    );
    assert_eq!(connector["faults"], serde_json::json!([]));
}

#[test]
fn cars_and_faults_are_kept_if_so_configured() {
    let (_central, config, site, charger) = charging(Config::persistent);
    charger
        .control()
        .fault(1, "HighTemperature")
        .expect("a fault");
    charger.wait_contactor(1, "open");
    charger.kill();
    let charger = site.start(&config).expect("a charger");
    let connector = charger.connector(1);
    assert_eq!(connector["plugged"], true);
    assert_eq!(connector["faults"][0]["kind"], "over-temperature");
}

#[test]
fn registers_start_at_zero_if_so_configured() {
    let (_central, _config, _site, charger) =
        charging(|config| config.set("sim.meter_starts_at_zero", true));
    charger.wait_register(1, 2.0);
    charger.control().unplug(1).expect("no car");
    charger.wait_contactor(1, "open");
    charger.control().plug(1).expect("a car");
    let wh = charger.connector(1)["register_wh"]
        .as_f64()
        .expect("a register");
    assert!(wh < 1.0, "{wh}");
}

#[test]
fn the_identity_is_encoded_and_may_end_in_a_slash() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .set("charge_point.id", "Säule 1/a")
        .set("csms.trailing_slash", true);
    let (_site, _charger) = Charger::start(&config).expect("a charger");
    let opening = central.expect_opened();
    assert_eq!(opening.identity, "Säule 1/a");
    assert_eq!(opening.path, "/ocpp/S%C3%A4ule%201%2Fa/");
    assert_eq!(opening.offered, ["ocpp1.6"]);
    central.expect_status(1, "Available");
}

#[test]
fn two_processes_do_not_share_a_state_dir() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url());
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    let second = config.clone().set(
        "charge_point.state_dir",
        site.state_dir().to_string_lossy().into_owned(),
    );
    let failed = site.run_to_end(&second.to_text()).expect("an end");
    assert_eq!(failed.code, Some(2), "{:?}", failed.printed);
    let message = failed.printed.join("\n");
    assert!(message.contains("state_dir"), "{message}");
    // The first one does not care.
    charger.control().plug(1).expect("a car");
    central.expect_status(1, "Preparing");
}
