//! A disk that is full, and one that does not answer.

use std::process::Command;
use std::time::Duration;

use plugpoint_tests::charger::{Charger, Config, Site};
use serde_json::json;

use super::{Outlet, assert_stays_open, change_cars, register};
use crate::stage::Stage;
use plugpoint_tests::central_system::CentralSystem;

/// How the disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    Full,
    Stalled,
}

/// Ends the transaction of this number.
type End = fn(&Stage, i64);

/// What a commit that is not confirmed may take; behind it everything is answered.
const COMMIT_BOUND: Duration = Duration::from_secs(3);

/// A charger whose disk can fail.
struct Bench {
    stage: Stage,
    disk: Disk,
}

impl Bench {
    fn new(disk: Disk, outlet: Outlet, stops: bool) -> Bench {
        let central = CentralSystem::start().expect("a central system");
        let site = Site::new().expect("a place");
        let config = Config::new(central.url());
        let config = match outlet {
            Outlet::Fixed => config.connectors(1),
            Outlet::Socket => config.sockets(1),
        };
        let config = config
            .ocpp("MeterValueSampleInterval", "0")
            .ocpp(
                "StopTransactionOnEVSideDisconnect",
                if stops { "true" } else { "false" },
            )
            .set(
                "debug.block_store",
                site.file("block").to_string_lossy().into_owned(),
            );
        let charger = site.start_with_limited_disk(&config).expect("a charger");
        let stage = Stage::of(central, charger, site, config, 1);
        stage.expect_up();
        Bench { stage, disk }
    }

    fn charger(&self) -> &Charger {
        &self.stage.charger
    }

    fn fail(&self) {
        match self.disk {
            Disk::Full => self.limit_files("1"),
            Disk::Stalled => {
                std::fs::write(self.stage.site.file("block"), "").expect("the disk blocked");
            }
        }
    }

    fn recover(&self) {
        match self.disk {
            Disk::Full => self.limit_files("unlimited"),
            Disk::Stalled => {
                std::fs::remove_file(self.stage.site.file("block")).expect("the disk back");
            }
        }
    }

    /// Files cannot grow over so many bytes: that is what a full disk looks like.
    fn limit_files(&self, limit: &str) {
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", self.charger().process().id()))
            .arg(format!("--fsize={limit}:unlimited"))
            .status()
            .expect("prlimit");
        assert!(status.success());
    }
}

fn all() -> impl Iterator<Item = (Disk, Outlet)> {
    let disks = [Disk::Full, Disk::Stalled];
    disks
        .into_iter()
        .flat_map(|disk| [Outlet::Fixed, Outlet::Socket].map(|outlet| (disk, outlet)))
}

#[test]
fn the_next_car_is_not_charged_on_the_first_ones_account() {
    for (disk, outlet) in all() {
        let what = format!("{disk:?}, {outlet:?}");
        let bench = Bench::new(disk, outlet, true);
        let stage = &bench.stage;
        let transaction = stage.charge(1, "TAG1");
        stage.wait_energy(1, 5.0);
        bench.fail();
        change_cars(bench.charger());
        let left_at = register(bench.charger());
        assert_stays_open(bench.charger(), &what);
        // Its driver's card is refused, and so is a RemoteStartTransaction.
        stage.card("TAG2");
        assert_stays_open(bench.charger(), &what);
        stage.ask_status(
            "RemoteStartTransaction",
            json!({ "idTag": "TAG2", "connectorId": 1 }),
            "Rejected",
        );
        bench.recover();
        let stop = stage.expect_stop(transaction, "EVDisconnected");
        let told = stop.payload["meterStop"].as_f64().expect("a register");
        assert!(
            (told - left_at).abs() <= 1.0,
            "{what}: {told}, not {left_at}"
        );
        assert_stays_open(bench.charger(), &what);
        // On an account of its own.
        stage.card("TAG2");
        let second = stage.expect_charging(1, "TAG2");
        stage.wait_energy(1, 1.0);
        stage.card("TAG2");
        stage.expect_stop(second, "Local");
        stage.unplug(1);
        stage.fence();
        stage.ledger();
    }
}

