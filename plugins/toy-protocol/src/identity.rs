//! A key that the host makes and uses, by the service `keystore@1`: the far end
//! may ask for a signature. The private key never passes here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::guest::wit::{Action, Durability};
use crate::guest::{get, keep, request, say};

/// Number of the request that makes the key.
pub const MAKE_KEY: u32 = 1;
/// Number of the request that signs.
pub const SIGN: u32 = 2;

/// Key of the line that tells the public key.
const KEY: &str = "key";
const SERVICE: &str = "keystore@1";
const NAME: &str = "toy";

/// Makes the key, unless that was done.
pub fn make_key() -> Option<Action> {
    if get(KEY).is_some() {
        return None;
    }
    let body = json!({ "name": NAME, "algorithm": "ecdsa-p256" });
    Some(request(MAKE_KEY, SERVICE, "generate", &body))
}

/// The line that tells the public key, once there is one.
pub fn public_key() -> Option<String> {
    get(KEY).filter(|line| !line.is_empty())
}

/// Signs a text. While one signature is being made, another is not begun.
pub fn sign(text: &str) -> Action {
    let body = json!({ "name": NAME, "data_base64": BASE64.encode(text) });
    request(SIGN, SERVICE, "sign", &body)
}

/// Tells the far end.
pub fn answered(id: u32, result: Result<Value, String>) -> Vec<Action> {
    match (id, result) {
        (MAKE_KEY, Ok(made)) => {
            let pem = made["public_key_pem"].as_str().unwrap_or_default();
            // One line a frame.
            let line = format!("KEY {}", BASE64.encode(pem));
            vec![keep(KEY, &line, Durability::Durable), say(line)]
        }
        // It exists, and the answer that had it was lost: it signs all the same.
        (MAKE_KEY, Err(why)) if why.starts_with("exists") => {
            vec![keep(KEY, "", Durability::Durable)]
        }
        (SIGN, Ok(made)) => {
            let signature = made["signature_base64"].as_str().unwrap_or_default();
            vec![say(format!("SIGNED {signature}"))]
        }
        (SIGN, Err(why)) => vec![say(format!("SIGNED failed {why}"))],
        _ => Vec::new(),
    }
}
