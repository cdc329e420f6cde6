//! A key that the host makes and uses, by the service `keystore@1`: the far end
//! may ask for a signature. The private key never passes here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::guest::wit::Action;
use crate::guest::{request, say};

/// Number of the request that makes the key.
pub const MAKE_KEY: u32 = 1;
/// Number of the request that signs.
pub const SIGN: u32 = 2;

const SERVICE: &str = "keystore@1";
const NAME: &str = "toy";

/// Makes the key, at the first start; later it exists, which is as good.
pub fn make_key() -> Action {
    let body = json!({ "name": NAME, "algorithm": "ecdsa-p256" });
    request(MAKE_KEY, SERVICE, "generate", &body)
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
            vec![say(format!("KEY {}", BASE64.encode(pem)))]
        }
        (SIGN, Ok(made)) => {
            let signature = made["signature_base64"].as_str().unwrap_or_default();
            vec![say(format!("SIGNED {signature}"))]
        }
        (SIGN, Err(why)) => vec![say(format!("SIGNED failed {why}"))],
        _ => Vec::new(),
    }
}
