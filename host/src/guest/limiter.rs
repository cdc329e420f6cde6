//! What the engine asks before it gives a guest more memory.

use wasmtime::ResourceLimiter;

use super::Limits;

/// Counts what the instance has, over all its memories and tables.
pub(super) struct Limiter {
    memory_bytes: usize,
    most_memory_bytes: usize,
    table_elements: usize,
    most_table_elements: usize,
    instances: usize,
    memories: usize,
    tables: usize,
    denied: Option<Denied>,
}

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// Linear memory, in bytes.
    Memory { wanted: usize, allowed: usize },
    /// Elements of tables.
    Table { wanted: usize, allowed: usize },
    /// The system, or the engine's reservation, had less than the limit.
    System,
}

impl Denied {
    /// What was wanted, and which key of the configuration allows it.
    pub(super) fn in_words(self) -> String {
        match self {
            Self::Memory { wanted, allowed } => format!(
                "more memory than it may have: {} KiB, of {} KiB that `memory_kib` in its limits allows",
                wanted.div_ceil(1024),
                allowed / 1024
            ),
            Self::Table { wanted, allowed } => {
                format!("more memory than it may have: a table of {wanted} elements, of {allowed}")
            }
            Self::System => "more memory than the charger has left".to_owned(),
        }
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: 0,
            most_memory_bytes: limits.memory_bytes,
            table_elements: 0,
            most_table_elements: limits.table_elements,
            instances: limits.instances,
            memories: limits.memories,
            tables: limits.tables,
            denied: None,
        }
    }

    /// Linear memory of the instance.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Forgets earlier refusals: a guest that went on without is well.
    pub(super) fn begin_call(&mut self) {
        self.denied = None;
    }

    /// Something was refused since [`Limiter::begin_call`].
    pub(super) fn denied(&self) -> Option<Denied> {
        self.denied
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = (self.memory_bytes - current.min(self.memory_bytes)).saturating_add(desired);
        let granted = wanted <= self.most_memory_bytes;
        if granted {
            self.memory_bytes = wanted;
        } else {
            let allowed = self.most_memory_bytes;
            self.denied = Some(Denied::Memory { wanted, allowed });
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied = Some(Denied::System);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted =
            (self.table_elements - current.min(self.table_elements)).saturating_add(desired);
        let granted = wanted <= self.most_table_elements;
        if granted {
            self.table_elements = wanted;
        } else {
            let allowed = self.most_table_elements;
            self.denied = Some(Denied::Table { wanted, allowed });
        }
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
