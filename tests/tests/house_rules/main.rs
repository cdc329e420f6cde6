//! The rules of this house that no compiler checks.
//!
//! The first is what the whole design rests on: the host knows no OCPP. It looks
//! at identifiers and literals, word by word; comments may say what they like.

mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasmparser::{Parser, Payload};
use words::ocpp_in;

/// Fields of records in `wit/` for which the field has one name only. The contract
/// with guests says them; the host hands them on.
const FIELDS_OF_THE_CONTRACT: [&str; 2] = ["local_pre_authorize", "local_authorize_offline"];

/// Longer files get a warning.
const LINES_PER_FILE: usize = 500;

#[test]
fn the_host_knows_no_ocpp() {
    let mut found = Vec::new();
    for file in sources(&["host/src", "host/build.rs"]) {
        let text = read(&file);
        for (line, name, word) in ocpp_in(&text) {
            if !FIELDS_OF_THE_CONTRACT.contains(&word.as_str()) {
                found.push(format!("{}:{line}: `{word}` is {name}", shown(&file)));
            }
        }
    }
    assert!(
        found.is_empty(),
        "the host speaks OCPP:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_module_says_what_it_is() {
    let mut silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|file| !read(file).trim_start().starts_with("//!"))
        .map(|file| shown(&file))
        .collect();
    silent.sort();
    assert!(
        silent.is_empty(),
        "these begin without a line `//! what this is`:\n{}",
        silent.join("\n")
    );
}

#[test]
fn files_are_short() {
    for file in all_sources() {
        let lines = read(&file).lines().count();
        if lines > LINES_PER_FILE {
            println!("warning: {} has {lines} lines; split it", shown(&file));
        }
    }
}

#[test]
fn both_guests_import_nothing_but_log_and_entries() {
    let allowed = [
        "plugpoint:charger/entries@0.1.0",
        "plugpoint:charger/log@0.1.0",
    ];
    for name in ["guest-ocpp", "guest-policy"] {
        let imports = imports(&component(name));
        for import in &imports {
            assert!(
                allowed.contains(&import.as_str()),
                "{name} imports {import}"
            );
        }
        // So the list is not empty because nothing was read.
        assert!(imports.contains("plugpoint:charger/log@0.1.0"), "{name}");
    }
    let import = imports(&component("bad-import"));
    assert!(
        import
            .iter()
            .any(|import| !allowed.contains(&import.as_str())),
        "the component with one import too many: {import:?}"
    );
}

#[test]
fn nothing_names_a_machine() {
    // In two parts, so that this file does not name one itself.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]].map(|parts| parts.concat());
    let mut found = Vec::new();
    for file in tracked() {
        // Binary files are components, which are built without paths.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| names(line, place)) {
                found.push(format!("{}:{}: {line}", shown(&file), number + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "paths of a machine:\n{}",
        found.join("\n")
    );
}

#[test]
fn each_field_note_is_held_by_a_test_that_exists() {
    let mut missing = Vec::new();
    let mut notes = BTreeSet::new();
    for row in read(&root().join("docs/field-notes.md")).lines() {
        let Some((numbers, rest)) = row.strip_prefix("| ").and_then(|row| row.split_once(" |"))
        else {
            continue;
        };
        let Ok(number) = numbers.parse::<u32>() else {
            continue;
        };
        notes.insert(number);
        // Between backquotes, `file::function`.
        let named = rest
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains("::"));
        let mut held = false;
        for name in named {
            held = true;
            if !is_test(name) {
                missing.push(format!("note {number}: {name}"));
            }
        }
        if !held {
            missing.push(format!("note {number} names no test"));
        }
    }
    let all = (1..=46).chain(51..=53);
    missing.extend(
        all.filter(|note| !notes.contains(note))
            .map(|note| format!("note {note}")),
    );
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
    assert!(
        !is_test("tests/tests/house_rules/main.rs::is_test"),
        "no test"
    );
    assert!(!is_test("docs/field-notes.md::nothing"), "no function");
}

/// `file::function` is a test, or a case of the conformance suite.
fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else {
        return false;
    };
    let file = root().join(file);
    let Ok(source) = fs::read_to_string(&file) else {
        return false;
    };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let begins = format!("fn {function}(");
    let at = lines.iter().position(|line| {
        line.split_once(&begins)
            .is_some_and(|(before, _)| ["", "async ", "pub "].contains(&before))
    });
    let is_case = file
        .parent()
        .is_some_and(|folder| folder.ends_with("conformance/cases"));
    at.is_some_and(|at| {
        is_case
            || lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["))
                .any(|line| line.contains("test"))
    })
}

/// Not in the middle of a longer path or of an address on the web.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "/._-}".contains(c)))
    })
}

// -------------------------------------------------------------------- components

/// A built component.
fn component(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("PLUGPOINT_COMPONENTS").map_or_else(beside_us, PathBuf::from);
    let path = folder.join(name).with_extension("wasm");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask guests`", path.display()))
}

/// `target/components`; this test is `target/PROFILE/deps/…`.
fn beside_us() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("a test lies in target");
    target.join("components")
}

fn imports(component: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.insert(import.expect("an import").name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

// ------------------------------------------------------------------------- files

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn shown(file: &Path) -> String {
    let path = file.strip_prefix(root()).unwrap_or(file);
    path.display().to_string()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What is in the repository; in a copy without git, what is not hidden or built.
fn tracked() -> Vec<PathBuf> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    match git {
        Ok(listed) if listed.status.success() => String::from_utf8_lossy(&listed.stdout)
            .split_terminator('\0')
            .map(|name| root().join(name))
            .filter(|file| file.is_file())
            .collect(),
        _ => files(root()),
    }
}

/// Our Rust sources.
fn all_sources() -> Vec<PathBuf> {
    tracked()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|it| it == "rs"))
        .collect()
}

fn sources(places: &[&str]) -> Vec<PathBuf> {
    let found: Vec<PathBuf> = places
        .iter()
        .flat_map(|place| files(&root().join(place)))
        .filter(|file| file.extension().is_some_and(|it| it == "rs"))
        .collect();
    assert!(found.len() > 10, "the sources have moved: {found:?}");
    found
}

/// All files below a folder, but for what is hidden or built.
fn files(place: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(place) else {
        return vec![place.to_owned()];
    };
    folder
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && name != "target"
        })
        .flat_map(|entry| files(&entry.path()))
        .collect()
}
