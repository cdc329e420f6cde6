//! A reader that types: a keyboard of the kernel's (evdev), grabbed, so that
//! what it types reaches nobody else.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Instant;

use evdev::{Device, EventSummary, KeyCode};

use super::device::{ReaderFailure, Source};
use super::typing::{Keys, Typing};
use super::uid::Card;

/// An open keyboard.
pub(super) struct Keyboard<K = Grabbed> {
    keys: K,
    typing: Typing,
    cards: VecDeque<Card>,
    what: String,
}

/// The kernel's device; let go when it is closed.
pub(super) struct Grabbed(Device);

impl Keyboard {
    pub(super) fn open(path: &Path) -> Result<Self, ReaderFailure> {
        let cannot = |error: io::Error| ReaderFailure::CannotOpen(error.to_string());
        let mut device = Device::open(path).map_err(cannot)?;
        let types = device
            .supported_keys()
            .is_some_and(|keys| keys.contains(KeyCode::KEY_ENTER) && keys.contains(KeyCode::KEY_1));
        if !types {
            return Err(ReaderFailure::Nonsense(
                "the device has no digits and no Enter; it is no keyboard".into(),
            ));
        }
        device.grab().map_err(|error| {
            ReaderFailure::CannotOpen(format!("somebody else has grabbed it: {error}"))
        })?;
        let what = format!("keyboard {:?}", device.name().unwrap_or("without a name"));
        Ok(Self::new(Grabbed(device), what))
    }
}

impl<K: Keys> Keyboard<K> {
    fn new(keys: K, what: String) -> Self {
        Self {
            keys,
            typing: Typing::default(),
            cards: VecDeque::new(),
            what,
        }
    }
}

impl<K: Keys> Source for Keyboard<K> {
    fn next(&mut self) -> Result<Option<Card>, ReaderFailure> {
        if let Some(card) = self.cards.pop_front() {
            return Ok(Some(card));
        }
        let keys = match self.keys.next() {
            Ok(keys) => keys,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err(ReaderFailure::Gone(error.to_string())),
        };
        let now = Instant::now();
        for (key, down) in keys {
            let text = self.typing.key(key, down, now);
            self.cards.extend(text.map(Card::Text));
        }
        Ok(self.cards.pop_front())
    }

    fn describe(&self) -> String {
        self.what.clone()
    }
}

impl Keys for Grabbed {
    fn next(&mut self) -> io::Result<Vec<(KeyCode, bool)>> {
        let events = self.0.fetch_events()?;
        Ok(events
            .filter_map(|event| match event.destructure() {
                // 2 is a key held too long, which the kernel repeats.
                EventSummary::Key(_, key, value) if value != 2 => Some((key, value == 1)),
                _ => None,
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake(VecDeque<io::Result<Vec<(KeyCode, bool)>>>);

    impl Keys for Fake {
        fn next(&mut self) -> io::Result<Vec<(KeyCode, bool)>> {
            self.0.pop_front().unwrap_or_else(|| Ok(Vec::new()))
        }
    }

    #[test]
    fn cards_come_out_one_by_one_until_the_keyboard_is_gone() {
        use KeyCode as K;
        let press = |keys: &[KeyCode]| Ok(keys.iter().map(|key| (*key, true)).collect());
        let reads = [
            press(&[K::KEY_0, K::KEY_4]),
            Err(io::ErrorKind::Interrupted.into()),
            press(&[K::KEY_A, K::KEY_ENTER, K::KEY_7, K::KEY_ENTER]),
            Err(io::Error::other("no such device")),
        ];
        let mut keyboard = Keyboard::new(Fake(reads.into()), "a fake".into());
        let mut next = || keyboard.next();
        assert_eq!(next(), Ok(None));
        assert_eq!(next(), Ok(None));
        assert_eq!(next(), Ok(Some(Card::Text("04a".into()))));
        assert_eq!(next(), Ok(Some(Card::Text("7".into()))));
        assert!(matches!(next(), Err(ReaderFailure::Gone(_))));
    }

    #[test]
    fn what_is_no_keyboard_is_refused() {
        let missing = Keyboard::open(Path::new("/dev/input/no-such-keyboard"));
        assert!(matches!(missing, Err(ReaderFailure::CannotOpen(_))));
        let other = Keyboard::open(Path::new("/dev/null"));
        assert!(other.is_err());
    }
}
