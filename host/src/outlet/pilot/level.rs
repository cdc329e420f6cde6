//! From the pilot's positive plateau to its state, IEC 61851-1 table A.2: +12 V A,
//! +9 V B, +6 V C, +3 V D, 0 V E, -12 V F.
//!
//! Between two states lies a band that belongs to neither, where the state stays
//! what it was; and a new state counts only once several samples in a row agree.

use crate::wit::protocol::PilotState;

/// The states from the highest voltage down, each with the middle of the band
/// below it, mV.
const LADDER: [(PilotState, i32); 6] = [
    (PilotState::A, 10_500),
    (PilotState::B, 7_500),
    (PilotState::C, 4_500),
    (PilotState::D, 1_500),
    (PilotState::E, -6_000),
    (PilotState::F, i32::MIN),
];

/// Half of the band between two states.
const HYSTERESIS_MV: i32 = 500;

/// Turns samples into a state.
#[derive(Clone, Debug)]
pub struct Classifier {
    /// Samples in a row that must agree.
    needed: u32,
    state: PilotState,
    next: PilotState,
    agreed: u32,
}

impl Classifier {
    /// A new state counts after so many equal samples; until then it is A.
    #[must_use]
    pub fn new(needed: u32) -> Self {
        Self {
            needed: needed.max(1),
            state: PilotState::A,
            next: PilotState::A,
            agreed: 0,
        }
    }

    /// Takes a sample; the state after it.
    pub fn sample(&mut self, millivolts: i32) -> PilotState {
        let seen = classify(self.state, millivolts);
        if seen == self.state {
            self.agreed = 0;
            return self.state;
        }
        self.agreed = if seen == self.next {
            self.agreed + 1
        } else {
            1
        };
        self.next = seen;
        if self.agreed >= self.needed {
            self.state = seen;
            self.agreed = 0;
        }
        self.state
    }
}

/// The state of one sample, given the one before.
fn classify(before: PilotState, millivolts: i32) -> PilotState {
    let place = |state| LADDER.iter().position(|(each, _)| *each == state);
    let before = place(before).unwrap_or(0);
    for (index, (state, below)) in LADDER.iter().enumerate() {
        // The band belongs to the side on which we are.
        let limit = if index >= before {
            below.saturating_sub(HYSTERESIS_MV)
        } else {
            below.saturating_add(HYSTERESIS_MV)
        };
        if millivolts > limit {
            return *state;
        }
    }
    PilotState::F
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlet::dice::Dice;

    const NOMINAL: [(PilotState, i32); 6] = [
        (PilotState::A, 12_000),
        (PilotState::B, 9_000),
        (PilotState::C, 6_000),
        (PilotState::D, 3_000),
        (PilotState::E, 0),
        (PilotState::F, -12_000),
    ];

    fn settled(millivolts: i32) -> Classifier {
        let mut classifier = Classifier::new(3);
        for _ in 0..3 {
            classifier.sample(millivolts);
        }
        classifier
    }

    #[test]
    fn every_state_is_found_from_every_other_after_three_samples() {
        for (_, from) in NOMINAL {
            for (state, to) in NOMINAL {
                // The standard's tolerance of 1 V either way.
                for off in [-999, 0, 999] {
                    let mut classifier = settled(from);
                    let seen: Vec<_> = (0..3).map(|_| classifier.sample(to + off)).collect();
                    assert_eq!(seen[2], state, "from {from} mV to {to}{off:+} mV");
                    if from != to {
                        assert_ne!(seen[1], state, "one sample too early");
                    }
                }
            }
        }
    }

    #[test]
    fn noise_around_a_threshold_changes_the_state_at_most_once() {
        let mut dice = Dice(7);
        for pair in NOMINAL.windows(2) {
            let [(upper, high), (lower, low)] = [pair[0], pair[1]];
            let middle = LADDER[..]
                .iter()
                .find(|(state, _)| *state == upper)
                .map(|(_, below)| *below)
                .expect("on the ladder");
            for start in [high, low] {
                let mut classifier = settled(start);
                let mut before = classifier.state;
                let mut changes = 0;
                for _ in 0..10_000 {
                    let noise = i32::try_from(dice.roll(900)).unwrap_or(0) - 450;
                    let state = classifier.sample(middle + noise);
                    assert!(state == upper || state == lower, "{state:?}");
                    changes += u32::from(state != before);
                    before = state;
                }
                assert!(
                    changes <= 1,
                    "{changes} changes between {upper:?} and {lower:?}"
                );
            }
        }
    }

    #[test]
    fn single_spikes_are_no_states() {
        for (state, nominal) in NOMINAL {
            let mut classifier = settled(nominal);
            for (_, spike) in NOMINAL {
                for _ in 0..100 {
                    classifier.sample(spike);
                    classifier.sample(spike);
                    assert_eq!(classifier.sample(nominal), state);
                }
            }
        }
    }
}
