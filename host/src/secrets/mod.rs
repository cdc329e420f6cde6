//! Values that nobody is to see: secret entries, wherever they are found, and user
//! and password of an address. Something of the same length takes their place.
//!
//! What is looked for is the value as it is, as hexadecimal digits, and within
//! JSON also with escapes. What no guest has ever kept as secret, not even in
//! passing, cannot be known as such.
//!
//! Two use it: the recorder (`recorder/secrets.rs`), with stand-ins that are the
//! same each time, so that a replay sees a world that is consistent in itself; and
//! everything that is shown while a charger runs ([`live`]), with asterisks.

mod addresses;
pub(crate) mod live;

pub(crate) use addresses::{may_be_in as may_hold_address, secrets_of as secrets_of_address};

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Shorter values would be found everywhere by chance; only their own entry is
/// kept from the record, and in the moment that made them known what in JSON is
/// nothing else.
pub(crate) const SHORTEST: usize = 6;
/// A guest that changes its secret again and again costs no more than this, and
/// one that is told wrong ones again and again as much.
const MOST: usize = 64;

/// A value that is secret.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) value: Arc<[u8]>,
    /// Kept by the guest; else it passed by and was not kept, so that it never
    /// drives out one that is in use.
    pub(crate) stays: bool,
}

/// All that is secret in one slot.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// None: asterisks.
    salt: Option<[u8; 32]>,
    known: Vec<Secret>,
    search: Option<Search>,
}

