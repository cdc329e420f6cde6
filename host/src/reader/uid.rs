//! From what a reader has read to a token: a card's UID as hexadecimal digits or
//! as a number, either way round, or a text as it stands.

use serde::Deserialize;

/// What a reader that writes text writes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Something that is passed on as it is.
    #[default]
    Text,
    /// A UID in hexadecimal digits.
    Hex,
    /// A UID as a decimal number.
    Decimal,
}

/// How a UID is written into a token.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum UidForm {
    /// Two upper-case hexadecimal digits per byte.
    #[default]
    Hex,
    /// A decimal number, the first byte the highest.
    Decimal,
}

/// Something that was shown to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Card {
    /// Its UID, in the order of the air interface.
    Uid(Vec<u8>),
    /// What a reader wrote.
    Text(String),
}

/// How tokens of a reader are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// What the reader writes, if it writes text.
    pub reads: Reads,
    /// How a UID is written.
    pub form: UidForm,
    /// The UID's bytes the other way round.
    pub reversed: bool,
}

/// What was read is not what the configuration says that the reader reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoUid {
    /// No hexadecimal digits in pairs.
    #[error("expected hexadecimal digits in pairs, found {0:?}")]
    NotHex(String),
    /// No decimal number, or one too large for 10 bytes.
    #[error("expected a decimal number of a UID, found {0:?}")]
    NotDecimal(String),
}

/// The lengths that a UID can have (ISO/IEC 14443-3).
const LENGTHS: [usize; 3] = [4, 7, 10];

impl Writing {
    /// The token.
    pub fn token(&self, card: &Card) -> Result<String, NoUid> {
        let bytes = match (card, self.reads) {
            (Card::Uid(bytes), _) => bytes.clone(),
            (Card::Text(text), Reads::Text) => return Ok(text.clone()),
            (Card::Text(text), Reads::Hex) => from_hex(text)?,
            (Card::Text(text), Reads::Decimal) => from_decimal(text)?,
        };
        let ordered: Vec<u8> = if self.reversed {
            bytes.into_iter().rev().collect()
        } else {
            bytes
        };
        Ok(match self.form {
            UidForm::Hex => hex::encode_upper(ordered),
            UidForm::Decimal => number(&ordered).to_string(),
        })
    }
}

fn number(bytes: &[u8]) -> u128 {
    // At most 10 bytes come here; of more the last 16 would count.
    bytes
        .iter()
        .fold(0u128, |number, byte| (number << 8) | u128::from(*byte))
}

fn from_hex(text: &str) -> Result<Vec<u8>, NoUid> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ' '))
        .collect();
    match hex::decode(&digits) {
        Ok(bytes) if !bytes.is_empty() && bytes.len() <= 10 => Ok(bytes),
        _ => Err(NoUid::NotHex(text.to_owned())),
    }
}

fn from_decimal(text: &str) -> Result<Vec<u8>, NoUid> {
    let wrong = || NoUid::NotDecimal(text.to_owned());
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u128 = text.parse().map_err(|_| wrong())?;
    let bytes = number.to_be_bytes();
    let used = bytes.len() - bytes.iter().take_while(|byte| **byte == 0).count();
    let length = LENGTHS.into_iter().find(|length| *length >= used);
    let length = length.ok_or_else(wrong)?;
    Ok(bytes[bytes.len() - length..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(card: Card, reads: Reads, form: UidForm, reversed: bool, expected: &str) {
        let writing = Writing {
            reads,
            form,
            reversed,
        };
        assert_eq!(writing.token(&card).as_deref(), Ok(expected));
    }

    #[test]
    fn one_card_in_every_form() {
        use UidForm::{Decimal, Hex};
        let uid = || Card::Uid(vec![0x04, 0xA1, 0xB2, 0xC3]);
        check(uid(), Reads::Text, Hex, false, "04A1B2C3");
        check(uid(), Reads::Text, Hex, true, "C3B2A104");
        check(uid(), Reads::Text, Decimal, false, "77705923");
        check(uid(), Reads::Text, Decimal, true, "3283263748");
        for text in ["04a1b2c3", "04:A1:B2:C3", "04-A1-B2-C3", "04 A1 B2 C3"] {
            check(Card::Text(text.into()), Reads::Hex, Hex, false, "04A1B2C3");
        }
        let typed = || Card::Text("0077705923".into());
        check(typed(), Reads::Decimal, Hex, false, "04A1B2C3");
        check(typed(), Reads::Decimal, Hex, true, "C3B2A104");
        check(typed(), Reads::Text, Hex, false, "0077705923");
        let long = Card::Uid((1..=10).collect());
        check(long, Reads::Text, Hex, false, "0102030405060708090A");
        let seven = Card::Text("1311768467294899".into());
        check(seven, Reads::Decimal, Hex, false, "04A90BE5854AB3");
    }

    #[test]
    fn what_is_no_uid_is_refused() {
        for (reads, text) in [
            (Reads::Hex, "123"),
            (Reads::Hex, "GG"),
            (Reads::Hex, ""),
            (Reads::Hex, "0102030405060708090A0B"),
            (Reads::Decimal, "12A"),
            (Reads::Decimal, ""),
            (Reads::Decimal, "9999999999999999999999999"),
        ] {
            let writing = Writing {
                reads,
                ..Writing::default()
            };
            assert!(writing.token(&Card::Text(text.into())).is_err(), "{text:?}");
        }
    }
}
