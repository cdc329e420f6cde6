//! `[guests]`: how guests are run. What they may use is in `[limits]`.

use serde::Deserialize;

use crate::guest::Backend;

/// `[guests]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuestSection {
    /// What runs them.
    pub backend: WantedBackend,
}

/// What is to run guests.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum WantedBackend {
    /// Machine code where it can be had, else the interpreter.
    #[default]
    Auto,
    /// Machine code.
    Native,
    /// The interpreter, also where machine code can be had.
    Pulley,
}

impl GuestSection {
    /// What runs them.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.backend {
            WantedBackend::Auto => Backend::best(),
            WantedBackend::Native => Backend::Native,
            WantedBackend::Pulley => Backend::Pulley,
        }
    }
}
