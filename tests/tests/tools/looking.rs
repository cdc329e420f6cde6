//! `plugpoint component inspect` and `plugpoint check`: what is found, and whether that
//! is well.

use std::path::Path;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Config, Site, component};
use serde_json::Value;

use crate::tool::{Ended, plugpoint, run};

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn what_a_charger_would_refuse_is_exit_code_1() {
    let site = Site::new().expect("a place");
    let module = site.file("module.wasm");
    std::fs::write(&module, b"\0asm\x01\0\0\0").expect("a file");
    let nonsense = site.file("nonsense.wasm");
    std::fs::write(&nonsense, "nonsense").expect("a file");
    let good = component("guest-policy").expect("a component");
    let bad = component("bad-import").expect("a component");
    for (file, code, words) in [
        (text(&good), 0, "usable as an authorization policy"),
        (text(&bad), 1, "not granted"),
        (text(&module), 1, "plugpoint component new"),
        (text(&nonsense), 1, "not WebAssembly"),
        ("no-such-file.wasm".to_owned(), 2, ""),
    ] {
        let ended = run(&mut plugpoint(&["component", "inspect", &file]));
        assert_eq!(ended.code, Some(code), "{file}: {ended:?}");
        assert!(ended.stdout.contains(words), "{file}: {}", ended.stdout);
        if code == 2 {
            continue;
        }
        let ended = run(&mut plugpoint(&["component", "inspect", "--json", &file]));
        assert_eq!(ended.code, Some(code), "{file}: {ended:?}");
        let facts: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(facts["fits"], code == 0, "{facts:#}");
        assert_eq!(facts["refused"].is_string(), code == 1, "{facts:#}");
    }
    let ended = run(&mut plugpoint(&[
        "component",
        "inspect",
        "--json",
        &text(&good),
    ]));
    let facts: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(facts["world"], "policy", "{facts:#}");
    for list in ["can", "cannot"] {
        assert!(facts[list][0].is_string(), "{facts:#}");
    }
}

fn check(site: &Site, config: &Config, more: &[&str]) -> (Ended, Vec<Value>) {
    let file = site.file("check.toml");
    std::fs::write(&file, config.to_text()).expect("a file");
    let file = text(&file);
    let words = [&["check", "--json", "--config", &file], more].concat();
    let ended = run(&mut plugpoint(&words));
    let findings = serde_json::from_str(&ended.stdout);
    let findings = findings.unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (ended, findings)
}

#[track_caller]
fn finding<'a>(findings: &'a [Value], what: &str) -> &'a Value {
    let found = findings.iter().find(|it| it["what"] == what);
    found.unwrap_or_else(|| panic!("no {what} in {findings:#?}"))
}

#[test]
fn a_check_looks_at_components_keys_and_certificates() {
    let site = Site::new().expect("a place");
    let config = Config::new("ws://127.0.0.1:9/");
    let (ended, findings) = check(&site, &config, &[]);
    assert_eq!(ended.code, Some(0), "{findings:#?}");
    let it = finding(&findings, "component of slot ocpp");
    assert_eq!(it["verdict"], "good", "{it:#}");
    assert!(it["text"].to_string().contains("guest-ocpp"), "{it:#}");
    assert_eq!(finding(&findings, "trust")["verdict"], "doubtful");

    let policy = component("guest-policy").expect("a component");
    let wrong_place = config.clone().set("components.ocpp", text(&policy));
    let (ended, findings) = check(&site, &wrong_place, &[]);
    assert_eq!(ended.code, Some(1), "{findings:#?}");
    let it = finding(&findings, "component of slot ocpp");
    assert!(it["text"].to_string().contains("the slot takes"), "{it:#}");

    let nonsense = site.file("root.pem");
    std::fs::write(&nonsense, "nonsense").expect("a file");
    let no_root = config.set("tls.csms_root_ca", text(&nonsense));
    let (ended, findings) = check(&site, &no_root, &[]);
    assert_eq!(ended.code, Some(1), "{findings:#?}");
    let it = finding(&findings, "tls");
    assert_eq!(it["verdict"], "bad", "{it:#}");
    assert!(it["text"].to_string().contains("root.pem"), "{it:#}");
}

#[test]
fn a_check_connects_to_the_central_system_if_it_is_asked_to() {
    let site = Site::new().expect("a place");
    let central = CentralSystem::start().expect("a central system");
    let (ended, findings) = check(&site, &Config::new(central.url()), &["--online"]);
    assert_eq!(ended.code, Some(0), "{findings:#?}");
    let it = finding(&findings, "csms");
    assert!(
        it["text"].to_string().contains("answers, without TLS"),
        "{it:#}"
    );
    let nobody = Config::new("ws://127.0.0.1:9/");
    let (ended, findings) = check(&site, &nobody, &["--online"]);
    assert_eq!(ended.code, Some(1), "{findings:#?}");
    let it = finding(&findings, "csms");
    assert!(
        it["text"].to_string().contains("cannot be reached"),
        "{it:#}"
    );
    let (ended, _) = check(&site, &nobody, &[]);
    assert_eq!(ended.code, Some(0), "it is not tried");
}
