//! From keys to the text of a card: a reader that types presses digits and
//! letters and ends with Enter. Pure, so that it can be tried without a keyboard.
//!
//! The keys are taken as on a US keyboard, whatever the board's layout is: that
//! is what such readers are made for.

use std::time::{Duration, Instant};

use evdev::KeyCode;

/// What a reader types for one card comes within this; older keys were somebody's
/// who leant on the keyboard.
const PAUSE: Duration = Duration::from_secs(1);

/// No reader types more than this for a card.
const LONGEST: usize = super::MAX_TOKEN_BYTES;

/// Keys as they come, wherever from.
pub trait Keys {
    /// Waits for keys, if need be for ever. Each with whether it went down (true)
    /// or up.
    fn next(&mut self) -> std::io::Result<Vec<(KeyCode, bool)>>;
}

/// A card that is being typed.
#[derive(Debug, Default)]
pub struct Typing {
    text: String,
    shift: bool,
    overflow: bool,
    last: Option<Instant>,
}

impl Typing {
    /// One key; the text, if that was Enter.
    pub fn key(&mut self, key: KeyCode, down: bool, now: Instant) -> Option<String> {
        if matches!(key, KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT) {
            self.shift = down;
            return None;
        }
        if !down {
            return None;
        }
        let paused = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) > PAUSE);
        if paused {
            self.text.clear();
            self.overflow = false;
        }
        self.last = Some(now);
        if matches!(key, KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER) {
            let text = std::mem::take(&mut self.text);
            let whole = !std::mem::take(&mut self.overflow) && !text.is_empty();
            return whole.then_some(text);
        }
        if let Some(c) = character(key, self.shift) {
            if self.text.len() < LONGEST {
                self.text.push(c);
            } else {
                self.overflow = true;
            }
        }
        None
    }
}

/// Digits, letters and the few signs that stand between them.
fn character(key: KeyCode, shift: bool) -> Option<char> {
    const ROWS: [(KeyCode, &str); 4] = [
        (KeyCode::KEY_1, "1234567890"),
        (KeyCode::KEY_Q, "qwertyuiop"),
        (KeyCode::KEY_A, "asdfghjkl"),
        (KeyCode::KEY_Z, "zxcvbnm"),
    ];
    const KEYPAD: [(KeyCode, char); 10] = [
        (KeyCode::KEY_KP0, '0'),
        (KeyCode::KEY_KP1, '1'),
        (KeyCode::KEY_KP2, '2'),
        (KeyCode::KEY_KP3, '3'),
        (KeyCode::KEY_KP4, '4'),
        (KeyCode::KEY_KP5, '5'),
        (KeyCode::KEY_KP6, '6'),
        (KeyCode::KEY_KP7, '7'),
        (KeyCode::KEY_KP8, '8'),
        (KeyCode::KEY_KP9, '9'),
    ];
    if let Some((_, digit)) = KEYPAD.into_iter().find(|(pad, _)| *pad == key) {
        return Some(digit);
    }
    let typed = ROWS.into_iter().find_map(|(first, row)| {
        let place = key.code().checked_sub(first.code())?;
        row.chars().nth(usize::from(place))
    });
    match (typed, key) {
        // Shifted digits are signs, which no reader types.
        (Some(c), _) if c.is_ascii_digit() => (!shift).then_some(c),
        (Some(c), _) if shift => Some(c.to_ascii_uppercase()),
        (Some(c), _) => Some(c),
        (None, KeyCode::KEY_MINUS) if !shift => Some('-'),
        (None, KeyCode::KEY_SEMICOLON) if shift => Some(':'),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types a text, with shift where it is needed, and Enter.
    fn typed(typing: &mut Typing, text: &str, now: Instant) -> Option<String> {
        let mut done = None;
        for c in text.chars().chain(['\n']) {
            let (key, shift) = (0..255)
                .map(KeyCode::new)
                .flat_map(|key| [(key, false), (key, true)])
                .find(|(key, shift)| character(*key, *shift) == Some(c))
                .unwrap_or((KeyCode::KEY_ENTER, false));
            if shift {
                typing.key(KeyCode::KEY_LEFTSHIFT, true, now);
            }
            done = typing.key(key, true, now);
            assert_eq!(typing.key(key, false, now), None);
            typing.key(KeyCode::KEY_LEFTSHIFT, false, now);
        }
        done
    }

    #[test]
    fn digits_and_letters_end_with_enter() {
        let now = Instant::now();
        let mut typing = Typing::default();
        for text in ["0123456789", "04A1B2C3", "04a1b2c3", "AA:BB-CC", "zqxWmP"] {
            assert_eq!(typed(&mut typing, text, now).as_deref(), Some(text));
        }
        assert_eq!(typed(&mut typing, "", now), None);
        typing.key(KeyCode::KEY_KP7, true, now);
        let done = typing.key(KeyCode::KEY_KPENTER, true, now);
        assert_eq!(done.as_deref(), Some("7"));
    }

    #[test]
    fn what_is_older_than_a_second_is_forgotten() {
        let start = Instant::now();
        let mut typing = Typing::default();
        typing.key(KeyCode::KEY_9, true, start);
        let later = start + Duration::from_millis(1500);
        assert_eq!(typed(&mut typing, "04A1", later).as_deref(), Some("04A1"));
    }

    #[test]
    fn other_keys_and_too_many_are_left_out() {
        let now = Instant::now();
        let mut typing = Typing::default();
        for key in [KeyCode::KEY_TAB, KeyCode::KEY_LEFTCTRL, KeyCode::KEY_F1] {
            assert_eq!(typing.key(key, true, now), None);
        }
        assert_eq!(typed(&mut typing, "12", now).as_deref(), Some("12"));
        assert_eq!(typed(&mut typing, &"1".repeat(LONGEST + 1), now), None);
        assert_eq!(typed(&mut typing, "12", now).as_deref(), Some("12"));
    }
}
