//! What is installed in the field and what a newer program brings along: which of
//! them runs. And builds from which there is no way back.

use std::fs;
use std::process::Command;
use std::time::Duration;

use plugpoint_tests::charger::{compiled, component};
use serde_json::Value;

use crate::session::build_of;
use crate::stage::{Setup, Stage};
use crate::vendor::{Vendor, wasm};

/// The second build, as one that cannot write the schema before its own.
fn newer_only() -> Vec<u8> {
    let mut bytes = fs::read(component("guest-ocpp-second").expect("a component")).expect("bytes");
    replace(
        &mut bytes,
        b"reads 1-2, writes 1-2",
        b"reads 1-2, writes 2-2",
    );
    compiled::taken(bytes).expect("a component that can be taken")
}

/// One that the charger was offered as long as it was another program: its
/// interface is newer than ours, or it was compiled for an engine before ours.
fn misfit() -> (Vec<u8>, [&'static str; 2]) {
    if compiled::target().is_none() {
        return (wasm("bad-version"), ["0.3.0", "this charger offers 0.2"]);
    }
    let mut bytes = wasm("guest-ocpp-second");
    replace(&mut bytes, b"\"wasmtime\":\"48.", b"\"wasmtime\":\"47.");
    (bytes, ["wasmtime 47.", "wasmtime 48."])
}

fn replace<const N: usize>(bytes: &mut [u8], said: &[u8; N], instead: &[u8; N]) {
    let mut replaced = 0;
    while let Some(at) = bytes.windows(N).position(|it| it == said) {
        bytes[at..at + N].copy_from_slice(instead);
        replaced += 1;
    }
    assert!(replaced > 0, "it says {:?}", String::from_utf8_lossy(said));
}

#[test]
fn a_way_without_return_is_gone_only_if_it_is_meant() {
    let vendor = Vendor::new();
    let stage = Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config));
    let transaction = stage.charge(1, "TAG1");
    let wasm = newer_only();
    let signature = vendor.sign(&wasm);
    let install = |query| {
        stage
            .charger
            .install("ocpp", &wasm, Some(&signature), query)
    };

    let job = install("").expect("a job");
    let refused = stage.charger.wait_ended(job, "refused");
    let why = refused["error"].as_str().expect("a reason");
    assert!(
        why.contains("no way back") && why.contains("--one-way"),
        "{why}"
    );
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 first");

    let job = install("one_way=true").expect("a job");
    stage.charger.wait_ended(job, "committed");
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    let slot = stage.charger.slot("ocpp");
    assert_eq!(slot["entry_schema"], 2, "{slot:#}");
    assert_eq!(slot["candidate"], Value::Null, "no probation: {slot:#}");
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");

    let back = stage.charger.roll_back("ocpp").expect("a job");
    let refused = stage.charger.wait_ended(back, "refused");
    let why = refused["error"].as_str().expect("a reason");
    assert!(
        why.contains("cannot read the entries") && why.contains("schema 2"),
        "{why}"
    );
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    stage.ledger();
}

/// A charger on which the second build has proved itself, switched off.
fn with_an_installed_component(vendor: &Vendor) -> Stage {
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        vendor
            .trusted(config)
            .set("probation.time_s", 0)
            .set("probation.events", 0)
    });
    let second = vendor.component("guest-ocpp-second");
    let job = stage
        .charger
        .install("ocpp", &second.wasm, Some(&second.signature), "");
    stage.charger.wait_ended(job.expect("a job"), "committed");
    stage
}

/// The next program brings another component along: here the configuration names
/// it, which is the same to the slot.
fn upgraded(
    mut stage: Stage,
    vendor: &Vendor,
    name: &str,
    prepare: impl FnOnce(&Stage),
) -> (Stage, String) {
    // In good order, as before any upgrade: that the probation is over may reach
    // the disk a moment after it is told.
    stage.charger.process().terminate();
    let ended = stage.charger.process().wait_end(Duration::from_secs(60));
    assert!(ended.is_some_and(|it| it.success()), "{ended:?}");
    prepare(&stage);
    let path = vendor.file(name).to_string_lossy().into_owned();
    stage.config = stage.config.clone().set("components.ocpp", path);
    let stage = stage.after_kill();
    stage.expect_up();
    let printed = stage.charger.process().printed().join("\n");
    (stage, printed)
}

#[test]
fn what_was_installed_goes_before_what_a_newer_program_brings() {
    let vendor = Vendor::new();
    let stage = with_an_installed_component(&vendor);
    let (stage, printed) = upgraded(stage, &vendor, "guest-ocpp-old", |_| {});
    assert!(
        printed.contains("an installed component goes before"),
        "{printed}"
    );
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    assert_eq!(stage.charger.slot("ocpp")["source"], "installed");
    stage.ledger();
}

#[test]
fn what_was_installed_and_fits_no_more_gives_way_and_that_is_said() {
    let vendor = Vendor::new();
    let stage = with_an_installed_component(&vendor);
    let hash = stage.charger.slot("ocpp")["hash"].clone();
    let hash = hash.as_str().expect("a hash").to_owned();
    let (misfit, words) = misfit();
    let (stage, printed) = upgraded(stage, &vendor, "guest-ocpp-second", |stage| {
        put_in_its_place(stage, &vendor, &hash, &misfit);
    });
    assert!(printed.contains("cannot be used"), "{printed}");
    let slot = stage.charger.slot("ocpp");
    let notes = slot["notes"].to_string();
    assert!(words.iter().all(|it| notes.contains(it)), "{slot:#}");
    assert_ne!(slot["source"], "installed", "{slot:#}");
    assert_eq!(stage.charger.slot("ocpp")["state"], "running");
    stage.ledger();
}

/// As if that one had been installed: by a program whose interface it fits.
fn put_in_its_place(stage: &Stage, vendor: &Vendor, hash: &str, wasm: &[u8]) {
    let shelf = stage.site.state_dir().join("components");
    let form = match compiled::target() {
        Some(_) => "ppc",
        None => "wasm",
    };
    let file = shelf.join("new.wasm");
    fs::write(&file, wasm).expect("written");
    let sum = Command::new("sha256sum")
        .arg(&file)
        .output()
        .expect("a sum");
    let sum = String::from_utf8_lossy(&sum.stdout).into_owned();
    let new = sum.split(' ').next().expect("a sum");
    fs::rename(&file, shelf.join(format!("{new}.{form}"))).expect("in its place");
    let signature = shelf.join(format!("{new}.{form}.minisig"));
    fs::write(signature, vendor.sign(wasm)).expect("written");
    let path = stage.site.state_dir().join("plugpoint.db");
    let database = rusqlite::Connection::open(path).expect("a database");
    let name = "slot/ocpp";
    let record: Vec<u8> = database
        .query_row("SELECT body FROM document WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .expect("a record");
    let record = String::from_utf8_lossy(&record).replace(hash, new);
    let sql = "UPDATE document SET body = ?2 WHERE name = ?1";
    database
        .execute(sql, (name, record.into_bytes()))
        .expect("written");
}
