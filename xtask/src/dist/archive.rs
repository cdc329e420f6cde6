//! From the tree to a `.tar.gz` and a `.deb`, by the tools that everybody makes
//! them with. Names in order, owner 0, the time of the sources: so that the same
//! tree gives the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::tree::write;
use super::{Build, Facts};
use crate::workspace::{Workspace, output, run};

/// Makes the `.tar.gz`.
pub fn tar(build: &Build, facts: &Facts, root: &Path, folder: &Path) -> Result<PathBuf> {
    let name = format!("plugpoint-{}-{}", facts.version, build.name());
    let tar = folder.join(format!("{name}.tar"));
    run(Command::new("tar")
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["--format=gnu", &format!("--mtime=@{}", facts.epoch)])
        .arg("-C")
        .arg(root)
        .arg("-cf")
        .arg(&tar)
        .args(["etc", "usr"]))?;
    run(Command::new("gzip").args(["-9n"]).arg(&tar))?;
    Ok(folder.join(format!("{name}.tar.gz")))
}

/// Makes the `.deb`.
pub fn deb(
    workspace: &Workspace,
    build: &Build,
    facts: &Facts,
    root: &Path,
    folder: &Path,
) -> Result<PathBuf> {
    let read = |name: &str| {
        let path = workspace.root("host/packaging/debian").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    write(
        &root.join("usr/share/lintian/overrides/plugpoint"),
        read("lintian-overrides")?.as_bytes(),
        0o644,
    )?;
    let sums = sums(root)?;
    let control = facts
        .fill(&read("control")?)?
        .replace("@ARCHITECTURE@", build.processor.debian())
        .replace("@INSTALLED_SIZE@", &installed_kib(root)?.to_string());
    let about = root.join("DEBIAN");
    write(&about.join("control"), control.as_bytes(), 0o644)?;
    write(&about.join("md5sums"), sums.as_bytes(), 0o644)?;
    write(
        &about.join("conffiles"),
        b"/etc/plugpoint/charger.toml\n",
        0o644,
    )?;
    for script in ["postinst", "prerm", "postrm"] {
        write(&about.join(script), read(script)?.as_bytes(), 0o755)?;
    }
    for made in ["DEBIAN", "usr/share/lintian", "usr/share/lintian/overrides"] {
        run(Command::new("chmod").arg("0755").arg(root.join(made)))?;
    }
    let (version, architecture) = (&facts.version, build.processor.debian());
    let deb = folder.join(format!("plugpoint_{version}_{architecture}.deb"));
    run(Command::new("dpkg-deb")
        .args(["--root-owner-group", "--threads-max=1", "-Zxz", "--build"])
        .arg(root)
        .arg(&deb)
        .env("SOURCE_DATE_EPOCH", facts.epoch.to_string()))?;
    // The tree is left as it lies on a board.
    fs::rename(&about, folder.join("DEBIAN"))?;
    Ok(deb)
}

/// All files of the tree, in order, with their checksums.
fn sums(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    list(root, root, &mut files)?;
    files.retain(|path| !path.starts_with("etc"));
    files.sort();
    let mut arguments = Command::new("md5sum");
    arguments.current_dir(root).args(&files);
    let listed = arguments.output().context("cannot run md5sum")?;
    Ok(String::from_utf8(listed.stdout)?)
}

fn list(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            files.push(path.strip_prefix(root)?.to_owned());
        }
    }
    Ok(())
}

fn installed_kib(root: &Path) -> Result<u64> {
    let shown = root.display().to_string();
    output("du", &["-sk", "--apparent-size", &shown])
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .context("cannot run du")
}
