//! A component that a running charger is offered for one of its slots: the file
//! and its signature, on this side. Whether they are good is for the charger to
//! say.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::InstallError;
use crate::operator::Control;
use crate::slots::{Trust, signature_of};

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
    /// Whether the charger would take its signature, asked before anything is sent: a
    /// component can be large, and the way to a charger narrow.
    pub(super) async fn check_signature(&self, control: &Control) -> Result<(), InstallError> {
        let all = control.get("/v1/components").await?;
        let trust = &all["trust"];
        // A charger of an older version says nothing of it, and checks for itself.
        let Some(keys) = trust["keys"].as_array() else {
            return Ok(());
        };
        let keys: Vec<String> = keys
            .iter()
            .filter_map(|key| Some(key.as_str()?.to_owned()))
            .collect();
        let Ok(trust) = Trust::new(&keys, trust["allow_unsigned"] == true) else {
            return Ok(());
        };
        let signature = self.signature()?;
        // What each key is for is for the charger to say.
        trust.verify(&read(&self.file)?, signature.as_deref(), None)?;
        Ok(())
    }

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
        let signature = self.signature()?;
        let header = signature.map(|it| ("x-minisign", STANDARD.encode(it)));
        Ok(header.into_iter().collect())
    }

    fn signature(&self) -> Result<Option<Vec<u8>>, InstallError> {
        let beside = signature_of(&self.file);
        match &self.signature {
            Some(path) => read(path).map(Some),
            // Whether one is needed is for the charger to say.
            None if !beside.exists() => Ok(None),
            None => read(&beside).map(Some),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    std::fs::read(path).map_err(|source| InstallError::File {
        path: path.to_path_buf(),
        source,
    })
}
