//! `plugpoint component verify`: a signature as a charger checks it, at the desk.

use std::path::{Path, PathBuf};

use crate::slots::{Trust, TrustError, public_key, signature_of};

/// A signature that could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Neither a key nor a file with one.
    #[error(
        "--key: expected a minisign public key (RW…), or a file that `minisign -G` wrote; found `{0}`"
    )]
    Key(String),
}

/// Checks a file's signature against these keys, of which one must fit. The outer
/// error: there was nothing to check.
pub fn verify(
    file: &Path,
    signature: Option<&Path>,
    keys: &[String],
) -> Result<Result<String, TrustError>, VerifyError> {
    let keys: Vec<String> = keys.iter().map(|it| key(it)).collect::<Result<_, _>>()?;
    // Each was recognised as one.
    let wrong = |index: usize| VerifyError::Key(keys.get(index).cloned().unwrap_or_default());
    let trust = Trust::new(&keys, false).map_err(wrong)?;
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| VerifyError::File {
            path: path.to_path_buf(),
            source,
        })
    };
    let bytes = read(file)?;
    let beside = signature_of(file);
    let signature = match signature {
        Some(path) => Some(read(path)?),
        None if beside.exists() => Some(read(&beside)?),
        None => None,
    };
    let verified = trust.verify(&bytes, signature.as_deref(), None);
    Ok(verified.map(|vouched| {
        let by = vouched.map(|it| it.key).unwrap_or_default();
        format!("{}: signed by {by}", file.display())
    }))
}

/// A key as it is, or in a file.
fn key(given: &str) -> Result<String, VerifyError> {
    if let Some(key) = public_key(given) {
        return Ok(key.to_owned());
    }
    let path = Path::new(given);
    match std::fs::read_to_string(path) {
        Ok(text) => public_key(&text)
            .map(str::to_owned)
            .ok_or_else(|| VerifyError::Key(given.to_owned())),
        Err(source) => Err(VerifyError::File {
            path: path.to_path_buf(),
            source,
        }),
    }
}
