//! A guest that fetches what it should not reach: services on the board itself, and
//! devices in the network it stands in.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, component};

/// A web server on this machine that nobody but this machine is to reach: what was
/// fetched of it.
fn fetch(config: impl FnOnce(Config) -> Config, host: &str) -> String {
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    let port = server.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let Ok((mut client, _)) = server.accept() else {
            return;
        };
        let _ = client.read(&mut [0; 4096]);
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
        // Until the client has closed.
        let _ = client.read(&mut [0; 16]);
    });
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let file = component("bad-component").expect("a component");
    let file = file.to_string_lossy().into_owned();
    let config = config(Config::new(central.url()).set("components.ocpp", file));
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_opened();
    central.send_text(format!("get http://{host}:{port}/"));
    let got = central.expect_text("an outcome", |text| text.starts_with("got "));
    assert!(charger.process().wait_end(Duration::ZERO).is_none());
    got
}

#[test]
fn a_guest_reaches_neither_the_board_nor_its_network() {
    let strict = |config: Config| config.set("transfer.local_networks", false);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let got = fetch(strict, host);
        assert!(got.starts_with("got refused"), "{host}: {got}");
    }
    let allowed = fetch(
        |config| strict(config).set("transfer.allow", vec!["127.0.0.1".to_owned()]),
        "127.0.0.1",
    );
    assert!(allowed.contains("\"size\":6"), "{allowed}");
}

#[test]
fn a_guest_fills_no_disk() {
    let full = |config: Config| config.set("transfer.reserve_mib", i64::from(u32::MAX));
    let got = fetch(full, "127.0.0.1");
    assert!(got.starts_with("got too-large"), "{got}");
}
