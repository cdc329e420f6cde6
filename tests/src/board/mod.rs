//! A board in a box: the real program, cross-built, on a real kernel with a real
//! GPIO controller, serial line, USB and network, all emulated by QEMU. The test
//! holds the other end of every wire.
//!
//! What it runs is laid out by `cargo xtask board` or `cargo xtask test` in the folder that
//! `PLUGPOINT_BOARD` names.

mod monitor;
mod pins;
mod shell;
mod talk;

pub use monitor::Monitor;
pub use pins::Pins;
pub use shell::Shell;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use monitor::KEYBOARD;
use plugpoint_terminal::complain;
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a boot may take: 3 s on a quiet machine, far more on a busy one.
const BOOT: Duration = Duration::from_secs(180);

/// The lines of the board's GPIO controller, by offset, as `cargo xtask board`
/// names them in the device tree.
pub const LINES: [&str; 8] = ["K1", "K1_FB", "ESTOP", "RCD", "PLUG", "CP", "LED", "SPARE"];

/// One board at a time: two on a small machine would only make each other slow.
static TURN: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);

/// What a board has beside what every board has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// The port on the loopback where the other end of its serial line listens.
    pub serial: Option<u16>,
    /// A reset starts it again, as on a real board. Else it ends the emulation, so
    /// that a watchdog that fires when it should not is noticed by every test.
    pub restarts: bool,
}

/// A running board; it is switched off when it is dropped.
#[derive(Debug)]
pub struct Board {
    qemu: Child,
    dir: TempDir,
    pins: Pins,
    monitor: Monitor,
    shell: Shell,
    _turn: OwnedMutexGuard<()>,
}

impl Board {
    /// Waits for its turn, switches a board on and waits until it is up.
    ///
    /// # Errors
    /// If it does not come up; the text has the end of its console.
    pub fn boot(extras: Extras) -> anyhow::Result<Board> {
        let parts = std::env::var_os("PLUGPOINT_BOARD")
            .map(PathBuf::from)
            .context("no board: run `cargo xtask board`, or `cargo xtask test`")?;
        let turn = TURN.clone().blocking_lock_owned();
        let dir = TempDir::with_prefix("plugpoint-board-")?;
        let mut qemu = command(&parts, dir.path(), extras)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start qemu-system-aarch64")?;
        match connect(dir.path(), &mut qemu) {
            Ok((pins, monitor, shell)) => Ok(Board {
                qemu,
                dir,
                pins,
                monitor,
                shell,
                _turn: turn,
            }),
            Err(error) => {
                let _ = qemu.kill();
                let _ = qemu.wait();
                let console = console(dir.path());
                Err(error.context(format!("the board does not come up:\n{console}")))
            }
        }
    }

    /// The GPIO lines, from outside.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// QEMU's monitor: keys on the USB keyboard.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// A root shell on the board.
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// How often it has come up.
    pub fn boots(&self) -> usize {
        let text = std::fs::read(self.dir.path().join("console")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.matches("board ready after").count()
    }

    /// Waits until it has come up so often.
    ///
    /// # Errors
    /// If it does not.
    pub fn wait_boots(&self, count: usize) -> anyhow::Result<()> {
        let end = Instant::now() + BOOT;
        while self.boots() < count {
            if Instant::now() > end {
                bail!("the board does not come up again:\n{}", self.console());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The end of what the kernel's console has shown.
    pub fn console(&self) -> String {
        console(self.dir.path())
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if std::thread::panicking() {
            complain!("the console of the board:\n{}", self.console());
            if let Ok(log) = self.shell.run("tail -n 100 /tmp/*.log") {
                complain!("what the programs have said:\n{log}");
            }
        }
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

fn console(dir: &Path) -> String {
    let text = std::fs::read(dir.join("console")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

fn command(parts: &Path, dir: &Path, extras: Extras) -> Command {
    let socket = |name: &str| format!("unix:{},server=on,wait=off", dir.join(name).display());
    // Whoever ends the test before it is over ends its board too.
    let mut qemu = Command::new("setpriv");
    qemu.args(["--pdeathsig", "KILL", "qemu-system-aarch64"])
        .args(["-M", "virt,gic-version=3", "-cpu", "cortex-a57"])
        .args(["-accel", "tcg", "-smp", "2", "-m", "512"])
        .args(["-nodefaults", "-display", "none"])
        .args(["-append", "console=ttyAMA0 quiet panic=-1"])
        .arg("-kernel")
        .arg(parts.join("kernel"))
        .arg("-initrd")
        .arg(parts.join("initramfs"))
        .arg("-dtb")
        .arg(parts.join("board.dtb"))
        .arg("-serial")
        .arg(format!("file:{}", dir.join("console").display()))
        .arg("-qtest")
        .arg(socket("qtest"))
        .args(["-qtest-log", "none"])
        .arg("-qmp")
        .arg(socket("qmp"))
        .args(["-netdev", "user,id=n0"])
        .args(["-device", "virtio-net-device,netdev=n0"])
        .args(["-device", "qemu-xhci", "-device"])
        .arg(format!("usb-kbd,id={KEYBOARD}"))
        .args(["-device", "i6300esb", "-action", "watchdog=reset"])
        .args(["-device", "virtio-serial-device", "-chardev"])
        .arg(format!(
            "socket,id=sh,path={},server=on,wait=off",
            dir.join("shell").display()
        ))
        .args(["-device", "virtserialport,chardev=sh,name=shell"]);
    if !extras.restarts {
        qemu.arg("-no-reboot");
    }
    if let Some(port) = extras.serial {
        qemu.arg("-chardev")
            .arg(format!(
                "socket,id=rtu,host=127.0.0.1,port={port},reconnect=1"
            ))
            .args(["-device", "pci-serial,chardev=rtu"]);
    }
    qemu
}

fn connect(dir: &Path, qemu: &mut Child) -> anyhow::Result<(Pins, Monitor, Shell)> {
    let end = Instant::now() + BOOT;
    loop {
        if let Some(status) = qemu.try_wait()? {
            bail!("qemu has ended: {status}");
        }
        if dir.join("shell").exists() && dir.join("qmp").exists() && dir.join("qtest").exists() {
            break;
        }
        if Instant::now() > end {
            bail!("qemu makes no sockets");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let monitor = Monitor::connect(&dir.join("qmp"))?;
    let controller = monitor.find("pl061")?;
    let pins = Pins::connect(&dir.join("qtest"), &controller)?;
    let shell = Shell::connect(&dir.join("shell"), end)?;
    Ok((pins, monitor, shell))
}
