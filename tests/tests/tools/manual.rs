//! Completions for shells, pages for `man`, and what is suggested to somebody who
//! mistypes.

use crate::tool::{plugpoint, run};

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&mut plugpoint(&["completions", shell]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for command in ["status", "events", "rollback", "emergency-stop"] {
            assert!(ended.stdout.contains(command), "{shell}: no {command}");
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("man1").to_string_lossy().into_owned();
    let ended = run(&mut plugpoint(&["manual", &place]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (name, words) in [
        ("plugpoint", "charge point"),
        ("plugpoint-status", "running charger"),
        ("plugpoint-component-install", "\\-\\-allow\\-downgrade"),
        ("plugpoint-sim-plug", "car plugs in"),
    ] {
        let page = std::fs::read_to_string(format!("{place}/{name}.1"));
        let page = page.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(words), "no {words:?} in {page}");
    }
}

/// What a package has: its program lacks what authors of plugins need.
#[test]
fn a_board_has_no_pages_of_commands_that_its_program_lacks() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_string_lossy().into_owned();
    let ended = run(&mut plugpoint(&["manual", "--installed", &place]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let page = |name: &str| std::fs::read_to_string(format!("{place}/{name}.1"));
    for missing in ["component-new", "component-dev", "manual", "completions"] {
        assert!(page(&format!("plugpoint-{missing}")).is_err(), "{missing}");
    }
    for (name, words) in [
        ("plugpoint", "RUST_LOG"),
        ("plugpoint-component", "component\\-install"),
        ("plugpoint-component-install", "\\-\\-allow\\-downgrade"),
        ("plugpoint-sim", "\\-\\-token\\-file"),
    ] {
        let page = page(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(words), "no {words:?} in {page}");
        assert!(!page.contains("component\\-new"), "{page}");
    }
    let ended = run(&mut plugpoint(&["completions", "bash", "--installed"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("rollback"), "{}", ended.stdout);
    assert!(
        !ended.stdout.contains("component__subcmd__new"),
        "{}",
        ended.stdout
    );
}

#[test]
fn nothing_is_suggested_that_nobody_should_type() {
    for (typed, hidden) in [("guardd", "guard"), ("compil", "compile")] {
        let ended = run(&mut plugpoint(&[typed]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(
            !ended.stderr.contains(&format!("'{hidden}'")),
            "{}",
            ended.stderr
        );
    }
    let ended = run(&mut plugpoint(&["--help"]));
    for hidden in ["  guard ", "  compile "] {
        assert!(!ended.stdout.contains(hidden), "{}", ended.stdout);
    }
    assert!(ended.stdout.contains("RUST_LOG"), "{}", ended.stdout);
}
