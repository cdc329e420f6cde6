//! From a component to machine code, by Cranelift or from the cache. Left out of
//! a build without the compiler.

use std::hash::{Hash, Hasher};
use std::time::Instant;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::{ComponentError, Engine, ImageCache, Inspection, trim, trusted};

impl Engine {
    pub(super) fn code(
        &self,
        wasm: &[u8],
        info: &Inspection,
        cache: Option<&ImageCache>,
        parallel: bool,
    ) -> Result<Component, ComponentError> {
        let name = format!("{}-{}", info.hash, self.compatibility());
        if let Some(code) = cache.and_then(|cache| cache.load(self.wasmtime(), &name)) {
            return Ok(code);
        }
        let invalid = |e: wasmtime::Error| ComponentError::Invalid {
            text: format!("{e:#}"),
        };
        let begin = Instant::now();
        let image = if parallel {
            self.wasmtime().precompile_component(wasm)
        } else {
            self.quiet()?.precompile_component(wasm)
        };
        let image = image.map_err(invalid)?;
        tracing::info!(
            component = info.name_or_hash(),
            milliseconds = begin.elapsed().as_millis() as u64,
            "compiled"
        );
        if let Some(cache) = cache {
            match cache.keep(&name, &image) {
                // From the file, so that its pages can be shared and dropped.
                Ok(()) => {
                    if let Some(code) = cache.load(self.wasmtime(), &name) {
                        drop(image);
                        trim::give_back();
                        return Ok(code);
                    }
                }
                Err(error) => tracing::warn!(%error, "compiled image not kept"),
            }
        }
        trusted::copy_image(self.wasmtime(), &image).map_err(invalid)
    }

    /// Everything that an image depends on besides the component: the engine's
    /// exact version, the target and its features, and all settings.
    #[must_use]
    pub fn compatibility(&self) -> String {
        let mut hasher = Sha(Sha256::new());
        self.wasmtime()
            .precompile_compatibility_hash()
            .hash(&mut hasher);
        hex::encode(&hasher.0.finalize()[..16])
    }
}

/// The standard library's hashes are not made to be kept on disk; SHA-256 is.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
    }
}
