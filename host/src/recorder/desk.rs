//! `plugpoint replay RECORD COMPONENT`: a build on a record that was taken from
//! a charger, at the desk.

use std::path::{Path, PathBuf};

use super::comparison::Comparison;
use super::refusal::ReplayError;
use super::replay::{Options, replay};
use super::report::Report;
use super::ring::segments;
use super::segment::{Segment, SegmentError};
use crate::guest::{ComponentError, Engine, EngineSettings, Kind, Ocpp, Policy, Prepared};

/// What is replayed, and how.
#[derive(Clone, Debug)]
pub struct Desk {
    /// A file of a record, or the directory of a slot's.
    pub record: PathBuf,
    /// A `.wasm` file.
    pub component: PathBuf,
    /// Of the charger's configuration, or nothing but a policy's settings: values
    /// that do not stand in the record.
    pub settings: Option<PathBuf>,
    /// With what it is compared.
    pub comparison: Comparison,
    /// How it is run.
    pub engine: EngineSettings,
}

/// A replay that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file on this side.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A directory without a record.
    #[error("{}: expected a file of a record, or a directory with *.record in it{hint}", path.display())]
    NoRecord {
        /// The directory.
        path: PathBuf,
        /// Where there are some.
        hint: String,
    },
    /// The file of settings.
    #[error("{}: {text}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        text: String,
    },
    /// The component.
    #[error("{}: {source}", path.display())]
    Component {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        source: ComponentError,
    },
    /// The record, with this component.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl From<SegmentError> for DeskError {
    fn from(error: SegmentError) -> Self {
        Self::Replay(error.into())
    }
}

impl Desk {
    /// Runs it.
    pub fn run(&self) -> Result<Report, DeskError> {
        let segments = self.segments()?;
        let slot = slot_of(&segments)?;
        if slot.starts_with("policy/") {
            self.on::<Policy>(&slot, &segments)
        } else {
            self.on::<Ocpp>(&slot, &segments)
        }
    }

    fn on<K: Kind>(&self, slot: &str, segments: &[PathBuf]) -> Result<Report, DeskError> {
        let path = &self.component;
        let wasm = std::fs::read(path).map_err(|source| DeskError::File {
            path: path.clone(),
            source,
        })?;
        let wrong = |source| DeskError::Component {
            path: path.clone(),
            source,
        };
        let engine = Engine::new(&self.engine).map_err(wrong)?;
        let component = engine.load(&wasm, K::WORLD, None).map_err(wrong)?;
        let prepared = Prepared::<K>::new(&component).map_err(wrong)?;
        let options = Options {
            comparison: self.comparison.clone(),
            settings: match &self.settings {
                Some(path) => settings(path, slot)?,
                None => Vec::new(),
            },
        };
        Ok(replay(&engine, &prepared, segments, &options)?)
    }

    fn segments(&self) -> Result<Vec<PathBuf>, DeskError> {
        let path = &self.record;
        if !path.is_dir() {
            return Ok(vec![path.clone()]);
        }
        let listed = |path: &Path| {
            segments(path).map_err(|source| DeskError::File {
                path: path.to_path_buf(),
                source,
            })
        };
        let found = listed(path)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let mut below = Vec::new();
        for place in [path.join("records"), path.clone()] {
            let Ok(entries) = place.read_dir() else {
                continue;
            };
            let entries = entries.flatten().map(|it| it.path());
            below.extend(entries.filter(|it| segments(it).is_ok_and(|it| !it.is_empty())));
        }
        let below: Vec<String> = below.iter().map(|it| it.display().to_string()).collect();
        Err(DeskError::NoRecord {
            path: path.clone(),
            hint: if below.is_empty() {
                String::new()
            } else {
                format!("; there are {}", below.join(", "))
            },
        })
    }
}

/// The slot that a record is of.
fn slot_of(segments: &[PathBuf]) -> Result<String, DeskError> {
    let mut last = None;
    for path in segments {
        match Segment::read(path) {
            Ok(segment) => return Ok(segment.header.slot),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error.into()),
        None => Err(ReplayError::Empty {
            slot: String::new(),
        }
        .into()),
    }
}

/// `settings` of a policy in a charger's configuration; or a file that holds
/// nothing else.
fn settings(path: &Path, slot: &str) -> Result<Vec<(String, String)>, DeskError> {
    let text = std::fs::read_to_string(path).map_err(|source| DeskError::File {
        path: path.to_path_buf(),
        source,
    })?;
    let wrong = |text: String| DeskError::Settings {
        path: path.to_path_buf(),
        text,
    };
    let table: toml::Table = text
        .parse()
        .map_err(|it: toml::de::Error| wrong(it.to_string()))?;
    let name = slot.strip_prefix("policy/").unwrap_or(slot);
    let table = match table.get("policy") {
        Some(toml::Value::Array(chain)) => {
            let is_it =
                |it: &&toml::Value| it.get("name").and_then(toml::Value::as_str) == Some(name);
            let policy = chain.iter().find(is_it);
            let policy = policy.ok_or_else(|| wrong(format!("there is no [[policy]] `{name}`")))?;
            match policy.get("settings") {
                Some(toml::Value::Table(settings)) => settings.clone(),
                _ => toml::Table::new(),
            }
        }
        _ => table,
    };
    let pairs = table.into_iter().map(|(name, value)| match value {
        toml::Value::String(text) => Ok((name, text)),
        toml::Value::Boolean(_) | toml::Value::Integer(_) => Ok((name, value.to_string())),
        _ => Err(wrong(format!("{name}: expected a string"))),
    });
    pairs.collect()
}
