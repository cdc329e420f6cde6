//! Compiling in another process: it makes the same image as this one would, says
//! the same of a component that is not valid, and how it fails is said in plain
//! words.

#![cfg(feature = "compiler")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plugpoint::guest::compiler::{Compiler, CompilerFailure, CompilerProcess};
use plugpoint::guest::{ComponentError, Engine, EngineSettings, ImageCache, World};
use support::Guest;

fn engine(compiler: Compiler) -> Engine {
    let settings = EngineSettings {
        compiler,
        ..EngineSettings::default()
    };
    Engine::new(&settings).expect("an engine")
}

fn other_process() -> CompilerProcess {
    CompilerProcess::of(PathBuf::from(env!("CARGO_BIN_EXE_plugpoint")))
}

fn small() -> Vec<u8> {
    Guest::new(World::Policy).build()
}

/// One function so long that compiling it takes some hundred MiB.
fn large() -> Vec<u8> {
    let line = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 7))
        (i32.load (i32.and (local.get 0) (i32.const 65532)))))";
    let mut guest = Guest::new(World::Policy);
    guest.extra = format!("(func (param i32) {})", line.repeat(60_000));
    guest.build()
}

fn failure(process: CompilerProcess, wasm: &[u8]) -> ComponentError {
    engine(Compiler::Process(process))
        .load(wasm, World::Policy, None)
        .expect_err("there is no image")
}

/// The one image that there is.
fn image(state_dir: &Path) -> (PathBuf, Vec<u8>) {
    let folder = fs::read_dir(state_dir.join("images")).expect("a folder");
    let files: Vec<PathBuf> = folder.flatten().map(|file| file.path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    (
        files[0].file_name().expect("a name").into(),
        fs::read(&files[0]).expect("an image"),
    )
}

#[test]
fn both_make_the_same_image() {
    let wasm = small();
    let made = [Compiler::Here, Compiler::Process(other_process())].map(|compiler| {
        let engine = engine(compiler);
        let [loud, quiet] = [Engine::load, Engine::load_quietly].map(|load| {
            let state_dir = tempfile::tempdir().expect("a folder");
            let cache = ImageCache::open(state_dir.path()).expect("a cache");
            load(&engine, &wasm, World::Policy, Some(&cache)).expect("compiled");
            image(state_dir.path())
        });
        assert!(loud == quiet, "the images differ by how they were made");
        loud
    });
    assert!(made[0] == made[1], "the images differ");
}

#[test]
fn nothing_is_kept_where_nothing_can_be() {
    let engine = engine(Compiler::Process(other_process()));
    let component = engine.load(&small(), World::Policy, None);
    let component = component.expect("compiled");
    assert_eq!(component.info().world(), Ok(World::Policy));
}

#[test]
fn a_component_that_is_not_valid_is_refused_in_the_same_words() {
    let mut guest = Guest::new(World::Policy);
    guest.start = "(i32.const 305419896)".into();
    let mut wasm = guest.build();
    let instruction = [0x41, 0xf8, 0xac, 0xd1, 0x91, 0x01];
    let at = wasm.windows(6).position(|it| it == instruction);
    // There is no such instruction.
    wasm[at.expect("the instruction")] = 0xff;
    let here = engine(Compiler::Here).load(&wasm, World::Policy, None);
    let here = here.expect_err("it is not valid");
    assert!(matches!(here, ComponentError::Invalid { .. }), "{here}");
    assert_eq!(failure(other_process(), &wasm), here);
}

#[test]
fn too_little_memory_is_said() {
    let wasm = large();
    let text = failure(other_process().memory(64 << 20), &wasm).to_string();
    let words = "the compiler ran out of memory (limit 64 MiB) while compiling ";
    assert!(text.starts_with(words), "{text}");
    // It is the limit, not the component.
    let enough = engine(Compiler::Process(other_process()));
    enough.load(&wasm, World::Policy, None).expect("compiled");
}

#[test]
fn too_little_time_is_said() {
    let error = failure(other_process().time(Duration::from_millis(1)), &large());
    assert!(
        matches!(
            error,
            ComponentError::Compiler(CompilerFailure::Time { seconds: 0, .. })
        ),
        "{error}"
    );
}

#[test]
fn a_program_that_is_no_compiler_is_found_out() {
    let wasm = small();
    #[track_caller]
    fn check(program: &str, wasm: &[u8], words: &str) {
        let text = failure(CompilerProcess::of(program.into()), wasm).to_string();
        assert!(text.starts_with(words), "{program}: {text}");
    }
    check(
        "/nowhere/plugpoint",
        &wasm,
        "the compiler cannot be started: ",
    );
    check("false", &wasm, "the compiler failed while compiling ");
    check("true", &wasm, "what the compiler made of ");
}
