//! Events and actions in a line each, for people. Not to be read back.

use serde::Serialize;
use serde_json::Value;

use crate::words::kebab;

/// Longer values are cut.
const LONGEST: usize = 400;

/// `send link=1 text="[3,…]"`
pub(super) fn line(it: &impl Serialize) -> String {
    match serde_json::to_value(it) {
        Ok(value) => case(&value),
        Err(error) => format!("({error})"),
    }
}

fn case(value: &Value) -> String {
    match value {
        Value::String(name) => kebab(name),
        Value::Object(fields) if fields.len() == 1 => {
            let (name, inner) = fields.iter().next().unwrap_or_else(|| unreachable!());
            format!("{} {}", kebab(name), payload(inner))
        }
        other => payload(other),
    }
}

fn payload(value: &Value) -> String {
    let Value::Object(fields) = value else {
        return scalar(value);
    };
    if fields.get("secret") == Some(&Value::Bool(true)) {
        let key = fields.get("key").map(scalar).unwrap_or_default();
        return format!("key={key} value=(secret)");
    }
    let fields = fields.iter().filter(|(_, value)| !value.is_null());
    let fields = fields.map(|(name, value)| format!("{}={}", name.replace('_', "-"), inner(value)));
    fields.collect::<Vec<_>>().join(" ")
}

fn inner(value: &Value) -> String {
    match value {
        Value::Object(_) => format!("({})", payload(value)),
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> String {
    let text = match value {
        Value::Array(items) if !items.is_empty() => match bytes(items) {
            Some(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) if !text.chars().any(char::is_control) => format!("{text:?}"),
                _ => format!("0x{}", hex::encode(bytes)),
            },
            None => {
                let items: Vec<String> = items.iter().map(inner).collect();
                format!("[{}]", items.join(", "))
            }
        },
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    cut(text)
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

fn bytes(items: &[Value]) -> Option<Vec<u8>> {
    let byte = |it: &Value| u8::try_from(it.as_u64()?).ok();
    items.iter().map(byte).collect()
}
