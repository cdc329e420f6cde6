//! Whose components are believed: minisign's detached signatures, checked before
//! anything of a file is looked at.

use minisign_verify::{Error, PublicKey, Signature};

/// The trusted keys, and whether there are exceptions.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    keys: Vec<(String, PublicKey)>,
    allow_unsigned: bool,
}

/// A signature that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is none. The vendor signs with `minisign -Sm FILE`.
    #[error("it is not signed: this charger takes only components signed by a trusted key")]
    Unsigned,
    /// The `.minisig` is no such file, or was cut.
    #[error("its signature is damaged: {text}")]
    Damaged {
        /// What is wrong.
        text: String,
    },
    /// Signed by somebody else.
    #[error("it is signed by a key that this charger does not trust ({trusted} trusted)")]
    UnknownKey {
        /// How many keys there are.
        trusted: usize,
    },
    /// The signature of another file, or the file has been changed since.
    #[error(
        "its signature does not fit: the file is damaged or was changed, or the signature is of another file"
    )]
    DoesNotFit,
}

impl Trust {
    /// Keys as minisign prints them. The error is the index of one that is not.
    pub fn new(keys: &[String], allow_unsigned: bool) -> Result<Self, usize> {
        let keys = keys
            .iter()
            .enumerate()
            .map(|(index, key)| match PublicKey::from_base64(key.trim()) {
                Ok(public) => Ok((key.trim().to_owned(), public)),
                Err(_) => Err(index),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            keys,
            allow_unsigned,
        })
    }

    /// Unsigned components are taken.
    #[must_use]
    pub fn allows_unsigned(&self) -> bool {
        self.allow_unsigned
    }

    /// Checks a file; the key that it is signed by, none if it need not be
    /// signed and is not. A signature that is there must be right in any case.
    pub fn verify(
        &self,
        file: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Option<String>, TrustError> {
        let Some(signature) = signature else {
            return if self.allow_unsigned {
                Ok(None)
            } else {
                Err(TrustError::Unsigned)
            };
        };
        let damaged = |text: String| TrustError::Damaged { text };
        let text = std::str::from_utf8(signature).map_err(|e| damaged(e.to_string()))?;
        let signature = Signature::decode(text).map_err(|e| damaged(e.to_string()))?;
        for (name, key) in &self.keys {
            match key.verify(file, &signature, true) {
                Ok(()) => return Ok(Some(name.clone())),
                Err(Error::UnexpectedKeyId) => {}
                Err(_) => return Err(TrustError::DoesNotFit),
            }
        }
        Err(TrustError::UnknownKey {
            trusted: self.keys.len(),
        })
    }
}
