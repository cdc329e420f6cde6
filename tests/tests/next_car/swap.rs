//! Cars change while one component takes over from another.

use serde_json::json;

use super::{Outlet, assert_stays_open, change_cars, register};
use crate::stage::Setup;
use crate::vendor::Vendor;

/// Swaps for each kind of outlet.
const SWAPS: u32 = 12;

#[test]
fn cars_change_while_a_component_is_swapped() {
    let vendor = Vendor::new();
    let builds = [
        vendor.component("guest-ocpp-second"),
        vendor.component("guest-ocpp"),
    ];
    for outlet in [Outlet::Fixed, Outlet::Socket] {
        let stage = Setup { amnesia: false }.stage_with(1, |config| {
            let config = vendor.trusted(config);
            match outlet {
                Outlet::Fixed => config,
                Outlet::Socket => config.sockets(1),
            }
        });
        for round in 0..SWAPS {
            let what = format!("{outlet:?}, swap {round}");
            let transaction = stage.charge(1, "TAG1");
            stage.wait_energy(1, 1.0);
            let build = &builds[round as usize % 2];
            let job = stage.charger.install(
                "ocpp",
                &build.wasm,
                Some(&build.signature),
                "allow_downgrade=true",
            );
            // Earlier and later within the swap, from round to round.
            std::thread::sleep(std::time::Duration::from_millis(u64::from(round) * 7));
            change_cars(&stage.charger);
            let left_at = register(&stage.charger);
            stage.charger.wait_swapped(job.expect("a job"));
            let stop = stage.expect_stop(transaction, "EVDisconnected");
            let told = stop.payload["meterStop"].as_f64().expect("a register");
            assert!(
                (told - left_at).abs() <= 1.0,
                "{what}: {told}, not {left_at}"
            );
            if round < 2 {
                assert_stays_open(&stage.charger, &what);
            }
            // On an account of its own.
            stage.card("TAG2");
            let second = stage.expect_charging(1, "TAG2");
            stage.ask_status(
                "RemoteStopTransaction",
                json!({ "transactionId": second }),
                "Accepted",
            );
            stage.expect_stop(second, "Remote");
            stage.unplug(1);
            stage.central.expect_status(1, "Available");
        }
        stage.fence();
        stage.ledger();
    }
}
