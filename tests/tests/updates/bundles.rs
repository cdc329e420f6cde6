//! Many updates in one metered transaction, signed and unsigned, good and broken. The
//! socket stays open, the contactor does not move, the transaction is intact, and what is
//! told of the version is what runs.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use plugpoint_conformance::files::FileServer;
use plugpoint_tests::central_system::What;
use plugpoint_tests::charger::contactor_moves;
use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::server::{expect, expect_next, through, update};
use crate::stage::{Setup, Stage};
use crate::vendor::{Vendor, wasm};

const PATIENCE: Duration = Duration::from_secs(60);
/// Words of other builds, as long as `first`: the same component under another name.
const BUILDS: [&str; 3] = ["third", "fifth", "sixth"];

/// What the central system has fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Signed,
    Unsigned,
    OtherSignature,
    CutOff,
    OfOtherSlot,
    OfNoSlot,
    Older,
    TrapsAtStart,
    TrapsLater,
    NotThere,
    Image,
    BadImage,
}

/// In this order, again and again.
const ALL: [Kind; 12] = [
    Kind::Signed,
    Kind::OtherSignature,
    Kind::CutOff,
    Kind::TrapsLater,
    Kind::Unsigned,
    Kind::OfOtherSlot,
    Kind::OfNoSlot,
    Kind::TrapsAtStart,
    Kind::NotThere,
    Kind::Image,
    Kind::Older,
    Kind::BadImage,
];

/// A charger in a transaction, and what runs in it.
struct Session {
    vendor: Vendor,
    stage: Stage,
    files: FileServer,
    build: &'static str,
    rollbacks: u64,
}

impl Session {
    fn new() -> Session {
        let vendor = Vendor::new();
        let installer = ["sh", "-c", "grep -q '^good' \"$2\"", "sh"];
        let stage = Setup { amnesia: false }.stage_with(1, |config| {
            vendor
                .trusted(config)
                .set("trust.allow_unsigned", true)
                .set("installer.command", installer.map(str::to_owned).to_vec())
                .set("installer.during_transactions", true)
                .ocpp("MeterValueSampleInterval", "1")
                // For `bad-component-second`; any other component takes no notice.
                .ocpp("second-mode", "start:trap")
        });
        Session {
            vendor,
            stage,
            files: FileServer::start(&[]).expect("a server of files"),
            build: "first",
            rollbacks: 0,
        }
    }

    /// A bundle as the vendor makes it.
    fn bundle(&self, slot: &str, component: &[u8], signature: Option<&str>) -> Vec<u8> {
        let file = |name: &str| self.stage.site.file(name).to_string_lossy().into_owned();
        let (wasm, signed, out) = (file("new.wasm"), file("new.sig"), file("new.bundle"));
        fs::write(&wasm, component).expect("a file");
        let mut words = vec!["component", "bundle", &wasm, "--slot", slot, "-o", &out];
        match signature {
            Some(signature) => {
                fs::write(&signed, signature).expect("a file");
                words.extend(["--signature", &signed]);
            }
            None => words.push("--unsigned"),
        }
        let ended = self.stage.site.run(&words).expect("an end");
        assert_eq!(ended.code, Some(0), "{:?}", ended.printed);
        fs::read(&out).expect("a bundle")
    }

    fn signed(&self, slot: &str, component: &[u8]) -> Vec<u8> {
        self.bundle(slot, component, Some(&self.vendor.sign(component)))
    }

    fn file(&self, kind: Kind, build: &str) -> Vec<u8> {
        let component = other_build(build);
        match kind {
            Kind::Signed => self.signed("ocpp", &component),
            Kind::Unsigned => self.bundle("ocpp", &component, None),
            Kind::OtherSignature => {
                let signature = self.vendor.sign(&wasm("guest-policy"));
                self.bundle("ocpp", &component, Some(&signature))
            }
            Kind::CutOff => {
                let whole = self.signed("ocpp", &component);
                whole[..whole.len() / 2].to_vec()
            }
            Kind::OfOtherSlot => self.signed("ocpp", &wasm("guest-policy")),
            Kind::OfNoSlot => self.signed("policy/nobody", &wasm("guest-policy")),
            Kind::Older => self.signed("ocpp", &wasm("guest-ocpp-old")),
            Kind::TrapsAtStart => self.signed("ocpp", &wasm("bad-component-second")),
            Kind::TrapsLater => self.signed("ocpp", &wasm("guest-ocpp-changed")),
            Kind::NotThere => Vec::new(),
            Kind::Image => b"good image".to_vec(),
            Kind::BadImage => b"bad image".to_vec(),
        }
    }

