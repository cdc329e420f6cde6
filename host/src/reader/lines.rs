//! Cuts what a serial reader writes into lines. A line ends with CR, LF or ETX
//! and may begin with STX; empty ones are left out, too long ones are noise.

/// More than this for a card is noise: a token of [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES)
/// in hexadecimal digits with separators is shorter, and what is a little too long for a
/// token is still seen, and said.
const MAX_LINE_BYTES: usize = 1024;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// A line that is coming in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    /// Too long: the rest is left out too.
    overflow: bool,
}

impl Lines {
    /// One more byte; a line, if that was its end.
    pub(super) fn push(&mut self, byte: u8) -> Option<String> {
        match byte {
            b'\r' | b'\n' | ETX => self.end(),
            STX => {
                *self = Self::default();
                None
            }
            byte => {
                if self.line.len() < MAX_LINE_BYTES {
                    self.line.push(byte);
                } else {
                    self.overflow = true;
                }
                None
            }
        }
    }

    fn end(&mut self) -> Option<String> {
        let Self { line, overflow } = std::mem::take(self);
        if overflow {
            return None;
        }
        // Noise on the line is no text, and no token either.
        let text = String::from_utf8(line).ok()?;
        let text = text.trim();
        let plain = !text.is_empty() && !text.chars().any(char::is_control);
        plain.then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &[u8], expected: &[&str]) {
        let mut lines = Lines::default();
        let found: Vec<String> = written
            .iter()
            .filter_map(|byte| lines.push(*byte))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_end_in_many_ways() {
        check(b"04A1\r\n04A2\n04A3\r", &["04A1", "04A2", "04A3"]);
        check(b"\x0204A1\x03\x0204A2\r\n\x03", &["04A1", "04A2"]);
        check(b"half\x0204A1\x03", &["04A1"]);
        check(b"\r\n\r\n  \r\n 04A1 \r\n", &["04A1"]);
        check(b"\xFF\xFE04A1\r04A2\r", &["04A2"]);
        check(b"04\x00A1\r04A2\r", &["04A2"]);
        let most = "A".repeat(MAX_LINE_BYTES);
        check(format!("{most}\r04A2\r").as_bytes(), &[&most, "04A2"]);
        check(format!("{most}A\r04A2\r").as_bytes(), &["04A2"]);
        check(b"04A1", &[]);
    }
}
