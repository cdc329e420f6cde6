//! The service `transfer@1` against servers on loopback that the test plays.

#[path = "../link_support/certs.rs"]
#[allow(dead_code)] // the link's tests use the rest
mod certs;
mod named;
mod server;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use certs::Authority;
use plugpoint::clock::Clock;
use plugpoint::services::keystore::{InitialMaterial, Keystore, MemoryStorage};
use plugpoint::services::{Services, ServicesSettings};
use plugpoint::wit::protocol::Request;
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use server::{Server, answer};

/// SHA-256 of "hello".
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

struct Bench {
    services: Services,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {}, &InitialMaterial::default())
    }

    fn trusting(authority: &Authority) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("root.pem");
        std::fs::write(&file, &authority.pem).unwrap();
        let material = InitialMaterial {
            csms_root_ca: Some(file),
            ..InitialMaterial::default()
        };
        Self::with(|_| {}, &material)
    }

    fn with(change: impl FnOnce(&mut ServicesSettings), material: &InitialMaterial) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keystore = Keystore::open(MemoryStorage::default()).unwrap();
        keystore.import_initial(material).unwrap();
        let mut settings = ServicesSettings::under(dir.path());
        change(&mut settings);
        let clock = Clock::new(true);
        let services = Services::new(settings, Arc::new(keystore), clock, |_| {}).unwrap();
        Self { services, dir }
    }

    /// The same charger after a restart.
    fn restarted(self) -> Self {
        let Self { services, dir } = self;
        drop(services);
        let keystore = Keystore::open(MemoryStorage::default()).unwrap();
        let settings = ServicesSettings::under(dir.path());
        let clock = Clock::new(true);
        let services = Services::new(settings, Arc::new(keystore), clock, |_| {}).unwrap();
        Self { services, dir }
    }

    fn begin(
        &self,
        operation: &str,
        body: &Value,
    ) -> mpsc::Receiver<Result<Value, (String, String)>> {
        let (sender, receiver) = mpsc::channel();
        let request = Request {
            id: 1,
            service: "transfer@1".into(),
            operation: operation.into(),
            body: body.to_string(),
        };
        self.services.submit(request, move |response| {
            let outcome = response
                .outcome
                .map(|text| serde_json::from_str(&text).unwrap())
                .map_err(|failure| (failure.code, failure.text));
            let _ = sender.send(outcome);
        });
        receiver
    }

    fn run(&self, operation: &str, body: Value) -> Result<Value, (String, String)> {
        let answer = self.begin(operation, &body);
        answer.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    fn get(&self, url: &str) -> Result<Value, (String, String)> {
        self.run("get", json!({ "url": url }))
    }

    /// The bytes behind a handle.
    fn bytes(&self, result: &Value) -> Vec<u8> {
        let handle = result["handle"].as_str().unwrap();
        let file = self.services.transfers().file(handle).unwrap();
        std::fs::read(file.path).unwrap()
    }

    /// Files on disk, complete or not.
    fn files(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("transfers"))
            .unwrap()
            .count()
    }
}

#[test]
fn a_file_is_fetched_with_size_and_hash() {
    let bench = Bench::new();
    let server = Server::answering(vec![answer("200 OK", b"hello")]);
    let result = bench.get(&server.url("/firmware?x=1")).unwrap();
    assert_eq!(
        result,
        json!({ "handle": "f1", "size": 5, "sha256": HELLO })
    );
    assert_eq!(bench.bytes(&result), b"hello");
    assert!(server.asked()[0].starts_with("GET /firmware?x=1 HTTP/1.1\r\n"));
}

#[test]
fn user_and_password_of_a_url_are_used() {
    let bench = Bench::new();
    let server = Server::answering(vec![answer("200 OK", b"")]);
    let url = format!("http://user:pass@127.0.0.1:{}/", server.port);
    bench.get(&url).unwrap();
    let asked = server.asked().remove(0).to_lowercase();
    assert!(
        asked.contains("authorization: basic dxnlcjpwyxnz"),
        "{asked}"
    );
}

#[test]
fn a_body_in_chunks_is_fetched() {
    let bench = Bench::new();
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    let server = Server::answering(vec![chunked.to_vec()]);
    assert_eq!(bench.get(&server.url("/")).unwrap()["sha256"], HELLO);
}

#[test]
fn a_file_over_the_limit_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nhello".to_vec();
    let mut unannounced = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    unannounced.extend_from_slice(&[b'x'; 2000]);
    let server = Server::answering(vec![announced, unannounced, answer("200 OK", &[0; 1000])]);
    let ask = json!({ "url": server.url("/"), "max_bytes": 1000 });
    for _ in 0..2 {
        let (code, text) = bench.run("get", ask.clone()).unwrap_err();
        assert_eq!(code, "too-large");
        assert!(text.contains("1000"), "{text}");
        assert_eq!(bench.files(), 0);
    }
    assert_eq!(bench.run("get", ask).unwrap()["size"], 1000);
}

