//! Serial lines without hardware: pseudo-terminals of the kernel.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// One line: we hold one end, a program opens the other by its path.
#[derive(Debug)]
pub struct Pty {
    ours: File,
    path: PathBuf,
    /// So that our end does not hang up whenever the program closes its own.
    _theirs: OwnedFd,
}

impl Pty {
    /// A fresh line.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn new() -> anyhow::Result<Pty> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let path = PathBuf::from(ptsname(&ours, Vec::new())?.into_string()?);
        let theirs = open(
            &path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        // No echo and no editing, as on a wire.
        let mut settings = tcgetattr(&theirs)?;
        settings.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &settings)?;
        Ok(Pty {
            ours: ours.into(),
            path,
            _theirs: theirs,
        })
    }

    /// The device for the program.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `link` name this line's device, whatever it named before: a plug
    /// that is put in again gets the same name under `/dev/serial/by-id`.
    ///
    /// # Errors
    /// If the link cannot be made.
    pub fn link(&self, link: &Path) -> std::io::Result<()> {
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(&self.path, link)
    }

    /// Writes to the program.
    ///
    /// # Errors
    /// If nobody can read it.
    pub fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        (&self.ours).write_all(bytes)
    }

    /// What the program wrote, if anything comes within `patience`.
    ///
    /// # Errors
    /// If the line is gone.
    pub fn read(&self, patience: Duration) -> std::io::Result<Vec<u8>> {
        let mut fds = [PollFd::new(&self.ours, PollFlags::IN)];
        let patience = Timespec::try_from(patience).map_err(std::io::Error::other)?;
        if poll(&mut fds, Some(&patience))? == 0 {
            return Ok(Vec::new());
        }
        let mut buffer = [0; 1024];
        let count = (&self.ours).read(&mut buffer)?;
        Ok(buffer[..count].to_vec())
    }
}

/// Joins the two lines like a null-modem cable, for as long as what is returned
/// is kept.
pub fn join(one: Pty, other: Pty) -> Cable {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let pump = std::thread::spawn(move || {
        const LOOK: Duration = Duration::from_millis(1);
        while !stopped.load(Ordering::Relaxed) {
            for (from, to) in [(&one, &other), (&other, &one)] {
                if let Ok(bytes) = from.read(LOOK) {
                    let _ = to.write(&bytes);
                }
            }
        }
    });
    Cable {
        stop,
        pump: Some(pump),
    }
}

/// Two lines that are joined.
#[derive(Debug)]
pub struct Cable {
    stop: Arc<AtomicBool>,
    pump: Option<JoinHandle<()>>,
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(pump) = self.pump.take() {
            let _ = pump.join();
        }
    }
}
