//! A car leaves and another one comes while something in between is slow or gone:
//! the disk, the component, a swap. The second car gets nothing without an
//! authorization of its own, and the first is billed to its own register and time.
//! With the real program over a real WebSocket.

mod component;
mod disk;
#[allow(dead_code)] // the sessions need all of it
#[path = "../sessions/stage.rs"]
mod stage;
mod swap;
#[allow(dead_code)] // the swaps need all of it
#[path = "../swap/vendor.rs"]
mod vendor;

use std::time::{Duration, Instant};

use plugpoint_tests::charger::Charger;

/// Longer than a car takes to be charged on a permit that is in force.
const WHILE: Duration = Duration::from_millis(1_500);

/// How the charger's outlet is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outlet {
    Fixed,
    Socket,
}

/// The register of connector 1, Wh.
fn register(charger: &Charger) -> f64 {
    let register = charger.connector(1)["register_wh"].as_f64();
    register.expect("a register")
}

/// No energy flows for a while, however often one looks.
fn assert_stays_open(charger: &Charger, what: &str) {
    let (begin, before) = (Instant::now(), register(charger));
    while begin.elapsed() < WHILE {
        let connector = charger.connector(1);
        assert_eq!(connector["contactor"], "open", "{what}: {connector:#}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(register(charger), before, "{what}: energy has flowed");
}

/// The first car leaves and the second one comes, as fast as hands can do it.
fn change_cars(charger: &Charger) {
    charger.control().unplug(1).expect("no car");
    charger.control().plug(1).expect("another car");
}
