//! An ext4 file system on a disk that can lose its power: mounted, cut, and
//! taken away again, whatever happens in between.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use plugpoint_terminal::complain;
use tempfile::TempDir;

use super::cache::{Cache, Cut};
use super::server::Server;
use crate::dice::Random;

/// For what the machine does at once when it is not busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs, and the Debian packages that they come in.
const PROGRAMS: [(&str, &str); 5] = [
    ("nbdfuse", "libnbd-bin"),
    ("fusermount3", "fuse3"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("umount", "mount"),
];

/// Whether the file system tells the disk to flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barriers {
    /// As it should be.
    On,
    /// Mounted with `barrier=0`: what was synced is still only in the disk's cache.
    Off,
}

/// A mounted file system. When it is dropped it is unmounted, and the devices
/// behind it are gone.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
    mounted: bool,
    fuse: Fuse,
    server: Server,
}

/// What of this machine is missing for such a disk, in plain words.
///
/// # Errors
/// If something is.
pub fn check_machine() -> anyhow::Result<()> {
    let us = fs::metadata("/proc/self").context("there is no /proc")?;
    if us.uid() != 0 {
        bail!("a power cut is simulated with mounts and loop devices: it needs to run as root");
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        if !Path::new(device).exists() {
            bail!(
                "there is no {device}: the kernel, or the container that this runs in, must \
                 have FUSE and loop devices"
            );
        }
    }
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !known.split_whitespace().any(|word| word == "ext4") {
        bail!("this kernel has no ext4 (see /proc/filesystems)");
    }
    for (program, package) in PROGRAMS {
        if !tool(program).is_absolute() {
            bail!("there is no {program}: apt-get install {package}");
        }
    }
    Ok(())
}

/// Where it is; not every `PATH` has the folders of the system's programs.
fn tool(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}

/// Makes an image with an empty file system.
///
/// # Errors
/// If it cannot be made.
pub fn format(image: &Path, bytes: u64) -> anyhow::Result<()> {
    File::create(image)?.set_len(bytes)?;
    // Nothing is left to be done behind the back of whoever counts sectors.
    run(Command::new(tool("mkfs.ext4"))
        .args(["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"])
        .arg(image))
}

/// A file system mounted as always, with nothing that could be cut; unmounted
/// when it is dropped.
#[derive(Debug)]
pub struct Mount {
    at: PathBuf,
}

impl Mount {
    /// Mounts an image. The file system mends itself by its journal.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn image(image: &Path, at: &Path) -> anyhow::Result<Mount> {
        fs::create_dir_all(at)?;
        mount_loop(image, at, "loop")?;
        Ok(Mount { at: at.to_owned() })
    }

    /// Lets a file that lies elsewhere be seen in the place of another one.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn bind(file: &Path, at: &Path) -> anyhow::Result<Mount> {
        run(Command::new(tool("mount")).arg("--bind").arg(file).arg(at))?;
        Ok(Mount { at: at.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        unmount(&self.at);
    }
}

impl Disk {
    /// Mounts an image through a cache that the power can be cut of.
    ///
    /// # Errors
    /// If it cannot be: also if the file system is beyond its own repair.
    pub fn mount(
        image: &Path,
        at: &Path,
        barriers: Barriers,
        random: Random,
    ) -> anyhow::Result<Disk> {
        let file = File::options().read(true).write(true).open(image)?;
        let bytes = file.metadata()?.len();
        let (ours, theirs) = UnixStream::pair()?;
        let server = Server::start(ours, Cache::new(file, random), bytes)?;
        let fuse = Fuse::mount(theirs, bytes)?;
        let mut disk = Disk {
            at: at.to_owned(),
            mounted: false,
            fuse,
            server,
        };
        fs::create_dir_all(at)?;
        let options = match barriers {
            Barriers::On => "loop,commit=1,barrier=1",
            Barriers::Off => "loop,commit=1,barrier=0",
        };
        mount_loop(&disk.fuse.file(), at, options)?;
        disk.mounted = true;
        Ok(disk)
    }

