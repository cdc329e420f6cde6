//! Random sets of profiles.

use plugpoint_ocpp_world::Dice;

use crate::reference::Profile;
use crate::scenario::Scenario;

/// One of this many sets is watched for days.
pub const PATIENT: u64 = 200;
const DAY_MS: i64 = 24 * 3600 * 1000;

fn one<T: Copy>(dice: &mut Dice, choices: &[T]) -> T {
    choices[dice.below(choices.len() as u64) as usize]
}

fn maybe<T>(dice: &mut Dice, percent: u64, value: impl FnOnce(&mut Dice) -> T) -> Option<T> {
    (dice.below(100) < percent).then(|| value(dice))
}

/// Around now, in a scale that varies; whole seconds mostly.
fn around(dice: &mut Dice, scale_ms: i64) -> i64 {
    let at = dice.below(2 * scale_ms as u64) as i64 - scale_ms;
    match dice.below(4) {
        0 => at,
        _ => at / 1000 * 1000,
    }
}

pub fn random(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let scale_s = one(&mut dice, &[60, 400, 3600, 86_400, 3 * 86_400]);
    let charging = match dice.below(10) {
        0..3 => vec![],
        3..8 => vec![1],
        8 => vec![2],
        _ => vec![1, 2],
    };
    let count = 1 + dice.below(6);
    let profiles = (1..=count as i64)
        .map(|id| profile(&mut dice, id, scale_s, &charging))
        .collect();
    let longest_ms = if seed.is_multiple_of(PATIENT) {
        u64::MAX
    } else {
        3_600_000
    };
    Scenario {
        profiles,
        charging,
        wait_ms: dice.below(1 + scale_s as u64 * 300).min(longest_ms),
        duration_s: match dice.below(8) {
            0 => dice.below(3) as i64,
            _ => scale_s,
        },
        seed,
    }
}

fn profile(dice: &mut Dice, id: i64, scale_s: i64, charging: &[u32]) -> Profile {
    let scale_ms = scale_s * 1000;
    let purposes = ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"];
    let purpose = match charging.is_empty() {
        true => one(dice, &purposes[..2]),
        false => one(dice, &purposes),
    };
    let connector = match purpose {
        "ChargePointMaxProfile" => 0,
        "TxProfile" => one(dice, charging),
        _ => one(dice, &[0, 1, 1, 2]),
    };
    let kind = one(dice, &["Absolute", "Absolute", "Recurring", "Relative"]);
    let unit = one(dice, &["A", "A", "W"]);
    let mut periods = Vec::new();
    let mut second = 0;
    for _ in 0..=dice.below(5) {
        let limit = match (unit, dice.below(5)) {
            (_, 0) => one(dice, &[0, 55, 59, 60, 61, 13_800, 41_400]),
            ("A", _) => dice.below(400) as i64,
            _ => dice.below(250_000) as i64,
        };
        let phases = maybe(dice, 60, |dice| one(dice, &[3, 3, 3, 1, 2]));
        periods.push((second, limit, phases));
        second += 1 + dice.below(scale_s as u64 / 2) as i64;
    }
    Profile {
        id,
        connector,
        purpose,
        kind,
        recurrency: (kind == "Recurring").then(|| one(dice, &["Daily", "Weekly"])),
        stack_level: dice.below(4) as i64,
        valid_from: maybe(dice, 25, |dice| around(dice, scale_ms)),
        valid_to: maybe(dice, 25, |dice| around(dice, scale_ms) + scale_ms / 2),
        start: maybe(dice, 70, |dice| {
            let days = match kind {
                "Recurring" => dice.below(16) as i64,
                _ => 0,
            };
            around(dice, scale_ms) - days * DAY_MS
        }),
        duration_s: maybe(dice, 50, |dice| dice.below(2 * scale_s as u64) as i64),
        unit,
        periods,
        received: 0,
    }
}
