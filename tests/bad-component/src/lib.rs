//! A component that misbehaves on demand, in every way that a host must survive,
//! and is a working guest otherwise, so that a test can show that it recovers.
//!
//! Reading order: `guest` (the sub-protocol `bad.v1`, a few words by which a test
//! sees and steers it), `modes` (the list of misbehaviours), `second` (what the
//! second build does differently). Two features make
//! components that a host must refuse before it runs them; they are in `refused`.
//!
//! It is no example for anything but failing: see `plugins/` for those.

#[cfg(all(
    target_arch = "wasm32",
    not(any(feature = "wrong-version", feature = "extra-import"))
))]
mod guest;
#[cfg(all(
    target_arch = "wasm32",
    not(any(feature = "wrong-version", feature = "extra-import"))
))]
mod modes;
#[cfg(all(
    target_arch = "wasm32",
    any(feature = "wrong-version", feature = "extra-import")
))]
mod refused;
#[cfg(all(
    target_arch = "wasm32",
    not(any(feature = "wrong-version", feature = "extra-import"))
))]
mod second;
