//! A file for each session, put where the far end wants it, by the service
//! `transfer@1`: made, sent, thrown away, each step the answer to the one before.
//!
//! The bytes go from the host to the web server; only the handle passes here.

use serde_json::{Value, json};

use crate::guest::wit::{Action, Durability};
use crate::guest::{get, keep, request, say};

/// Key of where receipts go; without it there are none.
pub const URL: &str = "receipts";

const SERVICE: &str = "transfer@1";

// A session has three requests: what the number of an answer means.
const FIRST: u32 = 100;
const STEPS: u32 = 3;
const CREATE: u32 = 0;
const PUT: u32 = 1;
const DISCARD: u32 = 2;

/// Begins a receipt.
pub fn write(session: u32, text: &str) -> Option<Action> {
    get(URL)?;
    let body = json!({ "text": format!("{text}\n") });
    Some(request(id(session, CREATE), SERVICE, "create", &body))
}

/// Takes the next step.
pub fn answered(id: u32, result: Result<Value, String>) -> Vec<Action> {
    let Some(count) = id.checked_sub(FIRST) else {
        return Vec::new();
    };
    let session = count / STEPS;
    match (count % STEPS, result) {
        (CREATE, Ok(file)) => put(session, &file["handle"]),
        (PUT, Ok(done)) => [
            vec![say(format!("RECEIPT {session} {}", done["status"]))],
            discard(session),
        ]
        .concat(),
        (PUT, Err(why)) => [
            vec![say(format!("RECEIPT {session} failed {why}"))],
            discard(session),
        ]
        .concat(),
        (CREATE, Err(why)) => vec![say(format!("RECEIPT {session} failed {why}"))],
        _ => Vec::new(),
    }
}

fn put(session: u32, handle: &Value) -> Vec<Action> {
    let Some(url) = get(URL) else {
        return Vec::new();
    };
    let handle = handle.as_str().unwrap_or_default();
    let body = json!({ "url": format!("{url}/{session}.txt"), "handle": handle });
    vec![
        keep(&key(session), handle, Durability::Session),
        request(id(session, PUT), SERVICE, "put", &body),
    ]
}

fn discard(session: u32) -> Vec<Action> {
    let Some(handle) = get(&key(session)) else {
        return Vec::new();
    };
    vec![
        Action::Forget(key(session)),
        request(
            id(session, DISCARD),
            SERVICE,
            "discard",
            &json!({ "handle": handle }),
        ),
    ]
}

fn key(session: u32) -> String {
    format!("receipt/{session}")
}

fn id(session: u32, step: u32) -> u32 {
    FIRST
        .wrapping_add(session.wrapping_mul(STEPS))
        .wrapping_add(step)
}
