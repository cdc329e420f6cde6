//! The one place that turns bytes on disk into machine code that this process
//! runs.

// Compiled code cannot be checked, only trusted.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::component::Component;

/// Maps a compiled image.
///
/// Why this is sound: there are two kinds of such files, both in directories that
/// nobody but this program's user can write, and never written again but replaced
/// by `rename`, which leaves the mapped one alone.
///
/// [`super::ImageCache`] hands over only what this program compiled itself, under a
/// name made of the component's hash and the engine's whole compatibility hash;
/// the checksum has just been verified.
///
/// [`super::Engine::load_believed`] hands over what was compiled beforehand for
/// exactly this engine, after its caller has checked that a trusted key has signed
/// the whole of it.
pub(super) fn map_image(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see above.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Copies a compiled image that was just read from such a file, for file systems
/// that forbid to execute what they hold, or that this program carries.
pub(super) fn copy_image(engine: &wasmtime::Engine, image: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: as above.
    unsafe { Component::deserialize(engine, image) }
}

/// The user that the directory of images must belong to.
pub(super) fn own_user() -> u32 {
    // SAFETY: takes no argument, has no precondition and cannot fail.
    unsafe { libc::geteuid() }
}
