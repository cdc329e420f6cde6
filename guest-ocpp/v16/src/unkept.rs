//! Nothing could be kept: when it is tried again. Not here: what is done meanwhile (see
//! `storage`).

use crate::packed::packed;

/// Nothing could be kept the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unkept {
    pub(crate) until: u64,
    pub(crate) wait: u64,
    /// Something was written to see whether it can be. If it can, this instance
    /// lives, and this is still set at its next call.
    pub(crate) probing: bool,
}

packed!(Unkept {
    until,
    wait,
    probing
});
