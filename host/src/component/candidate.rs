//! A component that a running charger is offered for one of its slots: the file
//! and its signature, on this side. Whether they are good is for the charger to
//! say.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Control, InstallError};
use crate::slots::signature_of;

/// What is offered, and for which slot.
#[derive(Clone, Debug, clap::Args)]
pub struct Candidate {
    /// A `.wasm` file, or one that was compiled beforehand.
    pub file: PathBuf,
    /// `ocpp`, or `policy/NAME`.
    #[arg(long)]
    pub slot: String,
    /// Its signature; without it `FILE.minisig`, if that is there.
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
}

impl Candidate {
    /// Sends it; `what` comes behind the slot in the address. The charger's answer.
    pub(super) async fn offer(&self, control: &Control, what: &str) -> Result<Value, InstallError> {
        let wasm = read(&self.file)?;
        let headers = self.signed()?;
        let path = format!("/v1/components/{}{what}", self.slot);
        Ok(control.post(&path, &headers, wasm).await?)
    }

    /// The header that a signature is sent in, if there is one: the one that is
    /// named, or the one beside the file.
    fn signed(&self) -> Result<Vec<(&'static str, String)>, InstallError> {
        let beside = signature_of(&self.file);
        let path = match &self.signature {
            Some(path) => path,
            // Whether one is needed is for the charger to say.
            None if !beside.exists() => return Ok(Vec::new()),
            None => &beside,
        };
        Ok(vec![("x-minisign", STANDARD.encode(read(path)?))])
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    std::fs::read(path).map_err(|source| InstallError::File {
        path: path.to_path_buf(),
        source,
    })
}
