//! A component with a protocol of its own charges a car on the unchanged host,
//! writes a receipt by a transfer and signs with a key of the keystore.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, component};

/// Takes HTTP requests and answers 201; hands on path and body.
fn receipts() -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/receipts", listener.local_addr().expect("bound"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut path = String::new();
            let mut length = 0;
            for line in reader.by_ref().lines().map_while(Result::ok) {
                if path.is_empty() {
                    path = line;
                } else if line.is_empty() {
                    break;
                } else if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let _ = (&stream).write_all(
                b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
            let body = String::from_utf8_lossy(&body).into_owned();
            if sender.send((path, body)).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

fn charges(amnesia: bool) {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["toy.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let (url, receipts) = receipts();
    let file = component("toy-protocol").expect("a component");
    let config = Config::new(central.url())
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .amnesia(amnesia);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    assert_eq!(
        central.expect_opened().subprotocol.as_deref(),
        Some("toy.v1")
    );
    let line = |start: &str| central.expect_text(start, |text| text.starts_with(start));
    assert_eq!(line("HELLO"), "HELLO CP001");
    central.send_text(format!("RECEIPTS {url}"));
    central.send_text("SIGN hello");
    line("SIGNED ");

    charger.control().plug(1).expect("a car");
    line("MAYI 1");
    central.send_text("YES 1 16");
    let begun = line("BEGUN ");
    let session = begun.split(' ').nth(1).expect("a session").to_owned();
    let connector = charger.wait_contactor(1, "closed");
    assert_eq!(connector["offered_ma"], 16000);
    let wh = connector["register_wh"].as_f64().expect("a register");
    charger.wait_register(1, wh + 2.0);
    line("ENERGY 1 ");
    central.send_text("STOP 1");
    let done = line("DONE ");
    let energy: f64 = done
        .split(' ')
        .nth(3)
        .and_then(|wh| wh.parse().ok())
        .expect("an energy");
    assert!(energy >= 2.0, "{done}");
    charger.wait_contactor(1, "open");
    central.send_text(format!("OK {session}"));
    let (request, receipt) = receipts
        .recv_timeout(Duration::from_secs(60))
        .expect("a receipt");
    assert!(
        request.contains(&format!("/receipts/{session}.txt")),
        "{request}"
    );
    assert!(!receipt.is_empty());
    assert_eq!(line("RECEIPT "), format!("RECEIPT {session} 201"));
}

#[test]
fn a_toy_protocol_charges_a_car() {
    charges(false);
}

#[test]
fn a_toy_protocol_charges_a_car_with_amnesia() {
    charges(true);
}
