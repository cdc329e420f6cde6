//! Why a station cannot start: found before it runs, told in one sentence, with
//! who can put it right.

use std::path::PathBuf;

use crate::carried;
use crate::control::{ListenError, TokenError};
use crate::guard::GuardError;
use crate::guest::ComponentError;
use crate::outlet::OutletError;
use crate::policy::WorkerError;
use crate::services::keystore::{ImportError, KeystoreError};
use crate::slots::Refusal;
use crate::store::StoreError;

/// Why a station cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `state_dir` cannot be used as such.
    #[error("charge_point.state_dir: cannot use {}: {source}", path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database.
    #[error("charge_point.state_dir: {0}")]
    Store(#[from] StoreError),
    /// The program carries no components, and none is named.
    #[error("{}", carried::MISSING)]
    NoComponent,
    /// A component that cannot be read or does not fit, and there is no other.
    #[error("component for slot `{slot}` ({from}): {source}")]
    Component {
        /// The slot.
        slot: String,
        /// Its file, or `carried`.
        from: String,
        /// Why not.
        source: Box<Refusal>,
    },
    /// The engine for components.
    #[error("{0}")]
    Engine(ComponentError),
    /// Keys and certificates that were kept.
    #[error("charge_point.state_dir: {0}")]
    Keystore(#[from] KeystoreError),
    /// The `[tls]` section.
    #[error("{0}")]
    Tls(#[from] ImportError),
    /// Outlets, meters or readers.
    #[error("{0}")]
    Outlets(#[from] OutletError),
    /// The guard of the contactors.
    #[error("{0}")]
    Guard(#[from] GuardError),
    /// A thread for a policy.
    #[error("{0}")]
    Policy(#[from] WorkerError),
    /// The control API's address.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// A token of the control API.
    #[error("{0}")]
    Token(#[from] TokenError),
    /// A thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}