    /// Cuts the power just before the so-manieth write or flush from now on (so that
    /// it hits what is being synced), or at the latest when `patience` is over.
    /// `kill` sees to it that whoever writes never learns
    /// anything more; it must not wait for that, since who waits for the disk
    /// dies only behind it.
    ///
    /// # Errors
    /// If the image cannot be written.
    pub fn cut(&self, before: u32, patience: Duration, kill: impl FnOnce()) -> io::Result<Cut> {
        let cut = self.server.cut(before, patience);
        kill();
        self.server.let_go();
        cut
    }

    /// How often the disk was told to flush.
    pub fn flushes(&self) -> u64 {
        self.server.flushes()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.server.let_go();
        if self.mounted {
            // The loop device goes with it.
            unmount(&self.at);
        }
        self.fuse.unmount();
        self.server.join();
    }
}

/// The disk as a file.
#[derive(Debug)]
struct Fuse {
    folder: TempDir,
    child: Child,
}

impl Fuse {
    fn mount(server: UnixStream, bytes: u64) -> anyhow::Result<Fuse> {
        let folder = TempDir::with_prefix("plugpoint-disk-")?;
        let child = Command::new(tool("nbdfuse"))
            .arg(folder.path().join("disk"))
            .args(["--fd", "0"])
            .stdin(Stdio::from(OwnedFd::from(server)))
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start nbdfuse")?;
        let mut fuse = Fuse { folder, child };
        let end = Instant::now() + PATIENCE;
        while fs::metadata(fuse.file()).map_or(0, |it| it.len()) != bytes {
            if let Some(status) = fuse.child.try_wait()? {
                bail!("nbdfuse has ended: {status}");
            }
            if Instant::now() > end {
                fuse.unmount();
                bail!("nbdfuse does not show the disk");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(fuse)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn unmount(&mut self) {
        unmount(self.folder.path());
        // It ends when it is unmounted; if that failed, now.
        let end = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn mount_loop(image: &Path, at: &Path, options: &str) -> anyhow::Result<()> {
    run(Command::new(tool("mount"))
        .args(["-t", "ext4", "-o", options])
        .arg(image)
        .arg(at))
}

/// Whoever still has a file open there is about to let go of it: the kernel, for
/// one, of a process that has just been killed.
fn unmount(at: &Path) {
    let end = Instant::now() + PATIENCE;
    while run(Command::new(tool("umount")).arg(at)).is_err() {
        if Instant::now() > end {
            complain!("{} cannot be unmounted at once", at.display());
            let _ = run(Command::new(tool("umount")).arg("--lazy").arg(at));
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program}: {}", said.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A file that was synced, and one that was not, after a cut.
    fn files_after_a_cut(barriers: Barriers, seed: u64) -> anyhow::Result<(bool, bool)> {
        let folder = TempDir::new()?;
        let image = folder.path().join("image");
        format(&image, 16 << 20)?;
        let at = folder.path().join("at");
        {
            let disk = Disk::mount(&image, &at, barriers, Random::new(seed, 0))?;
            let before = disk.flushes();
            let mut synced = File::create(at.join("synced"))?;
            synced.write_all(&[1; 10_000])?;
            synced.sync_all()?;
            drop(synced);
            assert_eq!(disk.flushes() > before, barriers == Barriers::On);
            fs::write(at.join("not synced"), [1; 10_000])?;
            disk.cut(1, Duration::ZERO, || {})?;
            // Nothing of this gets there.
            fs::write(at.join("too late"), "")?;
        }
        let mount = Mount::image(&image, &at)?;
        assert!(!at.join("too late").exists());
        let is_whole = |name| fs::read(at.join(name)).is_ok_and(|it| it == [1; 10_000]);
        let found = (is_whole("synced"), is_whole("not synced"));
        drop(mount);
        Ok(found)
    }

    #[test]
    fn what_was_synced_survives_a_cut_and_without_barriers_it_does_not() {
        check_machine().expect("a machine with loop devices");
        for seed in 0..3 {
            let (synced, not_synced) = files_after_a_cut(Barriers::On, seed).expect("two files");
            assert!(synced, "seed {seed}");
            assert!(!not_synced, "nobody has synced it");
        }
        let lost = |seed| !matches!(files_after_a_cut(Barriers::Off, seed), Ok((true, _)));
        assert!((0..5).any(lost));
    }
}
