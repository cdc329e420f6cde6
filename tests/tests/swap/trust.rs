//! What must not be trusted is refused, each for its own reason, through the API
//! and by the command line, and the version that runs goes on.

use std::fs;
use std::path::Path;

use plugpoint_tests::charger::compiled;
use serde_json::json;

use crate::session::build_of;
use crate::stage::{Setup, Stage};
use crate::vendor::{Vendor, wasm};

fn stage(vendor: &Vendor) -> Stage {
    Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config))
}

/// Refused by the API and by the command line, with these words.
#[track_caller]
fn refused(stage: &Stage, file: &[u8], signature: Option<&str>, words: &str) {
    let job = stage.charger.install("ocpp", file, signature, "");
    let job = stage.charger.wait_ended(job.expect("a job"), "refused");
    let why = job["error"].as_str().expect("a reason");
    assert!(why.contains(words), "no {words:?} in {why:?}");

    let path = stage.site.file("refused.wasm");
    fs::write(&path, file).expect("a file");
    let signed = stage.site.file("refused.wasm.minisig");
    match signature {
        Some(signature) => fs::write(&signed, signature).expect("a file"),
        None => drop(fs::remove_file(&signed)),
    }
    let (code, printed) = install(stage, &path, &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains(words), "no {words:?} in {printed}");
    assert_eq!(build_of(stage), "guest-ocpp 0.1.0 first");
}

fn install(stage: &Stage, file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let file = file.to_string_lossy();
    let control = stage.charger.control().url();
    let arguments = [
        "component",
        "install",
        &file,
        "--slot",
        "ocpp",
        "--control",
        control,
    ];
    let ended = stage
        .site
        .run(&[&arguments, more].concat())
        .expect("an end");
    (ended.code, ended.printed.join("\n"))
}

#[test]
fn what_is_not_to_be_trusted_is_refused() {
    let (vendor, other) = (Vendor::new(), Vendor::new());
    let stage = stage(&vendor);
    let transaction = stage.charge(1, "TAG1");
    let second = vendor.component("guest-ocpp-second");
    let file = &second.wasm;

    refused(&stage, file, None, "it is not signed");
    let foreign = other.sign(file);
    refused(&stage, file, Some(&foreign), "does not trust");
    let of_another = vendor.sign(&wasm("guest-policy"));
    refused(&stage, file, Some(&of_another), "signature does not fit");
    let half = &file[..file.len() / 2];
    refused(
        &stage,
        half,
        Some(&second.signature),
        "signature does not fit",
    );
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    refused(
        &stage,
        &flipped,
        Some(&second.signature),
        "signature does not fit",
    );
    refused(
        &stage,
        file,
        Some("untrusted comment: x\nnothing"),
        "signature is damaged",
    );

    // Signed, and still not for this charger.
    let signed = |name: &str| vendor.component(name);
    let old = signed("guest-ocpp-old");
    refused(
        &stage,
        &old.wasm,
        Some(&old.signature),
        "0.0.9 is older than 0.1.0",
    );
    let import = signed("bad-import");
    refused(&stage, &import.wasm, Some(&import.signature), "not granted");
    let version = signed("bad-version");
    let words = "built for interface plugpoint:charger 0.3.0, this charger offers 0.2";
    refused(&stage, &version.wasm, Some(&version.signature), words);
    let policy = signed("guest-policy");
    refused(
        &stage,
        &policy.wasm,
        Some(&policy.signature),
        "the slot takes",
    );
    let nonsense = b"this is no component".to_vec();
    refused(
        &stage,
        &nonsense,
        Some(&vendor.sign(&nonsense)),
        "not WebAssembly",
    );

    let status = stage.charger.status();
    assert_eq!(status["components"][0]["restarts"], 0, "{status:#}");
    // Each twice, but for the six signatures that the command did not even send.
    assert_eq!(status["counters"]["components_refused"], 16);
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let install = |slot: &str, body: &[u8], query: &str| {
        let answer = stage.charger.install(slot, body, None, query);
        answer.expect_err("a refusal").to_string()
    };
    let text = install("policy/nobody", b"x", "");
    assert!(
        text.contains("404") && text.contains("policy/standard"),
        "{text}"
    );
    let text = install("ocpp", b"", "");
    assert!(text.contains("400") && text.contains("the body"), "{text}");
    let text = install("ocpp", b"x", "shadow=true");
    assert!(text.contains("400") && text.contains("shadow"), "{text}");
    let text = install("ocpp", b"x", "one_may=true");
    assert!(text.contains("400"), "{text}");
    let job = stage.charger.roll_back("ocpp").expect("a job");
    let job = stage.charger.wait_ended(job, "refused");
    assert!(
        job["error"].to_string().contains("no version before"),
        "{job:#}"
    );
}

