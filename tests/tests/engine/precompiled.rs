//! Components that were compiled beforehand, on a program with a compiler: they
//! must be signed, fit the engine, and are not compiled again.

use std::fs;

use plugpoint_tests::charger::{Site, compiled, component};
use plugpoint_tests::interface;

use crate::vendor::Vendor;
use crate::{assert_does_not_begin, config, installed, refusal, start, unsigned};

const HERE: &str = std::env::consts::ARCH;
const SLOT: &str = "policy/standard";

fn ppc(name: &str, target: &str) -> Vec<u8> {
    let file = compiled::compiled(name, target).expect("a compiled component");
    fs::read(file).expect("its bytes")
}

#[test]
fn it_is_taken_if_it_is_signed_and_runs_after_a_restart() {
    let vendor = Vendor::new();
    let site = Site::new().expect("a site");
    let charger = start(&site, &config(&vendor));
    let images = || {
        fs::read_dir(site.state_dir().join("images"))
            .expect("images")
            .count()
    };
    let before = images();
    let file = ppc("guest-policy-second", HERE);
    let job = installed(&charger, SLOT, &file, &vendor.sign(&file));
    assert!(job["steps"].to_string().contains("loading"), "{job:#}");
    assert!(!job["steps"].to_string().contains("compiling"), "{job:#}");
    assert_eq!(charger.slot(SLOT)["build"], "second");
    assert!(images() <= before, "nothing was compiled");

    charger.kill();
    let charger = start(&site, &config(&vendor));
    assert_eq!(charger.slot(SLOT)["build"], "second");
    charger.stop();

    let charger = unsigned(&site, &config(&vendor));
    installed(&charger, SLOT, &file, &vendor.sign(&file));
    charger.stop();

    // Whoever is no longer trusted no longer runs, whatever else is allowed.
    let charger = start(&site, &config(&Vendor::new()));
    let slot = charger.slot(SLOT);
    assert_eq!(slot["build"], "first", "{slot:#}");
    assert!(
        slot["notes"].to_string().contains("does not trust"),
        "{slot:#}"
    );
}

#[test]
fn what_nobody_vouches_for_or_does_not_fit_is_refused() {
    let vendor = Vendor::new();
    let site = Site::new().expect("a site");
    let charger = start(&site, &config(&vendor));
    let file = ppc("guest-policy-second", HERE);

    // `allow_unsigned` is for WebAssembly, which can do no harm.
    let why = refusal(&charger, &file, None);
    assert!(why.contains("must be signed by a trusted key"), "{why}");
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    let why = refusal(&charger, &flipped, Some(&vendor.sign(&file)));
    assert!(why.contains("signature does not fit"), "{why}");

    for (target, named) in [("armv7", "pulley32"), ("pulley64", "pulley64")] {
        let other = ppc("guest-policy-second", target);
        let why = refusal(&charger, &other, Some(&vendor.sign(&other)));
        let words = format!("compiled for {named}, and this charger needs {HERE}");
        assert!(why.contains(&words), "{why}");
    }

    // As another version of the program would have made it.
    let version = engine_version(&file);
    let older = with_words(&file, &version, &version.replace("48.", "47."));
    let why = refusal(&charger, &older, Some(&vendor.sign(&older)));
    let words = "compiled for another version of this program (wasmtime 47.";
    assert!(why.contains(words), "{why}");

    // Cut, and signed all the same: there is no end to be read.
    let cut = file[..file.len() - 9].to_vec();
    let why = refusal(&charger, &cut, Some(&vendor.sign(&cut)));
    assert!(why.contains("not WebAssembly"), "{why}");
}

#[test]
fn the_configuration_is_no_signature() {
    let site = Site::new().expect("a site");
    let file = compiled::compiled("guest-policy", HERE).expect("a compiled component");
    assert_does_not_begin(&site, &file, "must be signed by a trusted key");
}

#[test]
fn byte_code_is_taken_where_the_interpreter_runs() {
    let vendor = Vendor::new();
    let site = Site::new().expect("a site");
    let config = config(&vendor).set("guests.backend", "pulley");
    let charger = start(&site, &config);
    let native = ppc("guest-policy-second", HERE);
    let why = refusal(&charger, &native, Some(&vendor.sign(&native)));
    assert!(why.contains("this charger needs pulley64"), "{why}");
    let file = ppc("guest-policy-second", "pulley64");
    installed(&charger, SLOT, &file, &vendor.sign(&file));
    assert_eq!(charger.slot(SLOT)["build"], "second");
}

#[test]
fn it_is_made_by_one_command_and_tells_what_it_is() {
    let site = Site::new().expect("a site");
    let wasm = component("guest-policy").expect("a component");
    let wasm = wasm.to_string_lossy();
    let output = site.file("out.ppc");
    let output = output.to_string_lossy();
    let run = |arguments: &[&str]| {
        let ended = site
            .run(&[&["component"], arguments].concat())
            .expect("an end");
        (ended.code, ended.printed.join("\n"))
    };
    let target = ["--target", "aarch64-unknown-linux-musl", "-o", &output];
    let (code, printed) = run(&[&["precompile", &wasm], &target[..]].concat());
    assert_eq!(code, Some(0), "{printed}");
    let first = fs::read(&*output).expect("a file");
    let (_, printed) = run(&["inspect", &output]);
    for words in [
        "name      guest-policy",
        "compiled  for aarch64 by wasmtime 48.",
        &interface::granted()[1],
    ] {
        assert!(printed.contains(words), "no {words:?} in {printed}");
    }
    // The same again: byte for byte.
    run(&[&["precompile", &wasm], &target[..]].concat());
    assert_eq!(fs::read(&*output).expect("a file"), first);

    let (code, printed) = run(&["precompile", &output, "--target", "aarch64"]);
    assert_eq!(code, Some(2));
    assert!(
        printed.contains("it is compiled already, for aarch64"),
        "{printed}"
    );
    let (code, printed) = run(&["precompile", &wasm, "--target", "avr"]);
    assert_eq!(code, Some(2));
    assert!(
        printed.contains("`avr` is no target: expected x86_64, aarch64"),
        "{printed}"
    );
}

/// The version that the file says it was compiled by.
fn engine_version(file: &[u8]) -> String {
    let text = String::from_utf8_lossy(&file[file.len() - 4096..]).into_owned();
    let (_, rest) = text.rsplit_once("\"wasmtime\":\"").expect("a version");
    let (version, _) = rest.split_once('"').expect("its end");
    version.to_owned()
}

/// The last occurrence replaced, by as many bytes.
fn with_words(file: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = file.windows(old.len()).rposition(|it| it == old.as_bytes());
    let at = at.expect("the words");
    file[at..at + old.len()].copy_from_slice(new.as_bytes());
    file
}
