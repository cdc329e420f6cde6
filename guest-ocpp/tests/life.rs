//! Chargers' lives out of seeds: no rule is broken, and the books are right.
//! `LIVES`, `DAYS` and `SEED` make it longer; `cargo xtask test` runs it
//! optimised, for at least a thousand charger-days.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use plugpoint_ocpp_world::{Life, Ruin, Tamper, live, live_wrongly};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn lives() {
    let (lives, days, first) = (number("LIVES", 5), number("DAYS", 1), number("SEED", 1));
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let sum = Mutex::new((Life::default(), 0));
    let ruins: Mutex<Vec<Ruin>> = Mutex::default();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while ruins.lock().unwrap().is_empty() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + lives {
                        break;
                    }
                    match live(seed, days) {
                        Ok(life) => {
                            let (all, transactions) = &mut *sum.lock().unwrap();
                            all.events += life.events;
                            all.upheavals += life.upheavals;
                            *transactions += life.transactions.len();
                        }
                        Err(ruin) => ruins.lock().unwrap().push(ruin),
                    }
                }
            });
        }
    });
    if let Some(ruin) = ruins.into_inner().unwrap().first() {
        panic!("{ruin}");
    }
    let (all, transactions) = sum.into_inner().unwrap();
    println!(
        "{} charger-days in {lives} lives from seed {first} on: {} events, {transactions} transactions, \
         {} power cuts, restarts and swaps; no rule broken; {} s on {workers} threads",
        lives * days,
        all.events,
        all.upheavals,
        began.elapsed().as_secs()
    );
}

/// At least one mistake per rule, made on purpose: the world finds each, by
/// that rule.
#[test]
fn mistakes_are_found() {
    for (tamper, rule) in Tamper::ALL {
        let mut others = Vec::new();
        let found = (1..=30).any(|seed| {
            let broken = live_wrongly(seed, 1, Some(tamper))
                .err()
                .map(|ruin| ruin.broken);
            let found = broken.as_ref().is_some_and(|broken| broken.rule == rule);
            if let (true, Some(broken)) = (found, &broken) {
                println!("{tamper:?}: seed {seed}, {:.100}", broken.to_string());
            }
            others.push(broken);
            found
        });
        assert!(found, "{tamper:?}: {others:#?}");
    }
}
