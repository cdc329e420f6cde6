//! SmartCharging against a reference that was written from the specification alone: slow,
//! obvious, and for one instant at a time. What a charge point reports in composite
//! schedules and what it offers is compared with it for random sets of profiles, at each
//! boundary and a second before and after it, and at random instants.
//!
//! `cargo xtask test` takes 10,000 sets; `SETS` and `SEED` say otherwise:
//! `SETS=1000000 cargo test --release -p guest-ocpp --test smart_charging`.
#![cfg(feature = "smart-charging")]

mod random;
mod reference;
mod scenario;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use random::random;
use scenario::{Bench, Scenario};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How many sets one world sees.
const SETS_PER_WORLD: u64 = 50;

#[test]
fn composite_schedules_and_offers_are_those_of_the_reference() {
    let (sets, first) = (number("SETS", 500), number("SEED", 1));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let compared = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(SETS_PER_WORLD, Ordering::Relaxed);
                    if from >= sets {
                        return;
                    }
                    let seeds = first + from..first + sets.min(from + SETS_PER_WORLD);
                    compared.fetch_add(check(seeds), Ordering::Relaxed);
                }
            });
        }
    });
    let compared = compared.into_inner();
    assert!(compared > sets * 100, "{compared} instants are too few");
    println!("{sets} sets from seed {first} on: {compared} instants, none different");
}

fn check(seeds: std::ops::Range<u64>) -> u64 {
    let mut bench = Bench::new(seeds.start);
    let mut compared = 0;
    for seed in seeds {
        let scenario = random(seed);
        match bench.check(&scenario) {
            Ok(instants) => compared += instants,
            Err(wrong) => {
                let (smaller, wrong_there) = shrunk(scenario, wrong, bench.variant);
                panic!("seed {seed}: {wrong_there}\n{smaller:#?}");
            }
        }
    }
    compared
}

/// The same with as little as goes wrong all the same.
fn shrunk(mut scenario: Scenario, mut wrong: String, variant: u64) -> (Scenario, String) {
    'again: loop {
        for smaller in scenario.smaller() {
            if let Err(still) = Bench::new(variant).check(&smaller) {
                (scenario, wrong) = (smaller, still);
                continue 'again;
            }
        }
        return (scenario, wrong);
    }
}
