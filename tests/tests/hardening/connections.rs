//! Clients of the control API that take what they can get: connections, headers,
//! bodies, and events that they do not read.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config};
use plugpoint_tests::tell;
use serde_json::json;

use crate::figures::{answers, compare, memory_kib};

fn stage() -> (CentralSystem, plugpoint_tests::charger::Site, Charger) {
    let central = CentralSystem::start().expect("a central system");
    let (site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    (central, site, charger)
}

fn connect(charger: &Charger) -> TcpStream {
    let address = charger.control().url().trim_start_matches("http://");
    TcpStream::connect(address).expect("connected")
}

/// No more than so many files may be open in the charger from now on.
fn limit_files(charger: &Charger, most: u64) {
    let id = i32::try_from(charger.process().id()).expect("a process");
    let pid = rustix::process::Pid::from_raw(id);
    let limit = rustix::process::Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    rustix::process::prlimit(pid, rustix::process::Resource::Nofile, limit).expect("a limit");
}

#[test]
fn four_hundred_silent_clients_keep_nobody_out() {
    let (central, _site, charger) = stage();
    limit_files(&charger, 256);
    let quiet = answers(&central, 50);
    let mut silent: Vec<TcpStream> = (0..400).map(|_| connect(&charger)).collect();
    // Some begin with a request, and leave it at that.
    for stream in silent.iter_mut().step_by(2) {
        // Fails where the charger has closed already.
        let _ = stream.write_all(b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ");
    }
    let since = Instant::now();
    for _ in 0..20 {
        charger.control().get("/v1/health").expect("an answer");
    }
    let took = since.elapsed();
    tell(&format!("20 answers of the control API: {took:?}"));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let attacked = answers(&central, 50);
    compare(
        "400 silent clients",
        quiet,
        attacked,
        Duration::from_secs(1),
    );
    // There are files left for another link.
    central.forget_earlier();
    charger
        .control()
        .post("/sim/network", &json!({"online": false}))
        .expect("cut");
    charger
        .control()
        .post("/sim/network", &json!({"online": true}))
        .expect("there again");
    central.expect_opened();
    drop(silent);
}

#[test]
fn large_bodies_and_heads_are_refused_before_they_are_read() {
    let (_central, _site, charger) = stage();
    let before = memory_kib(&charger);
    let block = vec![b'x'; 1 << 20];
    for path in ["/sim/rfid", "/v1/nothing", "/v1/status"] {
        let mut stream = connect(&charger);
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .expect("sent");
        for _ in 0..60 {
            let sent = write!(stream, "100000\r\n")
                .and_then(|()| stream.write_all(&block))
                .and_then(|()| stream.write_all(b"\r\n"));
            if sent.is_err() {
                break;
            }
        }
        let grown = memory_kib(&charger).saturating_sub(before);
        assert!(grown < 8 * 1024, "{path}: {grown} KiB more");
    }
    let refused = charger
        .control()
        .post_text("/sim/rfid", &"x".repeat(65 * 1024));
    let failure = refused.expect_err("a refusal");
    assert_eq!(failure.status(), Some(413), "{failure}");

    let mut stream = connect(&charger);
    // Fails once the charger has had enough.
    for _ in 0..60 {
        if write!(stream, "GET / HTTP/1.1\r\nX: ").is_err() || stream.write_all(&block).is_err() {
            break;
        }
    }
    let grown = memory_kib(&charger).saturating_sub(before);
    tell(&format!("large heads and bodies: {grown} KiB more"));
    assert!(grown < 8 * 1024, "{grown} KiB more");
}

#[test]
fn a_body_that_stops_is_given_up() {
    let (_central, _site, charger) = stage();
    let mut stream = connect(&charger);
    stream
        .set_read_timeout(Some(Duration::from_secs(25)))
        .expect("a timeout");
    stream
        .write_all(b"POST /sim/rfid HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        .expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[test]
fn readers_of_events_that_read_nothing_hold_little() {
    let (central, _site, charger) = stage();
    let before = memory_kib(&charger);
    let quiet = answers(&central, 50);
    let readers: Vec<BufReader<TcpStream>> = (0..8)
        .map(|_| {
            let mut stream = connect(&charger);
            stream
                .write_all(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
                .expect("sent");
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while !line.contains(": listening") {
                line.clear();
                assert_ne!(reader.read_line(&mut line).expect("a line"), 0);
            }
            reader
        })
        .collect();
    // About 120 MB of frames, which nobody reads.
    let data = "x".repeat(200 * 1024);
    for _ in 0..600 {
        let call = json!({"vendorId": "nobody", "data": data});
        central.call("DataTransfer", call).expect("an answer");
    }
    let grown = memory_kib(&charger).saturating_sub(before);
    tell(&format!(
        "8 readers of events that read nothing: {grown} KiB more"
    ));
    assert!(grown < 24 * 1024, "{grown} KiB more");
    let attacked = answers(&central, 50);
    compare(
        "readers that read nothing",
        quiet,
        attacked,
        Duration::from_secs(1),
    );
    drop(readers);
}

#[test]
fn there_is_a_bound_on_readers_of_events_and_room_beside_them() {
    let (_central, _site, charger) = stage();
    let mut readers = Vec::new();
    let mut statuses = Vec::new();
    // One is the test's own.
    for _ in 0..20 {
        let mut stream = connect(&charger);
        stream
            .write_all(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("sent");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer");
        statuses.push(String::from_utf8_lossy(&head[9..]).into_owned());
        readers.push(stream);
    }
    assert_eq!(statuses.iter().filter(|it| *it == "200").count(), 15);
    assert_eq!(statuses.iter().filter(|it| *it == "503").count(), 5);
    charger.control().get("/v1/health").expect("an answer");
}
