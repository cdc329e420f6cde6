//! Chargers' lives out of seeds: no rule is broken, and the books are right.
//! `LIVES`, `DAYS` and `SEED` make it longer; build it optimised for that.

use guest_ocpp::testing::live;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn lives() {
    let (lives, days, first) = (number("LIVES", 6), number("DAYS", 2), number("SEED", 1));
    let (mut events, mut transactions, mut upheavals) = (0, 0, 0);
    for seed in first..first + lives {
        let life = live(seed, days).unwrap_or_else(|why| panic!("{why}"));
        events += life.events;
        transactions += life.transactions.len();
        upheavals += life.upheavals;
    }
    println!(
        "{} charger-days from seed {first} on, {events} events, {transactions} transactions, \
         {upheavals} power cuts, restarts and swaps",
        lives * days
    );
}
