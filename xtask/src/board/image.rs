//! The board's device tree, with names for its GPIO lines, and its first file
//! system: a shell, the modules that are needed, and the programs.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::packages::{kernel_version, modules};
use crate::workspace::run;

/// By offset; `tests/src/board` knows them too.
const LINES: [&str; 8] = ["K1", "K1_FB", "ESTOP", "RCD", "PLUG", "CP", "LED", "SPARE"];
const CONTROLLER: &str = "/pl061@9030000";

/// For network, the test's shell, the USB keyboard and the watchdog.
const MODULES: [&str; 8] = [
    "virtio_mmio",
    "virtio_net",
    "virtio_console",
    "evdev",
    "usbhid",
    "hid_generic",
    "xhci_pci",
    "i6300esb",
];

/// The first process. Each line that comes over the port is run, and its output
/// goes back with an end.
const INIT: &str = r##"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for module in /modules/*; do insmod "$module"; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
echo "board ready after $(cut -d ' ' -f 1 /proc/uptime) s"
exec 3<>/dev/vport0p1
while true; do
    while read -r line <&3; do
        eval "$line" > /tmp/output 2>&1 3>&-
        status=$?
        cat /tmp/output >&3
        echo "#end $status" >&3
    done
    sleep 1
done
"##;

/// Makes `kernel`, `board.dtb` and `initramfs` in the folder. `programs`: their
/// names on the board, and where they are here.
pub fn make(
    folder: &Path,
    root: &Path,
    programs: &[(&str, &Path)],
    components: &Path,
) -> Result<()> {
    let version = kernel_version(root)?;
    let image = root.join(format!("boot/vmlinuz-{version}"));
    fs::copy(&image, folder.join("kernel"))
        .with_context(|| format!("cannot copy {}", image.display()))?;
    device_tree(&folder.join("board.dtb"))?;
    let modules = modules(root, &version, &MODULES)?;
    let mut archive = Archive::new(BufWriter::new(File::create(folder.join("initramfs"))?));
    for path in ["bin", "dev", "proc", "sys", "tmp", "etc", "modules"] {
        archive.folder(path)?;
    }
    archive.file("init", INIT.as_bytes())?;
    archive.file("bin/busybox", &read(&root.join("bin/busybox"))?)?;
    for (name, program) in programs {
        archive.file(&format!("bin/{name}"), &read(program)?)?;
    }
    // For the guest that never comes back.
    let bad = components.join("bad-component.wasm");
    archive.file("bad-component.wasm", &read(&bad)?)?;
    for (place, module) in modules.iter().enumerate() {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        archive.file(&format!("modules/{place:02}-{name}"), &read(module)?)?;
    }
    archive.finish()?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// QEMU's own tree, with the lines named and without the power button that it
/// puts on one of them.
fn device_tree(path: &Path) -> Result<()> {
    run(Command::new("qemu-system-aarch64")
        .arg("-M")
        .arg(format!("virt,gic-version=3,dumpdtb={}", path.display()))
        .args(["-cpu", "cortex-a57", "-smp", "2", "-m", "512"])
        .arg("-nodefaults"))?;
    run(Command::new("fdtput")
        .args(["-t", "s"])
        .arg(path)
        .args([CONTROLLER, "gpio-line-names"])
        .args(LINES))?;
    run(Command::new("fdtput").arg("-r").arg(path).arg("/gpio-keys"))
}
