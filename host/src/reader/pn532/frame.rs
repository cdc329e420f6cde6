//! Frames between host and PN532 (UM0701-02, 6.2.1): `00 00 FF`, length and its
//! complement, the data with their direction, checksum, `00`. Pure.

/// From us to the chip.
pub const TO_CHIP: u8 = 0xD4;
/// From the chip to us.
pub const FROM_CHIP: u8 = 0xD5;

/// "I have your frame."
pub const ACK: [u8; 6] = [0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00];
/// "Say that again."
pub const NACK: [u8; 6] = [0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00];

/// A frame that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The other side has our frame.
    Ack,
    /// The other side wants our frame again.
    Nack,
    /// Data, without their direction.
    Data(u8, Vec<u8>),
    /// The chip does not know what it was told.
    Error,
    /// The head of a frame, and behind it something else.
    Broken,
}

/// A normal frame. `data` has at most 254 bytes.
#[must_use]
pub fn encode(direction: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len() + 1).unwrap_or(u8::MAX);
    let mut frame = vec![0x00, 0x00, 0xFF, length, length.wrapping_neg(), direction];
    frame.extend(data);
    let sum = frame[5..]
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    frame.extend([sum.wrapping_neg(), 0x00]);
    frame
}

/// Takes what comes in and finds the frames in it.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// More has come in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Forgets what has come in.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next frame, if it is all there.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let start = self.bytes.windows(2).position(|two| two == [0x00, 0xFF]);
        let Some(start) = start else {
            // The last byte may be the first of a start.
            let keep = usize::from(self.bytes.last() == Some(&0x00));
            self.bytes.drain(..self.bytes.len() - keep);
            return None;
        };
        self.bytes.drain(..start);
        let (head, length) = match self.bytes[2..] {
            [0x00, 0xFF, ..] => return Some(self.took(4, Frame::Ack)),
            // Normal frames have no length 0xFF; extended ones say 0xFF twice.
            [0xFF, 0x00, ..] => return Some(self.took(4, Frame::Nack)),
            [0xFF, 0xFF, high, low, check, ..] => {
                if high.wrapping_add(low).wrapping_add(check) != 0 {
                    return Some(self.took(2, Frame::Broken));
                }
                (7, usize::from(u16::from_be_bytes([high, low])))
            }
            [0xFF, 0xFF, ..] | [_] | [] => return None,
            [length, check, ..] if length.wrapping_add(check) != 0 => {
                return Some(self.took(2, Frame::Broken));
            }
            [length, ..] => (4, usize::from(length)),
        };
        // The data and their checksum.
        let body = self.bytes.get(head..head + length + 1)?;
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        if sum != 0 {
            return Some(self.took(2, Frame::Broken));
        }
        let frame = match &body[..length] {
            [0x7F] => Frame::Error,
            [direction, data @ ..] => Frame::Data(*direction, data.to_vec()),
            [] => Frame::Broken,
        };
        Some(self.took(head + length + 1, frame))
    }

    fn took(&mut self, count: usize, frame: Frame) -> Frame {
        self.bytes.drain(..count);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8]) -> Vec<Frame> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        std::iter::from_fn(|| decoder.next_frame()).collect()
    }

    #[test]
    fn a_frame_as_in_the_manual() {
        // GetFirmwareVersion (UM0701-02, 7.2.2).
        let command = encode(TO_CHIP, &[0x02]);
        assert_eq!(
            command,
            [0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00]
        );
        let answer = [
            0x00, 0x00, 0xFF, 0x06, 0xFA, 0xD5, 0x03, 0x32, 0x01, 0x06, 0x07, 0xE8, 0x00,
        ];
        let data = Frame::Data(FROM_CHIP, vec![0x03, 0x32, 0x01, 0x06, 0x07]);
        assert_eq!(frames(&answer), vec![data.clone()]);
        assert_eq!(frames(&[&ACK[..], &answer].concat()), [Frame::Ack, data]);
        assert_eq!(frames(&NACK), [Frame::Nack]);
        let error = [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00];
        assert_eq!(frames(&error), [Frame::Error]);
    }

    #[test]
    fn every_length_comes_back_byte_by_byte() {
        for length in 0..=253usize {
            let data: Vec<u8> = (0..length).map(|n| (n * 7) as u8).collect();
            let mut decoder = Decoder::default();
            let mut found = Vec::new();
            for byte in encode(FROM_CHIP, &data) {
                decoder.push(&[byte]);
                found.extend(std::iter::from_fn(|| decoder.next_frame()));
            }
            assert_eq!(found, [Frame::Data(FROM_CHIP, data)]);
        }
    }

    #[test]
    fn extended_frames_are_read() {
        let data = vec![0x41; 300];
        let mut bytes = vec![0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x01, 0x2D, 0xD2, FROM_CHIP];
        bytes.extend(&data);
        let sum = bytes[8..]
            .iter()
            .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.extend([sum.wrapping_neg(), 0x00]);
        assert_eq!(frames(&bytes), [Frame::Data(FROM_CHIP, data)]);
    }

    #[test]
    fn noise_is_passed_over_and_every_broken_byte_is_noticed() {
        let good = encode(FROM_CHIP, &[0x4B, 0x00]);
        let data = Frame::Data(FROM_CHIP, vec![0x4B, 0x00]);
        let noisy = [&[0x55, 0x00, 0x13, 0xFF, 0x00][..], &good].concat();
        assert_eq!(frames(&noisy), vec![data.clone()]);
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                let found = frames(&[&bad[..], &ACK].concat());
                let wrong = found.iter().any(|frame| match frame {
                    Frame::Data(..) => *frame != data,
                    _ => false,
                });
                assert!(!wrong, "byte {place}, bit {bit}: {found:?}");
            }
        }
    }
}
