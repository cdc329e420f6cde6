//! Requests to the host's services that are not answered yet: which part of the charge
//! point made each. Not here: who makes them, and who hears the response (see `services`).

use crate::packed::packed;

/// A request that is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: u32,
    /// Name of the profile; empty: the charge point itself.
    pub(crate) owner: String,
    pub(crate) label: String,
}

/// What is wanted of a service.
pub(crate) struct Errand<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    /// JSON.
    pub(crate) body: String,
}

packed!(Asked { id, owner, label });
