//! Requests that are done in another order than they were made in.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::services::keystore::{Keystore, MemoryStorage};

/// The address of a file that is another one each time.
fn serve(bodies: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/fw", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for body in bodies {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn what_was_discarded_is_fetched_again_whichever_is_done_first() {
    let dir = tempfile::tempdir().unwrap();
    let settings = TransferSettings::from(ServicesSettings::under(dir.path()));
    let keystore = Keystore::open(MemoryStorage::default()).unwrap();
    let it = Transfers::new(settings, Arc::new(keystore), Clock::new(true)).unwrap();
    let get = json!({ "url": serve(&["old", "new"]), "name": "firmware" }).to_string();
    let discard = json!({ "handle": "firmware" }).to_string();
    let content = || std::fs::read_to_string(it.file("firmware").unwrap().path).unwrap();

    let first = it.order("get", &get);
    it.run("get", &get, first).unwrap();
    assert_eq!(content(), "old");
    let discarded = it.order("discard", &discard);
    let second = it.order("get", &get);
    it.run("get", &get, second).unwrap();
    assert_eq!(content(), "new");
    it.run("discard", &discard, discarded).unwrap();
    assert_eq!(content(), "new", "it was asked for since");
}
