//! A built component: what it imports and may import, and where it goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use plugpoint_terminal::complain;
use wasmparser::{Encoding, Parser, Payload};

/// The interfaces of `plugpoint:charger` that a component may import, at the version
/// of `wit/`, and nothing else.
const IMPORTS: [&str; 2] = ["entries", "log"];

/// `0.2.0`: the version of the package that the files in `wit/` declare.
fn interface() -> &'static str {
    let rest = include_str!("../../wit/imports.wit").split_once("plugpoint:charger@");
    let version = rest.and_then(|(_, rest)| rest.split_once(';'));
    version.map_or("", |(version, _)| version)
}

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
    let version = interface();
    let granted = IMPORTS.map(|name| format!("plugpoint:charger/{name}@{version}"));
    for name in imports(component)? {
        if !granted.contains(&name) {
            bail!(
                "it imports `{name}`, and may import only {}",
                granted.join(" and ")
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
    complain!(
        "  {} ({} KiB)",
        path.display(),
        component.len().div_ceil(1024)
    );
    Ok(())
}