#[test]
fn the_hosts_own_limit_stands() {
    let bench = Bench::with(|s| s.most_bytes = 4, &InitialMaterial::default());
    let server = Server::answering(vec![answer("200 OK", b"hello")]);
    let ask = json!({ "url": server.url("/"), "max_bytes": 1_000_000 });
    assert_eq!(bench.run("get", ask).unwrap_err().0, "too-large");
}

#[test]
fn a_refusal_tells_the_status() {
    let bench = Bench::new();
    for status in ["404 Not Found", "500 Oops", "401 Unauthorized"] {
        let server = Server::answering(vec![answer(status, b"no")]);
        let (code, text) = bench.get(&server.url("/")).unwrap_err();
        assert_eq!(code, "refused");
        assert!(text.contains(&status[..3]), "{text}");
    }
    assert_eq!(bench.files(), 0);
}

#[test]
fn nobody_there_is_unreachable() {
    let bench = Bench::new();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (code, text) = bench.get(&format!("http://127.0.0.1:{port}/")).unwrap_err();
    assert_eq!(code, "unreachable", "{text}");
}

#[test]
fn a_file_that_breaks_off_is_no_file() {
    let bench = Bench::new();
    let torn = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello".to_vec();
    let server = Server::answering(vec![torn]);
    let (code, text) = bench.get(&server.url("/")).unwrap_err();
    assert_eq!(code, "unreachable", "{text}");
    assert_eq!(bench.files(), 0);
}

#[test]
fn a_server_that_stalls_is_given_up() {
    let bench = Bench::with(
        |s| s.stall = Duration::from_millis(200),
        &InitialMaterial::default(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://127.0.0.1:{}/",
        listener.local_addr().unwrap().port()
    );
    for head in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
    ] {
        let pending = bench.begin("get", &json!({ "url": url }));
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(head).unwrap();
        let began = Instant::now();
        let (code, text) = pending
            .recv_timeout(Duration::from_secs(10))
            .unwrap()
            .unwrap_err();
        assert_eq!(code, "unreachable", "{text}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let bench = Bench::new();
    let target = Server::answering(vec![answer("200 OK", b"hello")]);
    let redirect = |to: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let server = Server::answering(vec![redirect(&target.url("/there"))]);
    assert_eq!(bench.get(&server.url("/")).unwrap()["sha256"], HELLO);
    assert!(target.asked()[0].starts_with("GET /there "));

    let server = Server::answering(vec![redirect("/again"); 6]);
    let (code, text) = bench.get(&server.url("/")).unwrap_err();
    assert_eq!(code, "refused", "{text}");
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn what_is_no_url_is_a_bad_request() {
    let bench = Bench::new();
    for url in [
        "",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://",
        "x y",
    ] {
        let (code, text) = bench.get(url).unwrap_err();
        assert_eq!(code, "bad-request", "{url}");
        assert!(text.starts_with("url: "), "{text}");
    }
}

#[test]
fn https_trusts_our_roots_and_no_others() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    for version in [&TLS12, &TLS13] {
        let config = leaf.server(&[version], None);
        let server = Server::start(vec![answer("200 OK", b"hello")], Some(config));
        let bench = Bench::trusting(&authority);
        let url = format!("https://localhost:{}/", server.port);
        assert_eq!(bench.get(&url).unwrap()["sha256"], HELLO);
    }

    let refused = [
        (Authority::new("root"), &leaf),
        (authority, &Authority::new("x").issue(&["localhost"])),
    ];
    for (trusted, leaf) in refused {
        let config = leaf.server(&[&TLS13], None);
        let server = Server::start(vec![answer("200 OK", b"hello")], Some(config));
        let bench = Bench::trusting(&trusted);
        let (code, text) = bench
            .get(&format!("https://localhost:{}/", server.port))
            .unwrap_err();
        assert_eq!(code, "failed");
        assert!(text.contains("certificate is refused"), "{text}");
    }
}

#[test]
fn https_checks_name_and_time_and_needs_a_root() {
    let authority = Authority::new("root");
    for leaf in [
        authority.issue(&["elsewhere"]),
        authority.issue_for(&["localhost"], 2020, 2021),
    ] {
        let server = Server::start(
            vec![answer("200 OK", b"")],
            Some(leaf.server(&[&TLS13], None)),
        );
        let bench = Bench::trusting(&authority);
        let (code, text) = bench
            .get(&format!("https://localhost:{}/", server.port))
            .unwrap_err();
        assert_eq!(code, "failed", "{text}");
    }
    let bench = Bench::trusting(&authority);
    for trust in [json!([]), json!(["manufacturer"])] {
        let ask = json!({ "url": "https://localhost:1/", "trust": trust });
        let (code, text) = bench.run("get", ask).unwrap_err();
        assert_eq!(code, "failed");
        assert!(text.contains("no root certificate"), "{text}");
    }
}

#[test]
fn https_is_not_redirected_to_http() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let redirect =
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(vec![redirect.to_vec()], Some(leaf.server(&[&TLS13], None)));
    let bench = Bench::trusting(&authority);
    let (code, text) = bench
        .get(&format!("https://localhost:{}/", server.port))
        .unwrap_err();
    assert_eq!(code, "refused", "{text}");
}

#[test]
fn a_file_is_made_sent_and_discarded() {
    let bench = Bench::new();
    let made = bench.run("create", json!({ "text": "hello" })).unwrap();
    assert_eq!(made, json!({ "handle": "f1", "size": 5, "sha256": HELLO }));

    let server = Server::answering(vec![
        answer("201 Created", b""),
        answer("204 No Content", b""),
        answer("403 Forbidden", b""),
    ]);
    let url = server.url("/logs/x");
    let put = |method: Option<&str>| {
        let mut ask = json!({ "url": url, "handle": "f1" });
        if let Some(method) = method {
            ask["method"] = json!(method);
        }
        bench.run("put", ask)
    };
    assert_eq!(put(None).unwrap(), json!({ "status": 201 }));
    assert_eq!(put(Some("POST")).unwrap(), json!({ "status": 204 }));
    assert_eq!(put(Some("PUT")).unwrap_err().0, "refused");
    assert_eq!(put(Some("PATCH")).unwrap_err().0, "bad-request");
    let asked = server.asked();
    assert!(asked[0].starts_with("PUT /logs/x ") && asked[0].ends_with("hello"));
    assert!(asked[1].starts_with("POST /logs/x ") && asked[1].ends_with("hello"));

    assert_eq!(
        bench.run("discard", json!({ "handle": "f1" })).unwrap(),
        json!({})
    );
    assert_eq!(bench.files(), 0);
    assert_eq!(put(None).unwrap_err().0, "not-found");
    let again = bench.run("discard", json!({ "handle": "f1" }));
    assert_eq!(again.unwrap_err().0, "not-found");
}

#[test]
fn a_file_is_not_sent_on_to_where_the_server_points() {
    let bench = Bench::new();
    bench.run("create", json!({ "text": "secret" })).unwrap();
    for status in ["302 Found", "307 Temporary Redirect"] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let to = elsewhere.local_addr().unwrap();
        let redirect =
            format!("HTTP/1.1 {status}\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n");
        let server = Server::answering(vec![redirect.into_bytes()]);
        let (code, text) = bench
            .run("put", json!({ "url": server.url("/"), "handle": "f1" }))
            .unwrap_err();
        assert_eq!(code, "refused", "{text}");
        assert!(elsewhere.accept().is_err(), "nobody was to go there");
    }
}

