//! The two standard components that the program carries in itself, so that it
//! runs alone.
//!
//! Nothing here checks or compiles them. They come from `build.rs`; where the
//! program was built by plain cargo and there were none, both are `None`.

use std::fmt;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// What to tell somebody whose program carries no components.
pub const MISSING: &str = "this program was built without its standard components: \
     build it with `cargo xtask build`, or name component files in the configuration";

/// The protocol component, for the slot `ocpp`.
#[must_use]
pub fn protocol() -> Option<Packed> {
    PROTOCOL
}

/// The policy component, the last of the chain.
#[must_use]
pub fn policy() -> Option<Packed> {
    POLICY
}

/// A component as the program carries it: deflated, since it is read once per start
/// and lies in the flash for years.
#[derive(Clone, Copy)]
pub struct Packed {
    deflated: &'static [u8],
    bytes: usize,
}

impl Packed {
    /// The component's file; none if the program itself is damaged.
    #[must_use]
    pub fn unpack(self) -> Option<Vec<u8>> {
        let file = decompress_to_vec_with_limit(self.deflated, self.bytes).ok()?;
        (file.len() == self.bytes).then_some(file)
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.bytes)
    }
}
