//! The password of the link: the configuration key AuthorizationKey. It lives
//! in secret entries only, decoded, and is never read back. One that is refused
//! is no less secret: it may be the right one with a slip of the finger.

use crate::host::{Durability, Entry, Setting};
use crate::turn::Turn;

const CHANGED: &str = "secret/authorization-key";
/// On while the changed one is on trial.
pub(crate) const FORMER: &str = "secret/former-authorization-key";
const FACTORY: &str = "secret/factory-authorization-key";

/// Which password is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    None,
    Factory,
    Changed,
}

impl Which {
    pub(crate) fn entry(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Factory => Some(FACTORY),
            Self::Changed => Some(CHANGED),
        }
    }

    /// Takes over the factory's, and finds out which one counts.
    pub(crate) fn load(turn: &mut Turn<'_>, settings: &[Setting]) -> Self {
        let setting = settings
            .iter()
            .find(|setting| setting.name.eq_ignore_ascii_case("AuthorizationKey"));
        let factory = setting.and_then(|setting| {
            let bytes = decode(&setting.value);
            if bytes.is_none() && !setting.value.is_empty() {
                turn.warn(
                    "setting AuthorizationKey ignored: neither hexadecimal nor 16 to 20 characters",
                );
                refuse(turn, &setting.value);
            }
            bytes
        });
        let kept = turn.store.get(FACTORY);
        if kept != factory {
            match &factory {
                Some(bytes) => keep(turn, FACTORY, bytes.clone()),
                None => turn.store.forget(FACTORY),
            }
        }
        if turn.store.get(CHANGED).is_some() {
            Self::Changed
        } else if factory.is_some() {
            Self::Factory
        } else {
            Self::None
        }
    }

    pub(crate) fn change(&mut self, turn: &mut Turn<'_>, password: Vec<u8>) {
        keep(turn, CHANGED, password);
        *self = Self::Changed;
    }

    /// Lays aside the one in force; false if there is none.
    pub(crate) fn keep_as_former(self, turn: &mut Turn<'_>) -> bool {
        let password = self.entry().and_then(|entry| turn.store.get(entry));
        password
            .map(|password| keep(turn, FORMER, password))
            .is_some()
    }
}

pub(crate) fn forget_former(turn: &mut Turn<'_>) {
    if turn.store.get(FORMER).is_some() {
        turn.store.forget(FORMER);
    }
}

/// This was told as a password and is none.
pub(crate) fn refuse(turn: &mut Turn<'_>, value: &str) {
    if !value.is_empty() {
        turn.store.hide(value.as_bytes().to_vec());
    }
}

fn keep(turn: &mut Turn<'_>, key: &str, value: Vec<u8>) {
    turn.store.put(Entry {
        key: key.to_owned(),
        value,
        durability: Durability::Durable,
        secret: true,
    });
}

/// 32 to 40 hexadecimal digits are bytes; 16 to 20 other characters are taken
/// as they are.
pub(crate) fn decode(value: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = value
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if (32..=40).contains(&digits.len()) && digits.len() % 2 == 0 => Some(
            digits
                .chunks_exact(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect(),
        ),
        _ if (16..=20).contains(&value.len()) => Some(value.as_bytes().to_vec()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn forms_of_a_password() {
        assert_eq!(
            decode("0123456789abcdef0123456789ABCDEF").unwrap().len(),
            16
        );
        assert_eq!(decode(&"ff".repeat(20)).unwrap(), vec![0xff; 20]);
        assert_eq!(decode("a plain password").unwrap(), b"a plain password");
        assert_eq!(decode("0123456789abcdef01").unwrap(), b"0123456789abcdef01");
        for bad in [
            "",
            "short",
            "0123456789abcdef0123456789abcdef0",
            &"ff".repeat(21),
            "twenty-one characters",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
