//! How the compiler's process can fail, other than by a component that is not
//! valid. Not here: what is done then (the version before goes on).

/// There is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompilerFailure {
    /// The component is too large for this board, or made to be so.
    #[error("the compiler ran out of memory (limit {mib} MiB) while compiling {name}")]
    Memory {
        /// The component.
        name: String,
        /// What it may have.
        mib: u64,
    },
    /// The component takes the compiler endlessly long, or the board is
    /// overloaded.
    #[error("the compiler was not done with {name} after {seconds} s, and was ended")]
    Time {
        /// The component.
        name: String,
        /// What it may take.
        seconds: u64,
    },
    /// Somebody has ended it, or the system when memory was short (9); or the
    /// component has made it crash (6, 11).
    #[error(
        "the compiler was ended by signal {signal} while compiling {name}{}",
        because(text)
    )]
    Signal {
        /// The component.
        name: String,
        /// As `kill -l` numbers them.
        signal: i32,
        /// What it said last; mostly nothing.
        text: String,
    },
    /// It gave up: a mistake in this program, or a system that grants it nothing.
    #[error("the compiler failed while compiling {name}{}", because(text))]
    GaveUp {
        /// The component.
        name: String,
        /// What it said last.
        text: String,
    },
    /// What it wrote is not whole.
    #[error("what the compiler made of {name} is damaged")]
    Damaged {
        /// The component.
        name: String,
    },
    /// The system gives no second process, or nothing to talk to it.
    #[error("the compiler cannot be started: {text}")]
    Start {
        /// What the system said.
        text: String,
    },
}

impl CompilerFailure {
    /// With more memory it might have gone well. Who was short of it, does not say so
    /// always: the system ends a process by a signal.
    pub(in crate::guest) fn may_lack_memory(&self) -> bool {
        matches!(self, Self::Memory { .. } | Self::Signal { .. })
    }
}

fn because(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(": {text}")
}
