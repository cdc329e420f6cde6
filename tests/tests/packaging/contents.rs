//! What is in the packages.

use std::collections::BTreeMap;
use std::process::Command;

use crate::package::{output, package, unpacked};

/// Of both packages: path and mode.
const FILES: [(&str, &str); 14] = [
    ("etc/plugpoint/charger.toml", "-rw-r--r--"),
    ("usr/bin/plugpoint", "-rwxr-xr-x"),
    ("usr/lib/systemd/system/plugpoint.service", "-rw-r--r--"),
    ("usr/lib/sysusers.d/plugpoint.conf", "-rw-r--r--"),
    ("usr/lib/udev/rules.d/60-plugpoint.rules", "-rw-r--r--"),
    ("usr/share/doc/plugpoint/installing.md", "-rw-r--r--"),
    ("usr/share/doc/plugpoint/copyright", "-rw-r--r--"),
    (
        "usr/share/doc/plugpoint/examples/linux-pilot.conf",
        "-rw-r--r--",
    ),
    ("usr/share/doc/plugpoint/ocpp.md", "-rw-r--r--"),
    ("usr/share/man/man1/plugpoint.1.gz", "-rw-r--r--"),
    (
        "usr/share/man/man1/plugpoint-component-install.1.gz",
        "-rw-r--r--",
    ),
    (
        "usr/share/bash-completion/completions/plugpoint",
        "-rw-r--r--",
    ),
    (
        "usr/share/fish/vendor_completions.d/plugpoint.fish",
        "-rw-r--r--",
    ),
    ("usr/share/zsh/vendor-completions/_plugpoint", "-rw-r--r--"),
];

/// Path, and mode with owner, as `tar -tv` lists them.
fn listed(text: &str) -> BTreeMap<String, (String, String)> {
    let entries = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let path = words[5].trim_start_matches("./");
        (path.to_owned(), (words[0].to_owned(), words[1].to_owned()))
    });
    entries.collect()
}

#[test]
fn both_packages_have_every_file_with_mode_and_owner() {
    let deb = output(Command::new("dpkg-deb").arg("-c").arg(package(".deb")));
    let tar = output(Command::new("tar").arg("-tvzf").arg(package(".tar.gz")));
    let (deb, tar) = (listed(&deb), listed(&tar));
    for all in [&deb, &tar] {
        for (path, mode) in FILES {
            assert_eq!(all.get(path).map(|it| it.0.as_str()), Some(mode), "{path}");
        }
        for (path, (mode, owner)) in all {
            assert!(
                ["root/root", "0/0"].contains(&owner.as_str()),
                "{path}: {owner}"
            );
            let folder = path.is_empty() || path.ends_with('/');
            assert!(!folder || mode == "drwxr-xr-x", "{path}: {mode}");
        }
    }
    for all in [&deb, &tar] {
        let of_authors = all.keys().find(|path| path.contains("component-new"));
        assert_eq!(of_authors, None, "its program has no such command");
    }
    let only_debian = deb
        .keys()
        .filter(|path| !tar.contains_key(*path) && !path.is_empty());
    for path in only_debian {
        assert!(
            path.starts_with("usr/share/lintian"),
            "{path} is not in the tar"
        );
    }
}

#[test]
fn the_program_is_static_and_for_the_right_processor() {
    let dir = unpacked();
    let program = dir.path().join("usr/bin/plugpoint");
    let headers = output(Command::new("readelf").args(["-hlSW"]).arg(&program));
    assert!(!headers.contains("INTERP"), "it wants a loader:\n{headers}");
    assert!(!headers.contains(".symtab"), "it is not stripped");
    let control = std::fs::read_to_string(dir.path().join("DEBIAN/control")).expect("control");
    let machine = [("armhf", "ARM"), ("arm64", "AArch64"), ("amd64", "X86-64")]
        .into_iter()
        .find(|(debian, _)| control.contains(&format!("Architecture: {debian}\n")));
    let (_, machine) = machine.expect("a known architecture");
    let is = headers.lines().find(|line| line.contains("Machine:"));
    assert!(is.is_some_and(|line| line.contains(machine)), "{is:?}");
}

#[test]
fn the_package_names_no_folder_of_the_machine_that_made_it() {
    let dir = unpacked();
    let program = std::fs::read(dir.path().join("usr/bin/plugpoint")).expect("the program");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().expect("the workspace").to_string_lossy();
    let found = program.windows(root.len()).any(|it| it == root.as_bytes());
    assert!(!found, "{root} is named in the program");
}

#[test]
fn maintainer_scripts_are_sound() {
    let dir = unpacked();
    for script in ["postinst", "prerm", "postrm"] {
        let path = dir.path().join("DEBIAN").join(script);
        output(Command::new("shellcheck").args(["-s", "sh"]).arg(&path));
    }
    let conffiles = dir.path().join("DEBIAN/conffiles");
    let conffiles = std::fs::read_to_string(conffiles).expect("a list");
    assert_eq!(conffiles, "/etc/plugpoint/charger.toml\n");
    output(
        Command::new("md5sum")
            .args(["--check", "--quiet", "DEBIAN/md5sums"])
            .current_dir(dir.path()),
    );
}
