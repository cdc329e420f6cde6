//! What must not stand in a record: see [`crate::secrets`] for what that is and how
//! it is found. Here: the forms that a record has it in.

use super::moment::Moment;
use super::segment::KeptRecord;
use crate::guest::Kind;
use crate::secrets::{SHORTEST, Secret, Secrets, may_hold_address};

/// How a moment is rewritten that makes these secrets, or must be decoded.
pub(super) type Rewrite = fn(&Secrets, &[u8], &[Secret]) -> Option<Vec<u8>>;

impl Secrets {
    /// There may be something in it that is not to be found in its bytes as they
    /// are.
    pub(in crate::recorder) fn must_decode(&self, moment: &[u8]) -> bool {
        let escaped = self.are_known() && moment.contains(&b'\\');
        escaped || may_hold_address(moment)
    }

    pub(in crate::recorder) fn entry(&self, entry: &mut KeptRecord) {
        if entry.secret {
            entry.value = self.stand_in(&entry.value);
        } else {
            self.replace_all(&mut entry.value);
        }
    }

    /// One moment, decoded; none if there is nothing in it to replace, or if it
    /// is no moment.
    pub(in crate::recorder) fn rewrite<K: Kind>(
        &self,
        moment: &[u8],
        own: &[Secret],
    ) -> Option<Vec<u8>> {
        let decoded: Moment<K> = postcard::from_bytes(moment).ok()?;
        let mut value = serde_json::to_value(&decoded).ok()?;
        let short = own.iter().map(|it| &*it.value);
        let short: Vec<&[u8]> = short.filter(|it| it.len() < SHORTEST).collect();
        if !self.walk(&mut value, &short) {
            return None;
        }
        let decoded: Moment<K> = serde_json::from_value(value).ok()?;
        postcard::to_stdvec(&decoded).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn secrets(of: &[&[u8]]) -> Secrets {
        let mut secrets = Secrets::new([7; 32]);
        secrets.add(of.iter().map(|it| Secret {
            value: (*it).into(),
            stays: true,
        }));
        secrets
    }

    fn text(secrets: &Secrets, before: &str) -> String {
        let mut value = Value::from(before);
        secrets.walk(&mut value, &[]);
        value.as_str().expect("a text").to_owned()
    }

    #[test]
    fn bytes_are_replaced_in_place_and_short_values_only_in_their_entry() {
        let secrets = secrets(&[&[0xff; 16], b"1234"]);
        let mut bytes = [&[1, 2][..], &[0xff; 16], b"1234"].concat();
        secrets.replace(&mut bytes);
        assert!(bytes[2..18].iter().all(u8::is_ascii_alphanumeric));
        assert_eq!(&bytes[18..], b"1234");
        let mut entry = KeptRecord {
            key: "pin".into(),
            value: b"1234".to_vec(),
            durability: crate::store::Durability::Durable,
            secret: true,
        };
        secrets.entry(&mut entry);
        assert_ne!(entry.value, b"1234");
        assert_eq!(entry.value.len(), 4);
    }

    #[test]
    fn a_password_in_an_address_is_replaced_also_with_escapes() {
        let secrets = secrets(&[]);
        let stand_in = String::from_utf8(secrets.stand_in(b"me:pass")).expect("text");
        for before in ["ftp://me:pass@host/a", r"ftp:\/\/me:pass@host\/a"] {
            let frame = format!(r#"[2,"1",{{"location":"{before}"}}]"#);
            assert!(secrets.must_decode(frame.as_bytes()));
            let expected = format!(r#"[2,"1",{{"location":"ftp://{stand_in}@host/a"}}]"#);
            assert_eq!(text(&secrets, &frame), expected);
        }
    }
}
