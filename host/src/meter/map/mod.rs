//! A register map: what stands in which register of one make of meter. It is
//! data (TOML, `host/meters/*.toml` or a file of the installer's), so that a
//! meter that nobody here has heard of needs no change to the program.
//!
//! * `file`: the form in which a map is written; `check`: what must hold in it;
//! * [`value`]: from words to a number, and from there to thousandths;
//! * [`plan`]: which registers are read together;
//! * `presets`: the maps that the program carries.
//!
//! Not here: how registers get here (see [`super::modbus`]).

mod check;
mod file;
pub mod plan;
mod presets;
pub mod value;

use crate::wit::protocol::{Phase, Quantity};
pub use plan::{Batch, Function};
pub use presets::names as preset_names;
use value::{Encoding, Unit};

/// A register map that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterMap {
    /// Make and model.
    pub name: String,
    /// The manual that it was taken from.
    pub source: String,
    /// The active import register.
    pub energy: Register,
    /// The energy register begins anew at the end of its type.
    pub wraps: bool,
    /// All else, in the order of the file.
    pub others: Vec<(Measurand, Register)>,
    /// What is read together.
    pub batches: Vec<Batch>,
}

/// One value of a meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Register {
    /// Where it is read.
    pub function: Function,
    /// Address of its first word, as in the frame: the first register is 0.
    pub address: u16,
    /// How it is written.
    pub encoding: Encoding,
    /// By how much the number is to be multiplied.
    pub scale: f64,
    /// What the product is counted in.
    pub unit: Unit,
    /// The bits that say that there is no value.
    pub not_available: Option<u64>,
}

/// What is measured, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurand {
    /// What.
    pub quantity: Quantity,
    /// On which phase; none: altogether.
    pub phase: Option<Phase>,
}

/// Why there is no such map. Whoever wrote it is at fault.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// No preset has that name, and it is no file either.
    #[error("there is no map {name:?}; expected one of {}, or the path of a map (ending in .toml)", preset_names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The file is missing, or may not be read.
    #[error("cannot read the register map {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("the register map {file}: {problem}")]
    Wrong {
        /// The file.
        file: String,
        /// Where and what.
        problem: String,
    },
}

impl RegisterMap {
    /// A preset by name, or a file whose name ends in `.toml`.
    pub fn find(name: &str) -> Result<Self, MapError> {
        if let Some(text) = presets::text(name) {
            return Self::parse(text, name);
        }
        if !name.ends_with(".toml") {
            return Err(MapError::Unknown {
                name: name.to_owned(),
            });
        }
        match std::fs::read_to_string(name) {
            Ok(text) => Self::parse(&text, name),
            Err(source) => Err(MapError::Unreadable {
                file: name.to_owned(),
                source,
            }),
        }
    }

    /// Reads a map; `file` is only for the messages.
    pub fn parse(text: &str, file: &str) -> Result<Self, MapError> {
        let wrong = |problem| MapError::Wrong {
            file: file.to_owned(),
            problem,
        };
        let written = file::MapFile::parse(text).map_err(wrong)?;
        check::checked(written).map_err(wrong)
    }

    /// All registers, the energy first.
    pub fn registers(&self) -> impl Iterator<Item = &Register> {
        std::iter::once(&self.energy).chain(self.others.iter().map(|(_, register)| register))
    }
}

impl Register {
    /// How many words it has.
    #[must_use]
    pub fn words(&self) -> u16 {
        self.encoding.kind.words()
    }

    /// The address behind its last word.
    #[must_use]
    pub fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.words())
    }
}
