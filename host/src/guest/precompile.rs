//! From a component to a file for programs that have no compiler. Done at the
//! vendor's desk, not on a charger. Left out of a build without the compiler.

use super::precompiled::{self, CompiledFor};
use super::{ComponentError, EngineSettings, Inspection, Target};

/// Compiles a component for that target, with the settings that chargers have.
pub fn precompile(wasm: &[u8], target: Target) -> Result<Vec<u8>, ComponentError> {
    let component = Inspection::of(wasm)?;
    if let Some(compiled_for) = &component.compiled_for {
        return Err(ComponentError::CompiledAlready {
            target: compiled_for.target,
        });
    }
    // Said now rather than by each charger.
    component.world()?;
    let settings = EngineSettings::default();
    let engine = super::engine::config(&settings, Some(target))
        .and_then(|config| wasmtime::Engine::new(&config));
    let engine = engine.map_err(|error| ComponentError::NoCompilerFor {
        target,
        text: format!("{error:#}"),
    })?;
    let code = engine.precompile_component(wasm);
    let code = code.map_err(|error| ComponentError::Invalid {
        text: format!("{error:#}"),
    })?;
    let compiled_for = CompiledFor::engine(&settings, target, component.hash.clone());
    precompiled::write(code, compiled_for, component)
}
