//! Man pages and completions of the package: a program at the desk writes them, for the
//! commands that the program in the package has. The page `plugpoint.1` is written by
//! hand (`host/packaging/plugpoint.1`).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Facts;
use super::tree::write;
use crate::workspace::run;

/// Of each shell, where Debian's packages of it look.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/plugpoint"),
    ("fish", "usr/share/fish/vendor_completions.d/plugpoint.fish"),
    ("zsh", "usr/share/zsh/vendor-completions/_plugpoint"),
];

/// `usr/share/man/man1/plugpoint.1` and one for each command, compressed; and what
/// shells need.
pub fn put(desk: &Path, by_hand: &str, facts: &Facts, root: &Path) -> Result<()> {
    let folder = root.join("usr/share/man/man1");
    run(Command::new(desk)
        .args(["manual", "--installed"])
        .arg(&folder))?;
    let main = folder.join("plugpoint.1");
    write(&main, facts.fill(by_hand)?.as_bytes(), 0o644)?;
    let mut pages: Vec<_> = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    pages.sort();
    for page in &pages {
        // Whatever this shell's mask is.
        let text = fs::read(page).with_context(|| format!("cannot read {}", page.display()))?;
        write(page, &text, 0o644)?;
    }
    // Without name and time.
    run(Command::new("gzip").arg("-9n").args(&pages))?;
    for (shell, path) in COMPLETIONS {
        let completions = Command::new(desk)
            .args(["completions", "--installed", shell])
            .output()
            .with_context(|| format!("cannot run {}", desk.display()))?;
        if !completions.status.success() {
            bail!(
                "no completions for {shell}: {}",
                String::from_utf8_lossy(&completions.stderr)
            );
        }
        write(&root.join(path), &completions.stdout, 0o644)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{COMPLETIONS, put};
    use crate::dist::Facts;
    use crate::dist::tree::write;

    /// In place of a program at the desk.
    const DESK: &str = "#!/bin/sh
set -e
[ \"$2\" = --installed ]
case $1 in
manual)
    mkdir -p \"$3\"
    for page in plugpoint plugpoint-status; do echo \"page of $page\" > \"$3/$page.1\"; done ;;
completions) echo \"words for $3\" ;;
esac
";

    #[test]
    fn pages_are_compressed_and_each_shell_has_its_file() {
        let place = tempfile::tempdir().expect("a folder");
        let desk = place.path().join("desk");
        write(&desk, DESK.as_bytes(), 0o755).expect("a script");
        let root = place.path().join("root");
        let facts = Facts {
            version: "1.2.3".into(),
            epoch: 0,
            maintainer: "somebody".into(),
        };
        put(&desk, "by hand @VERSION@", &facts, &root).expect("pages");

        let pages = root.join("usr/share/man/man1");
        let read = |page: &str| {
            let path = pages.join(page);
            let mode = fs::metadata(&path).expect(page).permissions().mode();
            assert_eq!(mode & 0o777, 0o644, "{page}");
            let text = std::process::Command::new("gzip")
                .arg("-dc")
                .arg(&path)
                .output();
            String::from_utf8(text.expect("gzip").stdout).expect("text")
        };
        assert_eq!(read("plugpoint.1.gz"), "by hand 1.2.3");
        assert_eq!(read("plugpoint-status.1.gz"), "page of plugpoint-status\n");
        assert_eq!(fs::read_dir(&pages).expect("a folder").count(), 2);
        for (shell, path) in COMPLETIONS {
            let text = fs::read_to_string(root.join(path)).expect(path);
            assert_eq!(text, format!("words for {shell}\n"));
        }
    }
}
