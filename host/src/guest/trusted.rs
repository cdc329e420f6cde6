//! The one place that turns bytes on disk into machine code that this process
//! runs.

// Compiled code cannot be checked, only trusted.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::component::Component;

/// Maps a compiled image.
///
/// Why this is sound: [`super::ImageCache`] hands over only files that this
/// program compiled itself, under a name made of the component's hash and the
/// engine's whole compatibility hash, in a directory that nobody but its own
/// user can write; their checksum has just been verified; and such a file is
/// never written again, only replaced by `rename`, which leaves the mapped one
/// alone.
pub(super) fn map_image(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see above.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Copies a compiled image that was just read from such a file: for file systems
/// that forbid to execute what they hold.
pub(super) fn copy_image(engine: &wasmtime::Engine, image: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: as above.
    unsafe { Component::deserialize(engine, image) }
}

/// The user that the directory of images must belong to.
pub(super) fn own_user() -> u32 {
    // SAFETY: takes no argument, has no precondition and cannot fail.
    unsafe { libc::geteuid() }
}
