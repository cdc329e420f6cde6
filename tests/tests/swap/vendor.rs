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
        self.sign_saying(file, "made for a test")
    }

    /// With this trusted comment.
    pub fn sign_saying(&self, file: &[u8], comment: &str) -> String {
        let signed = minisign::sign(None, &self.keys.sk, Cursor::new(file), Some(comment), None);
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
        // Where components come compiled, the key has to be for that.
        let key = match compiled::target() {
            None => Value::from(self.key()),
            Some(_) => self.scoped("precompiled", true.into()),
        };
        config
            .set("trust.keys", Value::Array(vec![key]))
            .set("probation.time_s", 3600)
    }

    /// A charger that takes machine code of this vendor, too.
    #[allow(dead_code)] // not by all who have a vendor
    pub fn trusted_with_machine_code(&self, config: Config) -> Config {
        let key = self.scoped("precompiled", true.into());
        self.trusted(config)
            .set("trust.keys", Value::Array(vec![key]))
    }

    /// As minisign prints it.
    pub fn key(&self) -> String {
        self.keys.pk.to_base64()
    }

    /// The key with a scope.
    pub fn scoped(&self, name: &str, value: Value) -> Value {
        let scope = [("key", self.key().into()), (name, value)];
        Value::Table(
            scope
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        )
    }
}

/// In the form that the charger under test takes.
pub fn wasm(name: &str) -> Vec<u8> {
    std::fs::read(compiled::built(name).expect("a component")).expect("its bytes")
}
