//! The hardware watchdog, which resets the board if the guard itself hangs.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use plugpoint_terminal::complain;

/// An open watchdog, or none. Fed by each turn of the guard's loop.
pub(super) struct Watchdog(Option<File>);

impl Watchdog {
    /// Opens it, which starts it.
    pub(super) fn open(path: Option<&Path>) -> Self {
        let open = |path: &Path| match File::options().write(true).open(path) {
            Ok(file) => Some(file),
            Err(error) => {
                complain!("guard: the watchdog {} is not fed: {error}", path.display());
                None
            }
        };
        Self(path.and_then(open))
    }

    pub(super) fn feed(&mut self) {
        self.write(b".");
    }

    /// The end in good order: the letter on which the kernel's watchdogs stop.
    pub(super) fn stop(&mut self) {
        self.write(b"V");
    }

    fn write(&mut self, letter: &[u8]) {
        if let Some(file) = &mut self.0
            && let Err(error) = file.write_all(letter)
        {
            complain!("guard: the watchdog cannot be fed: {error}");
            self.0 = None;
        }
    }
}
