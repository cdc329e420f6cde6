//! The installer of a simulated board. It takes any file but an empty one and one that
//! begins with `invalid`, writes none of it, and reboots nothing but what is inside the
//! process.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use super::command::Ended;

const INVALID: &[u8] = b"invalid";

/// See the module.
pub struct SimulatedInstaller {
    /// What reboots the board; none: no reboot is needed.
    pub reboot: Option<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for SimulatedInstaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reboots = self.reboot.is_some();
        f.debug_struct("SimulatedInstaller")
            .field("reboots", &reboots)
            .finish()
    }
}

impl SimulatedInstaller {
    pub(super) fn install(&self, file: &Path) -> Ended {
        let mut head = Vec::new();
        let opened = std::fs::File::open(file);
        let read = opened.and_then(|file| file.take(INVALID.len() as u64).read_to_end(&mut head));
        match read {
            Err(error) => Ended::Failed(error.to_string()),
            Ok(0) => Ended::Failed("the file is empty".to_owned()),
            Ok(_) if head == INVALID => Ended::Failed("the file is invalid".to_owned()),
            Ok(_) if self.reboot.is_some() => Ended::NeedsReboot,
            Ok(_) => Ended::Installed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_what_is_not_said_to_be_invalid() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let ends = |bytes: &[u8], reboot: Option<Box<dyn Fn() + Send + Sync>>| {
            std::fs::write(file.path(), bytes).unwrap();
            SimulatedInstaller { reboot }.install(file.path())
        };
        assert_eq!(ends(b"image", None), Ended::Installed);
        assert_eq!(ends(b"image", Some(Box::new(|| {}))), Ended::NeedsReboot);
        assert!(matches!(ends(b"", None), Ended::Failed(_)));
        assert!(matches!(ends(b"invalid image", None), Ended::Failed(_)));
    }
}
