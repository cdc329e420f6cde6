//! Whether a component is one for this charger, decided by its declarations
//! alone and told in plain words. The engine would find the same, but says it
//! in the language of its own types.

use std::fmt;

use super::Inspection;
use super::remedy::{self, CoreModule};

/// The package of all interfaces of Plugpoint.
const PACKAGE: &str = "plugpoint:charger/";
/// Its version; `wit/` says the same. While it is a development version, each one is
/// an interface of its own.
const INTERFACE: &str = "0.2.0-dev.6";
/// The release before, whose policies are still taken.
const EARLIER: &str = "0.1";

/// The version of the interface that this charger has.
#[must_use]
pub fn interface() -> &'static str {
    INTERFACE
}

/// Whether this charger can read what was recorded with a version of the interface.
/// A record of 0.1 says just that.
#[must_use]
pub fn reads_records_of(version: &str) -> bool {
    version == INTERFACE || version == EARLIER
}

/// The interface that a component was built against, of those that this charger
/// takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltFor {
    /// The present one.
    Present,
    /// Release 0.1: policies only, through an adapter.
    V0_1,
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
    /// WebAssembly, but the build stopped too early.
    #[error("this is a WebAssembly core module, not a component: {}", .0.advice())]
    CoreModule(CoreModule),
    /// Cut off or damaged.
    #[error("the file is damaged: {text}")]
    Broken {
        /// Where.
        text: String,
    },
    /// Built from the interface files of another release.
    #[error(
        "built for interface plugpoint:charger {built_for}, this charger offers {INTERFACE} (`{interface}`){}",
        version_advice(built_for)
    )]
    OtherVersion {
        /// The interface that shows it.
        interface: String,
        /// Its version.
        built_for: String,
    },
    /// It imports something that no guest gets.
    #[error("wants {}", remedy::wanted(imports))]
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

impl Misfit {
    /// For `inspect --json` of a file that says nothing else of itself.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "fits": false, "world": null, "refused": self.to_string() })
    }
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
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Err(Misfit::CoreModule(CoreModule::of(wasm))),
        _ => Err(Misfit::NotWasm),
    }
}

pub(super) fn check(component: &Inspection, wanted: World) -> Result<BuiltFor, Misfit> {
    let (is, built_for) = fit(component)?;
    if is == wanted {
        Ok(built_for)
    } else {
        Err(Misfit::OtherWorld { is, wanted })
    }
}

pub(super) fn world_of(component: &Inspection) -> Result<World, Misfit> {
    fit(component).map(|(world, _)| world)
}

fn fit(component: &Inspection) -> Result<(World, BuiltFor), Misfit> {
    let world = exported(component);
    let built_for = built_for(component, world.as_ref().ok().copied())?;
    let imports = beyond(component);
    if !imports.is_empty() {
        return Err(Misfit::Wants { imports });
    }
    Ok((world?, built_for))
}

fn exported(component: &Inspection) -> Result<World, Misfit> {
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

/// One version for all interfaces of this package that a component names.
fn built_for(component: &Inspection, world: Option<World>) -> Result<BuiltFor, Misfit> {
    let mut found = BuiltFor::Present;
    let all = component.exports.iter().chain(&component.imports);
    let all = all.filter_map(|name| Some((name, ours(name)?.1)));
    for (position, (interface, version)) in all.enumerate() {
        let is = match version {
            INTERFACE => Some(BuiltFor::Present),
            _ if world == Some(World::Policy) && is_earlier(version) => Some(BuiltFor::V0_1),
            _ => None,
        };
        match is {
            Some(is) if position == 0 => found = is,
            Some(is) if is == found => {}
            _ => {
                return Err(Misfit::OtherVersion {
                    interface: interface.clone(),
                    built_for: version.to_string(),
                });
            }
        }
    }
    Ok(found)
}

/// Follows the refusal of a version.
fn version_advice(version: &str) -> &'static str {
    let development = |version: &str| version.contains('-');
    if is_earlier(version) {
        ": policies of that version are still taken, protocol components have to be built again"
    } else if development(version) && development(INTERFACE) {
        ": a component of a development version has to be built again for each other one"
    } else {
        ""
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
        Ok(World::Policy) if built_for(component, Some(World::Policy)) == Ok(BuiltFor::V0_1) => {
            vec![
                "answer whether a token may charge, with limits of current and energy; `expires-ms` (until when the answer may be remembered) ends no running session",
                "set timers of its own and make requests to the host's services",
            ]
        }
        Ok(World::Policy) => vec![
            "answer whether a token may charge, with limits of current and energy, and until when: `session-until` ends a running session, `expires-ms` (until when the answer may be remembered) does not",
            "lower, delay or end a session that is running, and never raise what others allow",
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
    // The verdict says why.
    if world_of(component).is_err() {
        return vec!["be used here".to_owned()];
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
fn is_earlier(version: &str) -> bool {
    version
        .strip_prefix(EARLIER)
        .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::INTERFACE;

    #[test]
    fn the_interface_files_have_this_version() {
        for file in [
            include_str!("../../../wit/imports.wit"),
            include_str!("../../../wit/protocol.wit"),
            include_str!("../../../wit/authorization.wit"),
        ] {
            let package = format!("package plugpoint:charger@{INTERFACE};");
            assert!(file.contains(&package), "{package}");
        }
    }
}
