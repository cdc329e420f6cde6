//! The reader chip PN532 on a serial line (NXP user manual UM0701-02): wakes it
//! up, looks for cards of ISO/IEC 14443 type A, and tells their UIDs.
//!
//! * [`frame`]: the frames on the line, found again after noise;
//! * `exchange`: one command and its answer, with what is repeated;
//! * here: which commands, in which order.

mod exchange;
pub mod frame;

use std::path::Path;
use std::time::Duration;

use super::device::{ReaderFailure, Source};
use super::serial::open_port;
use super::uid::Card;
use crate::meter::modbus::{Parity, StopBits};
use exchange::Exchange;

// Codes of commands (UM0701-02, chapter 7).
const GET_FIRMWARE_VERSION: u8 = 0x02;
const SAM_CONFIGURATION: u8 = 0x14;
const RF_CONFIGURATION: u8 = 0x32;
const IN_LIST_PASSIVE_TARGET: u8 = 0x4A;
const IN_RELEASE: u8 = 0x52;

/// What an answer to a short command takes.
const SHORT: Duration = Duration::from_millis(500);
/// What a look for a card takes at most, as set up below.
const LOOK: Duration = Duration::from_millis(1000);
/// Between two looks, so that the field may rest.
const REST: Duration = Duration::from_millis(150);

/// An open reader.
pub(super) struct Pn532 {
    exchange: Exchange,
    version: (u8, u8),
}

impl Pn532 {
    pub(super) fn open(path: &Path, baud: u32) -> Result<Self, ReaderFailure> {
        let port = open_port(
            path,
            baud,
            Parity::None,
            StopBits::One,
            exchange::READ_PATIENCE,
        )?;
        let mut exchange = Exchange::new(port);
        exchange.wake_up()?;
        // Normal mode: the chip is used without a secure module.
        exchange.call(SAM_CONFIGURATION, &[0x01, 0x00], SHORT)?;
        let version = match exchange.call(GET_FIRMWARE_VERSION, &[], SHORT)?[..] {
            [0x32, version, revision, _support] => (version, revision),
            ref other => {
                return Err(ReaderFailure::Nonsense(format!(
                    "a PN532 says 32 and its version, this says {}",
                    hex::encode_upper(other)
                )));
            }
        };
        // MaxRetries: a look for a card ends by itself, after one repetition.
        exchange.call(RF_CONFIGURATION, &[0x05, 0xFF, 0x01, 0x01], SHORT)?;
        Ok(Self { exchange, version })
    }
}

impl Source for Pn532 {
    fn next(&mut self) -> Result<Option<Card>, ReaderFailure> {
        std::thread::sleep(REST);
        // One card at most, 106 kbit/s type A.
        let answer = self
            .exchange
            .call(IN_LIST_PASSIVE_TARGET, &[0x01, 0x00], LOOK)?;
        let uid = uid(&answer)?;
        if uid.is_some() {
            // So that it is found again by the next look if it is still there.
            self.exchange.call(IN_RELEASE, &[0x00], SHORT)?;
        }
        Ok(uid.map(Card::Uid))
    }

    fn watches(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let (version, revision) = self.version;
        format!("PN532, firmware {version}.{revision}")
    }
}

/// The UID in an answer to `InListPassiveTarget` (7.3.5).
fn uid(answer: &[u8]) -> Result<Option<Vec<u8>>, ReaderFailure> {
    let nonsense = || {
        let bytes = hex::encode_upper(answer);
        ReaderFailure::Nonsense(format!("{bytes} in place of a card"))
    };
    match answer {
        [0, ..] => Ok(None),
        // Number, its ATQA and SAK, then the UID with its length.
        [1, _tg, _atqa1, _atqa2, _sak, length, rest @ ..] => {
            let uid = rest.get(..usize::from(*length)).ok_or_else(nonsense)?;
            if !matches!(uid.len(), 4 | 7 | 10) {
                return Err(nonsense());
            }
            Ok(Some(uid.to_vec()))
        }
        _ => Err(nonsense()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_of_all_lengths() {
        let answer = |uid: &[u8]| {
            let mut answer = vec![1, 1, 0x00, 0x44, 0x00, uid.len() as u8];
            answer.extend(uid);
            answer
        };
        for length in [4, 7, 10] {
            let wanted: Vec<u8> = (1..=length).collect();
            assert_eq!(uid(&answer(&wanted)), Ok(Some(wanted.clone())));
            // With an ATS behind it.
            let longer = [answer(&wanted), vec![5, 0x78, 0x80, 0x70, 0x02]].concat();
            assert_eq!(uid(&longer), Ok(Some(wanted)));
        }
        assert_eq!(uid(&[0]), Ok(None));
        for bad in [
            &[][..],
            &[1],
            &[2, 1],
            &answer(&[1, 2, 3]),
            &[1, 1, 0, 4, 8, 7, 1],
        ] {
            assert!(uid(bad).is_err(), "{bad:?}");
        }
    }
}
