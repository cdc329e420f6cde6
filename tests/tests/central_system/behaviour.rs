//! Answers, scripts, cuts, doors and TLS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use plugpoint_tests::central_system::Settings;
use plugpoint_tests::central_system::{CallFailure, CentralSystem, Cut, Door, Reply, Rule};
use plugpoint_tests::tls::{Authority, Validity};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;

use crate::fake_charger::{FakeCharger, central, settings};

#[test]
fn it_answers_sensibly_and_writes_down() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    assert_eq!(charger.subprotocol.as_deref(), Some("ocpp1.6"));
    assert_eq!(central.expect_opened().identity, "CP 001");
    let boot = charger.ask("a", "BootNotification", json!({"chargePointVendor": "V"}));
    assert_eq!(boot[2]["interval"], 300);
    let time: &str = boot[2]["currentTime"].as_str().expect("a time");
    assert!(time.parse::<jiff::Timestamp>().is_ok());
    assert_eq!(charger.start("b", 1, 0), 1);
    assert_eq!(charger.start("c", 2, 0), 2);
    let unknown = charger.ask("d", "Nonsense", json!({}));
    assert_eq!(unknown[0], 4);
    assert_eq!(unknown[2], "NotImplemented");

    let boot = central.expect_any("BootNotification");
    assert_eq!(boot.payload["chargePointVendor"], "V");
    let second = central.expect("StartTransaction", |p| p["connectorId"] == 2);
    assert!(boot.number < second.number);
    central.expect("StartTransaction", |p| p["connectorId"] == 1);
    central.assert_none("StartTransaction");
}

#[test]
fn what_was_not_expected_is_found() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    let stray = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        central.assert_none("BootNotification");
    }));
    assert!(stray.is_err());
    central.forget_earlier();
    central.assert_none("BootNotification");
    let late = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        central.expect_within(Duration::from_millis(20), "BootNotification", |_| true);
    }));
    assert!(late.is_err());
}

#[test]
fn calls_are_answered_refused_or_lost() {
    let central = central();
    assert_eq!(
        central.call("Reset", json!({})),
        Err(CallFailure::NotConnected)
    );
    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();

    let call = central
        .start_call("Reset", json!({"type": "Soft"}))
        .expect("sent");
    let frame = charger.receive_frame();
    assert_eq!(frame[2], "Reset");
    charger.send(json!([3, frame[1], {"status": "Accepted"}]));
    assert_eq!(call.wait(), Ok(json!({"status": "Accepted"})));

    let call = central.start_call("Reset", json!({})).expect("sent");
    let frame = charger.receive_frame();
    charger.send(json!([4, frame[1], "FormationViolation", "no type"]));
    let failure = call.wait().expect_err("refused");
    assert_eq!(failure.code(), Some("FormationViolation"));

    let call = central.start_call("Reset", json!({})).expect("sent");
    charger.receive_frame();
    drop(charger);
    assert_eq!(call.wait(), Err(CallFailure::ConnectionLost));
}

#[test]
fn the_script_is_followed() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    central.answer_next("Authorize", Reply::id_tag_status("Blocked"));
    central.script(Rule::on("StopTransaction", Reply::error("InternalError", "")).nth(2));
    let authorize = charger.ask("b", "Authorize", json!({"idTag": "A"}));
    assert_eq!(authorize[2]["idTagInfo"]["status"], "Blocked");
    let authorize = charger.ask("c", "Authorize", json!({"idTag": "A"}));
    assert_eq!(authorize[2]["idTagInfo"]["status"], "Accepted");
    for (id, kind) in [("d", 3), ("e", 4), ("f", 3)] {
        let answer = charger.ask(id, "StopTransaction", json!({}));
        assert_eq!(answer[0], kind, "{id}");
    }
    let delay = Duration::from_millis(60);
    central.answer_next("Heartbeat", Reply::usual().after(delay));
    let asked = Instant::now();
    charger.ask("g", "Heartbeat", json!({}));
    assert!(asked.elapsed() >= delay);

    central.answer_next("Heartbeat", Reply::usual().then(Cut::Close));
    let answer = charger.ask("h", "Heartbeat", json!({}));
    assert_eq!(answer[1], "h");
    assert!(matches!(charger.receive(), Ok(Message::Close(_))));
}

#[test]
fn connections_are_cut_as_asked() {
    let central = central();
    for (cut, seen) in [
        (Cut::Fin, "without closing handshake"),
        (Cut::MidFrame, "without closing handshake"),
        (Cut::Reset, "reset by peer"),
    ] {
        let mut charger = FakeCharger::connect(&central);
        central.expect_opened();
        central.cut(cut);
        let how = charger.receive().expect_err("cut");
        assert!(how.contains(seen), "{cut:?}: {how}");
        assert!(central.expect_ended().contains("cut"));
    }
    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();
    central.cut(Cut::Close);
    assert!(matches!(charger.receive(), Ok(Message::Close(_))));
}

#[test]
fn a_frozen_connection_is_silent_until_thawed() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();
    central.freeze();
    charger.send(json!([2, "a", "Heartbeat", {}]));
    let call = central.start_call("Reset", json!({})).expect("sent");
    let silent = charger.runtime.block_on(async {
        tokio::time::timeout(Duration::from_millis(50), charger.ws.next()).await
    });
    assert!(silent.is_err());
    central.thaw();
    let two = [charger.receive_frame(), charger.receive_frame()];
    assert!(two.iter().any(|frame| frame[2] == "Reset"));
    assert!(two.iter().any(|frame| frame[0] == 3));
    drop(charger);
    assert_eq!(call.wait(), Err(CallFailure::ConnectionLost));
}

