//! The two standard components that the program carries in itself, so that it
//! runs alone.
//!
//! Nothing here checks or compiles them. They come from `build.rs`; where the
//! program was built by plain cargo and there were none, both are `None`.

include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// What to tell somebody whose program carries no components.
pub const MISSING: &str = "this program was built without its standard components: \
     build it with `cargo xtask build`, or name component files in the configuration";

/// The protocol component, for the slot `ocpp`.
#[must_use]
pub fn protocol() -> Option<&'static [u8]> {
    PROTOCOL
}

/// The policy component, the last of the chain.
#[must_use]
pub fn policy() -> Option<&'static [u8]> {
    POLICY
}
