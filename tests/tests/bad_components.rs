//! Protocol components that misbehave in every way, in the real program. The
//! host lives, the contactor stays as the permit says, nothing of the failed
//! event is committed, the instance is replaced, and the next event is handled.
//!
//! The component that does all this (`tests/bad-component`) is a working guest
//! with a small language of its own, so the central system here speaks plain
//! lines of text.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, Site, component};
use plugpoint_tests::{interface, tell};

struct Stage {
    central: CentralSystem,
    charger: Charger,
    _site: Site,
}

fn central() -> CentralSystem {
    CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system")
}

/// For an event, where its time is not what is tried.
const PATIENT_MS: u32 = 10_000;

fn file(name: &str) -> PathBuf {
    component(name).expect("a component")
}

fn config(central: &CentralSystem, name: &str) -> Config {
    Config::new(central.url()).set("components.ocpp", file(name).to_string_lossy().into_owned())
}

/// The component works, a car is plugged in and charges, and one event has been
/// committed.
fn charging() -> Stage {
    charging_with(|config| config)
}

fn charging_with(edit: impl FnOnce(Config) -> Config) -> Stage {
    let central = central();
    let config = edit(config(&central, "bad-component"));
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_opened();
    line(&central, "hello LinkUp 0");
    say(&central, "ping", "pong 1");
    charger.control().plug(1).expect("a car");
    line(&central, "plugged 1");
    say(&central, "permit 1 16000", "permitted 1");
    charger.wait_contactor(1, "closed");
    central.forget_earlier();
    Stage {
        central,
        charger,
        _site: site,
    }
}

fn line(central: &CentralSystem, wanted: &str) -> String {
    central.expect_text(wanted, |text| text.starts_with(wanted))
}

/// A new instance is at work, with the one event that was committed.
fn recovered(central: &CentralSystem) {
    central.expect_text("a recovery", |text| {
        text.starts_with("hello") && text.ends_with("Recovery 1")
    });
}

fn say(central: &CentralSystem, text: &str, answer: &str) {
    central.send_text(text);
    line(central, answer);
}

impl Stage {
    /// A new instance is at work, knows what failed and why, and has none of
    /// what the failed call wanted to keep.
    fn expect_recovered(&self, mode: &str, event: &str, failures: &[&str], since: Instant) {
        recovered(&self.central);
        let took = since.elapsed();
        let dropped = line(&self.central, "dropped ");
        let words: Vec<&str> = dropped.split(' ').collect();
        assert_eq!(words[1], event, "{mode}: {dropped}");
        assert!(failures.contains(&words[3]), "{mode}: {dropped}");
        tell(&format!(
            "{mode:>16}: {:>7}, works again after {took:?}",
            words[3]
        ));
        say(&self.central, "ping", "pong 2");
        // From the failure on; what led to it takes its time beside other programs.
        let recovery_us = self.charger.status()["components"][0]["last_recovery_us"].as_u64();
        let recovery = Duration::from_micros(recovery_us.expect("a recovery"));
        assert!(recovery < Duration::from_secs(3), "{mode}: {recovery:?}");
    }

    fn assert_still_charging(&self, mode: &str) {
        let connector = self.charger.connector(1);
        assert_eq!(connector["contactor"], "closed", "after {mode}");
        assert_eq!(connector["permit"]["limit_ma"], 16000, "after {mode}");
        assert_eq!(connector["permit"]["session"], 1, "after {mode}");
        assert!(self.charger.is_alive());
    }
}

/// The frame fails; everything else goes on.
fn check_failure(mode: &str, failures: &[&str]) {
    // What is to fail of something else must not fail of its time beside other programs.
    let stage = charging_with(|config| match failures.contains(&"time") {
        true => config,
        false => config.set("limits.ocpp.event_ms", PATIENT_MS),
    });
    let since = Instant::now();
    stage.central.send_text(format!("bad {mode}"));
    stage.expect_recovered(mode, "frame", failures, since);
    // The far end is told that its frame failed.
    line(&stage.central, &format!("error bad {mode}"));
    stage.assert_still_charging(mode);
    let status = stage.charger.status();
    assert_eq!(status["components"][0]["restarts"], 1, "{mode}: {status:#}");
    // The socket never closed.
    assert!(
        !stage.central.journal().transcript().contains("ended:"),
        "{mode}"
    );
    say(&stage.central, "revoke 1", "revoked 1");
    stage.charger.wait_contactor(1, "open");
}

