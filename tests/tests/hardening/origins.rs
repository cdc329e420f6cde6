//! What a web page makes its reader's browser send to a charger nearby.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use plugpoint_tests::charger::{Charger, Config};

const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

/// The status of the answer to a request with these headers.
fn status(charger: &Charger, request: &str, headers: &str) -> u16 {
    let address = charger.control().url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    let headers = headers.replace("ADDRESS", address);
    let body = r#"{"active": true}"#;
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer[9..12].parse().expect("a status")
}

#[test]
fn a_foreign_page_can_neither_work_the_hardware_nor_look() {
    let config = Config::new(NOWHERE).set("control.hosts", vec!["charger.example.com".to_owned()]);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let stop = "POST /sim/emergency-stop";
    for headers in [
        // A page that sends a form, or text: the browser asks nobody before.
        "Host: ADDRESS\r\nOrigin: http://evil.example\r\nContent-Type: text/plain",
        "Host: localhost\r\nOrigin: http://localhost:3000",
        "Host: ADDRESS\r\nOrigin: null",
        // A page whose name was pointed at this address.
        "Host: evil.example",
        "Host: evil.example\r\nOrigin: http://evil.example",
        "Host: 127.0.0.1.evil.example",
    ] {
        assert_eq!(status(&charger, stop, headers), 403, "{headers}");
        assert_eq!(
            status(&charger, "GET /v1/events", headers),
            403,
            "{headers}"
        );
    }
    assert_eq!(charger.connector(1)["faults"], serde_json::json!([]));
    // Whoever belongs here goes on as ever, with any Content-Type and with none.
    for headers in [
        "Host: ADDRESS",
        "Host: localhost",
        "Host: x\r\nContent-Type: text/plain",
        "Host: charger.example.com",
        "Host: ADDRESS\r\nOrigin: http://ADDRESS",
    ] {
        assert_eq!(status(&charger, stop, headers), 200, "{headers}");
    }
}
