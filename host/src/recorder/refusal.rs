//! Why a build cannot be tried on a record. Not here: that it differs (see `report`).

use super::segment::SegmentError;

/// A record that a build cannot be tried on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file of it.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// There is none.
    #[error("there is no record of slot `{slot}` yet")]
    Empty {
        /// The slot.
        slot: String,
    },
    /// Whoever asks has to supply them.
    #[error(
        "the values of {} do not stand in the record, since they may be secret: give them with --settings FILE",
        names.join(", ")
    )]
    Settings {
        /// Those that are missing.
        names: Vec<String>,
    },
    /// A build that could not have run there.
    #[error(
        "it cannot write entries in schema {wanted}, as was recorded ({can}), so what it keeps cannot be compared"
    )]
    Schema {
        /// What `boot` says.
        wanted: u32,
        /// What the build says of itself.
        can: String,
    },
    /// Nothing of that build.
    #[error("nothing in the record was done by a build called {wanted:?}; it has {there}")]
    NoSuchBuild {
        /// As it was asked for.
        wanted: String,
        /// Those that were recorded.
        there: String,
    },
    /// There is nothing in it that could be used.
    #[error("nothing in the record can be used: {why}")]
    Unusable {
        /// Why.
        why: String,
    },
}