/// A nuisance that is no failure.
fn check_survival(mode: &str) {
    // A nuisance takes its time, and more beside other programs: not what is tried here.
    let stage = charging_with(|config| config.set("limits.ocpp.event_ms", PATIENT_MS));
    stage.central.send_text(format!("bad {mode}"));
    line(&stage.central, &format!("survived {mode}"));
    say(&stage.central, "ping", "pong 1002");
    stage.assert_still_charging(mode);
    assert_eq!(stage.charger.status()["components"][0]["restarts"], 0);
    say(&stage.central, "revoke 1", "revoked 1");
    stage.charger.wait_contactor(1, "open");
}

macro_rules! cases {
    ($check:ident: $($name:ident $mode:literal $([$($failure:literal)*])?;)*) => {
        $(#[test]
        fn $name() {
            $check($mode $(, &[$($failure),*])?);
        })*
    };
}

cases! { check_failure:
    endless_loop "loop" ["time"];
    memory_bomb "memory" ["memory" "trap"];
    endless_recursion "recursion" ["trap"];
    panics "panic" ["trap"];
    trap "trap" ["trap"];
    unknown_outlet "unknown-outlet" ["invalid"];
    unknown_outlet_revoked "unknown-revoke" ["invalid"];
    unknown_outlet_locked "unknown-lock" ["invalid"];
    no_phases "phases-0" ["invalid"];
    nine_phases "phases-9" ["invalid"];
    negative_limit "limit-huge" ["invalid"];
    empty_key "key-empty" ["invalid" "limit"];
    long_key "key-long" ["invalid" "limit"];
    large_entry "entry-large" ["limit"];
    many_entries "entries-many" ["limit"];
    long_timer_name "timer-name" ["invalid" "limit"];
    many_timers "timers-many" ["limit"];
    nowhere_to_connect "connect-nothing" ["invalid"];
    wrong_scheme "connect-scheme" ["invalid"];
    large_frame "frame-large" ["limit"];
    many_requests "requests-many" ["limit"];
    many_actions "actions-many" ["limit"];
    a_million_actions "actions-million" ["limit" "memory" "trap"];
    string_of_100_mb "string-100mb" ["limit" "memory" "trap"];
    aliased_strings "string-aliased" ["limit" "memory" "trap"];
    endless_scan "scan-flood" ["time" "limit"];
}

cases! { check_survival:
    flood_of_log_lines "log-flood";
    long_log_line "log-long";
    timer_in_the_past "timer-past";
    timer_storm "timer-storm";
}

#[test]
fn a_card_that_traps() {
    let stage = charging();
    let since = Instant::now();
    stage.charger.control().card("BAD:trap").expect("a card");
    stage.expect_recovered("trap on a card", "token", &["trap"], since);
    stage.assert_still_charging("a card that traps");
    stage.charger.control().card("GOOD").expect("a card");
    line(&stage.central, "card GOOD");
}

