//! The WebAssembly engine: how guests are compiled and run. One for the whole
//! process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::ModuleVersionStrategy;

#[cfg(feature = "compiler")]
use super::compiler::Compiler;
use super::inspect::Inspection;
use super::precompiled::WASMTIME;
use super::ticker::{Running, Ticker};
use super::{Backend, ComponentError, ImageCache, Target, World, trusted};

/// How the engine is set up. Compiled images depend on all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EngineSettings {
    /// What runs guests.
    pub backend: Backend,
    /// Address space (not memory) set aside for each linear memory, which
    /// cannot grow beyond it. Small enough for boards that refuse gigabytes.
    pub memory_reservation: u64,
    /// Stack for a guest's own calls.
    pub stack_bytes: usize,
    /// Use all cores to compile.
    pub parallel: bool,
    /// Who does that.
    #[cfg(feature = "compiler")]
    #[serde(skip)]
    pub compiler: Compiler,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            backend: Backend::best(),
            memory_reservation: 64 << 20,
            stack_bytes: 512 << 10,
            parallel: true,
            #[cfg(feature = "compiler")]
            compiler: Compiler::Here,
        }
    }
}

/// A handle on the engine; clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    engine: wasmtime::Engine,
    ticker: Arc<Ticker>,
    settings: EngineSettings,
}

/// A component, ready to be put into a slot; clones share the code.
#[derive(Clone)]
pub struct Component {
    pub(super) code: wasmtime::component::Component,
    info: Arc<Inspection>,
}

impl Engine {
    /// Sets the engine up and starts its ticker.
    pub fn new(settings: &EngineSettings) -> Result<Self, ComponentError> {
        let fail = |text: String| ComponentError::Engine { text };
        if !settings.backend.exists() {
            return Err(ComponentError::NoBackend);
        }
        let engine = config(settings, None).and_then(|config| wasmtime::Engine::new(&config));
        let engine = engine.map_err(|e| fail(format!("{e:#}")))?;
        let ticker = Ticker::start(engine.clone()).map_err(|e| fail(e.to_string()))?;
        Ok(Self {
            engine,
            ticker: Arc::new(ticker),
            settings: settings.clone(),
        })
    }

    /// What runs guests.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.settings.backend
    }

    /// What components have to be compiled to for it.
    #[must_use]
    pub fn target(&self) -> Target {
        self.settings.backend.target()
    }

    /// Checks that `wasm` is a component for `world` and compiles it, or takes
    /// the compiled image from the cache. The reason of a refusal is told in
    /// plain words.
    pub fn load(
        &self,
        wasm: &[u8],
        world: World,
        cache: Option<&ImageCache>,
    ) -> Result<Component, ComponentError> {
        self.load_with(wasm, world, cache, false)
    }

    /// The same on one core only, and on what others leave of it: while the charger
    /// is at work.
    pub fn load_quietly(
        &self,
        wasm: &[u8],
        world: World,
        cache: Option<&ImageCache>,
    ) -> Result<Component, ComponentError> {
        self.load_with(wasm, world, cache, true)
    }

    /// The same with a component that was compiled beforehand, which is machine
    /// code: only for what a trusted key has signed. `at`: the file, if it lies where
    /// nobody but this program's user can write; then it is mapped.
    pub fn load_believed(
        &self,
        file: &[u8],
        world: World,
        at: Option<&Path>,
    ) -> Result<Component, ComponentError> {
        self.believe(file, Inspection::of(file)?, world, at)
    }

    /// The same with what this program carries. It is laid out as a file, so that only
    /// those of its pages are in memory that run.
    pub fn load_carried(
        &self,
        file: &[u8],
        world: World,
        cache: Option<&ImageCache>,
    ) -> Result<Component, ComponentError> {
        let info = Inspection::of(file)?;
        let at = cache.and_then(|cache| cache.lay_out(&info.hash, file));
        self.believe(file, info, world, at.as_deref())
    }

    fn believe(
        &self,
        file: &[u8],
        info: Inspection,
        world: World,
        at: Option<&Path>,
    ) -> Result<Component, ComponentError> {
        info.fits(world)?;
        self.check(&info)?;
        let code = at
            .and_then(|path| trusted::map_image(&self.engine, path).ok())
            .map_or_else(|| trusted::copy_image(&self.engine, file), Ok)
            .map_err(|e| ComponentError::Invalid {
                text: format!("{e:#}"),
            })?;
        Ok(Component {
            code,
            info: Arc::new(info),
        })
    }

    /// Whether this engine could take a component as it is, compiled or not.
    pub fn check(&self, info: &Inspection) -> Result<(), ComponentError> {
        match &info.compiled_for {
            Some(compiled_for) => compiled_for.check(&self.settings),
            None if cfg!(feature = "compiler") => Ok(()),
            None => Err(ComponentError::NoCompiler {
                target: self.target(),
            }),
        }
    }

    fn load_with(
        &self,
        wasm: &[u8],
        world: World,
        cache: Option<&ImageCache>,
        quiet: bool,
    ) -> Result<Component, ComponentError> {
        let info = Inspection::of(wasm)?;
        info.fits(world)?;
        self.check(&info)?;
        if info.compiled_for.is_some() {
            return Err(ComponentError::Unbelieved);
        }
        let code = self.code(wasm, &info, cache, quiet)?;
        Ok(Component {
            code,
            info: Arc::new(info),
        })
    }

    #[cfg(not(feature = "compiler"))]
    fn code(
        &self,
        _wasm: &[u8],
        _info: &Inspection,
        _cache: Option<&ImageCache>,
        _quiet: bool,
    ) -> Result<wasmtime::component::Component, ComponentError> {
        Err(ComponentError::NoCompiler {
            target: self.target(),
        })
    }

    #[cfg(feature = "compiler")]
    pub(super) fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// An engine that compiles for this one on the present thread alone.
    #[cfg(feature = "compiler")]
    pub(super) fn quiet(&self) -> Result<wasmtime::Engine, ComponentError> {
        let settings = EngineSettings {
            parallel: false,
            ..self.settings.clone()
        };
        let engine = config(&settings, None).and_then(|config| wasmtime::Engine::new(&config));
        engine.map_err(|error| ComponentError::Engine {
            text: format!("{error:#}"),
        })
    }

    /// To be held during a call.
    pub(super) fn running(&self) -> Running<'_> {
        self.ticker.running()
    }

    /// A deadline in ticks of the engine.
    pub(super) fn ticks(time: Duration) -> u64 {
        Ticker::ticks(time)
    }
}

