//! From a component to machine code, by Cranelift or from the cache. Left out of
//! a build without the compiler. Not here: who compiles (see `compiler`).

use std::fs::File;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::compiler::{Compiler, CompilerProcess, Task};
use super::{ComponentError, Engine, EngineSettings, ImageCache, Inspection, image, trusted};

impl Engine {
    pub(super) fn code(
        &self,
        wasm: &[u8],
        info: &Inspection,
        cache: Option<&ImageCache>,
        quiet: bool,
    ) -> Result<Component, ComponentError> {
        let name = format!("{}-{}", info.hash, self.compatibility());
        if let Some(code) = cache.and_then(|cache| cache.load(self.wasmtime(), &name)) {
            return Ok(code);
        }
        let begin = Instant::now();
        let compiled = match &self.settings().compiler {
            Compiler::Here => self.compile_here(wasm, quiet)?,
            Compiler::Process(process) => self.compile_by(process, wasm, info, quiet)?,
        };
        tracing::info!(
            component = info.name_or_hash(),
            milliseconds = begin.elapsed().as_millis() as u64,
            "compiled"
        );
        if let Some(cache) = cache {
            match cache.keep(&name, |file| compiled.write(file)) {
                // From the file, so that its pages can be shared and dropped.
                Ok(()) => {
                    if let Some(code) = cache.load(self.wasmtime(), &name) {
                        return Ok(code);
                    }
                }
                Err(error) => tracing::warn!(%error, "compiled image not kept"),
            }
        }
        let image = compiled.into_bytes().map_err(|error| invalid(&error))?;
        trusted::copy_image(self.wasmtime(), &image).map_err(|error| invalid(&error))
    }

    fn compile_here(&self, wasm: &[u8], quiet: bool) -> Result<Compiled, ComponentError> {
        let image = if quiet {
            self.quiet()?.precompile_component(wasm)
        } else {
            self.wasmtime().precompile_component(wasm)
        };
        Ok(Compiled::Bytes(image.map_err(|error| invalid(&error))?))
    }

    fn compile_by(
        &self,
        process: &CompilerProcess,
        wasm: &[u8],
        info: &Inspection,
        quiet: bool,
    ) -> Result<Compiled, ComponentError> {
        let settings = self.settings();
        let compile = |quiet: bool| {
            process.compile(&Task {
                wasm,
                name: info.name_or_hash(),
                engine: EngineSettings {
                    parallel: settings.parallel && !quiet,
                    ..settings.clone()
                },
                quiet,
            })
        };
        let compiled = match compile(quiet) {
            Err(ComponentError::Compiler(failure)) if !quiet && failure.may_lack_memory() => {
                // Without an image a start goes on with another version, or not at all.
                tracing::warn!("{failure}; once more on one core, which takes less memory");
                compile(true)
            }
            compiled => compiled,
        };
        Ok(Compiled::File(compiled?))
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

/// What the compiler made.
enum Compiled {
    /// The engine's own file.
    Bytes(Vec<u8>),
    /// An image as it is kept.
    File(File),
}

impl Compiled {
    fn write(&self, file: &mut File) -> std::io::Result<()> {
        match self {
            Self::Bytes(bytes) => image::write(file, bytes),
            Self::File(image) => image::copy(image, file),
        }
    }

    /// The engine's own file.
    fn into_bytes(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File(mut image) => image::body(&mut image),
        }
    }
}

fn invalid(error: &dyn std::fmt::Display) -> ComponentError {
    ComponentError::Invalid {
        text: format!("{error:#}"),
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