/// The component fails again and again before the steps are due, and never gives
/// another permit.
#[test]
fn steps_of_a_permit_take_effect_although_the_component_fails() {
    let stage = charging();
    say(
        &stage.central,
        "permit 1 20000 1500:12000 3000:6000",
        "permitted 1",
    );
    let offered = |ma: u32| {
        let what = format!("{ma} mA");
        let connector = stage
            .charger
            .wait_connector(1, &what, |it| it["offered_ma"] == ma);
        assert_eq!(connector["permit"]["limit_ma"], ma, "{connector:#}");
        connector["permit"]["steps"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(offered(20_000), 2);
    for _ in 0..4 {
        stage.central.send_text("bad trap");
    }
    assert_eq!(offered(12_000), 1);
    assert_eq!(offered(6_000), 0);
    let restarts = stage.charger.status()["components"][0]["restarts"].as_u64();
    assert!(restarts > Some(0), "it has failed");
}

/// Longer ones than any card has: none is cut off.
#[test]
fn a_token_of_255_bytes_comes_whole_and_a_longer_one_not_at_all() {
    let stage = charging();
    let longest = "L".repeat(255);
    let card = |token: &str| stage.charger.control().card(token);
    card(&longest).expect("a card");
    line(&stage.central, &format!("card {longest}"));
    let refused = card(&"L".repeat(256)).expect_err("it is too long");
    assert!(refused.to_string().contains("256 bytes"), "{refused}");
    // Bytes, not characters.
    let refused = card(&"Ä".repeat(128)).expect_err("it is too long");
    assert!(refused.to_string().contains("256 bytes"), "{refused}");
    say(&stage.central, "ping", "pong 2");
}

#[test]
fn an_unplugged_that_traps_still_ends_the_session() {
    let stage = charging();
    say(&stage.central, "arm trap unplugged", "armed");
    stage.charger.wait_register(1, 1.0);
    stage.charger.control().unplug(1).expect("no car");
    recovered(&stage.central);
    line(&stage.central, "dropped outlet");
    let end = line(&stage.central, "permit-end 1 1 1 car-left ");
    let register = end.rsplit(' ').next().and_then(|it| it.parse::<u64>().ok());
    assert!(register.is_some_and(|mwh| mwh >= 1_000), "{end}");
    line(&stage.central, "ended 1");
    let connector = stage.charger.wait_contactor(1, "open");
    assert!(connector["permit"].is_null() || connector["plugged"] == false);
    stage
        .charger
        .wait_connector(1, "no permit", |c| c["permit"].is_null());
    say(&stage.central, "ping", "pong 2");
}

#[test]
fn a_start_that_fails() {
    for mode in ["trap", "loop", "memory", "unknown-outlet"] {
        let central = central();
        let config = config(&central, "bad-component").ocpp("bad-mode", mode);
        let (_site, charger) = Charger::start(&config).expect("a charger");
        let status = charger.wait_status("a component that rests", |s| {
            s["components"][0]["last_failure"].is_string()
        });
        let failure = status["components"][0]["last_failure"].to_string();
        assert!(failure.len() > 4, "{status:#}");
        println!("{mode} in start: {failure}");
        // Safety needs no guest.
        charger.control().plug(1).expect("a car");
        assert_eq!(charger.connector(1)["contactor"], "open");
        assert!(charger.is_alive());
    }
}

/// Refused before it runs, in plain words.
fn check_refused(name: &str, words: &[&str]) {
    check_file_refused(&file(name), words);
}

fn check_file_refused(file: &Path, words: &[&str]) {
    let central = central();
    let site = Site::new().expect("a place");
    let text = Config::new(central.url())
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        )
        .to_text();
    let failed = site.run_to_end(&text).expect("an end");
    assert_eq!(failed.code, Some(2), "{:?}", failed.printed);
    let printed = failed.printed.join("\n");
    println!("{}: {printed}", file.display());
    for word in words {
        assert!(printed.contains(word), "no {word:?} in {printed}");
    }
}

#[test]
fn a_wrong_interface_version_is_refused() {
    let ours = interface::version();
    check_refused("bad-version", &["0.3.0", ours, "bad-version.wasm"]);
}

#[test]
fn a_protocol_component_of_an_earlier_release_is_refused_with_a_way_out() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/data/0.1.0/bad-component.wasm");
    let ours = format!("this charger offers {}", interface::version());
    let words = [
        "built for interface plugpoint:charger 0.1.0",
        &ours,
        "protocol components have to be built again",
    ];
    check_file_refused(Path::new(golden), &words);
}

#[test]
fn an_import_that_is_not_granted_is_refused() {
    check_refused("bad-import", &["files", "bad-import.wasm"]);
}

#[test]
fn what_is_no_component_is_refused() {
    let central = central();
    let site = Site::new().expect("a place");
    let nonsense = site.file("nonsense.wasm");
    std::fs::write(&nonsense, b"this is no component").expect("a file");
    let text = Config::new(central.url())
        .set("components.ocpp", nonsense.to_string_lossy().into_owned())
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        )
        .to_text();
    let failed = site.run_to_end(&text).expect("an end");
    assert_eq!(failed.code, Some(2), "{:?}", failed.printed);
    assert!(failed.printed.join("\n").contains("nonsense.wasm"));
}
