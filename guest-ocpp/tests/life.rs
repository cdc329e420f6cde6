//! Chargers' lives out of seeds: no rule is broken, and the books are right.
//! `LIVES`, `DAYS` and `SEED` make it longer; build it optimised for that.

use guest_ocpp::testing::{Tamper, live, live_wrongly};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn lives() {
    let (lives, days, first) = (number("LIVES", 5), number("DAYS", 1), number("SEED", 1));
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

/// One mistake per rule, made on purpose: the world finds each.
#[test]
fn mistakes_are_found() {
    for (tamper, expected) in [
        (Tamper::SameId, "is used twice"),
        (Tamper::Stranger, "before its start"),
        (Tamper::TooMuch, "goes back"),
        (Tamper::Unasked, "never began"),
        (Tamper::Deaf, "although its token was refused"),
        (Tamper::Lavish, "billed"),
        (Tamper::OddStatus, "goes from"),
        (Tamper::Hasty, "before the registration"),
        (Tamper::Talkative, "is not answered"),
        (Tamper::Hoarder, "messages wait"),
    ] {
        let mut others = Vec::new();
        let found = (1..=20).any(|seed| {
            let why = live_wrongly(seed, 1, Some(tamper))
                .err()
                .unwrap_or_default();
            let rule = why.lines().next().unwrap_or_default().to_owned();
            let found = rule.contains(expected);
            others.push(rule);
            found
        });
        assert!(found, "{tamper:?}: {others:#?}");
    }
}
