//! Components with a signature that is good, and still not for this slot, charger or
//! time.

use std::fs;

use plugpoint_tests::charger::{Charger, Config, Site, compiled};
use serde_json::Value;

use crate::vendor::{Vendor, wasm};

const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

fn config(vendor: &Vendor) -> Config {
    // What is installed counts as proved at once.
    vendor
        .trusted(Config::new(NOWHERE))
        .set("probation.time_s", 0)
        .set("probation.events", 0)
}

/// What becomes of an installation.
#[track_caller]
fn installed(charger: &Charger, file: &[u8], signature: &str, end: &str) -> Value {
    let job = charger.install("ocpp", file, Some(signature), "allow_downgrade=true");
    charger.wait_ended(job.expect("a job"), end)
}

#[track_caller]
fn refused(charger: &Charger, file: &[u8], signature: &str, words: &str) {
    let job = installed(charger, file, signature, "refused");
    let why = job["error"].to_string();
    assert!(why.contains(words), "no {words:?} in {why}");
}

#[test]
fn a_file_goes_nowhere_but_where_its_signature_says() {
    let vendor = Vendor::new();
    let (_site, charger) = Charger::start(&config(&vendor)).expect("a charger");
    let file = wasm("guest-ocpp-second");
    for (comment, words) in [
        ("plugpoint:slots=policy/*", "not for slot `ocpp`"),
        ("plugpoint:product=Another", "for the model Another"),
        ("plugpoint:expires=tomorrow", "plugpoint:expires=tomorrow"),
        ("plugpoint:floor=9.0.0", "versions before 9.0.0"),
    ] {
        let signature = vendor.sign_saying(&file, comment);
        refused(&charger, &file, &signature, words);
    }
    let good = vendor.sign_saying(&file, "plugpoint:slots=ocpp");
    installed(&charger, &file, &good, "committed");
}

#[test]
fn a_key_signs_for_its_own_slots_only() {
    let vendor = Vendor::new();
    let slots = vec!["policy/*".to_owned()];
    let key = vendor.scoped("slots", slots.into());
    let config = config(&vendor).set("trust.keys", toml::Value::Array(vec![key]));
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let file = wasm("guest-ocpp-second");
    refused(
        &charger,
        &file,
        &vendor.sign(&file),
        "trusted for policy/* only",
    );
}

#[test]
fn an_ordinary_key_signs_no_machine_code() {
    let vendor = Vendor::new();
    let (site, charger) = Charger::start(&config(&vendor)).expect("a charger");
    let file = compiled::compiled("guest-ocpp-second", std::env::consts::ARCH);
    let file = fs::read(file.expect("a compiled component")).expect("its bytes");
    refused(&charger, &file, &vendor.sign(&file), "compiled beforehand");
    charger.kill();
    let config = vendor.trusted_with_machine_code(config(&vendor));
    let charger = site.start(&config).expect("a charger");
    let job = charger.install("ocpp", &file, Some(&vendor.sign(&file)), "");
    charger.wait_swapped(job.expect("a job"));
    assert_eq!(charger.slot("ocpp")["build"], "second");
}

/// A version that has proved itself, and says which ones are too old.
fn with_floor(vendor: &Vendor) -> (Site, Charger) {
    let (site, charger) = Charger::start(&config(vendor)).expect("a charger");
    let file = wasm("guest-ocpp-second");
    let signature = vendor.sign_saying(&file, "plugpoint:floor=0.1.0");
    installed(&charger, &file, &signature, "committed");
    (site, charger)
}

#[test]
fn a_version_with_known_weaknesses_does_not_come_back() {
    let vendor = Vendor::new();
    let (site, charger) = with_floor(&vendor);
    let old = wasm("guest-ocpp-old");
    let words = "older than 0.1.0, the oldest that this charger still takes";
    refused(&charger, &old, &vendor.sign(&old), words);
    // Nor after the power was gone.
    charger.kill();
    let charger = site.start(&config(&vendor)).expect("a charger");
    // What had not been stored proves itself again, and says it again.
    charger.wait_status("the floor", |_| {
        let listed = charger.control().get("/v1/components").expect("a list");
        listed["trust"]["floor"]["guest-ocpp"] == "0.1.0"
    });
    refused(&charger, &old, &vendor.sign(&old), words);
}

#[test]
fn what_is_revoked_does_not_run_again() {
    const SLOT: &str = "policy/standard";
    for what in ["the file", "the key"] {
        let vendor = Vendor::new();
        let (site, charger) = Charger::start(&config(&vendor)).expect("a charger");
        let file = wasm("guest-policy-second");
        let signature = vendor.sign(&file);
        let install = |charger: &Charger, end: &str| {
            let job = charger.install(SLOT, &file, Some(&signature), "");
            charger.wait_ended(job.expect("a job"), end)
        };
        install(&charger, "committed");
        let hash = charger.slot(SLOT)["hash"]
            .as_str()
            .expect("a hash")
            .to_owned();
        assert_eq!(charger.slot(SLOT)["build"], "second");
        charger.kill();
        let revoked = match what {
            "the file" => hash,
            _ => vendor.key(),
        };
        let config = config(&vendor).set("trust.revoked", vec![revoked]);
        let charger = site.start(&config).expect("a charger");
        let slot = charger.slot(SLOT);
        assert_eq!(slot["build"], "first", "{what}: {slot:#}");
        assert!(
            slot["notes"].to_string().contains("revoked"),
            "{what}: {slot:#}"
        );
        let job = install(&charger, "refused");
        assert!(
            job["error"].to_string().contains("revoked"),
            "{what}: {job:#}"
        );
    }
}

#[test]
fn a_waived_downgrade_is_in_the_journal() {
    let vendor = Vendor::new();
    let (_site, charger) = Charger::start(&config(&vendor)).expect("a charger");
    let old = wasm("guest-ocpp-old");
    installed(&charger, &old, &vendor.sign(&old), "committed");
    let patience = std::time::Duration::from_secs(10);
    let noted = charger
        .events()
        .wait_for(0, "component", patience, |detail| {
            detail["what"] == "downgrade-allowed"
        });
    assert!(noted.is_some(), "{:#?}", charger.events().all());
}
