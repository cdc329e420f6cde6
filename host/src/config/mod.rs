//! The configuration file: read, checked, typed. Every complaint names the
//! file, the key, and what is expected.
//!
//! Not here: what a guest was told at run time; that is in its kept entries and
//! goes before the factory values of the `[ocpp]` section.

mod check;
mod error;
mod file;
mod gpio;
mod group;
mod guests;
mod located;
mod meter;
mod reader;

pub use error::ConfigError;
pub use file::*;
pub use group::Group;
pub(crate) use group::name_of as group_name;
pub use guests::{GuestSection, WantedBackend};
pub(crate) use located::{Located, read};
pub(crate) use meter::DEFAULT_BAUD;
pub use meter::{Meter, MeterDriver};
pub(crate) use reader::name_of as reader_name;
pub use reader::{Reader, ReaderDriver, TokenKind};

use std::path::{Path, PathBuf};

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            file: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Checks a text; `path` is only for the messages, and relative file names
    /// in it count from where it lies.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Config = read(text).map_err(|error| ConfigError::located(path, error))?;
        config.resolve_paths(path.parent().unwrap_or(Path::new(".")));
        check::check(&config).map_err(|problem| ConfigError::Value {
            file: path.to_path_buf(),
            key: problem.key,
            problem: problem.text,
        })?;
        Ok(config)
    }

    /// What runs without a file: one simulated connector and its reader.
    #[must_use]
    pub fn built_in() -> Self {
        let mut config = Config::default();
        config.charge_point.state_dir = built_in_state_dir();
        config.connector.push(Connector {
            id: 1,
            ..Connector::default()
        });
        config.reader.push(Reader::sim(vec![1]));
        config
    }

    /// Something of it moves real contactors.
    #[must_use]
    pub fn has_real_hardware(&self) -> bool {
        let is_real = |it: &Connector| it.driver != OutletDriver::Sim;
        self.debug.line_bench.is_none() && self.connector.iter().any(is_real)
    }

    fn resolve_paths(&mut self, base: &Path) {
        let tls = &mut self.tls;
        let files = [
            &mut tls.csms_root_ca,
            &mut tls.manufacturer_root_ca,
            &mut tls.client_cert,
            &mut tls.client_key,
            &mut self.control.token_file,
            &mut self.control.read_token_file,
            &mut self.control.operate_token_file,
            &mut self.control.install_token_file,
            &mut self.components.ocpp,
            &mut self.components.policy,
            &mut self.debug.block_store,
            &mut self.debug.line_bench,
        ];
        for file in files.into_iter().flatten() {
            *file = base.join(&*file);
        }
        for policy in &mut self.policy {
            if let Some(file) = &mut policy.file {
                *file = base.join(&*file);
            }
        }
        for meter in self.connector.iter_mut().map(|it| &mut it.meter) {
            // A map that is a file, rather than a preset's name.
            if let Some(map) = meter.map.as_mut().filter(|map| map.ends_with(".toml")) {
                *map = base.join(&*map).to_string_lossy().into_owned();
            }
        }
        self.charge_point.state_dir = base.join(&self.charge_point.state_dir);
    }
}

fn built_in_state_dir() -> PathBuf {
    let state_home = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    state_home
        .or(home)
        .unwrap_or_else(|| PathBuf::from("."))
        .join("plugpoint")
}
