//! The rules of this house that no compiler checks.
//!
//! The first is what the whole design rests on: the host knows no OCPP. It looks
//! at identifiers and literals, word by word; comments may say what they like.

mod circles;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugpoint_tests::interface::granted;
use wasmparser::{Parser, Payload};
use words::{ocpp_in, terms_in};

/// Fields of records in `wit/` for which the field has one name only. The contract
/// with guests says them; the host hands them on.
const FIELDS_OF_THE_CONTRACT: [&str; 3] = [
    "local_pre_authorize",
    "local_authorize_offline",
    "charge_box_serial_number",
];

/// What the repository has at its top: what a customer looks for, and what a
/// developer types. All else goes into one of these.
const TOP_LEVEL: [&str; 18] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "docs",
    "guest-ocpp",
    "guest-policy",
    "host",
    "plugins",
    "tests",
    "wit",
    "xtask",
];
/// What may be there, too.
const FIT_FOR_THE_TOP: [&str; 2] = ["CONTRIBUTING.md", "SECURITY.md"];

/// Longer files get a warning.
const LINES_PER_FILE: usize = 500;
const LINES_PER_FILE_OF_GUESTS: usize = 400;

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

/// What is below a version of OCPP does not know it: another version uses it, too.
#[test]
fn what_every_version_uses_knows_none() {
    let mut found = Vec::new();
    for file in sources(&["guest-ocpp/core/src", "guest-ocpp/wire/src", "wit/rust/src"]) {
        let text = read(&file);
        for (line, name, word) in ocpp_in(&text).into_iter().chain(terms_in(&text)) {
            if !FIELDS_OF_THE_CONTRACT.contains(&word.as_str()) {
                found.push(format!("{}:{line}: `{word}` is {name}", shown(&file)));
            }
        }
    }
    assert!(
        found.is_empty(),
        "this speaks a version of OCPP:\n{}",
        found.join("\n")
    );
}

/// Crates of guests, and how many modules are at most in a circle of imports. 0: there is
/// none. The simulated world has one, which may only get smaller.
const CIRCLES: [(&str, usize); 7] = [
    ("wit/rust", 0),
    ("guest-ocpp/core", 0),
    ("guest-ocpp/wire", 0),
    ("guest-policy", 0),
    ("plugins/acme", 0),
    ("guest-ocpp/v16", 0),
    ("guest-ocpp/world", MODULES_OF_THE_WORLD),
];
const MODULES_OF_THE_WORLD: usize = 3;

#[test]
fn imports_go_one_way() {
    for (folder, most) in CIRCLES {
        let root = root().join(folder).join("src");
        let rust = files(&root)
            .into_iter()
            .filter(|file| file.extension().is_some_and(|it| it == "rs"));
        let sources: Vec<(String, String)> = rust
            .map(|file| {
                let path = file.strip_prefix(&root).expect("below src");
                (path.display().to_string(), read(&file))
            })
            .collect();
        assert!(!sources.is_empty(), "{folder} has moved");
        let circles = circles::circles(&circles::imports(&sources));
        let longest = circles.iter().map(Vec::len).max().unwrap_or(0);
        assert!(
            longest <= most,
            "{folder}: modules that import each other: {circles:#?}"
        );
        assert!(
            longest == most,
            "{folder}: fewer modules import each other than are allowed: {longest}; allow no more"
        );
    }
}

/// A profile reaches the charge point through what it is given, and no other profile.
#[test]
fn profiles_know_the_trait_and_nothing_else() {
    let allowed = ["profile", "core_access", "config"];
    for file in files(&root().join("guest-ocpp/v16/src/profiles")) {
        if file.ends_with("mod.rs") {
            continue;
        }
        let text = read(&file);
        for (number, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                assert!(
                    allowed.iter().any(|module| rest.starts_with(module)),
                    "{}:{}: {line}",
                    shown(&file),
                    number + 1
                );
            }
        }
    }
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

/// What a guest is made of is kept shorter: one file, one noun.
#[test]
fn files_of_guests_are_short() {
    let places = [
        "wit/rust/src",
        "guest-ocpp/src",
        "guest-ocpp/core/src",
        "guest-ocpp/v16/src",
        "guest-ocpp/wire/src",
        "guest-policy/src",
    ];
    let long: Vec<String> = sources(&places)
        .into_iter()
        .map(|file| (read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_PER_FILE_OF_GUESTS)
        .map(|(lines, file)| format!("{}: {lines} lines", shown(&file)))
        .collect();
    assert!(
        long.is_empty(),
        "more than {LINES_PER_FILE_OF_GUESTS} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_top_level_is_the_customers() {
    let found: BTreeSet<String> = tracked()
        .iter()
        .filter_map(|file| {
            let first = file.strip_prefix(root()).ok()?.components().next()?;
            Some(first.as_os_str().to_string_lossy().into_owned())
        })
        .collect();
    let missing: Vec<_> = TOP_LEVEL
        .iter()
        .filter(|it| !found.contains(**it))
        .collect();
    let surplus: Vec<_> = found
        .iter()
        .filter(|it| !TOP_LEVEL.contains(&it.as_str()) && !FIT_FOR_THE_TOP.contains(&it.as_str()))
        .collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing at the top: {missing:?}; not to be there: {surplus:?}"
    );
}

#[test]
fn the_conformance_suite_stands_alone() {
    let manifest = read(&root().join("tests/conformance/Cargo.toml"));
    assert!(
        !manifest.contains("plugpoint-tests"),
        "the suite is for any charge point: it must not need our system tests"
    );
    assert!(read(&root().join("tests/Cargo.toml")).contains("plugpoint-conformance"));
}

/// `println!` and its like panic when the reader has gone: `plugpoint … | head`.
#[test]
fn nothing_panics_when_nobody_listens() {
    let macros = ["print", "println", "eprint", "eprintln"].map(|it| format!("{it}!("));
    let mut found = Vec::new();
    for file in all_sources() {
        let name = shown(&file);
        // Tests print to cargo, build scripts too.
        let is_test = name.contains("tests/") && !name.contains("tests/src/");
        let is_suite = name.starts_with("tests/conformance/src/");
        if (is_test && !is_suite) || name.contains("guest-ocpp/") || name.ends_with("build.rs") {
            continue;
        }
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim_start();
            let calls = |name: &String| {
                line.match_indices(name.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                })
            };
            if !line.starts_with("//") && macros.iter().any(calls) {
                found.push(format!("{name}:{}: {line}", number + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "use `say!` and `complain!` of host/terminal:\n{}",
        found.join("\n")
    );
}

#[test]
fn both_guests_import_nothing_but_log_and_entries() {
    let allowed = granted();
    for name in ["guest-ocpp", "guest-policy"] {
        let imports = imports(&component(name));
        for import in &imports {
            assert!(allowed.contains(import), "{name} imports {import}");
        }
        // So the list is not empty because nothing was read.
        assert!(imports.contains(&allowed[1]), "{name}");
    }
    let import = imports(&component("bad-import"));
    assert!(
        import.iter().any(|import| !allowed.contains(import)),
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
        .is_some_and(|folder| folder.ends_with("conformance/src/cases"));
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
