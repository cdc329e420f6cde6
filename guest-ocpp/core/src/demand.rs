//! Whether a car asks for energy, and the time that it has to begin. Not here: what it may
//! draw (see `permit`).

use plugpoint_guest::packed::packed_part;

/// A car has this long to begin before it counts as suspended.
const SETTLE_MS: u64 = 5_000;

/// Whether the car asks for energy, and how long it has to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// A car is given this long to begin before it counts as suspended.
    settle_until: Option<u64>,
    /// The car asks for energy, and the contactor is given its time.
    asking: bool,
    /// Others leave no current to it.
    held_back: bool,
}

impl Demand {
    /// The car has time to begin.
    pub fn is_settling(&self) -> bool {
        self.settle_until.is_some()
    }

    /// Until when.
    pub fn deadline(&self) -> Option<u64> {
        self.settle_until
    }

    /// The car is given its time.
    pub fn settle(&mut self, ms: u64) {
        self.settle_until = Some(ms + SETTLE_MS);
    }

    /// It has begun, or its time is over.
    pub fn settled(&mut self) {
        self.settle_until = None;
    }

    /// Its time is over.
    pub fn is_over(&self, ms: u64) -> bool {
        self.settle_until.is_some_and(|until| until <= ms)
    }

    /// The transaction has ended.
    pub fn conclude(&mut self) {
        *self = Self::default();
    }

    /// Others leave no current to the car, or do so again; then it is given its time: until
    /// then it is not the car that waits. None: that is so already.
    pub fn held_back(&self, held_back: bool, ms: u64) -> Option<Self> {
        if self.held_back == held_back {
            return None;
        }
        let mut demand = Self { held_back, ..*self };
        if !held_back {
            demand.settle(ms);
        }
        Some(demand)
    }

    /// The car begins or ceases to ask for energy. Between its wish and the contactor
    /// nothing is suspended. None: that is so already.
    pub fn asked(&self, asks: bool, is_open: bool, ms: u64) -> Option<Self> {
        if self.asking == asks {
            return None;
        }
        let mut demand = Self {
            asking: asks,
            ..*self
        };
        if asks && is_open {
            demand.settle(ms);
        }
        Some(demand)
    }
}

packed_part!(Demand {
    settle_until,
    asking,
    held_back
});
