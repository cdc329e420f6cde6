//! The services `clock@1` and `keystore@1`; in `import`, the material that the
//! configuration brings along.

#[path = "../link_support/certs.rs"]
#[allow(dead_code)] // the link's tests use the rest
mod certs;
mod import;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use certs::Authority;
use plugpoint::clock::Clock;
use plugpoint::link::LinkMaterial;
use plugpoint::services::keystore::{KeyStorage, Keystore, MemoryStorage, StorageError};
use plugpoint::services::{Services, ServicesSettings};
use plugpoint::wit::protocol::{Request, Response};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

struct Bench {
    services: Services,
    keystore: Arc<Keystore>,
    storage: Arc<MemoryStorage>,
    clock: Clock,
    steps: Arc<Mutex<Vec<i64>>>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let keystore = Arc::new(Keystore::open(Arc::clone(&storage)).unwrap());
        Self::with(storage, keystore)
    }

    fn with(storage: Arc<MemoryStorage>, keystore: Arc<Keystore>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::new(false);
        let steps = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&steps);
        let services = Services::new(
            ServicesSettings::under(dir.path()),
            Arc::clone(&keystore),
            clock.clone(),
            move |step| told.lock().unwrap().push(step),
        )
        .unwrap();
        Self {
            services,
            keystore,
            storage,
            clock,
            steps,
            _dir: dir,
        }
    }

    /// The same charger after a restart of the program.
    fn again(self) -> Self {
        let keystore = Arc::new(Keystore::open(Arc::clone(&self.storage)).unwrap());
        Self::with(self.storage, keystore)
    }

    fn raw(&self, service: &str, operation: &str, body: &str) -> Result<Value, (String, String)> {
        let (sender, receiver) = mpsc::channel::<Response>();
        let request = Request {
            id: 7,
            service: service.into(),
            operation: operation.into(),
            body: body.into(),
        };
        self.services.submit(request, move |response| {
            sender.send(response).unwrap();
        });
        let response = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(response.id, 7);
        assert!(receiver.recv().is_err(), "one answer only");
        response
            .outcome
            .map(|text| serde_json::from_str(&text).unwrap())
            .map_err(|failure| (failure.code, failure.text))
    }

    fn key(&self, operation: &str, body: Value) -> Result<Value, (String, String)> {
        self.raw("keystore@1", operation, &body.to_string())
    }

    fn code(&self, operation: &str, body: Value) -> String {
        self.key(operation, body).unwrap_err().0
    }

    fn generate(&self, name: &str) -> String {
        let body = json!({ "name": name, "algorithm": "ecdsa-p256" });
        let result = self.key("generate", body).unwrap();
        result["public_key_pem"].as_str().unwrap().to_owned()
    }
}

#[test]
fn what_does_not_exist_is_unsupported() {
    let bench = Bench::new();
    for (service, operation) in [
        ("clock@2", "set"),
        ("", ""),
        ("clock@1", "get"),
        ("keystore@1", "export"),
        ("transfer@1", "run"),
    ] {
        let (code, text) = bench.raw(service, operation, "{}").unwrap_err();
        assert_eq!(code, "unsupported", "{text}");
    }
    assert_eq!(
        bench.services.names(),
        ["clock@1", "keystore@1", "transfer@1"]
    );
}

