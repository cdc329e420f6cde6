//! `plugpoint component verify`, and that a component a charger would refuse is not
//! even sent.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use minisign::KeyPair;
use plugpoint_tests::charger::{Charger, Config, component};
use toml::Value;

use crate::tool::{at, plugpoint, run};

struct Files {
    folder: tempfile::TempDir,
    keys: KeyPair,
}

impl Files {
    fn new() -> Files {
        Files {
            folder: tempfile::tempdir().expect("a folder"),
            keys: KeyPair::generate_unencrypted_keypair().expect("a key"),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// A component with its signature beside it.
    fn signed(&self, name: &str) -> PathBuf {
        let wasm = std::fs::read(component("guest-policy").expect("a component")).expect("bytes");
        let signature = minisign::sign(None, &self.keys.sk, Cursor::new(&wasm), None, None);
        let file = self.put(name, &wasm);
        self.put(
            &format!("{name}.minisig"),
            signature.expect("a signature").to_string().as_bytes(),
        );
        file
    }

    fn key(&self) -> String {
        self.keys.pk.to_base64()
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_signature_is_checked_at_the_desk() {
    let (files, other) = (Files::new(), Files::new());
    let file = files.signed("policy.wasm");
    let name = text(&file);
    let key_file = files.put(
        "key.pub",
        format!("untrusted comment: a key\n{}\n", files.key()).as_bytes(),
    );
    let verify = |key: &str| {
        run(&mut plugpoint(&[
            "component",
            "verify",
            &name,
            "--key",
            key,
        ]))
    };
    for key in [files.key(), text(&key_file)] {
        let ended = verify(&key);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains(&files.key()), "{}", ended.stdout);
    }
    let ended = verify(&other.key());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("does not trust"), "{}", ended.stdout);
    for nonsense in ["no-such-key", &name] {
        let ended = verify(nonsense);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    // Changed since.
    let mut bytes = std::fs::read(&file).expect("bytes");
    bytes.push(0);
    std::fs::write(&file, bytes).expect("a file");
    let ended = verify(&files.key());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("does not fit"), "{}", ended.stdout);
    std::fs::remove_file(files.folder.path().join("policy.wasm.minisig")).expect("gone");
    let ended = verify(&files.key());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("not signed"), "{}", ended.stdout);
}

#[test]
fn what_would_be_refused_is_not_sent() {
    let (trusted, other) = (Files::new(), Files::new());
    let keys = Value::Array(vec![Value::from(trusted.key())]);
    let config = Config::new("ws://127.0.0.1:9/").set("trust.keys", keys);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let foreign = text(&other.signed("policy.wasm"));
    for command in ["install", "preflight"] {
        let ended = at(
            &charger,
            &["component", command, &foreign, "--slot", "policy/standard"],
        );
        assert!(ended.stderr.contains("does not trust"), "{}", ended.stderr);
    }
    let all = charger.control().get("/v1/components").expect("components");
    assert_eq!(
        all["installations"].as_array().map(Vec::len),
        Some(0),
        "{all:#}"
    );
    let good = text(&trusted.signed("policy.wasm"));
    let ended = at(
        &charger,
        &["component", "install", &good, "--slot", "policy/standard"],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
