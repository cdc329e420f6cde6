//! The power goes at any instant of an installation: afterwards there is the old
//! version or the new one, and it answers.

use std::time::Duration;

use plugpoint_tests::tell;

use crate::session::build_of;
use crate::setting;
use crate::stage::Setup;
use crate::vendor::Vendor;

/// Long enough for a whole installation with a warm cache.
const LONGEST_MS: u64 = 120;

/// What the new version has ended on probation has ended, also for the version
/// before, which takes over again.
#[test]
fn a_transaction_that_ended_on_probation_stays_ended() {
    let vendor = Vendor::new();
    let second = vendor.component("guest-ocpp-second");
    let setup = Setup { amnesia: false };
    let mut stage = setup.stage_with(1, |config| vendor.trusted(config).persistent());
    for by_power_failure in [true, false] {
        let transaction = stage.charge(1, "TAG1");
        let signature = Some(second.signature.as_str());
        if by_power_failure {
            let job = stage.charger.install("ocpp", &second.wasm, signature, "");
            stage.charger.wait_swapped(job.expect("a job"));
            stage = stage.after_kill();
            stage.expect_stop(transaction, "PowerLoss");
        } else {
            // Not in service, since nobody can be reached.
            stage.network(false);
            let job = stage.charger.install("ocpp", &second.wasm, signature, "");
            stage.charger.wait_swapped(job.expect("a job"));
            stage.card("TAG1");
            stage.charger.wait_contactor(1, "open");
            stage.network(true);
            stage.expect_stop(transaction, "Local");
        }
        stage.unplug(1);
        stage.central.expect_status(1, "Available");
        let back = stage.charger.roll_back("ocpp").expect("a job");
        stage.charger.wait_ended(back, "committed");
        assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 first");
        stage.central.assert_none("StopTransaction");
        let ledger = stage.ledger();
        assert!(ledger.transactions.iter().all(|tx| tx.stop.is_some()));
    }
}

#[test]
fn killed_at_any_instant_of_an_installation() {
    let kills = setting("PLUGPOINT_SWAP_KILLS", 6);
    let vendor = Vendor::new();
    let second = vendor.component("guest-ocpp-second");
    let mut stage = Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config));
    // Compiled once, so that what is hit is not always the compiler.
    let job = stage
        .charger
        .install("ocpp", &second.wasm, Some(&second.signature), "");
    stage.charger.wait_swapped(job.expect("a job"));
    let (mut old, mut new) = (0, 0);
    for n in 0..kills {
        let back = stage.charger.roll_back("ocpp").expect("a job");
        stage.charger.wait_ended(back, "committed");
        assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 first");
        let mut random = [0];
        getrandom::fill(&mut random).expect("random bytes");
        let instant = Duration::from_millis(LONGEST_MS * u64::from(random[0]) / 255);
        std::thread::scope(|scope| {
            let charger = &stage.charger;
            let (wasm, signature) = (&second.wasm, &second.signature);
            scope.spawn(move || {
                // Cut off: that is the point.
                let _ = charger.install("ocpp", wasm, Some(signature), "");
            });
            std::thread::sleep(instant);
            charger.process().kill();
        });
        stage = stage.after_kill();
        stage.expect_up();
        let runs = stage.charger.slot("ocpp")["build"].clone();
        let answers = build_of(&stage);
        match runs.as_str() {
            Some("first") => old += 1,
            Some("second") => new += 1,
            _ => panic!("neither runs: {runs}"),
        }
        assert_eq!(
            answers,
            format!("guest-ocpp 0.1.0 {}", runs.as_str().unwrap_or("")),
            "kill {n}"
        );
        if runs == "first" {
            let job = stage
                .charger
                .install("ocpp", &second.wasm, Some(&second.signature), "");
            stage.charger.wait_swapped(job.expect("a job"));
        }
    }
    stage.ledger();
    tell(&format!(
        "killed {kills} times while installing: {old} times the old one runs, {new} times the new one"
    ));
}
