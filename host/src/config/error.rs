//! What can be wrong with a configuration file. The one at fault is always who
//! wrote the file; the process ends with exit code 2.

use std::path::{Path, PathBuf};

use super::Located;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing, or may not be read.
    #[error("{}: cannot read the configuration: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{}: line {line}: this is not valid TOML: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What the parser expected.
        problem: String,
    },
    /// A key that does not exist, or a value of the wrong type.
    #[error("{}: line {line}: {key}: {problem}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// The key, with its section.
        key: String,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// A value that cannot be, or that does not go with another.
    #[error("{}: {key}: {problem}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The key, with its section.
        key: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

impl ConfigError {
    pub(crate) fn located(file: &Path, it: Located) -> Self {
        let file = file.to_path_buf();
        let Located { line, key, problem } = it;
        match key {
            None => Self::Syntax {
                file,
                line,
                problem,
            },
            Some(key) => Self::Key {
                file,
                line,
                key,
                problem,
            },
        }
    }
}
