//! `plugpoint component inspect`: what a component is and what it can do, from
//! its import list alone. Both standard guests can do nothing but log and read
//! their own entries.

use std::path::Path;

use plugpoint_tests::charger::{Site, component};
use plugpoint_tests::interface;
use serde_json::Value;

fn inspect(arguments: &[&str]) -> (Option<i32>, String) {
    let site = Site::new().expect("a place");
    let arguments = [&["component", "inspect"], arguments].concat();
    let ended = site.run(&arguments).expect("an end");
    (ended.code, ended.printed.join("\n"))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn the_standard_guests_import_nothing_but_log_and_entries() {
    for name in ["guest-ocpp", "guest-policy"] {
        let file = text(&component(name).expect("a component"));
        let (code, printed) = inspect(&["--json", &file]);
        assert_eq!(code, Some(0), "{printed}");
        let facts: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(facts["name"], name);
        let imports = facts["imports"].as_array().expect("a list");
        let granted = interface::granted();
        assert!(!imports.is_empty());
        for import in imports {
            assert!(granted.iter().any(|name| import == name), "{facts:#}");
        }
        let size = std::fs::metadata(&file).expect("a file").len();
        assert_eq!(facts["size"], size);
        assert!(facts["hash"].as_str().is_some_and(|hash| hash.len() == 64));
    }
}

#[test]
fn it_is_said_in_words() {
    let file = text(&component("guest-ocpp").expect("a component"));
    let (code, printed) = inspect(&[&file]);
    assert_eq!(code, Some(0));
    let lower = printed.to_lowercase();
    for word in [
        "guest-ocpp",
        "0.1.0",
        "imports",
        "exports",
        &format!("protocol@{}", interface::version()),
        "cannot",
    ] {
        assert!(lower.contains(word), "no {word:?} in\n{printed}");
    }
}

#[test]
fn what_wants_more_is_named() {
    let file = text(&component("bad-import").expect("a component"));
    let (_, printed) = inspect(&[&file]);
    assert!(printed.contains("files"), "{printed}");
    let file = text(&component("bad-version").expect("a component"));
    let (_, printed) = inspect(&[&file]);
    assert!(printed.contains("0.3.0"), "{printed}");
}

#[test]
fn what_is_no_component_is_an_error() {
    let (code, printed) = inspect(&["/no/such/file.wasm"]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("/no/such/file.wasm"), "{printed}");
}
