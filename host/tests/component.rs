//! From a file to code that can be called: what is refused and in which words,
//! what is shown, and what is kept of it on disk.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plugpoint::guest::{
    ComponentError, Engine, EngineSettings, ImageCache, Inspection, Limits, Ocpp, Slot,
    SlotSettings, World, interface,
};
use plugpoint::store::Entries;
use support::Guest;

fn engine() -> Engine {
    Engine::new(&EngineSettings::default()).expect("an engine")
}

/// Imports only what it calls, as every component.
fn guest(world: World) -> Guest {
    let mut guest = Guest::new(world);
    let log = guest.log(2, "hello");
    guest.start = format!("{log} (i32.const 0)");
    guest.handle = "(call $get (i32.const 0) (i32.const 0) (i32.const 8)) (i32.const 0)".into();
    guest
}

fn refusal(wasm: &[u8], world: World) -> String {
    engine()
        .load(wasm, world, None)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn a_refusal_says_why_in_plain_words() {
    let ours = format!("this charger offers {}", interface());
    for world in [World::Ocpp, World::Policy] {
        let later = refusal(&guest(world).version("0.3.0").build(), world);
        assert!(later.contains("plugpoint:charger 0.3.0"), "{later}");
        assert!(later.contains(&ours), "{later}");
        // Yesterday's build.
        let other = refusal(&guest(world).version("0.2.0-dev.0").build(), world);
        assert!(other.contains("plugpoint:charger 0.2.0-dev.0"), "{other}");
        assert!(other.contains(&ours), "{other}");
        assert!(other.contains("has to be built again"), "{other}");
    }
    let earlier = refusal(&guest(World::Ocpp).version("0.1.0").build(), World::Ocpp);
    assert!(earlier.contains("plugpoint:charger 0.1.0"), "{earlier}");
    assert!(
        earlier.contains("protocol components have to be built again"),
        "{earlier}"
    );

    let mut wants = guest(World::Ocpp);
    wants.wants_clock = true;
    wants.start = "(drop (call $now)) (i32.const 0)".into();
    let text = refusal(&wants.build(), World::Ocpp);
    assert!(text.contains("wants wasi:clocks, not granted"), "{text}");

    let policy = guest(World::Policy).build();
    let text = refusal(&policy, World::Ocpp);
    assert!(
        text.contains("this is an authorization policy (world `policy`)"),
        "{text}"
    );
    assert!(
        text.contains("the slot takes a protocol component"),
        "{text}"
    );

    let empty = wat::parse_str("(component)").expect("text");
    let text = refusal(&empty, World::Policy);
    assert!(
        text.contains("exports neither protocol nor authorization"),
        "{text}"
    );

    let text = refusal(&guest(World::Ocpp).core(), World::Ocpp);
    assert!(text.contains("core module, not a component"), "{text}");

    for junk in [
        &b""[..],
        b"\0as",
        b"\x7fELF\x02\x01\x01\0\0",
        b"hello, world",
    ] {
        assert_eq!(refusal(junk, World::Ocpp), "this is not WebAssembly");
    }

    let whole = guest(World::Ocpp).build();
    for cut in [9, whole.len() / 2, whole.len() - 1] {
        let error = engine()
            .load(&whole[..cut], World::Ocpp, None)
            .expect_err("it is refused");
        assert!(matches!(error, ComponentError::Misfit(_)), "{error}");
    }
}

#[test]
fn an_interface_with_other_types_is_refused_before_it_starts() {
    // The right names around nothing.
    let text = format!(
        r#"(component
        (instance $i)
        (export "plugpoint:charger/protocol@{}" (instance $i)))"#,
        interface()
    );
    let wasm = wat::parse_str(text).expect("text");
    let engine = engine();
    let component = engine
        .load(&wasm, World::Ocpp, None)
        .expect("it looks right");
    let settings = SlotSettings {
        name: "test".into(),
        limits: Limits::ocpp(),
        outlets: Vec::new(),
    };
    let error = Slot::<Ocpp>::new(&engine, &component, Entries::default(), settings)
        .expect_err("it is not");
    assert!(matches!(error, ComponentError::Types { .. }), "{error}");
}