/// Finds each in its two forms; the pattern's number is that of the secret.
#[derive(Debug)]
struct Search {
    plain: AhoCorasick,
    digits: AhoCorasick,
    stand_ins: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Secrets {
    /// With stand-ins that are made with a salt, which is never written.
    pub(crate) fn new(salt: [u8; 32]) -> Self {
        Self {
            salt: Some(salt),
            ..Self::masking()
        }
    }

    /// With asterisks.
    pub(crate) const fn masking() -> Self {
        Self {
            salt: None,
            known: Vec::new(),
            search: None,
        }
    }

    /// There are values to be searched for.
    pub(crate) fn are_known(&self) -> bool {
        self.search.is_some()
    }

    pub(crate) fn add(&mut self, new: impl IntoIterator<Item = Secret>) {
        let mut changed = false;
        for secret in new {
            let mut known = self.known.iter_mut();
            if let Some(known) = known.find(|it| it.value == secret.value) {
                known.stays |= secret.stays;
            } else if secret.value.len() >= SHORTEST {
                self.known.push(secret);
                changed = true;
            }
        }
        if changed {
            for stays in [true, false] {
                self.forget_oldest(stays);
            }
            self.search = Search::of(self);
        }
    }

    fn forget_oldest(&mut self, stays: bool) {
        let there = self.known.iter().filter(|it| it.stays == stays).count();
        let mut over = there.saturating_sub(MOST);
        self.known.retain(|it| {
            let goes = over > 0 && it.stays == stays;
            over -= usize::from(goes);
            !goes
        });
    }

    /// In place: stand-ins are as long as what they stand for.
    pub(crate) fn replace(&self, bytes: &mut [u8]) {
        let Some(search) = &self.search else {
            return;
        };
        search.replace(bytes);
    }

    /// The same, and what is secret by its place.
    pub(crate) fn replace_all(&self, bytes: &mut [u8]) {
        addresses::replace(bytes, |it| self.stand_in(it));
        self.replace(bytes);
    }

    /// What stands for a value: letters and digits, or asterisks.
    pub(crate) fn stand_in(&self, value: &[u8]) -> Vec<u8> {
        let Some(salt) = &self.salt else {
            return vec![b'*'; value.len()];
        };
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut made = Vec::with_capacity(value.len());
        let mut block = 0_u64;
        while made.len() < value.len() {
            let mut hash = Sha256::new();
            hash.update(salt);
            hash.update(block.to_le_bytes());
            hash.update(value);
            let digest = hash.finalize();
            made.extend(digest.iter().map(|byte| LETTERS[usize::from(*byte) % 62]));
            block += 1;
        }
        made.truncate(value.len());
        made
    }

    /// True if something was replaced.
    pub(crate) fn walk(&self, value: &mut Value, short: &[&[u8]]) -> bool {
        match value {
            Value::String(text) => self.text(text, short),
            Value::Object(fields) if fields.get("secret") == Some(&Value::Bool(true)) => {
                let Some(kept) = fields.get_mut("value") else {
                    return false;
                };
                let Some(bytes) = bytes_of(kept) else {
                    return false;
                };
                *kept = self.stand_in(&bytes).into();
                true
            }
            Value::Object(fields) => fields
                .values_mut()
                .fold(false, |any, it| self.walk(it, short) | any),
            Value::Array(items) => match bytes_of_items(items) {
                Some(bytes) if bytes.len() >= SHORTEST => {
                    let mut replaced = bytes.clone();
                    self.replace_all(&mut replaced);
                    let any = replaced != bytes;
                    if any {
                        *value = replaced.into();
                    }
                    any
                }
                _ => items
                    .iter_mut()
                    .fold(false, |any, it| self.walk(it, short) | any),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn text(&self, text: &mut String, short: &[&[u8]]) -> bool {
        let mut bytes = text.clone().into_bytes();
        self.replace_all(&mut bytes);
        let mut any = bytes != text.as_bytes();
        if any && let Ok(replaced) = String::from_utf8(bytes) {
            *text = replaced;
        }
        if (text.contains('\\') || !short.is_empty())
            && let Ok(mut inner @ (Value::Array(_) | Value::Object(_))) =
                serde_json::from_str::<Value>(text)
            && self.walk(&mut inner, &[]) | self.whole(&mut inner, short)
        {
            *text = inner.to_string();
            any = true;
        }
        any
    }

    /// Replaces texts that are one of these and nothing else.
    fn whole(&self, value: &mut Value, short: &[&[u8]]) -> bool {
        match value {
            Value::String(text) if short.contains(&text.as_bytes()) => {
                *value = self
                    .stand_in(text.as_bytes())
                    .into_iter()
                    .map(char::from)
                    .collect::<String>()
                    .into();
                true
            }
            Value::Object(fields) => fields
                .values_mut()
                .fold(false, |any, it| self.whole(it, short) | any),
            Value::Array(items) => items
                .iter_mut()
                .fold(false, |any, it| self.whole(it, short) | any),
            _ => false,
        }
    }
}

impl Search {
    fn of(secrets: &Secrets) -> Option<Self> {
        let known = secrets.known.iter().map(|it| &it.value);
        let digits: Vec<String> = known.clone().map(hex::encode).collect();
        let mut builder = AhoCorasickBuilder::new();
        builder.match_kind(MatchKind::LeftmostLongest);
        let built = builder.build(known.clone());
        let found = builder.ascii_case_insensitive(true).build(&digits);
        let (Ok(plain), Ok(digits)) = (built, found) else {
            // Too many or too long to be searched for: bounded before.
            tracing::error!("secrets cannot be searched for");
            return None;
        };
        let stand_ins = known.map(|value| {
            let plain = secrets.stand_in(value);
            let digits = match secrets.salt {
                Some(_) => hex::encode(&plain).into_bytes(),
                None => vec![b'*'; 2 * plain.len()],
            };
            (plain, digits)
        });
        Some(Self {
            plain,
            digits,
            stand_ins: stand_ins.collect(),
        })
    }

    fn replace(&self, bytes: &mut [u8]) {
        let found: Vec<_> = self.plain.find_iter(&*bytes).collect();
        for it in found {
            let (plain, _) = &self.stand_ins[it.pattern().as_usize()];
            bytes[it.range()].copy_from_slice(plain);
        }
        let found: Vec<_> = self.digits.find_iter(&*bytes).collect();
        for it in found {
            let (_, digits) = &self.stand_ins[it.pattern().as_usize()];
            bytes[it.range()].copy_from_slice(digits);
        }
    }
}

fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    bytes_of_items(value.as_array()?)
}

fn bytes_of_items(items: &[Value]) -> Option<Vec<u8>> {
    let byte = |it: &Value| u8::try_from(it.as_u64()?).ok();
    items.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(of: &[&[u8]]) -> Secrets {
        let mut secrets = Secrets::new([7; 32]);
        secrets.add(of.iter().map(|it| secret(it, true)));
        secrets
    }

    fn secret(value: &[u8], stays: bool) -> Secret {
        Secret {
            value: value.into(),
            stays,
        }
    }

    #[track_caller]
    fn text(secrets: &Secrets, before: &str) -> String {
        let mut value = Value::from(before);
        secrets.walk(&mut value, &[]);
        value.as_str().expect("a text").to_owned()
    }

    #[test]
    fn each_form_is_found_and_stays_consistent() {
        let secrets = secrets(&[b"correct horse \"1\""]);
        let stand_in = String::from_utf8(secrets.stand_in(b"correct horse \"1\"")).expect("text");
        assert_eq!(stand_in.len(), 17);
        assert_eq!(
            text(&secrets, "a correct horse \"1\" b"),
            format!("a {stand_in} b")
        );
        let digits = hex::encode("correct horse \"1\"");
        for digits in [digits.clone(), digits.to_uppercase()] {
            assert_eq!(text(&secrets, &digits), hex::encode(&stand_in));
        }
        for escaped in [
            r#"[2,"1",{"value":"correct horse \"1\""}]"#,
            r#"[2,"1",{"value":"correct horse \u00221\""}]"#,
        ] {
            let expected = format!(r#"[2,"1",{{"value":"{stand_in}"}}]"#);
            assert_eq!(text(&secrets, escaped), expected);
        }
        let other = r#"[2,"1",{"value":"quite \"another\""}]"#;
        assert_eq!(text(&secrets, other), other);
    }

    #[test]
    fn what_only_passes_by_drives_out_nothing_that_is_in_use() {
        let mut secrets = secrets(&[b"in use"]);
        for n in 0..3 * MOST {
            secrets.add([secret(format!("passing {n}").as_bytes(), false)]);
        }
        assert_eq!(secrets.known.len(), 1 + MOST);
        assert!(!text(&secrets, "it is in use").contains("in use"));
        assert_eq!(text(&secrets, "passing 0"), "passing 0");
        let last = format!("passing {}", 3 * MOST - 1);
        assert!(!text(&secrets, &last).contains("passing"));
        // Nor is it driven out by itself where everything is in use.
        for n in 0..MOST {
            secrets.add([secret(format!("changed {n}").as_bytes(), true)]);
        }
        secrets.add([secret(b"another one", false)]);
        assert!(!text(&secrets, "another one").contains("another"));
    }

    #[test]
    fn a_short_one_is_replaced_where_a_text_is_nothing_else() {
        let secrets = secrets(&[]);
        let mut frame = Value::from(r#"[2,"1234",{"value":"12","other":"1212"}]"#);
        assert!(secrets.walk(&mut frame, &[b"12"]));
        let stand_in = String::from_utf8(secrets.stand_in(b"12")).expect("text");
        let expected = format!(r#"[2,"1234",{{"other":"1212","value":"{stand_in}"}}]"#);
        assert_eq!(frame, Value::from(expected));
    }
}
