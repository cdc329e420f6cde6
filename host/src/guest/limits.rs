//! All that a guest may use, in one place. Nothing here is about what a guest
//! may *do*: that is its world.

use std::time::Duration;

use super::Backend;

/// The bounds of one slot. The defaults are sound for a small board.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Time for one event.
    pub handle: Duration,
    /// Time for instantiation and `start` together.
    pub start: Duration,
    /// Both times are multiplied by this: for slow and emulated boards.
    pub time_factor: f64,
    /// Linear memory, all memories of the component together. The engine's
    /// reservation bounds each of them as well.
    pub memory_bytes: usize,
    /// Core instances, memories and tables within the component.
    pub instances: usize,
    /// See `instances`.
    pub memories: usize,
    /// See `instances`.
    pub tables: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Actions that one call returns.
    pub actions: usize,
    /// All text and bytes in them together.
    pub action_bytes: usize,
    /// The value of one entry.
    pub entry_bytes: usize,
    /// All entries of the slot, keys and values.
    pub entries_bytes: usize,
    /// One frame, and the body of one request.
    pub frame_bytes: usize,
    /// Log lines of one call; what is over is dropped and counted.
    pub log_lines: usize,
    /// Bytes of all log lines of one call.
    pub log_bytes: usize,
}

impl Limits {
    /// For the `ocpp` slot.
    #[must_use]
    pub fn ocpp() -> Self {
        Self {
            handle: Duration::from_millis(250),
            start: Duration::from_secs(2),
            time_factor: 1.0,
            memory_bytes: 16 << 20,
            // CPython comes in more than forty.
            instances: 128,
            memories: 4,
            tables: 16,
            table_elements: 65_536,
            actions: 4096,
            action_bytes: 8 << 20,
            entry_bytes: 256 << 10,
            entries_bytes: 32 << 20,
            frame_bytes: 256 << 10,
            log_lines: 64,
            log_bytes: 16 << 10,
        }
    }

    /// For a policy of the chain.
    #[must_use]
    pub fn policy() -> Self {
        Self {
            handle: Duration::from_millis(50),
            memory_bytes: 4 << 20,
            actions: 256,
            action_bytes: 1 << 20,
            entry_bytes: 64 << 10,
            entries_bytes: 4 << 20,
            ..Self::ocpp()
        }
    }

    /// These bounds for guests that run on that: times as many times longer.
    #[must_use]
    pub fn on(self, backend: Backend) -> Self {
        let factor = backend.time_factor();
        Self {
            handle: self.handle * factor,
            start: self.start * factor,
            ..self
        }
    }

    /// Time for one event on this board.
    #[must_use]
    pub fn handle_time(&self) -> Duration {
        self.scaled(self.handle)
    }

    /// Time for a start on this board.
    #[must_use]
    pub fn start_time(&self) -> Duration {
        self.scaled(self.start)
    }

    fn scaled(&self, time: Duration) -> Duration {
        // A factor out of a configuration file; nonsense in it must not panic.
        let factor = if self.time_factor.is_finite() {
            self.time_factor.clamp(0.1, 1000.0)
        } else {
            1.0
        };
        time.mul_f64(factor)
    }
}