#[test]
fn inspection_tells_what_a_component_can_do() {
    let wasm = guest(World::Ocpp).build();
    let shown = Inspection::of(&wasm).expect("a component");
    let mut imports = shown.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            format!("plugpoint:charger/entries@{}", interface()),
            format!("plugpoint:charger/log@{}", interface()),
        ]
    );
    let exported = format!("plugpoint:charger/protocol@{}", interface());
    assert_eq!(shown.exports, [exported]);
    assert_eq!(shown.size, wasm.len());
    assert_eq!(shown.hash.len(), 64);
    let text = shown.to_string();
    for words in [
        "verdict   usable as a protocol component",
        "write lines to the log",
        "open a connection",
        &shown.hash,
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let json = shown.json();
    assert_eq!(json["world"], "ocpp");
    assert_eq!(json["fits"], true);
    assert_eq!(json["imports"].as_array().map(Vec::len), Some(2));

    let mut wants = guest(World::Ocpp);
    wants.wants_clock = true;
    wants.start = "(drop (call $now)) (i32.const 0)".into();
    let shown = Inspection::of(&wants.build()).expect("a component");
    assert!(
        shown
            .to_string()
            .contains("verdict   refused: wants wasi:clocks")
    );
    assert_eq!(shown.json()["fits"], false);
}

#[test]
fn a_compiled_image_is_kept_used_and_never_trusted_when_damaged() {
    let state_dir = tempfile::tempdir().expect("a folder");
    let cache = ImageCache::open(state_dir.path()).expect("a cache");
    let images = state_dir.path().join("images");
    assert_eq!(mode(&images), 0o700);
    let wasm = guest(World::Ocpp).build();
    let engine = engine();

    let first = engine
        .load(&wasm, World::Ocpp, Some(&cache))
        .expect("compiled");
    let image = only_file(&images);
    assert_eq!(mode(&image), 0o600);
    let name = image.file_name().map(|n| n.to_string_lossy().into_owned());
    let hash = first.info().hash.clone();
    assert!(name.as_ref().is_some_and(|name| name.starts_with(&hash)));
    let whole = fs::read(&image).expect("the image");
    let inode = inode_of(&image);

    engine
        .load(&wasm, World::Ocpp, Some(&cache))
        .expect("from the image");
    assert_eq!(inode_of(&image), inode, "it was not made again");

    // A bit gone wrong anywhere: found, and made again, as another file.
    for at in [0, whole.len() / 2, whole.len() - 20, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&image, &damaged).expect("written");
        engine
            .load(&wasm, World::Ocpp, Some(&cache))
            .expect("compiled again");
        assert_eq!(fs::read(only_file(&images)).expect("the image"), whole);
    }
    fs::write(&image, &whole[..100]).expect("written");
    engine
        .load(&wasm, World::Ocpp, Some(&cache))
        .expect("compiled again");
    assert_eq!(fs::read(only_file(&images)).expect("the image"), whole);

    // Another engine does not take it.
    let other = Engine::new(&EngineSettings {
        memory_reservation: 32 << 20,
        ..EngineSettings::default()
    })
    .expect("an engine");
    assert_ne!(other.compatibility(), engine.compatibility());
    other
        .load(&wasm, World::Ocpp, Some(&cache))
        .expect("compiled");
    assert_eq!(fs::read_dir(&images).expect("images").count(), 2);

    cache.retain(&["0000"]);
    assert_eq!(fs::read_dir(&images).expect("images").count(), 0);
}

#[test]
fn a_component_from_an_image_runs() {
    let state_dir = tempfile::tempdir().expect("a folder");
    let cache = ImageCache::open(state_dir.path()).expect("a cache");
    let mut looping = guest(World::Policy);
    looping.start = "(loop br 0) (unreachable)".into();
    let wasm = looping.build();
    for _ in 0..2 {
        let engine = engine();
        let component = engine
            .load(&wasm, World::Policy, Some(&cache))
            .expect("it loads");
        assert_eq!(component.info().world(), Ok(World::Policy));
    }
}

#[test]
fn images_others_can_reach_are_closed_to_them() {
    let state_dir = tempfile::tempdir().expect("a folder");
    let images = state_dir.path().join("images");
    fs::create_dir(&images).expect("created");
    fs::set_permissions(&images, fs::Permissions::from_mode(0o777)).expect("opened");
    ImageCache::open(state_dir.path()).expect("a cache");
    assert_eq!(mode(&images), 0o700);

    fs::remove_dir(&images).expect("removed");
    fs::write(&images, "").expect("a file");
    let error = ImageCache::open(state_dir.path()).expect_err("no directory");
    assert!(matches!(error, ComponentError::Images { .. }), "{error}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}

fn inode_of(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("it is there"))
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).expect("a folder").flatten();
    let file = files.next().expect("a file").path();
    assert!(files.next().is_none(), "only one");
    file
}