    fn update(&mut self, number: usize, kind: Kind) {
        let build = BUILDS[number % BUILDS.len()];
        let name = format!("update-{number}");
        if kind != Kind::NotThere {
            self.files.put(&name, &self.file(kind, build));
        }
        update(&self.stage, &self.files, &name);
        match kind {
            Kind::Signed | Kind::Unsigned => {
                expect(&self.stage, &through("Installed"));
                self.build = build;
            }
            Kind::Image => expect(&self.stage, &through("Installed")),
            // Found before it begins.
            Kind::OtherSignature | Kind::CutOff => {
                let statuses = ["Downloading", "Downloaded", "InstallationFailed"];
                expect(&self.stage, &statuses);
            }
            Kind::NotThere => expect(&self.stage, &["Downloading", "DownloadFailed"]),
            Kind::TrapsLater => {
                expect(&self.stage, &["Downloading", "Downloaded", "Installing"]);
                self.spring_the_trap();
                self.rollbacks += 1;
            }
            Kind::OfOtherSlot
            | Kind::OfNoSlot
            | Kind::Older
            | Kind::TrapsAtStart
            | Kind::BadImage => expect(&self.stage, &through("InstallationFailed")),
        }
        self.assert_undisturbed(kind);
    }

    /// A call on which one build fails, and no other, until that has come and gone.
    fn spring_the_trap(&self) {
        let trap = json!({"vendorId": "Plugpoint", "messageId": "Trap"});
        let is_over = || self.stage.charger.slot("ocpp")["rollbacks"] == self.rollbacks + 1;
        let begin = Instant::now();
        while !is_over() {
            assert!(begin.elapsed().as_secs() < 120, "it was never rolled back");
            match self.stage.central.call("DataTransfer", trap.clone()) {
                Ok(answer) => assert_eq!(answer["status"], "UnknownMessageId"),
                Err(failure) => assert_eq!(failure.code(), Some("InternalError")),
            }
        }
        expect_next(&self.stage, "InstallationFailed");
    }

    fn assert_undisturbed(&self, kind: Kind) {
        let answer = self.stage.ask(
            "DataTransfer",
            json!({"vendorId": "Plugpoint", "messageId": "Build"}),
        );
        let runs = format!("guest-ocpp 0.1.0 {}", self.build);
        assert_eq!(answer["data"], *runs, "after {kind:?}");
        let slot = self.stage.charger.slot("ocpp");
        assert_eq!(slot["build"], self.build, "after {kind:?}: {slot:#}");
        assert_eq!(slot["version"], "0.1.0");
        assert_eq!(slot["candidate"], Value::Null, "after {kind:?}: {slot:#}");
        assert_eq!(
            slot["rollbacks"], self.rollbacks,
            "after {kind:?}: {slot:#}"
        );
        let connector = self.stage.charger.connector(1);
        assert_eq!(connector["contactor"], "closed", "after {kind:?}");
        // A central system could take it for the end of the transaction.
        self.stage.central.assert_none("BootNotification");
    }
}

/// The component that the program carries, under another name.
fn other_build(word: &str) -> Vec<u8> {
    let mut bytes = wasm("guest-ocpp");
    for before in ["\x08revision", "guest-ocpp 0.1.0 "] {
        let said = [before.as_bytes(), b"first"].concat();
        let at = bytes.windows(said.len()).position(|it| it == said);
        let at = at.expect("it says which build it is") + before.len();
        bytes[at..at + word.len()].copy_from_slice(word.as_bytes());
    }
    bytes
}

fn setting() -> usize {
    match std::env::var("PLUGPOINT_UPDATES") {
        Ok(value) => value.parse().expect("a count"),
        Err(_) => ALL.len(),
    }
}

