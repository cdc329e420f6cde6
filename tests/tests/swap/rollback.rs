//! New versions that fail in every way: the version before is back by itself,
//! the car goes on charging, and nothing that was kept is lost.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::tell;
use serde_json::Value;

use crate::vendor::{Signed, Vendor};

struct Stage {
    vendor: Vendor,
    central: CentralSystem,
    charger: Charger,
    site: Site,
    config: Config,
}

/// The first build of a small protocol charges a car and has kept a counter.
fn charging(mode: &str) -> Stage {
    let vendor = Vendor::new();
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let file = vendor.file("bad-component");
    let config = vendor
        .trusted(Config::new(central.url()))
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set("probation.in_service_s", 1)
        .set("probation.answer_s", 4)
        .persistent()
        .ocpp("second-mode", mode);
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_opened();
    let stage = Stage {
        vendor,
        central,
        charger,
        site,
        config,
    };
    stage.line("hello LinkUp 0");
    stage.say("ping", "pong 1");
    stage.charger.control().plug(1).expect("a car");
    stage.line("plugged 1");
    stage.say("permit 1 16000", "permitted 1");
    stage.charger.wait_contactor(1, "closed");
    stage
}

impl Stage {
    fn line(&self, wanted: &str) -> String {
        self.central
            .expect_text(wanted, |text| text.starts_with(wanted))
    }

    fn say(&self, text: &str, answer: &str) {
        self.central.send_text(text);
        self.line(answer);
    }

    fn install(&self) -> u64 {
        let Signed { wasm, signature } = self.vendor.component("bad-component-second");
        let job = self.charger.install("ocpp", &wasm, Some(&signature), "");
        job.expect("a job")
    }

    /// The first build answers, with what was kept, and the car still charges.
    fn expect_first_again(&self, count: u32) {
        self.say("build", "build first");
        self.say("count", &format!("count {count}"));
        let connector = self.charger.connector(1);
        assert_eq!(connector["contactor"], "closed");
        assert_eq!(connector["permit"]["session"], 1);
        // The session's own entry is there: it ends as it should.
        self.charger.control().unplug(1).expect("no car");
        self.line("unplugged 1");
        self.line("ended 1");
        self.charger.wait_contactor(1, "open");
    }

    /// Waits for the rollback and looks at what is said of it.
    fn expect_rolled_back(&self, mode: &str, job: u64, words: &str) {
        let job = self.charger.wait_ended(job, "rolled-back");
        let why = job["error"].as_str().expect("a reason");
        assert!(why.contains(words), "{mode}: no {words:?} in {why:?}");
        let status = self.charger.wait_status("a guest that works", |status| {
            status["components"][0]["last_recovery_us"].is_number()
        });
        let slot = &status["components"][0];
        let told = slot["last_rollback"].as_str().unwrap_or_default();
        assert!(
            told.contains("build second") && told.contains(words),
            "{slot:#}"
        );
        assert_eq!(slot["rollbacks"], 1, "{slot:#}");
        assert_eq!(status["counters"]["rollbacks"], 1, "{status:#}");
        let recovery = slot["last_recovery_us"].as_u64().unwrap_or(0);
        tell(&format!(
            "{mode:>22}: rolled back, {:.1} ms from the failure to a guest that works",
            recovery as f64 / 1000.0
        ));
    }

    /// Another process on the same state, as after a power failure.
    fn after_kill(self) -> Stage {
        let Stage {
            central,
            charger,
            site,
            config,
            vendor,
        } = self;
        charger.kill();
        let charger = site.start(&config).expect("a charger");
        Stage {
            central,
            charger,
            site,
            config,
            vendor,
        }
    }

    fn socket_never_closed(&self) {
        let transcript = self.central.journal().transcript();
        assert!(!transcript.contains("ended:"), "{transcript}");
    }
}

/// It does not get through its first start: the one before never stops.
fn check_start(mode: &str, words: &str) {
    let stage = charging(&format!("start:{mode}"));
    let job = stage.charger.wait_ended(stage.install(), "refused");
    let why = job["error"].as_str().expect("a reason");
    assert!(why.contains(words), "{mode}: no {words:?} in {why:?}");
    let slot = stage.charger.slot("ocpp");
    assert_eq!(slot["restarts"], 0, "it was never stopped: {slot:#}");
    stage.expect_first_again(1);
    stage.socket_never_closed();
}

/// It fails on an event: the one before takes over.
fn check_event(mode: &str, words: &str) {
    let stage = charging(mode);
    let job = stage.install();
    stage.charger.wait_swapped(job);
    for _ in 0..10 {
        stage.central.send_text("build");
    }
    stage.expect_rolled_back(mode, job, words);
    // The frame that failed is answered as such, and nobody is blocked.
    stage.line("hello Rollback 1");
    stage.line("dropped frame");
    stage.central.forget_earlier();
    stage.expect_first_again(1);
    stage.socket_never_closed();
}

#[test]
fn trap_at_start() {
    check_start("trap", "unreachable");
}

#[test]
fn endless_loop_at_start() {
    check_start("loop", "time was up");
}

