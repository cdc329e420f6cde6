//! The service `keystore@1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::json;

use super::contents::Contents;
use super::key::{Key, KeyError};
use super::{Keystore, KeystoreError, pem};
use crate::services::KEYSTORE;
use crate::services::operation::{Failed, Outcome, body, done, nothing};

const MOST_KEYS: usize = 32;
const LONGEST_NAME: usize = 64;
const MOST_CERTIFICATES: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    name: String,
    algorithm: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRequest {
    name: String,
    common_name: String,
    organization: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    name: String,
    data_base64: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetCertificate {
    name: String,
    chain_pem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {}

/// Does one operation; blocks while it stores.
pub(in crate::services) fn run(keystore: &Keystore, operation: &str, text: &str) -> Outcome {
    match operation {
        "generate" => generate(keystore, &body(text)?),
        "sign-request" => {
            let ask: SignRequest = body(text)?;
            let contents = keystore.read();
            let key = known(&contents, &ask.name)?;
            let csr = key.sign_request(&ask.common_name, ask.organization.as_deref())?;
            done(&json!({ "csr_pem": csr }))
        }
        "sign" => {
            let ask: Sign = body(text)?;
            let data = BASE64
                .decode(&ask.data_base64)
                .map_err(|e| Failed::bad_request(format!("data_base64: {e}")))?;
            let signature = known(&keystore.read(), &ask.name)?.sign(&data)?;
            done(&json!({ "signature_base64": BASE64.encode(signature) }))
        }
        "set-certificate" => set_certificate(keystore, &body(text)?),
        "list" => {
            let List {} = body(text)?;
            let contents = keystore.read();
            let keys: Vec<_> = contents
                .keys()
                .map(|(name, key)| {
                    json!({
                        "name": name,
                        "algorithm": key.algorithm(),
                        "certificate": key.has_certificate(),
                    })
                })
                .collect();
            done(&json!({ "keys": keys }))
        }
        "delete" => {
            let ask: Delete = body(text)?;
            keystore.change(|contents| {
                if contents.remove_key(&ask.name) {
                    Ok(())
                } else {
                    Err(unknown(&ask.name))
                }
            })?;
            tracing::info!(key = ask.name, "key deleted");
            nothing()
        }
        other => Err(Failed::no_operation(KEYSTORE, other)),
    }
}

fn generate(keystore: &Keystore, ask: &Generate) -> Outcome {
    if ask.algorithm != "ecdsa-p256" {
        return Err(Failed::bad_request("algorithm: only ecdsa-p256 is known"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if ask.name.is_empty() || ask.name.len() > LONGEST_NAME || !ask.name.chars().all(fits) {
        return Err(Failed::bad_request(format!(
            "name: 1 to {LONGEST_NAME} of a-z A-Z 0-9 - _ ."
        )));
    }
    let public = keystore.change(|contents| {
        if contents.key(&ask.name).is_some() {
            let text = format!("there is a key {} already", ask.name);
            return Err(Failed::new("exists", text));
        }
        if contents.names().len() >= MOST_KEYS {
            return Err(Failed::because("too many keys; delete some first"));
        }
        let key = Key::generate()?;
        let public = key.public_key_pem()?;
        contents.put_key(&ask.name, key);
        Ok(public)
    })?;
    tracing::info!(key = ask.name, "key generated");
    done(&json!({ "public_key_pem": public }))
}

fn set_certificate(keystore: &Keystore, ask: &SetCertificate) -> Outcome {
    let chain = pem::certificates(ask.chain_pem.as_bytes())
        .map_err(|e| Failed::bad_request(format!("chain_pem: this is not PEM: {e}")))?;
    if chain.is_empty() || chain.len() > MOST_CERTIFICATES {
        return Err(Failed::bad_request(format!(
            "chain_pem: 1 to {MOST_CERTIFICATES} certificates, there are {}",
            chain.len()
        )));
    }
    keystore.change(|contents| {
        let key = contents
            .key_mut(&ask.name)
            .ok_or_else(|| unknown(&ask.name))?;
        key.set_chain(chain).map_err(|e| match e {
            KeyError::BadCertificate(_) => Failed::bad_request(format!("chain_pem: {e}")),
            other => Failed::from(other),
        })
    })?;
    tracing::info!(key = ask.name, "certificate set");
    nothing()
}

fn known<'a>(contents: &'a Contents, name: &str) -> Result<&'a Key, Failed> {
    contents.key(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failed {
    Failed::new("not-found", format!("there is no key {name}"))
}

impl From<KeyError> for Failed {
    fn from(error: KeyError) -> Self {
        let code = match error {
            KeyError::Mismatch => "mismatch",
            _ => "failed",
        };
        Self::new(code, error.to_string())
    }
}

impl From<KeystoreError> for Failed {
    fn from(error: KeystoreError) -> Self {
        Self::because(error.to_string())
    }
}
