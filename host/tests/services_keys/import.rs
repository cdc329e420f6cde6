//! The import of the material that the configuration brings along.

use std::path::{Path, PathBuf};

use plugpoint::link::LinkMaterial;
use plugpoint::services::keystore::{ImportError, InitialMaterial, Keystore, MemoryStorage};
use rcgen::KeyPair;
use serde_json::json;

use crate::Bench;
use crate::certs::Authority;

struct Files {
    dir: tempfile::TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            authority: Authority::new("root"),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Material as it should be.
    fn good(&self) -> InitialMaterial {
        let client = self.authority.issue(&["CP001"]);
        InitialMaterial {
            csms_root_ca: Some(self.write("csms.pem", &self.authority.pem)),
            manufacturer_root_ca: Some(self.write("manufacturer.pem", &self.authority.pem)),
            client_cert: Some(self.write("client.pem", &client.pem)),
            client_key: Some(self.write("client.key", &client.key.serialize_pem())),
        }
    }
}

fn import(material: &InitialMaterial) -> Result<Vec<&'static str>, ImportError> {
    Keystore::open(MemoryStorage::default())
        .unwrap()
        .import_initial(material)
}

#[test]
fn initial_material_is_imported_once_and_kept() {
    let files = Files::new();
    let bench = Bench::new();
    let material = files.good();
    assert_eq!(
        bench.keystore.import_initial(&material).unwrap(),
        ["csms_root_ca", "manufacturer_root_ca", "client_cert"]
    );
    drop(files.dir); // the files may go

    let bench = bench.again();
    assert_eq!(bench.keystore.import_initial(&material).unwrap(), [""; 0]);
    let root = [files.authority.certificate.clone()];
    assert_eq!(bench.keystore.roots("csms"), root);
    assert_eq!(bench.keystore.roots("manufacturer"), root);
    assert!(bench.keystore.roots("other").is_empty());
    assert!(bench.keystore.identity("client").is_some());
    let listed = bench.key("list", json!({})).unwrap();
    assert_eq!(
        listed["keys"][0],
        json!({ "name": "client", "algorithm": "ecdsa-p256", "certificate": true })
    );
    // It signs, as a generated one does.
    bench
        .key("sign", json!({ "name": "client", "data_base64": "AAAA" }))
        .unwrap();
    // What was deleted does not come back at the next start.
    bench.key("delete", json!({ "name": "client" })).unwrap();
    bench.keystore.import_initial(&material).unwrap();
    assert!(bench.keystore.identity("client").is_none());
}

#[test]
fn material_that_is_named_later_is_imported_then() {
    let files = Files::new();
    let bench = Bench::new();
    let all = files.good();
    let first = InitialMaterial {
        manufacturer_root_ca: all.manufacturer_root_ca.clone(),
        ..InitialMaterial::default()
    };
    bench.keystore.import_initial(&first).unwrap();
    assert_eq!(
        bench.keystore.import_initial(&all).unwrap(),
        ["csms_root_ca", "client_cert"]
    );
}

#[test]
fn material_that_cannot_be_used_is_said_with_setting_file_and_problem() {
    let files = Files::new();
    let good = files.good();
    let check = |change: &dyn Fn(&mut InitialMaterial), setting: &str, file: &str, words: &str| {
        let mut material = good.clone();
        change(&mut material);
        let said = import(&material).unwrap_err().to_string();
        for part in [setting, file, words] {
            assert!(said.contains(part), "\"{part}\" is not in: {said}");
        }
    };
    let missing = files.dir.path().join("missing.pem");
    check(
        &|m| m.csms_root_ca = Some(missing.clone()),
        "csms_root_ca",
        "missing.pem",
        "cannot be read",
    );
    let empty = files.write("empty.pem", "");
    check(
        &|m| m.csms_root_ca = Some(empty.clone()),
        "csms_root_ca",
        "empty.pem",
        "no certificate",
    );
    let key_as_root = good.client_key.clone();
    check(
        &|m| m.csms_root_ca.clone_from(&key_as_root),
        "csms_root_ca",
        "client.key",
        "no certificate",
    );
    let torn = files.write(
        "torn.pem",
        "-----BEGIN CERTIFICATE-----\n?!\n-----END CERTIFICATE-----\n",
    );
    check(
        &|m| m.manufacturer_root_ca = Some(torn.clone()),
        "manufacturer_root_ca",
        "torn.pem",
        "not PEM",
    );
    let noise = files.write(
        "noise.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    check(
        &|m| m.csms_root_ca = Some(noise.clone()),
        "csms_root_ca",
        "noise.pem",
        "cannot be a root",
    );
    let cert_as_key = good.client_cert.clone();
    check(
        &|m| m.client_key.clone_from(&cert_as_key),
        "client_key",
        "client.pem",
        "no private key",
    );
    let other = files.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
    check(
        &|m| m.client_key = Some(other.clone()),
        "client_cert",
        "client.pem",
        "not for the key",
    );
    check(
        &|m| m.client_key = None,
        "client_key",
        "[tls]",
        "needs its key",
    );
    check(&|m| m.client_cert = None, "client_cert", "[tls]", "missing");
    // A file of another encoding than text does not break it either.
    let binary = files.dir.path().join("binary.pem");
    std::fs::write(&binary, [0xff, 0xfe, 0, 1]).unwrap();
    check(
        &|m| m.csms_root_ca = Some(binary.clone()),
        "csms_root_ca",
        "binary.pem",
        "no certificate",
    );
}

#[test]
fn a_failed_import_leaves_nothing_behind() {
    let files = Files::new();
    let keystore = Keystore::open(MemoryStorage::default()).unwrap();
    let mut material = files.good();
    material.client_key = Some(Path::new("/nonexistent").to_owned());
    keystore.import_initial(&material).unwrap_err();
    assert!(keystore.roots("csms").is_empty());
    assert_eq!(keystore.import_initial(&files.good()).unwrap().len(), 3);
}
