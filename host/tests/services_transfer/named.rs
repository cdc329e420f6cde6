//! Files with names: fetched on from where they were broken off, kept over a restart,
//! ended on request.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, answer};
use crate::{Bench, HELLO};

const PATIENCE: Duration = Duration::from_secs(20);

fn named(url: &str) -> Value {
    json!({ "url": url, "name": "firmware" })
}

/// An answer that breaks off after these bytes, of a version of the file.
fn torn(version: &str, bytes: &str, of: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nETag: {version}\r\nContent-Length: {of}\r\n\r\n{bytes}")
        .into_bytes()
}

fn rest(from: usize, bytes: &str) -> Vec<u8> {
    let last = from + bytes.len() - 1;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes {from}-{last}/{}\r\n\
         Content-Length: {}\r\n\r\n{bytes}",
        last + 1,
        bytes.len()
    );
    head.into_bytes()
}

#[test]
fn what_was_broken_off_is_not_fetched_again_after_a_restart() {
    let bench = Bench::new();
    let server = Server::answering(vec![torn("\"a\"", "hel", 5), rest(3, "lo")]);
    let url = server.url("/fw");
    assert_eq!(bench.run("get", named(&url)).unwrap_err().0, "unreachable");
    let state = bench.run("state", json!({ "handle": "firmware" })).unwrap();
    assert_eq!(state, json!({ "state": "partial", "moved": 3 }));
    let bench = bench.restarted();
    let result = bench.run("get", named(&url)).unwrap();
    let expected = json!({ "handle": "firmware", "size": 5, "sha256": HELLO });
    assert_eq!(result, expected);
    assert_eq!(bench.bytes(&result), b"hello");
    let asked = server.asked();
    assert!(!asked[0].to_lowercase().contains("range:"), "{asked:?}");
    let second = asked[1].to_lowercase();
    assert!(second.contains("range: bytes=3-\r\n"), "{second}");
    assert!(second.contains("if-range: \"a\"\r\n"), "{second}");
    // Complete, it is there without any server.
    let bench = bench.restarted();
    assert_eq!(bench.run("get", named(&url)).unwrap(), expected);
    let state = bench.run("state", json!({ "handle": "firmware" })).unwrap();
    assert_eq!(state, json!({ "state": "complete", "moved": 5 }));
}

#[test]
fn another_version_or_another_address_begins_from_the_beginning() {
    let bench = Bench::new();
    let server = Server::answering(vec![
        torn("\"a\"", "HEL", 5),
        // The server has another version now, and sends all of it.
        answer("200 OK", b"hello"),
    ]);
    let url = server.url("/fw");
    bench.run("get", named(&url)).unwrap_err();
    let result = bench.run("get", named(&url)).unwrap();
    assert_eq!(bench.bytes(&result), b"hello");
    let other = Server::answering(vec![answer("200 OK", b"other")]);
    let result = bench.run("get", named(&other.url("/fw"))).unwrap();
    assert_eq!(bench.bytes(&result), b"other");
}

#[test]
fn without_a_word_for_the_version_nothing_is_resumed() {
    let bench = Bench::new();
    for version in ["W/\"a\"", ""] {
        let server = Server::answering(vec![torn(version, "HEL", 5), answer("200 OK", b"hello")]);
        let url = server.url("/fw");
        bench.run("get", named(&url)).unwrap_err();
        let result = bench.run("get", named(&url)).unwrap();
        assert_eq!(bench.bytes(&result), b"hello");
        assert!(!server.asked()[1].to_lowercase().contains("range:"));
    }
}

#[test]
fn a_discarded_file_is_gone_and_its_room_is_free() {
    let bench = Bench::with(|it| it.total_bytes = 9, &Default::default());
    for _ in 0..3 {
        let server = Server::answering(vec![answer("200 OK", b"hello")]);
        bench.run("get", named(&server.url("/fw"))).unwrap();
        bench
            .run("discard", json!({ "handle": "firmware" }))
            .unwrap();
    }
    let state = bench.run("state", json!({ "handle": "firmware" })).unwrap();
    assert_eq!(state["state"], "none");
    let (code, _) = bench
        .run("discard", json!({ "handle": "firmware" }))
        .unwrap_err();
    assert_eq!(code, "not-found");
}

#[test]
fn a_transfer_that_is_discarded_ends_and_the_next_one_does_not() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/fw", listener.local_addr().unwrap());
    let first = bench.begin("get", &named(&url));
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(&torn("\"a\"", "HEL", 1_000_000)).unwrap();
    let discarded = bench.begin("discard", &json!({ "handle": "firmware" }));
    let server = Server::answering(vec![answer("200 OK", b"hello")]);
    let second = bench.begin("get", &named(&server.url("/fw")));
    // It notices when something comes.
    stream.write_all(&[b'x'; 100_000]).unwrap();
    let (code, _) = first.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert_eq!(code, "cancelled");
    let result = second.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(bench.bytes(&result), b"hello");
    discarded.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(bench.bytes(&result), b"hello", "it was asked for since");
}

#[test]
fn an_upload_that_is_cancelled_ends() {
    let bench = Bench::new();
    let text = "x".repeat(60_000);
    let made = bench.run("create", json!({ "text": text })).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let put = json!({ "url": url, "handle": made["handle"] });
    // Before anything of it is read.
    let pending = bench.begin("put", &put);
    bench
        .run("cancel", json!({ "handle": made["handle"] }))
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut head = [0; 1024];
    let _ = stream.read(&mut head).unwrap();
    drop(stream);
    let outcome = pending.recv_timeout(PATIENCE).unwrap();
    let code = outcome.unwrap_err().0;
    assert!(
        ["cancelled", "unreachable"].contains(&code.as_str()),
        "{code}"
    );
    // The file is still there.
    let server = Server::answering(vec![answer("200 OK", b"")]);
    let put = json!({ "url": server.url("/"), "handle": made["handle"] });
    bench.run("put", put).unwrap();
    assert!(server.asked()[0].ends_with(&text));
}

#[test]
fn names_are_checked() {
    let bench = Bench::new();
    for name in ["", "f1", "../etc", "A", "with space", "x/y"] {
        let ask = json!({ "url": "http://127.0.0.1:1/", "name": name });
        assert_eq!(
            bench.run("get", ask).unwrap_err().0,
            "bad-request",
            "{name}"
        );
    }
}