#[test]
fn bad_frames_reach_the_charger() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();
    central.send_fragmented("[2,\"a\",\"Reset\",{}]", 4);
    assert_eq!(charger.receive_frame()[2], "Reset");
    central.send_binary(vec![1, 2]);
    assert!(matches!(charger.receive(), Ok(Message::Binary(_))));
    central.send_invalid_utf8();
    assert!(charger.receive().expect_err("refused").contains("UTF-8"));

    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();
    central.announce_frame(1 << 40);
    let how = charger.receive().expect_err("refused");
    assert!(how.contains("limit") || how.contains("long"), "{how}");

    let mut charger = FakeCharger::connect(&central);
    central.expect_opened();
    central.send_broken_framing();
    assert!(charger.receive().is_err());
}

#[test]
fn the_door_turns_callers_away() {
    let central = central();
    let dial = || FakeCharger::dial(central.address(), None, None);
    central.set_door(Door::Status(404));
    let refused = dial().err().expect("refused").to_string();
    assert!(refused.contains("404"), "{refused}");
    central.expect_not_opened();

    central.set_door(Door::HangUp);
    assert!(dial().is_err());
    central.expect_not_opened();

    for (door, seen) in [(None, None), (Some("ocpp2.0.1"), Some("ocpp2.0.1"))] {
        central.set_door(Door::Subprotocol(door.map(str::to_owned)));
        match dial() {
            Ok(charger) => assert_eq!(charger.subprotocol.as_deref(), seen),
            // The client's library checks it by itself.
            Err(error) => assert!(error.to_string().contains("ubprotocol"), "{error}"),
        }
    }

    central.set_door(Door::Mute);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut tcp = TcpStream::connect(central.address())
            .await
            .expect("accepted");
        tcp.write_all(b"GET / HTTP/1.1\r\n\r\n")
            .await
            .expect("sent");
        let silence = tokio::time::timeout(Duration::from_millis(50), tcp.read_u8()).await;
        assert!(silence.is_err());
    });

    central.set_door(Door::Open);
    assert!(dial().is_ok());
}

#[test]
fn a_shut_door_opens_again_at_the_same_address() {
    let central = central();
    central.set_door(Door::Shut);
    // The order takes effect on another thread; until then callers are
    // accepted and closed.
    while FakeCharger::dial(central.address(), None, None)
        .err()
        .is_none_or(|error| !error.to_string().contains("refused"))
    {
        std::thread::yield_now();
    }
    central.set_door(Door::Open);
    while FakeCharger::dial(central.address(), None, None).is_err() {
        std::thread::yield_now();
    }
    central.expect_opened();
}

#[test]
fn a_password_is_demanded_and_shown() {
    let password = vec![0xFF, b':', 0x00];
    let central = CentralSystem::start_with(Settings {
        basic_auth: Some(("CP 001".to_owned(), password.clone())),
        ..settings()
    })
    .expect("a central system");
    let refused = FakeCharger::dial(central.address(), None, None);
    assert!(refused.err().expect("refused").to_string().contains("401"));
    use base64::Engine as _;
    let mut plain = b"CP 001:".to_vec();
    plain.extend(&password);
    let header = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(plain)
    );
    assert!(FakeCharger::dial(central.address(), Some(&header), None).is_ok());
    let opening = central.expect_opened();
    assert_eq!(
        opening.basic_credentials(),
        Some(("CP 001".to_owned(), password))
    );
}

#[test]
fn tls_with_and_without_a_client_certificate() {
    let authority = Authority::new("Test root").expect("a root");
    let server = authority
        .server(&["localhost"], Validity::Now)
        .expect("a certificate");
    let central = CentralSystem::start_with(Settings {
        tls: Some(server.server_config(Some(&authority)).expect("fits")),
        host: "localhost".to_owned(),
        ..settings()
    })
    .expect("a central system");
    assert!(central.url().starts_with("wss://localhost:"));

    let connector = |client: bool| {
        use rustls_pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        let root = rustls_pki_types::CertificateDer::from_pem_slice(authority.pem().as_bytes());
        roots.add(root.expect("PEM")).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = if client {
            let identity = authority
                .client("CP001", Validity::Now)
                .expect("a certificate");
            let certificate = rustls_pki_types::CertificateDer::from_pem_slice(
                identity.certificate_pem.as_bytes(),
            );
            let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes());
            builder
                .with_client_auth_cert(vec![certificate.expect("PEM")], key.expect("PEM"))
                .expect("fits")
        } else {
            builder.with_no_client_auth()
        };
        TlsConnector::from(Arc::new(config))
    };
    let dial = |client| {
        FakeCharger::dial(
            central.address(),
            None,
            Some((connector(client), "localhost")),
        )
    };
    assert!(dial(false).is_err());
    assert!(central.expect_not_opened().contains("tls"));
    assert!(dial(true).is_ok());
    assert!(central.expect_opened().client_certificate);

    let expired = authority
        .server(&["localhost"], Validity::Expired)
        .expect("a certificate");
    central.set_tls(expired.server_config(None).expect("fits"));
    let refused = dial(false).err().expect("refused").to_string();
    assert!(refused.contains("xpired"), "{refused}");
}

#[test]
fn who_means_another_central_system_is_not_counted() {
    let central = CentralSystem::start().expect("a central system");
    let astray = FakeCharger::dial(central.address(), None, None);
    let refused = astray.err().expect("refused").to_string();
    assert!(refused.contains("404"), "{refused}");
    assert!(central.journal().is_empty(), "nobody was here");
}
