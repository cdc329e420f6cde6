//! Why a command of the kit cannot do its work. The author's to mend, each time.

use std::path::{Path, PathBuf};

use crate::component::InstallError;
use crate::config::ConfigError;
use crate::guest::{ComponentError, Misfit};
use crate::operator::ClientError;

/// Wrong use, or files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A file cannot be read or written.
    #[error("{}: {text}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        text: String,
    },
    /// Not a name for a project.
    #[error(
        "`{0}` is no name for a plugin: expected small letters, digits and `-`, a letter first, at most 40"
    )]
    Name(String),
    /// Not a version that can be compared with others.
    #[error("--version: expected a version such as 1.4.0, found `{version}`: {text}")]
    Version {
        /// What was given.
        version: String,
        /// What is wrong with it.
        text: String,
    },
    /// A policy may be in several languages.
    #[error("--lang: expected the policy's language: rust, js or python")]
    Language,
    /// A protocol component is built from a library in Rust.
    #[error("--lang: a protocol component is written in rust; leave it out")]
    OnlyRust,
    /// What the program carries for projects cannot be unpacked.
    #[error("this program is damaged: install it again")]
    Damaged,
    /// A file that is no public key of minisign's.
    #[error("{}: holds no minisign public key (`minisign -G` writes one)", .0.display())]
    PublicKey(PathBuf),
    /// There is something already.
    #[error("{}: is there already, and is not empty", .0.display())]
    Occupied(PathBuf),
    /// A script that is not understood.
    #[error(transparent)]
    Script(#[from] ConfigError),
    /// The same in JSON.
    #[error("{}: {key}: {text}", path.display())]
    Json {
        /// The script.
        path: PathBuf,
        /// Where in it.
        key: String,
        /// What is wrong.
        text: String,
    },
    /// A step that says nothing, or two things.
    #[error("{}: step[{index}]: {text}", path.display())]
    Step {
        /// The script.
        path: PathBuf,
        /// From 0, as in other messages.
        index: usize,
        /// What is wrong.
        text: String,
    },
    /// Not a component for this charger.
    #[error("{}: {source}", path.display())]
    Misfit {
        /// The component.
        path: PathBuf,
        /// Why.
        source: Misfit,
    },
    /// Not a component that runs here.
    #[error("{}: {source}", path.display())]
    Component {
        /// The component.
        path: PathBuf,
        /// Why.
        source: ComponentError,
    },
    /// A folder that is no project.
    #[error("{}: {text} (`plugpoint component new` writes a project)", path.display())]
    Project {
        /// What is wrong in it.
        path: PathBuf,
        /// How.
        text: String,
    },
    /// The simulated charger does not run.
    #[error("the simulated charger has ended: {text} ({})", log.display())]
    Charger {
        /// Its log.
        log: PathBuf,
        /// The log's last line.
        text: String,
    },
    /// Its control API.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It does not take the component.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// No key, or no signature, could be made.
    #[error("cannot sign: {0}")]
    Sign(#[from] minisign::PError),
    /// The system does not let us wait, or start a program.
    #[error("{0}")]
    Runtime(std::io::Error),
    /// Neither module nor component.
    #[error("{}: {source}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: plugpoint_componentize::EncodeError,
    },
}

impl KitError {
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            text: error.to_string(),
        }
    }
}
