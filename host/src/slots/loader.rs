//! From a place to a component that can start: the file, its contents, its
//! signature, its declarations, and machine code.

use std::path::{Path, PathBuf};

use super::{Floors, Place, Records, Refusal, Shelf, Trust, Version, Vouched, signature_of};
use crate::carried::Packed;
use crate::guest::{
    ComponentError, Engine, ImageCache, Inspection, Kind, Prepared, is_precompiled,
};

/// What a slot begins with.
#[derive(Clone, Debug)]
pub enum Base {
    /// The component that the program carries.
    Carried(Packed),
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
    /// Which are too old.
    pub floors: Floors,
}

/// Who vouches for a file. What was compiled beforehand is machine code, and runs
/// only if somebody does; WebAssembly can do no harm.
#[derive(Clone, Copy, Debug)]
pub enum Voucher<'a> {
    /// Nobody has to.
    Nobody,
    /// Who built this program, which carries it.
    Builder,
    /// A trusted key. The path: it lies there too, where nobody but this program's
    /// user can write.
    Trusted(Option<&'a Path>),
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
    fn read(&self) -> Result<Vec<u8>, Refusal> {
        match self {
            Self::Carried(packed) => packed.unpack().ok_or_else(|| {
                let text = "this program is damaged: its own component cannot be unpacked".into();
                ComponentError::Invalid { text }.into()
            }),
            Self::File(path) => std::fs::read(path).map_err(|error| Refusal::File {
                path: path.clone(),
                text: error.to_string(),
            }),
        }
    }

    /// Whether somebody vouches for it. A file that the configuration names need not
    /// be signed, as the configuration is not, unless it is machine code.
    fn voucher(&self, slot: &str, file: &[u8], trust: &Trust) -> Result<Voucher<'static>, Refusal> {
        match self {
            Self::Carried(_) => Ok(Voucher::Builder),
            Self::File(path) if is_precompiled(file) => {
                let signature = std::fs::read(signature_of(path)).ok();
                match trust.verify(file, signature.as_deref(), Some(slot))? {
                    Some(vouched) => {
                        vouched.check_machine_code()?;
                        Ok(Voucher::Trusted(None))
                    }
                    None => Err(ComponentError::Unbelieved.into()),
                }
            }
            Self::File(_) => Ok(Voucher::Nobody),
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
        slot: &str,
        place: &Place,
        base: &Base,
        quiet: bool,
    ) -> Result<Found<K>, Refusal> {
        match place {
            Place::Base => {
                let file = base.read()?;
                let voucher = base.voucher(slot, &file, &self.trust)?;
                let prepared = self.prepare(&file, voucher, quiet)?;
                Ok(Found {
                    version: Version::of(prepared.component().info(), None),
                    prepared,
                    place: Place::Base,
                    source: base.source(),
                })
            }
            Place::Installed(version) => {
                let (file, signature) = self.shelf.get(&version.hash)?;
                // Again at each start: a key may have been taken out since, and a floor
                // may have risen.
                let vouched = self.trust.verify(&file, signature.as_deref(), Some(slot))?;
                self.floors.check(version)?;
                let vouched = vouched.as_ref();
                Ok(Found {
                    prepared: self.prepare_installed(&file, &version.hash, vouched, quiet)?,
                    version: version.clone(),
                    place: place.clone(),
                    source: "installed".into(),
                })
            }
        }
    }

    /// What a file says of itself, if it is signed as it must be and fits.
    /// Nothing of it is looked at before its signature.
    pub fn inspect<K: Kind>(
        &self,
        slot: &str,
        wasm: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(Version, Option<Vouched>), Refusal> {
        let vouched = self.trust.verify(wasm, signature, Some(slot))?;
        let info = Inspection::of(wasm).map_err(ComponentError::from)?;
        info.fits(K::WORLD).map_err(ComponentError::from)?;
        self.engine.check(&info)?;
        if info.compiled_for.is_some() {
            let vouched = vouched.as_ref().ok_or(ComponentError::Unbelieved)?;
            vouched.check_machine_code()?;
        }
        let version = Version::of(&info, vouched.as_ref());
        version.check_own_floor()?;
        self.floors.check(&version)?;
        Ok((version, vouched))
    }

    /// A file whose signature has just been checked; if it was put on the shelf, it
    /// can be mapped from there.
    pub fn prepare_installed<K: Kind>(
        &self,
        file: &[u8],
        hash: &str,
        vouched: Option<&Vouched>,
        quiet: bool,
    ) -> Result<Prepared<K>, Refusal> {
        let path = self.shelf.private(hash);
        let voucher = match vouched {
            Some(vouched) => {
                if is_precompiled(file) {
                    vouched.check_machine_code()?;
                }
                Voucher::Trusted(path.as_deref())
            }
            None => Voucher::Nobody,
        };
        self.prepare(file, voucher, quiet)
    }

    /// Compiles, or takes the image from the cache, or what was compiled
    /// beforehand.
    fn prepare<K: Kind>(
        &self,
        file: &[u8],
        voucher: Voucher<'_>,
        quiet: bool,
    ) -> Result<Prepared<K>, Refusal> {
        let cache = self.cache.as_ref();
        let component = match voucher {
            Voucher::Builder if is_precompiled(file) => {
                self.engine.load_carried(file, K::WORLD, cache)?
            }
            Voucher::Trusted(at) if is_precompiled(file) => {
                self.engine.load_believed(file, K::WORLD, at)?
            }
            _ if quiet => self.engine.load_quietly(file, K::WORLD, cache)?,
            _ => self.engine.load(file, K::WORLD, cache)?,
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
