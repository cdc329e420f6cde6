//! What guests are compiled to, and which of these this program can run: machine
//! code of its own processor, or the byte code of wasmtime's interpreter Pulley,
//! which runs everywhere and takes longer.
//!
//! Not here: compiling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What runs guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The processor.
    Native,
    /// The interpreter.
    Pulley,
}

/// What a component is compiled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Any 64-bit x86: nothing beyond SSE2 is assumed.
    X86_64,
    /// Any 64-bit ARM: ARMv8.0, without its later extensions.
    Aarch64,
    /// Byte code for 32-bit boards, whatever their processor.
    Pulley32,
    /// Byte code for 64-bit boards, whatever their processor.
    Pulley64,
}

/// A name that is none of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no target: expected x86_64, aarch64, pulley32 (armv7, arm and i686 are other names for it) or pulley64"
)]
pub struct UnknownTarget(String);

impl Backend {
    /// The faster one of those that there are here.
    #[must_use]
    pub fn best() -> Self {
        if Self::Native.exists() {
            Self::Native
        } else {
            Self::Pulley
        }
    }

    /// It can be had on this processor.
    #[must_use]
    pub fn exists(self) -> bool {
        match self {
            Self::Native => cfg!(any(target_arch = "x86_64", target_arch = "aarch64")),
            Self::Pulley => true,
        }
    }

    /// The usual bounds of time are multiplied by this: the interpreter takes
    /// several times as long as machine code, and a bound is no measure.
    #[must_use]
    pub fn time_factor(self) -> u32 {
        match self {
            Self::Native => 1,
            Self::Pulley => 10,
        }
    }

    /// What a component has to be compiled to, to run on it in this program.
    #[must_use]
    pub fn target(self) -> Target {
        match self {
            Self::Native if cfg!(target_arch = "x86_64") => Target::X86_64,
            Self::Native if cfg!(target_arch = "aarch64") => Target::Aarch64,
            _ if cfg!(target_pointer_width = "32") => Target::Pulley32,
            _ => Target::Pulley64,
        }
    }
}

impl Target {
    /// As the compiler wants it.
    pub(super) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::Pulley32 => "pulley32",
            Self::Pulley64 => "pulley64",
        }
    }
}

/// A short name, or a triple of Rust's such as `armv7-unknown-linux-musleabihf`.
impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        match text.split('-').next().unwrap_or_default() {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            "pulley32" | "arm" | "armv6" | "armv7" | "i686" | "i586" => Ok(Self::Pulley32),
            "pulley64" => Ok(Self::Pulley64),
            _ => Err(UnknownTarget(text.to_owned())),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Pulley32 => "pulley32",
            Self::Pulley64 => "pulley64",
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Pulley => "pulley",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Backend, Target};

    #[test]
    fn boards_are_known_by_their_usual_names() {
        #[track_caller]
        fn check(name: &str, target: Target) {
            assert_eq!(name.parse(), Ok(target), "{name}");
        }
        check("x86_64", Target::X86_64);
        check("aarch64-unknown-linux-musl", Target::Aarch64);
        check("armv7", Target::Pulley32);
        check("armv7-unknown-linux-gnueabihf", Target::Pulley32);
        check("i686", Target::Pulley32);
        check("pulley64", Target::Pulley64);
        for name in ["", "riscv64", "x86", "x86_64_v3"] {
            assert!(name.parse::<Target>().is_err(), "{name}");
        }
        for target in ["x86_64", "aarch64", "pulley32", "pulley64"] {
            assert_eq!(
                target.parse::<Target>().map(|it| it.to_string()).as_deref(),
                Ok(target)
            );
        }
    }

    #[test]
    fn there_is_always_something_that_runs_guests() {
        assert!(Backend::best().exists());
        assert!(!Backend::Native.exists() || Backend::Native.target() != Backend::Pulley.target());
        assert!(matches!(
            Backend::Pulley.target(),
            Target::Pulley32 | Target::Pulley64
        ));
    }
}