#[test]
fn a_handle_is_no_path() {
    let bench = Bench::new();
    std::fs::write(bench.dir.path().join("secret"), "x").unwrap();
    for handle in ["../secret", "/etc/passwd", ""] {
        let ask = json!({ "url": "http://127.0.0.1:1/", "handle": handle });
        assert_eq!(bench.run("put", ask).unwrap_err().0, "not-found");
        assert_eq!(
            bench
                .run("discard", json!({ "handle": handle }))
                .unwrap_err()
                .0,
            "not-found"
        );
    }
}

#[test]
fn what_is_made_is_small_and_few() {
    let bench = Bench::with(|s| s.most_files = 2, &InitialMaterial::default());
    let create = |bytes: usize| bench.run("create", json!({ "text": "x".repeat(bytes) }));
    assert_eq!(create(64 * 1024 + 1).unwrap_err().0, "too-large");
    create(64 * 1024).unwrap();
    create(0).unwrap();
    let (code, text) = create(0).unwrap_err();
    assert_eq!(code, "failed");
    assert!(text.contains("discard"), "{text}");
    bench.services.transfers().discard_all();
    assert_eq!(bench.files(), 0);
    assert_eq!(create(1).unwrap()["handle"], "f3", "no handle twice");
}

#[test]
fn slow_transfers_wait_for_each_other_and_block_no_key() {
    let bench = Bench::with(|s| s.transfers = 1, &InitialMaterial::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://127.0.0.1:{}/",
        listener.local_addr().unwrap().port()
    );
    let first = bench.begin("get", &json!({ "url": url }));
    let (mut slow, _): (TcpStream, _) = listener.accept().unwrap();
    let second = bench.begin("get", &json!({ "url": url }));

    let (sender, receiver) = mpsc::channel();
    let request = Request {
        id: 1,
        service: "keystore@1".into(),
        operation: "list".into(),
        body: "{}".into(),
    };
    bench
        .services
        .submit(request, move |r| sender.send(r.outcome.is_ok()).unwrap());
    assert!(receiver.recv_timeout(Duration::from_secs(10)).unwrap());
    assert!(second.try_recv().is_err());

    slow.write_all(&answer("200 OK", b"hello")).unwrap();
    assert!(first.recv_timeout(Duration::from_secs(10)).unwrap().is_ok());
    let (mut next, _) = listener.accept().unwrap();
    next.write_all(&answer("200 OK", b"hello")).unwrap();
    assert!(
        second
            .recv_timeout(Duration::from_secs(10))
            .unwrap()
            .is_ok()
    );
}
