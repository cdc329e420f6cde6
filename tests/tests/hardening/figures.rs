//! How a charger fares under an attack: what it takes of memory, and how long
//! the central system waits for an answer.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Memory};
use plugpoint_tests::tell;
use serde_json::json;

/// Anonymous memory of the charger, in KiB.
pub fn memory_kib(charger: &Charger) -> u64 {
    Memory::of(charger.process().id())
        .expect("a process")
        .anonymous_kib
}

/// Asks the charger this often, as the central system; how long an answer took,
/// the longest of 99 in 100.
pub fn answers(central: &CentralSystem, count: usize) -> Duration {
    let mut took: Vec<Duration> = (0..count)
        .map(|_| {
            let since = Instant::now();
            central
                .call("GetConfiguration", json!({"key": ["HeartbeatInterval"]}))
                .expect("an answer");
            since.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[(count * 99).div_ceil(100) - 1]
}

/// Prints a figure beside the quiet one, and holds it to a bound.
#[track_caller]
pub fn compare(what: &str, quiet: Duration, attacked: Duration, bound: Duration) {
    tell(&format!(
        "{what}: p99 {quiet:?} quiet, {attacked:?} under attack"
    ));
    assert!(attacked < bound, "{what}: {attacked:?}");
}
