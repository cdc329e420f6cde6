//! Why a component is not taken, in plain words and with who can put it right.

use std::path::PathBuf;

use super::TrustError;
use crate::guest::ComponentError;
use crate::store::StoreError;

/// A component that does not get into its slot.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its signature; nothing of it was looked at.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// It is not for this charger or this slot, or not valid.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// Going back needs to be meant.
    #[error(
        "version {new} is older than {present}, which {does}; going back needs `--allow-downgrade` (`?allow_downgrade=true`)"
    )]
    Older {
        /// What it states.
        new: String,
        /// What is in the slot.
        present: String,
        /// What that does there.
        does: &'static str,
    },
    /// A version that may have known weaknesses; nothing waives this.
    #[error(
        "version {new} of {name} is older than {floor}, the oldest that this charger still takes"
    )]
    BelowFloor {
        /// What it states.
        new: String,
        /// The component's name.
        name: String,
        /// The oldest that is taken.
        floor: String,
    },
    /// It would lock itself out.
    #[error(
        "its signature says that versions before {floor} are not to be taken, and it is version {new} itself"
    )]
    FloorAboveItself {
        /// What it states.
        new: String,
        /// What the signature says.
        floor: String,
    },
    /// The build cannot start on what is kept.
    #[error("it cannot read the entries: they are in schema {kept}, and it {can}")]
    CannotRead {
        /// The schema of the kept entries.
        kept: u32,
        /// What the build says of itself.
        can: String,
    },
    /// The build would leave entries behind that the one before cannot read.
    #[error(
        "there would be no way back: the entries are in schema {kept}, and it {can}; `--one-way` (`?one_way=true`) installs it all the same"
    )]
    OneWay {
        /// The schema of the kept entries.
        kept: u32,
        /// What the build says of itself.
        can: String,
    },
    /// A file in `state_dir/components` is not what was installed.
    #[error("{} is not what was installed: its contents have changed", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}: {text}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        text: String,
    },
    /// Its first call failed.
    #[error("its start failed ({0}); the version before goes on")]
    Start(String),
    /// What it wanted to keep could not be written.
    #[error("{0}; the version before goes on")]
    Store(#[from] StoreError),
    /// There is nothing to go back to.
    #[error("there is no version before in slot `{slot}`")]
    NothingBefore {
        /// The slot.
        slot: String,
    },
    /// There is no candidate that was replaced by another one.
    #[error("no version was on probation in slot `{slot}` before the present one")]
    NoCandidateBefore {
        /// The slot.
        slot: String,
    },
    /// The charger is about to end.
    #[error("the charger is ending")]
    Ending,
}
