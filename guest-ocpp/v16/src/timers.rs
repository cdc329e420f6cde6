//! The host's timers as a picture of our deadlines. A timer that rings early is
//! harmless (nothing is due), so a deadline that moves away costs nothing until
//! the old one has rung. Not here: what happens when one is due.

use crate::host::{Action, Deadline, Timer};
use crate::turn::Turn;

/// Fixed timers come first; then one per outlet.
pub(crate) const REGISTRATION: usize = 0;
pub(crate) const HEARTBEAT: usize = 1;
pub(crate) const CALL: usize = 2;
pub(crate) const QUEUE: usize = 3;
pub(crate) const ALIGNED: usize = 4;
pub(crate) const CHARGER: usize = 5;
pub(crate) const MIGRATION: usize = 6;
pub(crate) const PROFILES: usize = 7;
const NAMES: [&str; 8] = [
    "registration",
    "heartbeat",
    "call",
    "queue",
    "aligned",
    "charger",
    "migration",
    "profiles",
];

const LOOK_AGAIN_MS: u64 = 1_000;

#[derive(Debug)]
pub(crate) struct Timers {
    set: Vec<Option<u64>>,
}

impl Timers {
    pub(crate) fn new(pending: &[Timer], outlets: usize) -> Self {
        let mut timers = Self {
            set: vec![None; NAMES.len() + outlets],
        };
        for timer in pending {
            if let (Some(slot), Deadline::Monotonic(at)) =
                (timers.slot(&timer.name), timer.deadline)
            {
                timers.set[slot] = Some(at);
            }
        }
        timers
    }

    /// The timer of the outlet at this place of the list.
    pub(crate) fn outlet(place: usize) -> usize {
        NAMES.len() + place
    }

    fn slot(&self, name: &str) -> Option<usize> {
        if let Some(slot) = NAMES.iter().position(|known| *known == name) {
            return Some(slot);
        }
        let place: usize = name.strip_prefix("outlet-")?.parse().ok()?;
        Some(Self::outlet(place)).filter(|slot| *slot < self.set.len())
    }

    pub(crate) fn rang(&mut self, name: &str) {
        if let Some(slot) = self.slot(name) {
            self.set[slot] = None;
        }
    }

    /// Sees to it that the timer rings at `deadline` or before.
    pub(crate) fn want(&mut self, turn: &mut Turn<'_>, slot: usize, deadline: Option<u64>) {
        let Some(deadline) = deadline else { return };
        // What is due and yet not done waits for something else; looking again
        // at once would keep the charger busy with nothing.
        let deadline = if deadline > turn.ms() {
            deadline
        } else {
            turn.ms() + LOOK_AGAIN_MS
        };
        if self.set[slot].is_some_and(|set| set <= deadline) {
            return;
        }
        self.set[slot] = Some(deadline);
        let name = match NAMES.get(slot) {
            Some(name) => (*name).to_owned(),
            None => format!("outlet-{}", slot - NAMES.len()),
        };
        turn.act(Action::SetTimer(Timer {
            name,
            deadline: Deadline::Monotonic(deadline),
        }));
    }
}
