//! idTags: how long they are. Not here: when two are the same (see `plugpoint_ocpp_core::token`).

/// Longest idTag of the standard.
pub(crate) const MAX_TAG: usize = 20;
