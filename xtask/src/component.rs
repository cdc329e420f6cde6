//! A built component: what it imports and may import, and where it goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasmparser::{Encoding, Parser, Payload};

/// All that a component may import.
pub const IMPORTS: [&str; 2] = [
    "plugpoint:charger/entries@0.1.0",
    "plugpoint:charger/log@0.1.0",
];

/// The names that a component imports.
pub fn imports(component: &[u8]) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => bail!("this is a core module, not a component"),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.insert(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// An error unless the component imports nothing but what it may.
pub fn check_imports(component: &[u8]) -> Result<()> {
    for name in imports(component)? {
        if !IMPORTS.contains(&name.as_str()) {
            bail!(
                "it imports `{name}`, and may import only {}",
                IMPORTS.join(" and ")
            );
        }
    }
    Ok(())
}

/// Writes a component, unless it is there already: what includes it would be
/// built anew.
pub fn write(path: &Path, component: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|before| before == component) {
        return Ok(());
    }
    fs::write(path, component).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!(
        "  {} ({} KiB)",
        path.display(),
        component.len().div_ceil(1024)
    );
    Ok(())
}
