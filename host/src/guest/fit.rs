//! Whether a component is one for this charger, decided by its declarations
//! alone and told in plain words. The engine would find the same, but says it
//! in the language of its own types.

use std::fmt;

use super::Inspection;

/// The package of all interfaces of Plugpoint, and the version that this charger
/// has. `wit/` says the same.
const PACKAGE: &str = "plugpoint:charger/";
const MAJOR_MINOR: &str = "0.1";

/// The version of the interface that this charger has.
#[must_use]
pub fn interface() -> &'static str {
    MAJOR_MINOR
}

const LOG: &str = "log";
const ENTRIES: &str = "entries";

/// The kinds of guest, as `wit/` names their worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// What the charger says.
    Ocpp,
    /// Whom it serves.
    Policy,
}

/// Why a component is not for this charger, or not for this slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Some other file.
    #[error("this is not WebAssembly")]
    NotWasm,
    /// WebAssembly, but the build stopped one step too early.
    #[error(
        "this is a WebAssembly core module, not a component: it still has to be made into one (`wasm-tools component new`, or the build of an example in plugins/)"
    )]
    CoreModule,
    /// Cut off or damaged.
    #[error("the file is damaged: {text}")]
    Broken {
        /// Where.
        text: String,
    },
    /// Built from the interface files of another release.
    #[error(
        "built for interface plugpoint:charger {built_for}, this charger offers {MAJOR_MINOR} (`{interface}`)"
    )]
    OtherVersion {
        /// The interface that shows it.
        interface: String,
        /// Its version.
        built_for: String,
    },
    /// It imports something that no guest gets.
    #[error("wants {}, not granted: a guest gets `log` and `entries` and nothing else", imports.join(" and "))]
    Wants {
        /// What it imports beyond.
        imports: Vec<String>,
    },
    /// A component of some other system.
    #[error("exports neither protocol nor authorization of plugpoint:charger")]
    ExportsNothing,
    /// It is both.
    #[error("exports both protocol and authorization: a component is one or the other")]
    ExportsBoth,
    /// It is one for another slot.
    #[error("this is {}, the slot takes {}", is.role(), wanted.role())]
    OtherWorld {
        /// What it is.
        is: World,
        /// What the slot takes.
        wanted: World,
    },
}

impl World {
    /// In words.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Ocpp => "a protocol component (world `ocpp`)",
            Self::Policy => "an authorization policy (world `policy`)",
        }
    }

    /// The interface that it exports.
    fn interface(self) -> &'static str {
        match self {
            Self::Ocpp => "protocol",
            Self::Policy => "authorization",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ocpp => "ocpp",
            Self::Policy => "policy",
        })
    }
}

pub(super) fn check_header(wasm: &[u8]) -> Result<(), Misfit> {
    match wasm {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Err(Misfit::CoreModule),
        _ => Err(Misfit::NotWasm),
    }
}

pub(super) fn check(component: &Inspection, wanted: World) -> Result<(), Misfit> {
    let is = world_of(component)?;
    if is == wanted {
        Ok(())
    } else {
        Err(Misfit::OtherWorld { is, wanted })
    }
}

pub(super) fn world_of(component: &Inspection) -> Result<World, Misfit> {
    let all = component.imports.iter().chain(&component.exports);
    for (interface, version) in all.filter_map(|name| ours(name).map(|(_, v)| (name, v))) {
        if !matches_version(version) {
            return Err(Misfit::OtherVersion {
                interface: interface.clone(),
                built_for: version.to_string(),
            });
        }
    }
    let imports = beyond(component);
    if !imports.is_empty() {
        return Err(Misfit::Wants { imports });
    }
    let exports = |world: World| {
        let mut exports = component.exports.iter().filter_map(|name| ours(name));
        exports.any(|(interface, _)| interface == world.interface())
    };
    match (exports(World::Ocpp), exports(World::Policy)) {
        (true, false) => Ok(World::Ocpp),
        (false, true) => Ok(World::Policy),
        (true, true) => Err(Misfit::ExportsBoth),
        (false, false) => Err(Misfit::ExportsNothing),
    }
}

pub(super) fn can(component: &Inspection) -> Vec<String> {
    let imports = |wanted: &str| {
        let mut imports = component.imports.iter().filter_map(|name| ours(name));
        imports.any(|(interface, _)| interface == wanted)
    };
    let mut can: Vec<&str> = match world_of(component) {
        Ok(World::Ocpp) => vec![
            "answer each event that the host hands it with a list of actions, which the host checks and carries out: frames to the central system, permits, timers, requests to the host's services",
            "ask for a permit to charge; the native safety rules decide over the contactor all the same",
        ],
        Ok(World::Policy) => vec![
            "answer whether a token may charge, with limits of current, energy and time",
            "set timers of its own and make requests to the host's services",
        ],
        Err(_) => return Vec::new(),
    };
    if imports(LOG) {
        can.push("write lines to the log, bounded in number and length");
    }
    if imports(ENTRIES) {
        can.push("read the entries that it has kept itself");
    }
    can.into_iter().map(String::from).collect()
}

pub(super) fn cannot(component: &Inspection) -> Vec<String> {
    let beyond = beyond(component);
    if !beyond.is_empty() {
        return vec![format!(
            "be used here: it asks for {}",
            beyond.join(" and ")
        )];
    }
    [
        "open a connection, listen on a port or resolve a name",
        "read or write a file, see the environment or start a program",
        "see a clock or draw random numbers: it only knows what an event tells it",
        "touch a contactor, meter, lock or reader",
        "read the entries of another component, or a private key",
    ]
    .map(String::from)
    .to_vec()
}

/// Imports that no guest gets.
fn beyond(component: &Inspection) -> Vec<String> {
    let granted = |name: &&String| {
        ours(name).is_some_and(|(interface, _)| interface == LOG || interface == ENTRIES)
    };
    let imports = component.imports.iter();
    imports.filter(|name| !granted(name)).cloned().collect()
}

/// Interface and version, if the name is one of this package. Without version:
/// as if it were empty.
fn ours(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix(PACKAGE)?;
    Some(name.split_once('@').unwrap_or((name, "")))
}

/// Below 1.0 a new minor version is a new interface.
fn matches_version(version: &str) -> bool {
    version
        .strip_prefix(MAJOR_MINOR)
        .is_some_and(|rest| rest.starts_with('.'))
}
