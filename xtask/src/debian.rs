//! Debian's packages that a task needs on this machine: which are missing, and
//! their installation. On a terminal it is announced and somebody has to agree;
//! elsewhere, as in CI, nobody is asked. `--no-install` refuses in any case. Not
//! here: packages of another architecture, which are only unpacked (see
//! `board::packages`).

use std::io::{IsTerminal as _, stdin};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use plugpoint_terminal::complain_part;

use crate::workspace::{output, run};

/// Another run of apt is waited for.
pub const PATIENT: [&str; 2] = ["-o", "DPkg::Lock::Timeout=300"];

/// Programs, each with the packages that it comes in, separated by spaces.
pub type Tools = [(&'static str, &'static str)];

/// Whether packages may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    Given,
    Refused,
    /// Somebody sits there.
    Ask,
}

static CONSENT: OnceLock<Consent> = OnceLock::new();

/// For the whole run: with `--no-install` nothing is installed.
pub fn consent(no_install: bool) {
    let somebody_is_there = std::env::var_os("CI").is_none()
        && stdin().is_terminal()
        && std::io::stderr().is_terminal();
    // Whoever said it first has said it for the whole run.
    CONSENT.get_or_init(|| match (no_install, somebody_is_there) {
        (true, _) => Consent::Refused,
        (false, true) => Consent::Ask,
        (false, false) => Consent::Given,
    });
}

/// Installs the packages of those programs that are missing.
pub fn need(tools: &[(&str, &str)], what_for: &str) -> Result<()> {
    need_all(&[(tools, what_for)])
}

/// The same for several purposes, so that somebody is asked once.
pub fn need_all(needs: &[(&[(&str, &str)], &str)]) -> Result<()> {
    let missing = missing(needs, is_there);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|(_, them)| them.clone()).collect();
    agree(&missing, CONSENT.get().copied(), answer)?;
    install(&packages).with_context(|| {
        let what_for: Vec<&str> = missing.iter().map(|(what_for, _)| *what_for).collect();
        format!("{} need: {}", what_for.join(" and "), by_hand(&packages))
    })
}

/// Installs packages, after asking if there is somebody to ask.
pub fn install_for(packages: &[&str], what_for: &str) -> Result<()> {
    let missing = [(what_for, packages.to_vec())];
    agree(&missing, CONSENT.get().copied(), answer)?;
    install(packages)
}

/// For each purpose the packages that are missing, each once.
fn missing<'a>(
    needs: &[(&'a [(&'a str, &'a str)], &'a str)],
    is_there: impl Fn(&str) -> bool,
) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut seen: Vec<&str> = Vec::new();
    let mut missing = Vec::new();
    for (tools, what_for) in needs {
        let mut packages = Vec::new();
        let absent = tools.iter().filter(|(program, _)| !is_there(program));
        for package in absent.flat_map(|(_, packages)| packages.split(' ')) {
            if !seen.contains(&package) {
                seen.push(package);
                packages.push(package);
            }
        }
        if !packages.is_empty() {
            missing.push((*what_for, packages));
        }
    }
    missing
}

/// Says what is about to be installed; an error if that is not wanted.
fn agree(
    missing: &[(&str, Vec<&str>)],
    consent: Option<Consent>,
    ask: impl FnOnce(&str) -> String,
) -> Result<()> {
    let all: Vec<&str> = missing.iter().flat_map(|(_, them)| them.clone()).collect();
    let refused = |why: &str| {
        let purposes: Vec<&str> = missing.iter().map(|(what_for, _)| *what_for).collect();
        format!(
            "{} need Debian packages, and {why}; by hand: {}",
            purposes.join(" and "),
            by_hand(&all)
        )
    };
    match consent {
        None | Some(Consent::Given) => Ok(()),
        Some(Consent::Refused) => bail!("{}", refused("--no-install was given")),
        Some(Consent::Ask) => {
            let mut question = "Debian packages are missing on this machine:\n".to_owned();
            for (what_for, packages) in missing {
                question += &format!("  for {what_for}: {}\n", packages.join(" "));
            }
            question += "Install them with apt-get (as root)? [Y/n] ";
            match ask(&question).trim() {
                "" | "y" | "Y" | "yes" => Ok(()),
                _ => bail!("{}", refused("they are not wanted")),
            }
        }
    }
}

/// Asks at the terminal; the end of standard input means no.
fn answer(question: &str) -> String {
    complain_part!("{question}");
    let mut line = String::new();
    match stdin().read_line(&mut line) {
        Ok(bytes) if bytes > 0 => line,
        _ => "no".to_owned(),
    }
}

fn by_hand(packages: &[&str]) -> String {
    format!(
        "apt-get install {}   (as root, Debian or Ubuntu)",
        packages.join(" ")
    )
}

fn install(packages: &[&str]) -> Result<()> {
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// As root, or through sudo, which asks for a password only where somebody sits.
fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    if output("id", &["-u"]).as_deref() != Some("0") {
        command = Command::new("sudo");
        if CONSENT.get() != Some(&Consent::Ask) {
            command.arg("-n");
        }
        command.arg("apt-get");
    }
    run(command
        .args(PATIENT)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/sbin".into(), "/usr/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::{Consent, agree, missing};

    const READERS: [(&str, &str); 2] = [("nfc-list", "libnfc-bin"), ("minisign", "minisign")];
    const CUTS: [(&str, &str); 2] = [("nbdfuse", "libnbd-bin fuse3"), ("fusermount3", "fuse3")];

    #[test]
    fn each_missing_package_is_named_once_with_what_it_is_for() {
        let needs = [(&READERS[..], "readers"), (&CUTS[..], "power cuts")];
        let found = missing(&needs, |program| program == "minisign");
        assert_eq!(
            found,
            [
                ("readers", vec!["libnfc-bin"]),
                ("power cuts", vec!["libnbd-bin", "fuse3"])
            ]
        );
        assert!(missing(&needs, |_| true).is_empty());
    }

    #[test]
    fn nothing_is_installed_against_somebodys_will() {
        let needed = [("power cuts", vec!["fuse3", "libnbd-bin"])];
        let decided = |consent, answer: &str| {
            let ask = |question: &str| {
                assert!(question.contains("for power cuts: fuse3 libnbd-bin"));
                answer.to_owned()
            };
            agree(&needed, Some(consent), ask).map_err(|error| error.to_string())
        };
        for word in ["", "\n", "y\n", "Y", "yes\n"] {
            assert_eq!(decided(Consent::Ask, word), Ok(()), "{word:?}");
        }
        for word in ["n\n", "no", "what?"] {
            let refused = decided(Consent::Ask, word).expect_err(word);
            assert!(refused.contains("apt-get install fuse3 libnbd-bin"));
        }
        let refused = decided(Consent::Refused, "yes").expect_err("it is refused");
        assert!(
            refused.contains("power cuts need Debian packages"),
            "{refused}"
        );
        assert!(refused.contains("--no-install"), "{refused}");
        // Nobody is asked in CI.
        let asked = |_: &str| panic!("there is nobody to ask");
        assert!(agree(&needed, Some(Consent::Given), asked).is_ok());
    }
}
