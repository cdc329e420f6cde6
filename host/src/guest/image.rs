//! Compiled images on disk, so that a start need not compile.
//!
//! An image is the engine's own file followed by a checksum and a mark. The
//! checksum finds worn flash and half-written files; it is no protection
//! against somebody who can write to the directory, who could as well replace
//! this program.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::{ComponentError, trusted};

/// Ends every image; its last digit is the version of this format.
const MARK: &[u8; 8] = b"PPIMAGE1";
const TRAILER: usize = 32 + MARK.len();
/// So much of an image is looked at in one go.
const PIECE: usize = 64 * 1024;

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
        let mut file = File::open(&path).ok()?;
        let loaded = if is_whole(&mut file).ok()? {
            trusted::map_image(engine, &path)
                .or_else(|_| trusted::copy_image(engine, &body(&mut file)?))
                .map_err(|error| format!("{error:#}"))
        } else {
            Err("its checksum is wrong".into())
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

    /// Keeps the image that `write` writes under that name. It is complete or not
    /// there at all.
    pub(super) fn keep(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), ComponentError> {
        let path = self.path(name);
        // Numbered by process: two of them never write to one file.
        let temporary = self
            .directory
            .join(format!("{name}.{}.tmp", std::process::id()));
        create(&temporary)
            .and_then(|mut file| {
                write(&mut file)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|e| {
                let _ = fs::remove_file(&temporary);
                refused(&path, &e)
            })
    }

    /// The path of a file with just these contents, made if there is none: what was
    /// compiled beforehand, and the program carries. `hash`: theirs. None if it cannot
    /// be written, which is said.
    pub(super) fn lay_out(&self, hash: &str, contents: &[u8]) -> Option<PathBuf> {
        let name = format!("{hash}-carried");
        let path = self.path(&name);
        if fs::read(&path).is_ok_and(|there| there == contents) {
            return Some(path);
        }
        match self.keep(&name, |file| file.write_all(contents)) {
            Ok(()) => Some(path),
            Err(error) => {
                tracing::warn!(%error, "carried component not laid out as a file");
                None
            }
        }
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

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Writes an image: the engine's own file, and what comes after it.
pub(super) fn write(file: &mut File, image: &[u8]) -> io::Result<()> {
    file.write_all(image)?;
    file.write_all(&Sha256::digest(image))?;
    file.write_all(MARK)
}

/// Copies an image as it is.
pub(super) fn copy(mut image: &File, to: &mut File) -> io::Result<()> {
    image.rewind()?;
    io::copy(&mut image, to).map(drop)
}

/// Whether the checksum is right. Piece by piece: an image can be larger than all
/// that the charger needs otherwise.
pub(super) fn is_whole(image: &mut File) -> io::Result<bool> {
    let Some(length) = body_length(image)? else {
        return Ok(false);
    };
    image.rewind()?;
    let mut left = length;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        image.read_exact(&mut piece[..most])?;
        hasher.update(&piece[..most]);
        left -= most as u64;
    }
    let mut trailer = [0; TRAILER];
    image.read_exact(&mut trailer)?;
    let (checksum, mark) = trailer.split_at(32);
    Ok(mark == MARK && checksum == &hasher.finalize()[..])
}

/// The engine's own file.
pub(super) fn body(image: &mut File) -> io::Result<Vec<u8>> {
    let length = body_length(image)?.unwrap_or(0);
    image.rewind()?;
    let mut body = Vec::new();
    image.take(length).read_to_end(&mut body)?;
    Ok(body)
}

fn body_length(image: &File) -> io::Result<Option<u64>> {
    Ok(image.metadata()?.len().checked_sub(TRAILER as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_out_is_whole_and_written_once() {
        let state = tempfile::tempdir().expect("a folder");
        let cache = ImageCache::open(state.path()).expect("opened");
        let hash = hex::encode(Sha256::digest(b"code"));
        let path = cache.lay_out(&hash, b"code").expect("laid out");
        assert_eq!(fs::read(&path).expect("there"), b"code");
        let number = fs::metadata(&path).expect("there").ino();

        assert_eq!(cache.lay_out(&hash, b"code").as_ref(), Some(&path));
        assert_eq!(fs::metadata(&path).expect("there").ino(), number);

        // Worn flash, or a cut: made anew, and what is still mapped is left alone.
        let before = File::open(&path).expect("there");
        fs::write(path.with_extension("worn"), b"c\0de").expect("written");
        fs::rename(path.with_extension("worn"), &path).expect("renamed");
        assert_eq!(cache.lay_out(&hash, b"code").as_ref(), Some(&path));
        assert_eq!(fs::read(&path).expect("there"), b"code");
        assert_eq!(before.metadata().expect("open").ino(), number);

        cache.retain(&[&hash]);
        assert!(path.exists());
        cache.retain(&[]);
        assert!(!path.exists());
    }
}