#[test]
fn memory_bomb_at_start() {
    check_start("memory", "memory");
}

#[test]
fn trap_at_the_tenth_event() {
    check_event("10:trap", "trap");
}

#[test]
fn endless_loop() {
    check_event("2:loop", "time");
}

#[test]
fn memory_bomb() {
    check_event("2:memory", "memory");
}

#[test]
fn nonsense_actions() {
    check_event("2:unknown-outlet", "no outlet 99");
}

#[test]
fn never_in_service() {
    let stage = charging("silent");
    let job = stage.install();
    stage.charger.wait_swapped(job);
    stage.say("build", "build second");
    stage.expect_rolled_back("never in service", job, "not in service");
    stage.expect_first_again(1);
    stage.socket_never_closed();
}

/// The far end is there and speaks another protocol: waiting for it would be in vain.
#[test]
fn turned_away_by_the_far_end() {
    let stage = charging("stranger");
    let job = stage.install();
    stage.charger.wait_swapped(job);
    stage.expect_rolled_back("turned away", job, "not in service");
    stage.central.expect_opened();
    stage.line("hello LinkUp");
    stage.expect_first_again(1);
}

#[test]
fn garbage() {
    let stage = charging("garbage");
    // So that the first build's own frames are seen to be answered.
    stage.charger.control().card("A").expect("a card");
    stage.line("card A");
    stage.say("ping", "pong 2");
    let job = stage.install();
    stage.charger.wait_swapped(job);
    // The far end understands nothing, and so says nothing.
    stage.charger.control().card("B").expect("a card");
    stage.expect_rolled_back("garbage", job, "did not answer its frames");
    stage.expect_first_again(2);
    stage.socket_never_closed();
}

#[test]
fn cannot_read_the_entries() {
    let stage = charging("forgetful");
    let job = stage.install();
    stage.charger.wait_swapped(job);
    stage.say("count", "count 0");
    stage.expect_rolled_back("cannot read the entries", job, "not in service");
    stage.expect_first_again(1);
    stage.socket_never_closed();
}

#[test]
fn entries_that_were_forgotten_come_back_after_a_power_failure_too() {
    let stage = charging("forgetful");
    stage.charger.wait_swapped(stage.install());
    stage.say("count", "count 0");
    let stage = stage.after_kill();
    stage.charger.wait_status("a rollback", |status| {
        status["components"][0]["rollbacks"] == 1
    });
    stage.line("hello LinkUp 1");
    stage.say("count", "count 1");
}

#[test]
fn traps_only_after_a_power_cycle() {
    let stage = charging("power-up:trap");
    stage.charger.wait_swapped(stage.install());
    stage.say("build", "build second");
    let stage = stage.after_kill();
    let status = stage.charger.wait_status("a rollback", |status| {
        status["components"][0]["rollbacks"] == 1
    });
    let slot = &status["components"][0];
    assert_eq!(slot["build"], "first", "{slot:#}");
    let central = &stage.central;
    central.expect_opened();
    central.expect_text("hello LinkUp 1", |text| text == "hello LinkUp 1");
    central.send_text("build");
    central.expect_text("the first build", |text| text == "build first");
}

#[test]
fn starts_over_power_cycles_are_counted() {
    let mut stage = charging("");
    stage.charger.wait_swapped(stage.install());
    stage.config = stage.config.set("probation.starts", 3);
    let mut builds = Vec::new();
    for _ in 0..3 {
        stage = stage.after_kill();
        builds.push(stage.charger.slot("ocpp")["build"].clone());
    }
    assert_eq!(builds, ["second", "second", "first"]);
    let slot = stage.charger.slot("ocpp");
    let notes = slot["notes"].to_string();
    assert!(notes.contains("3 times"), "{notes}");
}

#[test]
fn safe_mode_when_nothing_can_run() {
    let vendor = Vendor::new();
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let file = vendor.file("bad-component");
    let config = vendor
        .trusted(Config::new(central.url()))
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set("permit.without_guest", "end")
        .ocpp("bad-mode", "trap");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let in_safe_mode = |status: &Value| status["components"][0]["safe_mode"].is_string();
    let status = charger.wait_status("safe mode", in_safe_mode);
    assert_eq!(status["components"][0]["state"], "waiting", "{status:#}");
    // The control API answers, and what happens is kept.
    charger.control().plug(1).expect("a car");
    charger.wait_connector(1, "a car", |c| c["plugged"] == true);
    assert_eq!(charger.connector(1)["contactor"], "open");

    // Another component ends it, and is told what happened.
    let ocpp = vendor.component("toy-protocol");
    let job = charger.install("ocpp", &ocpp.wasm, Some(&ocpp.signature), "one_way=true");
    charger.wait_swapped(job.expect("a job"));
    let status = charger.wait_status("an end of safe mode", |status| !in_safe_mode(status));
    assert_eq!(status["components"][0]["name"], "toy-protocol");
    let again = charger
        .process()
        .wait_line("safe mode is over", Duration::from_secs(60));
    assert!(again.is_some());
}
