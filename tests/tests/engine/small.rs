//! The program without a compiler: what it carries, takes and refuses.

use std::fs;

use plugpoint_tests::charger::{Site, compiled, component, program};

use crate::vendor::Vendor;
use crate::{assert_does_not_begin, config, installed, refusal, start, unsigned};

const HERE: &str = std::env::consts::ARCH;
const SLOT: &str = "policy/standard";

fn site() -> Site {
    let program = program("PLUGPOINT_SMALL", "plugpoint-small").expect("the small program");
    Site::new().expect("a site").running(program)
}

#[test]
fn it_runs_what_it_carries_and_takes_what_was_compiled() {
    let vendor = Vendor::new();
    let site = site();
    let charger = start(&site, &config(&vendor));
    let engine = charger.status()["engine"].clone();
    assert_eq!(engine["compiler"], false, "{engine}");
    assert_eq!(engine["target"], HERE, "{engine}");
    assert_eq!(charger.slot("ocpp")["source"], "carried");

    let wasm = fs::read(component("guest-policy-second").expect("a component")).expect("bytes");
    let why = refusal(&charger, &wasm, Some(&vendor.sign(&wasm)));
    assert!(why.contains("this program has no compiler"), "{why}");
    assert!(
        why.contains(&format!("component precompile --target {HERE}")),
        "{why}"
    );

    let file = compiled::compiled("guest-policy-second", HERE).expect("a compiled component");
    let file = fs::read(file).expect("bytes");
    let why = refusal(&charger, &file, None);
    assert!(why.contains("must be signed by a trusted key"), "{why}");
    installed(&charger, SLOT, &file, &vendor.sign(&file));
    assert_eq!(charger.slot(SLOT)["build"], "second");

    // Each time again from what lies in its folder, signature and all.
    charger.kill();
    let charger = start(&site, &config(&vendor));
    assert_eq!(charger.slot(SLOT)["build"], "second");
    charger.stop();
    unsigned(&site, &config(&vendor));
}

#[test]
fn it_does_not_begin_with_what_it_cannot_run() {
    let site = site();
    let wasm = component("guest-policy").expect("a component");
    assert_does_not_begin(&site, &wasm, "this program has no compiler");
    // The configuration is not enough: it is machine code.
    let file = compiled::compiled("guest-policy", HERE).expect("a compiled component");
    assert_does_not_begin(&site, &file, "must be signed by a trusted key");

    let ended = site.run(&[
        "component",
        "precompile",
        &wasm.to_string_lossy(),
        "--target",
        HERE,
    ]);
    let ended = ended.expect("an end");
    assert_eq!(ended.code, Some(2));
    let printed = ended.printed.join("\n");
    assert!(printed.contains("built without a compiler"), "{printed}");
}
