//! A vendor who signs components with minisign, and the components.

use std::io::Cursor;
use std::path::PathBuf;

use minisign::KeyPair;
use plugpoint_tests::charger::{Config, compiled};
use toml::Value;

/// Somebody with a key.
pub struct Vendor {
    keys: KeyPair,
    files: tempfile::TempDir,
}

/// A component and its signature.
pub struct Signed {
    pub wasm: Vec<u8>,
    pub signature: String,
}

impl Vendor {
    pub fn new() -> Vendor {
        Vendor {
            keys: KeyPair::generate_unencrypted_keypair().expect("a key"),
            files: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn sign(&self, file: &[u8]) -> String {
        let signed = minisign::sign(
            None,
            &self.keys.sk,
            Cursor::new(file),
            Some("made for a test"),
            None,
        );
        signed.expect("a signature").to_string()
    }

    /// A component that was built for the tests.
    pub fn component(&self, name: &str) -> Signed {
        let wasm = wasm(name);
        Signed {
            signature: self.sign(&wasm),
            wasm,
        }
    }

    /// The same as a file that a configuration can name, its signature beside it.
    #[allow(dead_code)] // not by all who have a vendor
    pub fn file(&self, name: &str) -> PathBuf {
        let Signed { wasm, signature } = self.component(name);
        let file = self.files.path().join(name);
        std::fs::write(&file, wasm).expect("a file");
        std::fs::write(file.with_extension("minisig"), signature).expect("a signature");
        file
    }

    /// A charger that trusts this vendor. Probations last until the test is
    /// over, unless it says otherwise.
    pub fn trusted(&self, config: Config) -> Config {
        let key = Value::from(self.keys.pk.to_base64());
        config
            .set("trust.keys", Value::Array(vec![key]))
            .set("probation.time_s", 3600)
    }
}

/// In the form that the charger under test takes.
pub fn wasm(name: &str) -> Vec<u8> {
    std::fs::read(compiled::built(name).expect("a component")).expect("its bytes")
}
