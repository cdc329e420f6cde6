//! Lives with updates and diagnostics, over power cuts, swaps and everything else that can
//! happen: no rule is broken. `LIVES` and `SEED` make it longer.
#![cfg(feature = "firmware-management")]

use plugpoint_ocpp_world::{Tamper, live_maintained};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn lives_with_updates() {
    let (lives, first) = (number("LIVES", 3), number("SEED", 1));
    for seed in first..first + lives {
        if let Err(ruin) = live_maintained(seed, 1, None) {
            panic!("{ruin}");
        }
    }
}

/// What is installed twice, or not told, is found.
#[test]
fn mistakes_with_updates_are_found() {
    for (tamper, rule) in Tamper::OF_UPDATES {
        let found = (1..=10).find_map(|seed| {
            let ruin = live_maintained(seed, 1, Some(tamper)).err()?;
            (ruin.broken.rule == rule).then_some(ruin)
        });
        let found = found.unwrap_or_else(|| panic!("{tamper:?} is not found"));
        println!("{tamper:?}: seed {}, {}", found.seed, found.broken);
    }
}
