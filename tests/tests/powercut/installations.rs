//! The power goes while a component is being installed under a charging car:
//! afterwards there is the old version or the new one, it answers, and the
//! transaction is whole.

use std::time::Duration;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::dice::{Random, seed, setting};
use plugpoint_tests::powercut::Barriers;
use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::trial::Trial;
use crate::vendor::{Vendor, wasm};

/// Long enough for a whole installation of what is compiled already.
const LONGEST_MS: u64 = 80;
/// After that the power goes though nobody writes.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

#[test]
fn the_old_version_or_the_new_one_runs_after_any_cut() {
    let cuts = setting("PLUGPOINT_CUTS", 12).div_ceil(3);
    let seed = seed("power cuts while installing");
    let vendor = Vendor::new();
    let second = vendor.component("guest-ocpp-second");
    let signature = Some(second.signature.as_str());
    let random = Random::new(seed, 0);
    let mut trial = Trial::new(
        random,
        Barriers::On,
        |config| vendor.trusted(config),
        |charger, _| {
            // Compiled once, so that what is hit is not always the compiler.
            let job = charger.install("ocpp", &second.wasm, signature, "");
            charger.wait_swapped(job.expect("a job"));
            let back = charger.roll_back("ocpp").expect("a job");
            charger.wait_ended(back, "committed");
        },
    );
    let (mut old, mut new) = (0, 0);
    let mut running = trial.start();
    for n in 0..cuts {
        assert!(trial.begin(&running.charger).is_ok(), "a session begins");
        let instant = Duration::from_millis(trial.random.below(LONGEST_MS));
        let before = trial.some_write();
        std::thread::scope(|scope| {
            let charger = &running.charger;
            scope.spawn(|| {
                // Cut off: that is the point.
                let _ = charger.install("ocpp", &second.wasm, signature, "");
            });
            std::thread::sleep(instant);
            Trial::cut(&running, before, LONGEST_WAIT);
        });
        if let Err(loss) = trial.bury(running) {
            trial.fail(&format!("lost in cut {n}: {loss}"));
        }
        running = trial.start();
        trial.settle(&running.charger);
        let runs = running.charger.slot("ocpp")["build"].clone();
        let answers = build_of(&trial.central);
        match runs.as_str() {
            Some("first") => old += 1,
            Some("second") => new += 1,
            _ => panic!("neither runs: {runs}"),
        }
        let expected = format!("guest-ocpp 0.1.0 {}", runs.as_str().unwrap_or(""));
        assert_eq!(answers, expected, "cut {n}");
        if runs == "second" {
            let back = running.charger.roll_back("ocpp").expect("a job");
            running.charger.wait_ended(back, "committed");
        }
    }
    trial.settle(&running.charger);
    tell(&format!(
        "{cuts} power cuts while installing and charging: {old} times the old version runs, {new} times the new one"
    ));
}

#[test]
fn a_version_that_was_told_to_run_runs_after_a_cut() {
    let cuts = setting("PLUGPOINT_CUTS", 12).div_ceil(6);
    let seed = seed("power cuts behind an installation");
    let vendor = Vendor::new();
    let random = Random::new(seed, 0);
    let edit = |config| vendor.trusted(config);
    let mut trial = Trial::new(random, Barriers::On, edit, |_, _| {});
    let mut running = trial.start();
    for n in 0..cuts {
        assert!(trial.begin(&running.charger).is_ok(), "a session begins");
        // Each time another file: one that has been on the disk for long is safe.
        let mut wasm = wasm("guest-ocpp-second");
        wasm.extend(custom_section(b"cut", &n.to_le_bytes()));
        let signature = vendor.sign(&wasm);
        let job = running.charger.install("ocpp", &wasm, Some(&signature), "");
        let job = running.charger.wait_swapped(job.expect("a job"));
        std::thread::sleep(Duration::from_millis(trial.random.below(20)));
        Trial::cut(&running, 1, Duration::ZERO);
        if let Err(loss) = trial.bury(running) {
            trial.fail(&format!("lost in cut {n}: {loss}"));
        }
        running = trial.start();
        trial.settle(&running.charger);
        let slot = running.charger.slot("ocpp");
        assert_eq!(slot["hash"], job["version"]["hash"], "cut {n}: {slot:#}");
        assert_eq!(build_of(&trial.central), "guest-ocpp 0.1.0 second");
        let back = running.charger.roll_back("ocpp").expect("a job");
        running.charger.wait_ended(back, "committed");
    }
    trial.settle(&running.charger);
    tell(&format!(
        "{cuts} power cuts behind an installation: what was installed runs"
    ));
}

/// Means nothing to anybody, and may stand at the end of any component.
fn custom_section(name: &[u8], contents: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| u8::try_from(part.len()).expect("less than 128 bytes");
    let named = [&[length(name)], name, contents].concat();
    [&[0, length(&named)], &named[..]].concat()
}

/// Who answers.
fn build_of(central: &CentralSystem) -> Value {
    let asked = json!({"vendorId": "Plugpoint", "messageId": "Build"});
    let answer = central.call("DataTransfer", asked).expect("an answer");
    answer["data"].clone()
}