impl Component {
    /// Name, version, hash, imports and exports.
    #[must_use]
    pub fn info(&self) -> &Inspection {
        &self.info
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Component").field(&self.info).finish()
    }
}

/// So much address space behind each linear memory holds nothing. The interpreter
/// checks each access and has no use for it.
pub(super) fn guard_bytes(target: Target) -> u64 {
    match target {
        Target::X86_64 | Target::Aarch64 => 2 << 20,
        Target::Pulley32 | Target::Pulley64 => 0,
    }
}

/// `pinned`: a target as such, rather than this machine's processor with all that
/// it is able to. What is run on another machine than the one that compiles must
/// be pinned.
pub(super) fn config(
    settings: &EngineSettings,
    pinned: Option<Target>,
) -> wasmtime::Result<wasmtime::Config> {
    let mut config = wasmtime::Config::new();
    // The same actions on every board.
    config.wasm_relaxed_simd(false);
    // What no compiler of guests makes use of only widens what the engine has to get
    // right: the newest parts of it are where mistakes were found. Several memories
    // stay, since the engine's own code between the parts of a component uses them,
    // and tail calls, since a JavaScript engine does.
    config.wasm_memory64(false);
    // Endless loops end.
    config.epoch_interruption(true);
    config.max_wasm_stack(settings.stack_bytes);
    // A memory stays where it is and cannot outgrow its reservation, so its
    // address need not be looked up again after each call. The guard covers the
    // constant offsets that compilers put into loads and stores, which saves
    // most of the additions before a bounds check.
    config.memory_reservation(settings.memory_reservation);
    config.memory_reservation_for_growth(0);
    config.memory_may_move(false);
    let target = pinned.unwrap_or(settings.backend.target());
    config.memory_guard_size(guard_bytes(target));
    if pinned.is_some() || settings.backend == Backend::Pulley {
        config.target(target.triple())?;
    }
    // Else only its first digits would be compared.
    config.module_version(ModuleVersionStrategy::Custom(WASMTIME.into()))?;
    // Neither threads nor asynchrony within a guest.
    config.concurrency_support(false);
    // Nobody unwinds or symbolizes guests here; images are smaller without.
    config.native_unwind_info(false);
    config.generate_address_map(false);
    #[cfg(feature = "compiler")]
    {
        config.parallel_compilation(settings.parallel);
        config.cranelift_nan_canonicalization(true);
        config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    }
    Ok(config)
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::{EngineSettings, config};

    fn compiles(core: &str) -> bool {
        let config = config(&EngineSettings::default(), None).expect("a configuration");
        let engine = wasmtime::Engine::new(&config).expect("an engine");
        let text = format!("(component (core module {core}))");
        engine
            .precompile_component(&wat::parse_str(text).expect("WebAssembly"))
            .is_ok()
    }

    #[test]
    fn what_guests_make_use_of_is_on_and_what_none_does_is_off() {
        for (core, on) in [
            ("(memory 1)", true),
            ("(func (result i32 i32) i32.const 1 i32.const 2)", true),
            ("(memory i64 1)", false),
            ("(type (struct))", false),
            ("(tag)", false),
            (
                "(func (param v128) (result v128) local.get 0 local.get 0 local.get 0 i8x16.relaxed_swizzle drop)",
                false,
            ),
        ] {
            assert_eq!(compiles(core), on, "{core}");
        }
    }
}