#[test]
fn updates_during_a_transaction_leave_it_alone() {
    let count = setting();
    let mut session = Session::new();
    let transaction = session.stage.charge(1, "TAG1");
    let begin = Instant::now();
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for number in 0..count {
        let kind = ALL[number % ALL.len()];
        session.update(number, kind);
        *kinds.entry(kind).or_default() += 1;
    }
    let took = begin.elapsed();
    let Session { stage, build, .. } = session;
    stage.wait_energy(1, 1.0);
    stage.card("TAG1");
    let stop = stage.expect_stop(transaction, "Local");
    stage.central.expect_status(1, "Finishing");

    // Once all of the transaction is told, it says what it is now.
    let boot = stage.central.expect_any("BootNotification");
    assert!(boot.number > stop.number);
    let version = format!("1.0+guest-ocpp-0.1.0-{build}");
    assert_eq!(boot.payload["firmwareVersion"], *version);
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.fence();
    stage.central.assert_none("BootNotification");
    stage.central.assert_none("FirmwareStatusNotification");

    let ledger = stage.ledger();
    let told = ledger.transaction(transaction).expect("the transaction");
    assert!(!told.samples.is_empty(), "a metered transaction");
    let register = stage.charger.connector(1)["register_wh"].as_f64();
    let meter_stop = stop.payload["meterStop"].as_f64().expect("a register");
    assert!(
        register.is_some_and(|register| (register - meter_stop).abs() <= 1.0),
        "the register is {register:?}, {meter_stop} was told"
    );
    let journal = stage.central.journal().entries();
    let opened = journal
        .iter()
        .filter(|entry| matches!(entry.what, What::Opened(_) | What::Ended(_)));
    assert_eq!(opened.count(), 1, "the socket never closes");
    let moves = contactor_moves(&stage.charger.kill());
    let closed: Vec<bool> = moves.iter().map(|it| it.closed).collect();
    assert_eq!(closed, [true, false], "it moves only with the session");
    tell(&format!(
        "{count} updates in one transaction in {:.0} s, {} samples: {kinds:?}",
        took.as_secs_f64(),
        told.samples.len()
    ));
}

#[test]
fn a_charger_that_trusts_a_key_takes_no_unsigned_bundle() {
    let mut session = Session::new();
    session.stage.charger.process().terminate();
    let config = session.stage.config.clone();
    session.stage.config = config.set("trust.allow_unsigned", false);
    session.stage = session.stage.after_kill();
    session.stage.expect_up();
    let unsigned = session.file(Kind::Unsigned, "third");
    session.files.put("unsigned", &unsigned);
    update(&session.stage, &session.files, "unsigned");
    let statuses = ["Downloading", "Downloaded", "InstallationFailed"];
    expect(&session.stage, &statuses);
    session
        .files
        .put("signed", &session.file(Kind::Signed, "third"));
    update(&session.stage, &session.files, "signed");
    expect(&session.stage, &through("Installing")[..3]);
    let runs = |status: &Value| status["components"][0]["build"] == "third";
    session.stage.charger.wait_status("the new version", runs);
    // Otherwise nothing happens by which it could prove itself.
    for _ in 0..5 {
        session.stage.fence();
    }
    expect_next(&session.stage, "Installed");
    let boot = session.stage.central.expect_any("BootNotification");
    let version = "1.0+guest-ocpp-0.1.0-third";
    assert_eq!(boot.payload["firmwareVersion"], version);
}

#[test]
fn a_power_cut_on_probation_ends_in_installed_once() {
    let mut session = Session::new();
    let signed = session.file(Kind::Signed, "third");
    session.files.put("signed", &signed);
    update(&session.stage, &session.files, "signed");
    expect(&session.stage, &through("Installing")[..3]);
    let is_tried = |status: &Value| {
        let slot = &status["components"][0];
        slot["build"] == "third" && slot["candidate"].is_string()
    };
    session
        .stage
        .charger
        .wait_status("a new version on probation", is_tried);
    session.stage.fence();
    session.stage = session.stage.after_kill();
    let stage = &session.stage;
    let boot = stage.central.expect_any("BootNotification");
    let version = "1.0+guest-ocpp-0.1.0-third";
    assert_eq!(boot.payload["firmwareVersion"], version);
    for _ in 0..5 {
        stage.fence();
    }
    expect_next(stage, "Installed");
    stage.fence();
    stage.central.assert_none("FirmwareStatusNotification");
    stage.central.assert_none("BootNotification");
    let slot = stage.charger.slot("ocpp");
    assert_eq!(slot["source"], "installed", "{slot:#}");
    assert_eq!(slot["candidate"], Value::Null, "{slot:#}");
}

#[test]
fn one_that_is_taken_back_afterwards_is_a_security_event() {
    let mut session = Session::new();
    let transaction = session.stage.charge(1, "TAG1");
    session.update(0, Kind::Signed);
    let stage = &session.stage;
    let back = stage.charger.roll_back("ocpp").expect("a job");
    stage.charger.wait_swapped(back);
    let told = stage
        .charger
        .events()
        .wait_for(0, "security", PATIENCE, |event| {
            event["text"]
                .to_string()
                .contains("is taken back: now runs guest-ocpp 0.1.0 (build first")
        });
    assert!(told.is_some(), "{:#?}", stage.charger.events().all());
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    // 1.6 has no status for it.
    stage.central.assert_none("FirmwareStatusNotification");
    let boot = stage.central.expect_any("BootNotification");
    assert_eq!(boot.payload["firmwareVersion"], "1.0");
}
