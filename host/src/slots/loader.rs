//! From a place to a component that can start: the file, its contents, its
//! signature, its declarations, and machine code.

use std::borrow::Cow;
use std::path::PathBuf;

use super::{Place, Records, Refusal, Shelf, Trust, Version};
use crate::guest::{ComponentError, Engine, ImageCache, Inspection, Kind, Prepared};

/// What a slot begins with.
#[derive(Clone, Debug)]
pub enum Base {
    /// The component that the program carries.
    Carried(&'static [u8]),
    /// A file that the configuration names.
    File(PathBuf),
}

/// Loads components; clones share engine and directories.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Compiles and runs them.
    pub engine: Engine,
    /// Compiled images.
    pub cache: Option<ImageCache>,
    /// Installed files.
    pub shelf: Shelf,
    /// Whose are believed.
    pub trust: Trust,
}

/// A component that can start, and what is known of it.
#[derive(Debug)]
pub struct Found<K: Kind> {
    /// To be put into a slot.
    pub prepared: Prepared<K>,
    /// By its own metadata.
    pub version: Version,
    /// Where it was found.
    pub place: Place,
    /// The same in words.
    pub source: String,
}

impl Base {
    fn read(&self) -> Result<Cow<'static, [u8]>, Refusal> {
        match self {
            Self::Carried(wasm) => Ok(Cow::Borrowed(wasm)),
            Self::File(path) => match std::fs::read(path) {
                Ok(wasm) => Ok(Cow::Owned(wasm)),
                Err(error) => Err(Refusal::File {
                    path: path.clone(),
                    text: error.to_string(),
                }),
            },
        }
    }

    /// What it says of itself.
    pub fn version(&self) -> Result<Version, Refusal> {
        let info = Inspection::of(&self.read()?).map_err(ComponentError::from)?;
        Ok(Version::of(&info, None))
    }

    /// In words.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Self::Carried(_) => "carried".into(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl Loader {
    /// Loads what is at a place. `quiet`: compiles on one core only.
    pub fn load<K: Kind>(
        &self,
        place: &Place,
        base: &Base,
        quiet: bool,
    ) -> Result<Found<K>, Refusal> {
        match place {
            Place::Base => {
                let wasm = base.read()?;
                let prepared = self.prepare(&wasm, quiet)?;
                Ok(Found {
                    version: Version::of(prepared.component().info(), None),
                    prepared,
                    place: Place::Base,
                    source: base.source(),
                })
            }
            Place::Installed(version) => {
                let (wasm, signature) = self.shelf.get(&version.hash)?;
                // Again at each start: a key may have been taken out since.
                self.trust.verify(&wasm, signature.as_deref())?;
                Ok(Found {
                    prepared: self.prepare(&wasm, quiet)?,
                    version: version.clone(),
                    place: place.clone(),
                    source: "installed".into(),
                })
            }
        }
    }

    /// What a file says of itself, if it is signed as it must be and fits.
    pub fn inspect<K: Kind>(
        &self,
        wasm: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Version, Refusal> {
        let signed_by = self.trust.verify(wasm, signature)?;
        let info = Inspection::of(wasm).map_err(ComponentError::from)?;
        info.fits(K::WORLD).map_err(ComponentError::from)?;
        Ok(Version::of(&info, signed_by))
    }

    /// Compiles, or takes the image from the cache.
    pub fn prepare<K: Kind>(&self, wasm: &[u8], quiet: bool) -> Result<Prepared<K>, Refusal> {
        let cache = self.cache.as_ref();
        let component = if quiet {
            self.engine.load_quietly(wasm, K::WORLD, cache)?
        } else {
            self.engine.load(wasm, K::WORLD, cache)?
        };
        Ok(Prepared::new(&component)?)
    }

    /// Removes files and images that nobody needs any more. `bases`: hashes of
    /// what the slots begin with.
    pub fn tidy(&self, records: &Records, bases: &[String]) {
        let mut hashes = records.hashes();
        hashes.extend_from_slice(bases);
        self.shelf.retain(&hashes);
        if let Some(cache) = &self.cache {
            let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
            cache.retain(&hashes);
        }
    }
}
