//! Debian packages: tools for this machine, and a kernel and a shell for the
//! board, which are unpacked and not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian::PATIENT;
use crate::workspace::{output, run};

/// Programs, and the packages that they come in.
pub const TOOLS: [(&str, &str); 3] = [
    ("qemu-system-aarch64", "qemu-system-arm"),
    ("fdtput", "device-tree-compiler"),
    ("modprobe", "kmod"),
];
/// The board's kernel and shell, unpacked; fetched once.
pub fn root(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("root");
    let stamp = folder.join("fetched");
    if stamp.is_file() {
        return Ok(root);
    }
    // What a run that was broken off has left.
    for old in [&root, &folder.join("apt")] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    let apt = Apt::new(&folder.join("apt"))?;
    run(apt.command("apt-get").arg("update"))?;
    let kernel = apt.kernel()?;
    run(apt
        .command("apt-get")
        .arg("download")
        .args([kernel.as_str(), "busybox-static:arm64"])
        .current_dir(&apt.folder))?;
    let packages = fs::read_dir(&apt.folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "deb"));
    for package in packages {
        run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    }
    fs::write(&stamp, kernel)?;
    Ok(root)
}

/// A private apt that knows arm64 and leaves the machine's alone. The sources are
/// the machine's.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial", "state"] {
            fs::create_dir_all(folder.join(part))?;
        }
        fs::write(folder.join("status"), "")?;
        let text = format!(
            "APT::Architectures {{ \"amd64\"; \"arm64\"; }};\n\
             APT::Sandbox::User \"\";\n\
             Acquire::Languages \"none\";\n\
             Dir::State \"{0}/state\";\n\
             Dir::State::status \"{0}/status\";\n\
             Dir::State::lists \"{0}/lists\";\n\
             Dir::Cache \"{0}/cache\";\n",
            folder.display()
        );
        fs::write(folder.join("apt.conf"), text)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .args(PATIENT);
        command
    }

    /// The package with the kernel's image, whose name has its version.
    fn kernel(&self) -> Result<String> {
        let shown = self
            .command("apt-cache")
            .args(["depends", "linux-image-arm64:arm64"])
            .output()
            .context("cannot run apt-cache")?;
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        // Beside the versioned package, the line with its own name comes up.
        let found = text
            .split_whitespace()
            .filter(|word| word.starts_with("linux-image-"))
            .find(|word| !word.starts_with("linux-image-arm64"));
        match found {
            Some(name) if name.contains(':') => Ok(name.to_owned()),
            Some(name) => Ok(format!("{name}:arm64")),
            None => bail!("no kernel for arm64 in the package lists:\n{text}"),
        }
    }
}

/// The one version whose modules were unpacked.
pub fn kernel_version(root: &Path) -> Result<String> {
    let modules = root.join("lib/modules");
    let entry = fs::read_dir(&modules)
        .with_context(|| format!("cannot read {}", modules.display()))?
        .flatten()
        .next()
        .context("the kernel's package has no modules")?;
    Ok(entry.file_name().to_string_lossy().into_owned())
}

/// The modules to load, in order, so that these work.
pub fn modules(root: &Path, version: &str, wanted: &[&str]) -> Result<Vec<PathBuf>> {
    if !root
        .join("lib/modules")
        .join(version)
        .join("modules.dep")
        .is_file()
    {
        run(Command::new(tool("depmod"))
            .arg("-b")
            .arg(root)
            .arg(version))?;
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for module in wanted {
        let folder = root.display().to_string();
        let arguments = ["-d", &folder, "-S", version, "--show-depends", module];
        let listed = output(tool("modprobe"), &arguments)
            .with_context(|| format!("the kernel has no module {module}"))?;
        for line in listed.lines() {
            if let Some(path) = line.strip_prefix("insmod ") {
                let path = PathBuf::from(path.trim());
                if !found.contains(&path) {
                    found.push(path);
                }
            }
        }
    }
    Ok(found)
}

/// Where `PATH` may not look.
fn tool(name: &str) -> PathBuf {
    ["/usr/sbin", "/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
