//! A swap while a file is being sent: the answer goes to the new version, which
//! ends what the one before has begun. Shown with the toy protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, compiled};

use crate::vendor::{Vendor, wasm};

/// The same component under another hash: it says something more of itself.
fn another() -> Vec<u8> {
    let mut bytes = wasm("toy-protocol");
    if compiled::target().is_some() {
        // The statement at its end, one space longer.
        let at = bytes.len() - 12;
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a length"));
        bytes.splice(at..at + 4, (length + 1).to_le_bytes());
        bytes.insert(at, b' ');
        return bytes;
    }
    let name = b"another";
    // A custom section: its id, its length, the length of its name, its name.
    bytes.extend([0, name.len() as u8 + 1, name.len() as u8]);
    bytes.extend(name);
    bytes
}

/// Takes a request and leaves it unanswered.
fn taken(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("a request");
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().expect("a length");
        }
    }
    reader
        .read_exact(&mut vec![0; length])
        .expect("the whole body");
    stream
}

#[test]
fn the_answer_to_a_transfer_goes_to_the_new_version() {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["toy.v1".to_owned()],
        ..Settings::default()
    });
    let central = central.expect("a central system");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let vendor = Vendor::new();
    let file = vendor.file("toy-protocol");
    let config =
        Config::new(central.url()).set("components.ocpp", file.to_string_lossy().into_owned());
    let (_site, charger) = Charger::start(&vendor.trusted(config)).expect("a charger");
    central.expect_opened();
    let line = |start: &str| central.expect_text(start, |text| text.starts_with(start));
    line("HELLO");
    central.send_text(format!("RECEIPTS http://{address}/receipts"));
    charger.control().plug(1).expect("a car");
    line("MAYI 1");
    central.send_text("YES 1 16");
    let begun = line("BEGUN ");
    let session = begun.split(' ').nth(1).expect("a session").to_owned();
    charger.wait_contactor(1, "closed");
    central.send_text("STOP 1");
    line("DONE ");
    central.send_text(format!("OK {session}"));
    let mut receipt = taken(&listener);

    let wasm = another();
    let signature = vendor.sign(&wasm);
    let before = charger.slot("ocpp")["hash"].clone();
    let job = charger.install("ocpp", &wasm, Some(&signature), "");
    charger.wait_swapped(job.expect("a job"));
    assert_ne!(charger.slot("ocpp")["hash"], before, "another one runs");

    receipt
        .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .expect("an answer");
    drop(receipt);
    assert_eq!(line("RECEIPT "), format!("RECEIPT {session} 201"));
    assert_eq!(charger.slot("ocpp")["restarts"], 0);
    // Nothing is sent a second time.
    listener.set_nonblocking(true).expect("a listener");
    assert!(listener.accept().is_err());
}