#[test]
fn the_command_line_installs_lists_and_rolls_back() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let second = vendor.component("guest-ocpp-second");
    let file = stage.site.file("new.wasm");
    let signature = stage.site.file("elsewhere.minisig");
    fs::write(&file, &second.wasm).expect("a file");
    fs::write(&signature, &second.signature).expect("a file");
    let signature = signature.to_string_lossy();
    let (code, printed) = install(&stage, &file, &["--signature", &signature]);
    assert_eq!(code, Some(0), "{printed}");
    let step = match compiled::target() {
        Some(_) => "loading guest-ocpp 0.1.0 (build second)",
        None => "compiling guest-ocpp 0.1.0 (build second)",
    };
    for step in ["verifying", step, "trying", "swapped"] {
        assert!(printed.contains(step), "no {step:?} in {printed}");
    }
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    let control = stage.charger.control().url();
    let list = ["component", "list", "--control", control];
    let printed = stage.site.run(&list).expect("an end").printed.join("\n");
    assert!(printed.contains("build second"), "{printed}");
    assert!(printed.contains("on probation"), "{printed}");
    let back = [
        "component",
        "rollback",
        "--slot",
        "ocpp",
        "--control",
        control,
    ];
    let ended = stage.site.run(&back).expect("an end");
    assert_eq!(ended.code, Some(0), "{:?}", ended.printed);
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 first");
    let nowhere = ["component", "list", "--control", "unix:/nowhere/at/all"];
    let ended = stage.site.run(&nowhere).expect("an end");
    assert_eq!(ended.code, Some(1));
    assert!(ended.printed.join("\n").contains("cannot be reached"));
}

#[test]
fn unsigned_components_are_taken_if_that_is_configured_and_said() {
    let stage =
        Setup { amnesia: false }.stage_with(1, |config| config.set("trust.allow_unsigned", true));
    let file = wasm("guest-ocpp-second");
    let job = stage.charger.install("ocpp", &file, None, "");
    let job = job.expect("a job");
    if compiled::target().is_some() {
        // But for machine code.
        let job = stage.charger.wait_ended(job, "refused");
        assert!(
            job["error"].to_string().contains("must be signed"),
            "{job:#}"
        );
        assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 first");
        return;
    }
    stage.charger.wait_swapped(job);
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    let printed = stage.charger.kill().join("\n");
    assert!(printed.contains("allow_unsigned"), "{printed}");
}

#[test]
fn files_that_were_changed_on_disk_are_not_run() {
    let vendor = Vendor::new();
    let Stage {
        central,
        charger,
        site,
        config,
        ..
    } = stage(&vendor);
    let config = config.set("probation.time_s", 0).set("probation.events", 0);
    charger.kill();
    central.note_restart();
    let charger = site.start(&config).expect("a charger");
    let second = vendor.component("guest-ocpp-second");
    let job = charger.install("ocpp", &second.wasm, Some(&second.signature), "");
    charger.wait_ended(job.expect("a job"), "committed");
    charger.stop();
    central.note_restart();

    if compiled::target().is_none() {
        damage_images(&site.state_dir().join("images"));
        let charger = site.start(&config).expect("a charger");
        assert_eq!(charger.slot("ocpp")["build"], "second");
        let printed = charger.kill().join("\n");
        assert!(printed.contains("compiled image thrown away"), "{printed}");
        central.note_restart();
    }

    // The component itself: the version that the program carries runs.
    let shelf = fs::read_dir(site.state_dir().join("components")).expect("components");
    for file in shelf.flatten().map(|file| file.path()) {
        if file
            .extension()
            .is_some_and(|it| it == "wasm" || it == "ppc")
        {
            let mut bytes = fs::read(&file).expect("a component");
            bytes[100] ^= 1;
            fs::write(&file, bytes).expect("written");
        }
    }
    let charger = site.start(&config).expect("a charger");
    let slot = charger.slot("ocpp");
    assert_eq!(slot["build"], "first", "{slot:#}");
    assert!(
        slot["notes"].to_string().contains("contents have changed"),
        "{slot:#}"
    );
    assert_eq!(charger.status()["counters"]["components_unusable"], 1);
    assert_ne!(json!(null), charger.status()["link"]["state"]);
}

/// Compiled images are thrown away then and made anew.
fn damage_images(folder: &Path) {
    let images = fs::read_dir(folder).expect("images");
    for image in images.flatten() {
        let mut bytes = fs::read(image.path()).expect("an image");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        // Not in place: other chargers may share it.
        fs::remove_file(image.path()).expect("removed");
        fs::write(image.path(), bytes).expect("written");
    }
}
