//! The profiles of an instance. Not here: when they are called (see `dispatch`).

use crate::profile::{Manifest, Profile};

/// A profile of this instance. It is taken out while it is called, so that what it asks
/// of the charge point cannot come back to it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) manifest: &'static Manifest,
    pub(crate) profile: Option<Box<dyn Profile>>,
    /// It keeps connectors that nobody uses out of service.
    pub(crate) holds: bool,
}
