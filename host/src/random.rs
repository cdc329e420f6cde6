//! Fresh random bytes from the system.

/// `N` of them.
///
/// Where the system has none (which Linux does not do after early boot), time
/// and process number stand in: better a poor number than a charger that does
/// not start. Keys are never made from these.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| d.as_nanos());
        let seed = nanos ^ (u128::from(std::process::id()) << 64);
        for (byte, seed) in bytes.iter_mut().zip(seed.to_le_bytes().iter().cycle()) {
            *byte = *seed;
        }
    }
    bytes
}
