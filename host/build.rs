//! Finds the two standard components that the program carries, deflates them and
//! writes the `include_bytes!` lines of `src/carried.rs`. Also packs the crates that a
//! protocol component is built from, notes when that was, and how a small program is
//! linked.
//!
//! It does not build them (`cargo xtask build` does, before it calls cargo),
//! and it never fails for want of them: a plain `cargo check` works on a fresh
//! clone, and a program without components says so when it starts.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use miniz_oxide::deflate::compress_to_vec;

/// A folder to take the components from, instead of `components` in cargo's
/// target folder. Not named like the variable that the tests read, so that
/// setting that one does not rebuild the host.
const FOLDER: &str = "PLUGPOINT_CARRY";

const CARRIED: [(&str, &str); 2] = [("PROTOCOL", "guest-ocpp"), ("POLICY", "guest-policy")];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={FOLDER}");
    library();
    built_at();
    wasmtime_version();
    small_link();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = env::var_os(FOLDER)
        .map(PathBuf::from)
        .or_else(|| default_folder(&out));

    let mut code = String::new();
    for (name, file) in CARRIED {
        let found = folder
            .as_ref()
            .map(|folder| folder.join(carried_form(file)))
            .and_then(|path| path.canonicalize().ok());
        let value = match &found {
            Some(path) => {
                println!("cargo::rerun-if-changed={}", path.display());
                pack(path, &out.join(name))
            }
            None => {
                watch(folder.as_deref());
                "None".to_owned()
            }
        };
        let _ = writeln!(code, "const {name}: Option<Packed> = {value};");
    }
    fs::write(out.join("carried.rs"), code).expect("cargo's OUT_DIR is writable");
}

/// Deflates a component; in return for it, the Rust expression of it.
fn pack(file: &Path, packed: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()));
    fs::write(packed, compress_to_vec(&bytes, 9)).expect("cargo's OUT_DIR is writable");
    let bytes = bytes.len();
    format!("Some(Packed {{ deflated: include_bytes!({packed:?}), bytes: {bytes} }})")
}

/// What a protocol component is built from, for `component new`: folders and files at
/// the root of the repository.
const LIBRARY: [&str; 7] = [
    "guest-ocpp/core",
    "guest-ocpp/v16",
    "guest-ocpp/wire",
    "guest-ocpp/world",
    "guest-policy/Cargo.toml",
    "guest-policy/src",
    "wit",
];

/// Packs it into one file: of each file path, length and text.
fn library() {
    if env::var_os("CARGO_FEATURE_KIT").is_none() {
        return;
    }
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = folder.parent().expect("the host lies in the repository");
    let mut files = Vec::new();
    for part in LIBRARY {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        collect(&root.join(part), &mut files);
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).expect("it lies in the repository");
        let text = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        all.extend(format!("{}\n{}\n", path.display(), text.len()).into_bytes());
        all.extend(text);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("library"), compress_to_vec(&all, 9)).expect("cargo's OUT_DIR is writable");
}

/// Files below a folder. Of released interfaces a project needs none.
fn collect(place: &Path, files: &mut Vec<PathBuf>) {
    if place.is_file() {
        files.push(place.to_owned());
        return;
    }
    let entries = fs::read_dir(place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(|c: char| c == '.' || c.is_ascii_digit()) && name != "target" {
            collect(&entry.path(), files);
        }
    }
}

/// WebAssembly, or, for a program without a compiler, what was compiled for its
/// processor beforehand: `guest-ocpp.aarch64.ppc`. `guest::Target` knows the names.
fn carried_form(name: &str) -> String {
    if env::var_os("CARGO_FEATURE_COMPILER").is_some() {
        return format!("{name}.wasm");
    }
    let of = |key: &str| env::var(key).expect("cargo describes the target");
    let target = match of("CARGO_CFG_TARGET_ARCH").as_str() {
        native @ ("x86_64" | "aarch64") => native.to_owned(),
        _ => format!("pulley{}", of("CARGO_CFG_TARGET_POINTER_WIDTH")),
    };
    format!("{name}.{target}.ppc")
}

/// The exact version of the engine, which it does not tell itself: compiled code
/// depends on it.
fn wasmtime_version() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let lock = manifest.join("../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(&lock).expect("the workspace has a Cargo.lock");
    let version = text
        .split_once("name = \"wasmtime\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version)
        .expect("Cargo.lock names wasmtime's version");
    println!("cargo::rustc-env=PLUGPOINT_WASMTIME={version}");
}

/// How a program that is built for size (profile `small`) is linked: with rarely used
/// code on pages of its own, without the tables for unwinding (0.9 MB), which nobody
/// reads where a panic aborts, and with relocations packed.
fn small_link() {
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|it| it == value);
    // Cargo tells no build script what a panic does.
    if !is("OPT_LEVEL", "z") {
        return;
    }
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let script = Path::new(&folder).join("small.ld");
    println!("cargo::rerun-if-changed={}", script.display());
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
    println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    // Only some linkers can, for some processors.
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// When this program was built: a lower bound of the time for a board whose
/// clock was never set. `SOURCE_DATE_EPOCH` makes it reproducible.
fn built_at() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let given = env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.parse().ok());
    let seconds: u64 = given.unwrap_or_else(|| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    });
    println!("cargo::rustc-env=PLUGPOINT_BUILT_AT_MS={}", seconds * 1000);
}

/// `components` in the target folder, of which `OUT_DIR` is a descendant:
/// `target[/TRIPLE]/PROFILE/build/PACKAGE-HASH/out`.
fn default_folder(out: &Path) -> Option<PathBuf> {
    let mut target = out.ancestors().nth(4)?;
    if target.file_name() == env::var_os("TARGET").as_deref() {
        target = target.parent()?;
    }
    Some(target.join("components"))
}

/// Comes back when the missing file appears. A path that does not exist would
/// make cargo run this, and compile the host, every time; so the folder is made.
fn watch(folder: Option<&Path>) {
    if let Some(folder) = folder
        && fs::create_dir_all(folder).is_ok()
    {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}
