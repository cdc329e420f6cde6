//! Ids of our own calls: random UUIDs, so that they never repeat over any
//! connection, boot or instance. The randomness is the 16 bytes that each
//! `start` is given, stretched; it need not be unguessable, only unrepeated.

/// A source of ids.
#[derive(Debug)]
pub struct MessageIds {
    seed: [u64; 2],
    drawn: u64,
}

impl MessageIds {
    /// From the random bytes of one `start`.
    pub fn new(random: &[u8]) -> Self {
        let mut bytes = [0u8; 16];
        for (at, byte) in random.iter().take(16).enumerate() {
            bytes[at] = *byte;
        }
        let whole = u128::from_le_bytes(bytes);
        Self {
            seed: [whole as u64, (whole >> 64) as u64],
            drawn: 0,
        }
    }

    /// A number that was not drawn before.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let step = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mix(mix(self.seed[0].wrapping_add(step)) ^ self.seed[1])
    }

    /// A number for a request, not used before; never 0.
    pub fn ticket(&mut self) -> u32 {
        (self.draw() >> 32) as u32 | 1
    }

    /// A new UUID, version 4.
    pub fn fresh(&mut self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut bits = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        bits = (bits & !(0xf << 76)) | (4 << 76);
        bits = (bits & !(3 << 62)) | (2 << 62);
        let mut out = String::with_capacity(36);
        for at in 0..32 {
            if matches!(at, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            let nibble = (bits >> (124 - 4 * at)) as usize & 15;
            out.push(char::from(HEX[nibble]));
        }
        out
    }
}

/// The finisher of splitmix64: a bijection that spreads every bit.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::MessageIds;

    #[test]
    fn ids_are_uuids_and_do_not_repeat_over_boots() {
        let mut seen = BTreeSet::new();
        for boot in 0..50_u8 {
            let mut ids = MessageIds::new(&[boot; 16]);
            for _ in 0..200 {
                let id = ids.fresh();
                assert_eq!(id.len(), 36);
                assert_eq!(&id[14..15], "4", "{id}");
                assert!("89ab".contains(&id[19..20]), "{id}");
                assert!(seen.insert(id));
            }
        }
    }
}
