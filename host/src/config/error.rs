//! What can be wrong with a configuration file. The one at fault is always who
//! wrote the file; the process ends with exit code 2.

use std::path::{Path, PathBuf};

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
    pub(super) fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self::Syntax {
            file: file.to_path_buf(),
            line: line_of(text, error),
            problem: one_line(error.message()),
        }
    }

    pub(super) fn key(
        file: &Path,
        text: &str,
        error: &serde_path_to_error::Error<toml::de::Error>,
    ) -> Self {
        Self::Key {
            file: file.to_path_buf(),
            line: line_of(text, error.inner()),
            key: error.path().to_string(),
            problem: one_line(error.inner().message()),
        }
    }
}

fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let start = error.span().map_or(0, |span| span.start);
    1 + text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count()
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
