//! TLS, certificates and passwords.

use plugpoint_tests::central_system::{CentralSystem, Cut, Settings};
use plugpoint_tests::charger::Site;
use plugpoint_tests::tls::{Authority, Identity, Validity};

use crate::stage::{Stage, stage_with};

const PASSWORD_HEX: &str = "00112233445566778899aabbccddeeff";

/// A central system with TLS, and a charger that trusts its authority.
struct Secure {
    stage: Stage,
    authority: Authority,
}

fn secure(profile: &str) -> Secure {
    let site = Site::new().expect("a place");
    let authority = Authority::new("Test root").expect("a root");
    let root = site.file("root.pem");
    authority.write(&root).expect("a file");
    let client = authority.client("CP001", Validity::Now).expect("a client");
    let (cert, key) = (site.file("client.pem"), site.file("client.key"));
    client.write(&cert, &key).expect("files");
    let server = authority
        .server(&["localhost"], Validity::Now)
        .expect("a server");
    let with_clients = (profile == "3").then_some(&authority);
    let password = hex::decode(PASSWORD_HEX).expect("hex");
    let central = CentralSystem::start_with(Settings {
        tls: Some(server.server_config(with_clients).expect("fits")),
        host: "localhost".to_owned(),
        basic_auth: (profile == "2").then(|| ("CP001".to_owned(), password)),
        ..Settings::default()
    })
    .expect("a central system");
    let path = |file: &std::path::Path| file.to_string_lossy().into_owned();
    let stage = stage_with(central, |config| {
        config
            .ocpp("SecurityProfile", profile)
            .ocpp("AuthorizationKey", PASSWORD_HEX)
            .set("tls.csms_root_ca", path(&root))
            .set("tls.client_cert", path(&cert))
            .set("tls.client_key", path(&key))
    });
    Secure { stage, authority }
}

fn check_certificate(bad: impl FnOnce(&Authority) -> Identity) {
    let Secure { stage, authority } = secure("2");
    stage.begin();
    let config = |identity: &Identity| identity.server_config(None).expect("fits");
    stage.central.set_tls(config(&bad(&authority)));
    stage.central.cut(Cut::Fin);
    stage.central.expect_not_opened();
    stage.go_on_charging();
    stage.charger.wait_status("a reason", |s| {
        s["link"]["reason"].to_string().contains("certificate")
    });
    let good = authority
        .server(&["localhost"], Validity::Now)
        .expect("a server");
    stage.central.set_tls(config(&good));
    stage.redial();
    stage.expect_everything();
}

#[test]
fn an_expired_certificate() {
    check_certificate(|authority| {
        authority
            .server(&["localhost"], Validity::Expired)
            .expect("a server")
    });
}

#[test]
fn a_certificate_for_another_name() {
    check_certificate(|authority| {
        authority
            .server(&["elsewhere.example"], Validity::Now)
            .expect("a server")
    });
}

#[test]
fn a_certificate_of_another_authority() {
    check_certificate(|_| {
        let stranger = Authority::new("Stranger").expect("a root");
        stranger
            .server(&["localhost"], Validity::Now)
            .expect("a server")
    });
}

#[test]
fn a_session_with_a_client_certificate() {
    let Secure { stage, .. } = secure("3");
    stage.begin();
    stage.go_on_charging();
    stage.expect_everything();
    assert!(stage.central.journal().transcript().contains("opened"));
}

#[test]
fn a_password_over_plain_ws() {
    let password = hex::decode(PASSWORD_HEX).expect("hex");
    let central = CentralSystem::start_with(Settings {
        basic_auth: Some(("CP001".to_owned(), password)),
        ..Settings::default()
    })
    .expect("a central system");
    let stage = stage_with(central, |config| {
        config
            .ocpp("SecurityProfile", "1")
            .ocpp("AuthorizationKey", PASSWORD_HEX)
    });
    stage.begin();
    // A wrong password on the other side: refused, and back when it is right.
    stage
        .central
        .set_basic_auth(Some(("CP001".to_owned(), b"other".to_vec())));
    stage.central.cut(Cut::Fin);
    stage.central.expect_not_opened();
    stage.go_on_charging();
    stage.central.set_basic_auth(None);
    stage.redial();
    stage.expect_everything();
    let log = stage.charger.process().printed().join("\n");
    assert!(!log.contains(PASSWORD_HEX), "the password is in the log");
}
