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
use crate::vendor::Vendor;

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

/// Who answers.
fn build_of(central: &CentralSystem) -> Value {
    let asked = json!({"vendorId": "Plugpoint", "messageId": "Build"});
    let answer = central.call("DataTransfer", asked).expect("an answer");
    answer["data"].clone()
}
