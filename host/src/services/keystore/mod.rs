//! Keys, their certificates, and whom to trust.
//!
//! A private key is in memory and in the [`KeyStorage`], and nowhere else: it
//! never reaches a guest, a log, or the control API.
//!
//! Reading never waits for writing: the link asks for roots and identities while
//! another thread puts a change on flash.

mod contents;
mod import;
mod key;
pub(super) mod operations;
mod pem;
mod storage;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use self::contents::Contents;
pub use self::import::{ImportError, InitialMaterial};
pub use self::storage::{KeyStorage, MemoryStorage, StorageError};
use crate::link::LinkMaterial;

/// The name of the root set for the central system.
pub const CSMS: &str = "csms";
/// The name of the root set for the manufacturer.
pub const MANUFACTURER: &str = "manufacturer";
/// The name of the key that the configuration brings along.
pub const CLIENT: &str = "client";

/// The keystore cannot be used: a fault of the storage, not of who asks.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// Reading or writing failed, such as on a full or broken disk.
    #[error("the keystore cannot be read or written: {0}")]
    Storage(#[from] StorageError),
    /// What was read is none of ours, or of a later version.
    #[error("the stored keys cannot be understood: {0}")]
    Corrupt(String),
}

/// All keys, certificates and root sets of a charger.
pub struct Keystore {
    storage: Box<dyn KeyStorage>,
    contents: RwLock<Arc<Contents>>,
    /// Held over a whole change, so that none is lost to another.
    changing: Mutex<()>,
}

impl Keystore {
    /// Reads what is stored; a storage with nothing in it is an empty keystore.
    ///
    /// # Errors
    /// The storage cannot be read, or holds something else.
    pub fn open(storage: impl KeyStorage + 'static) -> Result<Self, KeystoreError> {
        let contents = match storage.load()? {
            Some(document) => Contents::from_document(&document)?,
            None => Contents::default(),
        };
        Ok(Self {
            storage: Box::new(storage),
            contents: RwLock::new(Arc::new(contents)),
            changing: Mutex::default(),
        })
    }

    fn read(&self) -> Arc<Contents> {
        Arc::clone(&self.contents.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a change that is seen once it is stored, and not at all if `change`
    /// or the storing fails.
    fn change<T, E: From<KeystoreError>>(
        &self,
        change: impl FnOnce(&mut Contents) -> Result<T, E>,
    ) -> Result<T, E> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contents = Contents::clone(&self.read());
        let result = change(&mut contents)?;
        self.storage
            .save(&contents.to_document()?)
            .map_err(KeystoreError::from)?;
        *self
            .contents
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(contents);
        Ok(result)
    }
}

impl LinkMaterial for Keystore {
    fn roots(&self, set: &str) -> Vec<CertificateDer<'static>> {
        self.read().roots(set)
    }

    fn identity(
        &self,
        name: &str,
    ) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        self.read().key(name)?.identity()
    }
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystore")
            .field("keys", &self.read().names())
            .finish_non_exhaustive()
    }
}
