//! Whose components are believed: minisign's detached signatures, checked before
//! anything of a file is looked at; what each key may sign, and what a signature
//! says of its file (see [`Statement`]).
//!
//! Not here: which versions are too old; that is [`super::Floors`].

use minisign_verify::{Error, PublicKey, Signature};
use sha2::{Digest as _, Sha256};

use super::Statement;
use super::statement::{StatementError, covers};
use crate::config;

/// The trusted keys, and whether there are exceptions.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    keys: Vec<Key>,
    allow_unsigned: bool,
    /// Keys, and SHA-256 of files in hex.
    revoked: Vec<String>,
    /// This charger's model.
    product: String,
}

#[derive(Clone, Debug)]
struct Key {
    text: String,
    public: PublicKey,
    /// Empty: all.
    slots: Vec<String>,
    precompiled: bool,
}

/// Somebody trusted has signed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The key, as minisign prints it.
    pub key: String,
    /// It may sign machine code.
    pub precompiled: bool,
    /// What the signature says of the file.
    pub statement: Statement,
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
    /// Made by minisign before 0.8, or with `-l`.
    #[error(
        "its signature is in minisign's legacy format, which is not taken; sign it again with `minisign -Sm FILE`"
    )]
    Legacy,
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
    /// The file, or the key, is in `trust.revoked`.
    #[error("{what} is revoked (trust.revoked)")]
    Revoked {
        /// `the key …` or `this file`.
        what: String,
    },
    /// The key is for other slots.
    #[error("the key {key} is trusted for {slots} only, not for slot `{slot}`")]
    OtherSlot {
        /// The key.
        key: String,
        /// What it is for.
        slots: String,
        /// The slot.
        slot: String,
    },
    /// What the signature says of the file.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A key that may sign WebAssembly only.
    #[error(
        "it was compiled beforehand, and the key {key} is not trusted for that: machine code runs without a sandbox (`precompiled = true` in trust.keys)"
    )]
    NotForMachineCode {
        /// The key.
        key: String,
    },
}

/// The key's line in what `minisign -G` writes, or the key itself.
pub(crate) fn public_key(text: &str) -> Option<&str> {
    text.lines()
        .map(str::trim)
        .find(|line| line.starts_with("RW") && line.len() == 56)
}

impl Trust {
    /// Keys as minisign prints them, for every slot. The error is the index of one
    /// that is not.
    pub fn new(keys: &[String], allow_unsigned: bool) -> Result<Self, usize> {
        let plain = |key: &String| config::TrustedKey::Plain(key.clone());
        Self::configured(
            &config::Trust {
                keys: keys.iter().map(plain).collect(),
                allow_unsigned,
                ..config::Trust::default()
            },
            "",
        )
    }

    /// As configured, for a charger of this model. The error is the index of a key
    /// that is none.
    pub fn configured(section: &config::Trust, product: &str) -> Result<Self, usize> {
        let keys = section.keys.iter().enumerate();
        let keys = keys.map(|(index, it)| -> Result<Key, usize> {
            let text = it.key().trim().to_owned();
            let public = PublicKey::from_base64(&text).map_err(|_| index)?;
            let (slots, precompiled) = match it {
                config::TrustedKey::Plain(_) => (Vec::new(), false),
                config::TrustedKey::Scoped(it) => (it.slots.clone(), it.precompiled),
            };
            Ok(Key {
                text,
                public,
                slots,
                precompiled,
            })
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            allow_unsigned: section.allow_unsigned,
            revoked: section.revoked.iter().map(|it| it.trim().into()).collect(),
            product: product.to_owned(),
        })
    }

    /// The keys, as minisign prints them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.text.as_str())
    }

    /// Those that may sign machine code.
    pub fn keys_for_machine_code(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().filter(|key| key.precompiled);
        keys.map(|key| key.text.as_str())
    }

    /// Unsigned components are taken.
    #[must_use]
    pub fn allows_unsigned(&self) -> bool {
        self.allow_unsigned
    }

    /// Checks a file; who has signed it, none if it need not be signed and is not.
    /// A signature that is there must be right in any case. `slot`: for that one;
    /// without one, nobody knows yet.
    pub fn verify(
        &self,
        file: &[u8],
        signature: Option<&[u8]>,
        slot: Option<&str>,
    ) -> Result<Option<Vouched>, TrustError> {
        self.check_file(file)?;
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
        for key in &self.keys {
            match key.public.verify(file, &signature, false) {
                Ok(()) => {
                    // Signed with the file: nobody but the key's owner wrote it.
                    let statement = Statement::parse(signature.trusted_comment())?;
                    return self.vouched(key, statement, slot).map(Some);
                }
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => return Err(TrustError::Legacy),
                Err(_) => return Err(TrustError::DoesNotFit),
            }
        }
        Err(TrustError::UnknownKey {
            trusted: self.keys.len(),
        })
    }

    fn vouched(
        &self,
        key: &Key,
        statement: Statement,
        slot: Option<&str>,
    ) -> Result<Vouched, TrustError> {
        let text = &key.text;
        if self.revoked.iter().any(|it| it == text) {
            let what = format!("the key {text}");
            return Err(TrustError::Revoked { what });
        }
        if let Some(slot) = slot {
            if !key.slots.is_empty() && !covers(&key.slots, slot) {
                return Err(TrustError::OtherSlot {
                    key: text.clone(),
                    slots: key.slots.join(", "),
                    slot: slot.to_owned(),
                });
            }
            statement.check(slot, &self.product)?;
        }
        Ok(Vouched {
            key: text.clone(),
            precompiled: key.precompiled,
            statement,
        })
    }

    fn check_file(&self, file: &[u8]) -> Result<(), TrustError> {
        let mut hashes = self.revoked.iter().filter(|it| it.len() == 64);
        if hashes.clone().next().is_none() {
            return Ok(());
        }
        let hash = hex::encode(Sha256::digest(file));
        if hashes.any(|it| it.eq_ignore_ascii_case(&hash)) {
            let what = "this file".into();
            return Err(TrustError::Revoked { what });
        }
        Ok(())
    }
}

impl Vouched {
    /// Machine code, signed by this key.
    pub fn check_machine_code(&self) -> Result<(), TrustError> {
        if self.precompiled {
            return Ok(());
        }
        Err(TrustError::NotForMachineCode {
            key: self.key.clone(),
        })
    }
}