/// With StopTransactionOnEVSideDisconnect=false there is no way to know which car comes
/// back (4.10). It gets a permit of its own, or, while nothing can be stored, none.
#[test]
fn a_waiting_transaction_gives_no_energy_by_itself() {
    for (disk, outlet) in all() {
        let what = format!("{disk:?}, {outlet:?}");
        let bench = Bench::new(disk, outlet, false);
        let stage = &bench.stage;
        let transaction = stage.charge(1, "TAG1");
        stage.wait_energy(1, 2.0);
        bench.fail();
        // Something is to be stored, and cannot be.
        let change = json!({ "key": "HeartbeatInterval", "value": "77" });
        // Whatever the answer is.
        let _ = stage.central.call("ChangeConfiguration", change);
        if disk == Disk::Stalled {
            // While the guest waits for the disk, and behind that.
            bench.charger().wait_status("a failing disk", |status| {
                !status["storage"]["failing"].is_null()
            });
        }
        stage.unplug(1);
        let ended = bench
            .charger()
            .wait_connector(1, "a permit that ended", |it| it["permit"].is_null());
        assert_eq!(ended["permit_end"]["connection"], 1, "{what}: {ended:#}");
        stage.plug(1);
        assert_stays_open(bench.charger(), &what);
        bench.recover();
        // The same transaction, with another permit.
        bench.charger().wait_contactor(1, "closed");
        stage.ask_status(
            "RemoteStopTransaction",
            json!({ "transactionId": transaction }),
            "Accepted",
        );
        stage.expect_stop(transaction, "Remote");
        assert_eq!(stage.central.calls("StartTransaction").len(), 1, "{what}");
        stage.unplug(1);
    }
}

#[test]
fn whatever_ends_a_transaction_ends_its_energy() {
    let ends: [(&str, End); 4] = [
        ("Local", |stage, _| stage.card("TAG1")),
        ("Remote", |stage, id| {
            // Answered late, or with an error: what counts is the contactor.
            let stop = json!({ "transactionId": id });
            let _ = stage.central.call("RemoteStopTransaction", stop);
        }),
        ("EmergencyStop", |stage, _| {
            stage
                .charger
                .control()
                .emergency_stop(true)
                .expect("pressed");
        }),
        ("HardReset", |stage, _| {
            let _ = stage.central.call("Reset", json!({ "type": "Hard" }));
        }),
    ];
    for disk in [Disk::Full, Disk::Stalled] {
        for (reason, end) in ends {
            let what = format!("{disk:?}, {reason}");
            let bench = Bench::new(disk, Outlet::Fixed, true);
            let stage = &bench.stage;
            let transaction = stage.charge(1, "TAG1");
            stage.wait_energy(1, 2.0);
            bench.fail();
            let begin = std::time::Instant::now();
            end(stage, transaction);
            bench.charger().wait_contactor(1, "open");
            // Zero current, or 3 s; and a commit that is waited for.
            let took = begin.elapsed();
            assert!(
                took < COMMIT_BOUND + Duration::from_secs(4),
                "{what}: {took:?}"
            );
            let left_at = register(bench.charger());
            // Nor does it flow again when the charger tries to store something again.
            for _ in 0..4 {
                assert_stays_open(bench.charger(), &what);
            }
            bench.recover();
            let stop = stage
                .central
                .expect("StopTransaction", |it| it["transactionId"] == transaction);
            let told = stop.payload["reason"]
                .as_str()
                .unwrap_or("Local")
                .to_owned();
            let expected: &[&str] = match reason {
                "HardReset" => &["HardReset", "Reboot"],
                "EmergencyStop" => &["EmergencyStop"],
                "Remote" => &["Remote"],
                _ => &["Local"],
            };
            assert!(expected.contains(&told.as_str()), "{what}: {told}");
            let told = stop.payload["meterStop"].as_f64().expect("a register");
            assert!(
                (told - left_at).abs() <= 1.0,
                "{what}: {told}, not {left_at}"
            );
            assert_stays_open(bench.charger(), &what);
        }
    }
}