#[test]
fn a_bad_body_is_said_with_its_field() {
    let bench = Bench::new();
    for (service, operation, body, word) in [
        ("clock@1", "set", "{}", "unix_ms"),
        ("clock@1", "set", r#"{"unix_ms": "now"}"#, "invalid type"),
        ("clock@1", "set", r#"{"unix_ms": 1, "zone": 2}"#, "zone"),
        ("keystore@1", "generate", "no json", "expected"),
        (
            "keystore@1",
            "generate",
            r#"{"name": "x", "algorithm": "rsa"}"#,
            "algorithm",
        ),
        (
            "keystore@1",
            "generate",
            r#"{"name": "../x", "algorithm": "ecdsa-p256"}"#,
            "name",
        ),
        (
            "keystore@1",
            "sign",
            r#"{"name": "x", "data_base64": "?"}"#,
            "data_base64",
        ),
        (
            "keystore@1",
            "set-certificate",
            r#"{"name": "x", "chain_pem": ""}"#,
            "chain_pem",
        ),
        ("transfer@1", "get", r#"{"max_bytes": 1}"#, "url"),
    ] {
        let (code, text) = bench.raw(service, operation, body).unwrap_err();
        assert_eq!(code, "bad-request", "{text}");
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn the_clock_is_set_and_the_step_is_told() {
    let bench = Bench::new();
    assert_eq!(bench.clock.now().wall_ms, None);
    let before = bench.clock.wall_ms();
    let result = bench
        .raw("clock@1", "set", r#"{"unix_ms": 4000000000000}"#)
        .unwrap();
    let step = result["step_ms"].as_i64().unwrap();
    let expected = 4_000_000_000_000 - before;
    assert!(
        (step - expected).abs() < 5_000,
        "{step} is not about {expected}"
    );
    let now = bench.clock.now().wall_ms.unwrap();
    assert!((now - 4_000_000_000_000).abs() < 5_000);
    assert_eq!(*bench.steps.lock().unwrap(), [step]);
}

#[test]
fn a_generated_key_signs_and_stays_after_a_restart() {
    let bench = Bench::new();
    let public = bench.generate("client");
    let bench = bench.again();
    let ask = json!({ "name": "client", "data_base64": BASE64.encode("message") });
    let signed = bench.key("sign", ask).unwrap();
    let signature = BASE64
        .decode(signed["signature_base64"].as_str().unwrap())
        .unwrap();
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(public.as_bytes()).unwrap();
    let point = &spki[spki.len() - 65..];
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    key.verify(b"message", &signature).unwrap();
    assert!(key.verify(b"massage", &signature).is_err());
}

#[test]
fn a_request_for_a_certificate_names_the_charger_and_is_signed_by_its_key() {
    let bench = Bench::new();
    let public = bench.generate("client");
    let ask = json!({ "name": "client", "common_name": "CP001", "organization": "ACME" });
    let csr = bench.key("sign-request", ask).unwrap();
    let csr = csr["csr_pem"].as_str().unwrap();
    assert!(csr.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let der = BASE64
        .decode(
            csr.lines()
                .filter(|l| !l.starts_with('-'))
                .collect::<String>(),
        )
        .unwrap();
    for word in [&b"CP001"[..], b"ACME"] {
        assert!(der.windows(word.len()).any(|w| w == word));
    }
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(public.as_bytes()).unwrap();
    assert!(der.windows(spki.len()).any(|w| w == spki.as_ref()));
    // SEQUENCE { info, algorithm, signature }: the signature is over info.
    let (info, rest) = element(contents(&der));
    let (_algorithm, bits) = element(rest);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &spki[spki.len() - 65..])
        .verify(info, &contents(bits)[1..])
        .unwrap();
}

/// The first DER element of some bytes, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (header, length) = extent(der);
    der.split_at(header + length)
}

/// What is in a DER element.
fn contents(der: &[u8]) -> &[u8] {
    let (header, length) = extent(der);
    &der[header..header + length]
}

fn extent(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..=127 => (2, short.into()),
        0x81 => (3, der[2].into()),
        0x82 => (4, u16::from_be_bytes([der[2], der[3]]).into()),
        _ => panic!("longer than any request here"),
    }
}

#[test]
fn a_certificate_must_fit_the_key() {
    let bench = Bench::new();
    let authority = Authority::new("root");
    let public = bench.generate("client");
    assert!(
        bench.keystore.identity("client").is_none(),
        "not without certificate"
    );
    let foreign = authority.issue(&["CP001"]);
    let ask = json!({ "name": "client", "chain_pem": foreign.pem });
    assert_eq!(bench.code("set-certificate", ask), "mismatch");
    assert!(bench.keystore.identity("client").is_none());

    let own = authority.issue_to("CP001", &public);
    let chain = format!("{own}{}", authority.pem);
    let ask = json!({ "name": "client", "chain_pem": chain });
    assert_eq!(bench.key("set-certificate", ask).unwrap(), json!({}));
    let bench = bench.again();
    let (chain, _) = bench.keystore.identity("client").unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(chain[1], authority.certificate);
    let listed = bench.key("list", json!({})).unwrap();
    assert_eq!(listed["keys"][0]["certificate"], true);

    for (name, chain, code) in [
        ("nobody", own.as_str(), "not-found"),
        ("client", "hello", "bad-request"),
        (
            "client",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "bad-request",
        ),
    ] {
        let ask = json!({ "name": name, "chain_pem": chain });
        assert_eq!(bench.code("set-certificate", ask), code);
    }
}

#[test]
fn names_are_taken_once_and_free_after_delete() {
    let bench = Bench::new();
    bench.generate("a");
    let again = json!({ "name": "a", "algorithm": "ecdsa-p256" });
    assert_eq!(bench.code("generate", again), "exists");
    bench.generate("b");
    let listed = bench.key("list", json!({})).unwrap();
    assert_eq!(
        listed,
        json!({ "keys": [
            { "name": "a", "algorithm": "ecdsa-p256", "certificate": false },
            { "name": "b", "algorithm": "ecdsa-p256", "certificate": false },
        ] })
    );
    assert_eq!(
        bench.key("delete", json!({ "name": "a" })).unwrap(),
        json!({})
    );
    for (operation, body) in [
        ("delete", json!({ "name": "a" })),
        ("sign", json!({ "name": "a", "data_base64": "" })),
        ("sign-request", json!({ "name": "a", "common_name": "x" })),
    ] {
        assert_eq!(bench.code(operation, body), "not-found");
    }
    bench.generate("a");
}

#[test]
fn there_is_a_bound_to_the_number_of_keys() {
    let bench = Bench::new();
    for i in 0..32 {
        bench.generate(&format!("k{i}"));
    }
    let more = json!({ "name": "more", "algorithm": "ecdsa-p256" });
    assert_eq!(bench.code("generate", more), "failed");
}

#[test]
fn a_key_that_cannot_be_stored_does_not_exist() {
    struct Full;
    impl KeyStorage for Full {
        fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
            Ok(None)
        }
        fn save(&self, _: &[u8]) -> Result<(), StorageError> {
            Err("disk full".into())
        }
    }
    let keystore = Arc::new(Keystore::open(Full).unwrap());
    let bench = Bench::with(Arc::default(), keystore);
    let ask = json!({ "name": "client", "algorithm": "ecdsa-p256" });
    let (code, text) = bench.key("generate", ask).unwrap_err();
    assert_eq!(code, "failed");
    assert!(text.contains("disk full"), "{text}");
    assert_eq!(bench.key("list", json!({})).unwrap(), json!({ "keys": [] }));
}

#[test]
fn a_damaged_or_later_document_is_said_without_its_contents() {
    let bench = Bench::new();
    bench.generate("client");
    let good = bench.storage.load().unwrap().unwrap();
    let text = String::from_utf8(good).unwrap();
    for bad in [
        text[..text.len() / 2].to_owned(),
        text.replace("\"version\":1", "\"version\":2"),
        String::new(),
    ] {
        let error = Keystore::open(MemoryStorage::with(bad.into_bytes())).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("cannot be understood"), "{said}");
        assert!(!said.contains("MIG"), "{said}");
    }
    let debug = format!("{:?}", bench.keystore);
    assert!(debug.contains("client") && debug.len() < 100, "{debug}");
}
