//! Compiled images on disk, so that a start need not compile.
//!
//! An image is the engine's own file followed by a checksum and a mark. The
//! checksum finds worn flash and half-written files; it is no protection
//! against somebody who can write to the directory, who could as well replace
//! this program.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::{ComponentError, trusted};

/// Ends every image; its last digit is the version of this format.
const MARK: &[u8; 8] = b"PPIMAGE1";
const TRAILER: usize = 32 + MARK.len();

/// The directory of compiled images.
#[derive(Clone, Debug)]
pub struct ImageCache {
    directory: PathBuf,
}

impl ImageCache {
    /// `state_dir/images`, created if it is not there, and closed to everybody
    /// but this process's user.
    pub fn open(state_dir: &Path) -> Result<Self, ComponentError> {
        let directory = state_dir.join("images");
        let refuse = |e: std::io::Error| refused(&directory, &e);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(refuse)?;
        let found = fs::symlink_metadata(&directory).map_err(refuse)?;
        if !found.is_dir() {
            return Err(refused(&directory, &"it is not a directory"));
        }
        if found.uid() != trusted::own_user() {
            return Err(refused(&directory, &"it belongs to another user"));
        }
        if found.mode() & 0o077 != 0 {
            fs::set_permissions(&directory, PermissionsExt::from_mode(0o700)).map_err(refuse)?;
        }
        Ok(Self { directory })
    }

    /// The image of that name, if there is a sound one. A damaged one is
    /// removed.
    pub(super) fn load(&self, engine: &wasmtime::Engine, name: &str) -> Option<Component> {
        let path = self.path(name);
        let mut bytes = Vec::new();
        File::open(&path).ok()?.read_to_end(&mut bytes).ok()?;
        let loaded = match body(&bytes) {
            Some(body) => trusted::map_image(engine, &path)
                .or_else(|_| trusted::copy_image(engine, body))
                .map_err(|error| format!("{error:#}")),
            None => Err("its checksum is wrong".into()),
        };
        match loaded {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(image = %path.display(), error, "compiled image thrown away");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps an image under that name. It is complete or not there at all.
    pub(super) fn keep(&self, name: &str, image: &[u8]) -> Result<(), ComponentError> {
        let path = self.path(name);
        // Numbered by process: two of them never write to one file.
        let temporary = self
            .directory
            .join(format!("{name}.{}.tmp", std::process::id()));
        write(&temporary, image)
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|e| {
                let _ = fs::remove_file(&temporary);
                refused(&path, &e)
            })
    }

    /// Removes every image that is not of one of these components (hashes as in
    /// [`super::Inspection::hash`]), and what an interrupted write left behind.
    pub fn retain(&self, hashes: &[&str]) {
        let Ok(files) = fs::read_dir(&self.directory) else {
            return;
        };
        for file in files.flatten() {
            let name = file.file_name();
            let name = name.to_string_lossy();
            let wanted = name.ends_with(".cwasm")
                && name
                    .split_once('-')
                    .is_some_and(|(component, _)| hashes.contains(&component));
            if !wanted {
                let _ = fs::remove_file(file.path());
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.cwasm"))
    }
}

fn refused(path: &Path, text: &dyn std::fmt::Display) -> ComponentError {
    ComponentError::Images {
        path: path.to_path_buf(),
        text: text.to_string(),
    }
}

fn write(path: &Path, image: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(image)?;
    file.write_all(&Sha256::digest(image))?;
    file.write_all(MARK)?;
    file.sync_all()
}

/// What is before the trailer, if the trailer is right.
fn body(file: &[u8]) -> Option<&[u8]> {
    let (body, trailer) = file.split_at_checked(file.len().checked_sub(TRAILER)?)?;
    let (checksum, mark) = trailer.split_at(32);
    (mark == MARK && checksum == &Sha256::digest(body)[..]).then_some(body)
}
