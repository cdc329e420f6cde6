//! Where the keystore is kept: one document, written as a whole.

use std::sync::{Mutex, PoisonError};

use crate::store::Store;

/// What went wrong in a storage.
pub type StorageError = Box<dyn std::error::Error + Send + Sync>;

/// The name of the document in the store.
const DOCUMENT: &str = "keystore";

/// A place for one document that holds private keys. To be readable by this
/// program alone.
pub trait KeyStorage: Send + Sync {
    /// The document saved last; none if there never was one.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Replaces the document; on flash when this returns.
    ///
    /// # Errors
    /// It cannot be written; then the one before stays.
    fn save(&self, document: &[u8]) -> Result<(), StorageError>;
}

impl KeyStorage for Store {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.document_get(DOCUMENT)?)
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        Ok(self.document_put(DOCUMENT, document.to_vec())?)
    }
}

/// A storage that is gone with the process; for tests and tools.
#[derive(Default)]
pub struct MemoryStorage(Mutex<Option<Vec<u8>>>);

impl MemoryStorage {
    /// A storage in which this document was saved before.
    #[must_use]
    pub fn with(document: Vec<u8>) -> Self {
        Self(Mutex::new(Some(document)))
    }
}

impl KeyStorage for MemoryStorage {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(document.to_vec());
        Ok(())
    }
}

impl<T: KeyStorage + ?Sized> KeyStorage for std::sync::Arc<T> {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        (**self).load()
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        (**self).save(document)
    }
}
