//! What runs guests: machine code, the interpreter, and components that were
//! compiled beforehand. That sessions are the same on each is shown by running
//! those tests on each (see `cargo xtask test`).

mod backend;
mod precompiled;
mod small;
#[path = "../swap/vendor.rs"]
mod vendor;

use std::fs;

use plugpoint_tests::charger::{Charger, Config, Site};
use serde_json::Value;
use vendor::Vendor;

/// Nobody listens there.
const NOWHERE: &str = "ws://127.0.0.1:1/ocpp";

/// A charger that trusts this vendor, and takes what is not signed by anybody.
fn config(vendor: &Vendor) -> Config {
    vendor
        .trusted_with_machine_code(Config::new(NOWHERE))
        .set("trust.allow_unsigned", true)
        // Nothing answers, so a version has proved itself at once or never.
        .set("probation.time_s", 0)
        .set("probation.events", 0)
}

fn start(site: &Site, config: &Config) -> Charger {
    let charger = site.start(config).expect("a charger");
    charger.wait_status("guests that run", |status| {
        let components = status["components"].as_array().map_or(&[][..], |it| it);
        components.len() == 2 && components.iter().all(|it| it["state"] == "running")
    });
    charger
}

/// Put into a slot, and proved there.
fn installed(charger: &Charger, slot: &str, file: &[u8], signature: &str) -> Value {
    let job = charger.install(slot, file, Some(signature), "");
    charger.wait_ended(job.expect("a job"), "committed")
}

/// Why it is not taken; what ran before still runs.
fn refusal(charger: &Charger, file: &[u8], signature: Option<&str>) -> String {
    let before = charger.slot("policy/standard")["hash"].clone();
    let job = charger.install("policy/standard", file, signature, "");
    let job = charger.wait_ended(job.expect("a job"), "refused");
    assert_eq!(charger.slot("policy/standard")["hash"], before);
    job["error"].as_str().expect("a reason").to_owned()
}

/// Takes the signature of the installed policy away: it runs no more, though
/// WebAssembly would need none here. The charger that says so.
fn unsigned(site: &Site, config: &Config) -> Charger {
    let folder = site.state_dir().join("components");
    let files = fs::read_dir(&folder).expect("components").flatten();
    for file in files.map(|it| it.path()) {
        if file.extension().is_some_and(|it| it == "minisig") {
            fs::remove_file(file).expect("removed");
        }
    }
    let charger = start(site, config);
    let slot = charger.slot("policy/standard");
    assert_eq!(slot["build"], "first", "{slot:#}");
    let notes = slot["notes"].to_string();
    assert!(notes.contains("must be signed"), "{slot:#}");
    charger
}

/// A policy that the configuration names, and with which nothing begins.
fn assert_does_not_begin(site: &Site, policy: &std::path::Path, words: &str) {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let config = config(&Vendor::new())
        .set("charge_point.state_dir", text(&site.state_dir()))
        .set("components.policy", text(policy));
    let ended = site.run_to_end(&config.to_text()).expect("it ends");
    let printed = ended.printed.join("\n");
    assert_eq!(ended.code, Some(2), "{printed}");
    assert!(printed.contains(words), "no {words:?} in {printed}");
}
