//! What the `.deb` does to a system: an empty one in a folder.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::package::{output, package};

fn dpkg(root: &Path) -> Command {
    let mut dpkg = Command::new("dpkg");
    dpkg.arg(format!("--root={}", root.display()))
        .arg("--force-script-chrootless,architecture,depends,not-root");
    dpkg
}

/// Needs root, as every installation does.
#[test]
fn it_is_installed_and_purged() {
    let system = TempDir::with_prefix("plugpoint-system-").expect("a folder");
    let root = system.path();
    for folder in [
        "etc",
        "usr/bin",
        "var/lib/dpkg/info",
        "var/lib/dpkg/updates",
    ] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    fs::write(root.join("var/lib/dpkg/status"), "").expect("a file");
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").expect("a file");
    fs::write(root.join("etc/group"), "root:x:0:\ndialout:x:20:\n").expect("a file");
    output(dpkg(root).arg("-i").arg(package(".deb")));

    let passwd = fs::read_to_string(root.join("etc/passwd")).expect("users");
    let user = passwd.lines().find(|line| line.starts_with("plugpoint:"));
    let user: Vec<&str> = user.expect("a user").split(':').collect();
    assert!(user[6].ends_with("nologin"), "{user:?}");
    let groups = fs::read_to_string(root.join("etc/group")).expect("groups");
    for group in ["gpio", "dialout", "input"] {
        let line = groups
            .lines()
            .find(|it| it.starts_with(&format!("{group}:")));
        assert!(
            line.is_some_and(|it| it.ends_with(":plugpoint")),
            "{group}: {line:?}"
        );
    }
    assert!(
        groups.contains("dialout:x:20:plugpoint"),
        "a group of the system's stays as it is"
    );

    let group: u32 = user[3].parse().expect("a number");
    for (path, mode) in [
        ("etc/plugpoint", 0o750),
        ("etc/plugpoint/charger.toml", 0o640),
    ] {
        let it = fs::metadata(root.join(path)).expect("the configuration");
        assert_eq!(it.permissions().mode() & 0o777, mode, "{path}");
        assert_eq!((it.uid(), it.gid()), (0, group), "{path}");
    }
    let enabled = root.join("etc/systemd/system/multi-user.target.wants/plugpoint.service");
    assert!(enabled.is_symlink(), "the unit is not enabled");

    let configuration = root.join("etc/plugpoint/charger.toml");
    fs::write(&configuration, "# ours\n").expect("a change");
    output(
        dpkg(root)
            .args(["--force-confold", "-i"])
            .arg(package(".deb")),
    );
    let text = fs::read_to_string(&configuration).expect("the configuration");
    assert_eq!(text, "# ours\n", "a new version leaves it alone");

    let state = root.join("var/lib/plugpoint");
    fs::create_dir_all(state.join("images")).expect("what a charger leaves");
    output(dpkg(root).args(["--remove", "plugpoint"]));
    assert!(state.exists() && configuration.exists());
    assert!(!root.join("usr/bin/plugpoint").exists());
    output(dpkg(root).args(["--purge", "plugpoint"]));
    assert!(!state.exists() && !configuration.exists());
    assert!(!enabled.is_symlink());
}
