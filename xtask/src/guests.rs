//! All components of this repository: builds them into `target/components`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use plugpoint_componentize::Identity;

use crate::component;
use crate::wasm_std::Toolchain;
use crate::workspace::{Workspace, run};

/// One component to build.
struct Guest {
    /// The crate.
    package: &'static str,
    /// Of the crate.
    features: &'static [&'static str],
    /// The file, without `.wasm`.
    output: &'static str,
    /// The name in its metadata.
    name: &'static str,
    /// Which build, in its metadata.
    build: &'static str,
    /// Instead of the package's version.
    version: Option<&'static str>,
    /// False for those that are there to be refused.
    well_behaved: bool,
    /// Without the default features of the crate.
    bare: bool,
}

/// What is wanted of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The two that the program carries.
    Carried,
    /// Those of the tests too.
    All,
}

const CARRIED: [Guest; 2] = [Guest::new("guest-ocpp"), Guest::new("guest-policy")];

const FOR_TESTS: [Guest; 6] = [
    Guest::new("toy-protocol"),
    Guest::new("bad-component"),
    Guest::new("bad-policy"),
    Guest::new("fleet"),
    Guest::new("peak-hours"),
    Guest::new("acme"),
];

const REFUSED: [Guest; 2] = [
    Guest::refused("bad-version", &["wrong-version"]),
    Guest::refused("bad-import", &["extra-import"]),
];

/// Other builds of the carried ones, for tests that replace one by the other.
const OTHERS: [Guest; 6] = [
    Guest {
        bare: true,
        ..Guest::second("guest-ocpp", "guest-ocpp-core", &[])
    },
    Guest::older("guest-ocpp", "guest-ocpp-old", "0.0.9"),
    Guest::second("guest-ocpp", "guest-ocpp-second", &["second-build"]),
    Guest::second("guest-ocpp", "guest-ocpp-changed", &["changed-answer"]),
    Guest::second("guest-policy", "guest-policy-second", &["second-build"]),
    Guest::second("bad-component", "bad-component-second", &["second-build"]),
];

impl Guest {
    const fn new(package: &'static str) -> Self {
        Self {
            package,
            features: &[],
            output: package,
            name: package,
            build: "first",
            version: None,
            well_behaved: true,
            bare: false,
        }
    }

    /// Another build of a component.
    const fn second(
        package: &'static str,
        output: &'static str,
        features: &'static [&'static str],
    ) -> Self {
        Self {
            features,
            output,
            build: "second",
            ..Self::new(package)
        }
    }

    /// The same build with an older version in its metadata.
    const fn older(package: &'static str, output: &'static str, version: &'static str) -> Self {
        Self {
            output,
            version: Some(version),
            ..Self::new(package)
        }
    }

    /// A variant of the bad component that a host must not accept.
    const fn refused(output: &'static str, features: &'static [&'static str]) -> Self {
        Self {
            features,
            output,
            name: output,
            well_behaved: false,
            ..Self::new("bad-component")
        }
    }
}

/// Builds components; files that would not change are left alone, so that
/// nothing that includes them is built anew.
pub fn build(workspace: &Workspace, which: Which) -> Result<()> {
    let toolchain = Toolchain::find()?;
    let folder = workspace.components();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    together(workspace, &toolchain, &CARRIED)?;
    if which == Which::Carried {
        return Ok(());
    }
    together(workspace, &toolchain, &FOR_TESTS)?;
    for other in OTHERS.iter().chain(&REFUSED) {
        together(workspace, &toolchain, std::slice::from_ref(other))?;
    }
    Ok(())
}

/// One build. Cargo unifies features within a build, so what is built together
/// is always the same: or the same source would give components that differ.
fn together(workspace: &Workspace, toolchain: &Toolchain, guests: &[Guest]) -> Result<()> {
    let mut command = toolchain.build(workspace);
    command.arg("--quiet");
    for guest in guests {
        command.args(["-p", guest.package]);
        for feature in guest.features {
            command.args(["--features", feature]);
        }
        if guest.bare {
            command.arg("--no-default-features");
        }
    }
    run(&mut command)?;
    for guest in guests {
        encode(workspace, toolchain, guest, &workspace.components())?;
    }
    Ok(())
}

fn encode(
    workspace: &Workspace,
    toolchain: &Toolchain,
    guest: &Guest,
    folder: &Path,
) -> Result<()> {
    let file = format!("{}.wasm", guest.package.replace('-', "_"));
    let module = toolchain.modules(workspace).join(file);
    let module = fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let version = match guest.version {
        Some(version) => version,
        None => workspace.version(guest.package)?,
    };
    let identity = Identity {
        name: guest.name,
        version,
        revision: Some(guest.build),
    };
    let in_component = || format!("component {}", guest.output);
    let component =
        plugpoint_componentize::encode(&module, &identity).with_context(in_component)?;
    if guest.well_behaved {
        component::check_imports(&component).with_context(in_component)?;
    }
    component::write(
        &folder.join(guest.output).with_extension("wasm"),
        &component,
    )
}
