//! Everything that goes wrong between charger and central system, while a car
//! charges: the right reaction, charging is never blocked, and no transaction
//! message is ever lost.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Cut, Door, Reply, Settings};
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::ledger::{Ledger, Rules};
use plugpoint_tests::tls::{Authority, Identity, Validity};
use serde_json::{Value, json};

const PASSWORD_HEX: &str = "00112233445566778899aabbccddeeff";

struct Stage {
    central: CentralSystem,
    charger: Charger,
    _site: Site,
}

fn stage() -> Stage {
    stage_with(
        CentralSystem::start().expect("a central system"),
        |config| config,
    )
}

fn stage_with(central: CentralSystem, edit: impl FnOnce(Config) -> Config) -> Stage {
    let site = Site::new().expect("a place");
    let config = Config::new(central.url())
        .ocpp("MeterValueSampleInterval", "1")
        .ocpp("AllowOfflineTxForUnknownId", "true")
        .ocpp("MessageTimeout", "2");
    let charger = site.start(&edit(config)).expect("a charger");
    central.expect_opened();
    central.expect_status(1, "Available");
    Stage {
        central,
        charger,
        _site: site,
    }
}

impl Stage {
    /// A car charges, and the central system knows it.
    fn begin(&self) {
        self.charger.control().plug(1).expect("a car");
        self.charger.control().card("CARD1").expect("a card");
        self.central
            .expect("StartTransaction", |p| p["idTag"] == "CARD1");
        self.charger.wait_contactor(1, "closed");
        self.central.expect_any("MeterValues");
    }

    /// That car leaves and another charges, whatever the link does.
    fn go_on_charging(&self) {
        let control = self.charger.control();
        control.card("CARD1").expect("a card");
        self.charger.wait_contactor(1, "open");
        control.unplug(1).expect("no car");
        self.charger
            .wait_connector(1, "no permit", |c| c["permit"].is_null());
        control.plug(1).expect("a car");
        control.card("CARD2").expect("a card");
        self.charger.wait_contactor(1, "closed");
        let wh = self.charger.connector(1)["register_wh"]
            .as_f64()
            .expect("a register");
        self.charger.wait_register(1, wh + 2.0);
        control.card("CARD2").expect("a card");
        self.charger.wait_contactor(1, "open");
    }

    /// Both transactions are told whole and in order.
    fn expect_everything(&self) -> Ledger {
        for _ in 0..2 {
            self.central.expect_any("StopTransaction");
        }
        let ledger = Ledger::of(
            &self.central.journal().entries(),
            &Rules {
                call_timeout: Duration::from_secs(2),
                ..Rules::default()
            },
        );
        ledger.assert_clean(|| self.central.journal().transcript());
        let tags: Vec<&str> = ledger
            .transactions
            .iter()
            .map(|tx| tx.id_tag.as_str())
            .collect();
        assert_eq!(tags, ["CARD1", "CARD2"]);
        assert!(ledger.transactions.iter().all(|tx| tx.stop.is_some()));
        assert!(!ledger.transactions[0].samples.is_empty());
        ledger
    }

    /// Back on the air at once, instead of after the back-off.
    fn redial(&self) {
        self.charger.control().network(false).expect("off");
        self.charger.control().network(true).expect("on");
    }

    fn link(&self) -> Value {
        self.charger.status()["link"].clone()
    }
}

/// The connection ends, and the charger dials again by itself.
fn check_cut(cut: impl FnOnce(&CentralSystem)) {
    let stage = stage();
    stage.begin();
    cut(&stage.central);
    stage.central.expect_ended();
    stage.go_on_charging();
    stage.central.expect_opened();
    stage.expect_everything();
    // The link came back without a boot.
    assert_eq!(stage.central.calls("BootNotification").len(), 1);
}

#[test]
fn closed_in_good_order() {
    check_cut(|central| central.cut(Cut::Close));
}

#[test]
fn tcp_closed() {
    check_cut(|central| central.cut(Cut::Fin));
}

#[test]
fn tcp_reset() {
    check_cut(|central| central.cut(Cut::Reset));
}

#[test]
fn closed_in_the_middle_of_a_frame() {
    check_cut(|central| central.cut(Cut::MidFrame));
}

#[test]
fn a_frame_that_is_announced_too_large() {
    check_cut(|central| central.announce_frame(1 << 40));
}

#[test]
fn a_frame_that_is_too_large() {
    check_cut(|central| central.send_text("x".repeat(300 * 1024)));
}

#[test]
fn a_message_that_is_too_large_in_fragments() {
    check_cut(|central| central.send_fragmented(&"x".repeat(300 * 1024), 30));
}

#[test]
fn broken_framing() {
    check_cut(CentralSystem::send_broken_framing);
}

#[test]
fn text_that_is_not_utf8() {
    check_cut(CentralSystem::send_invalid_utf8);
}

#[test]
fn the_answer_is_lost_with_the_connection() {
    let stage = stage();
    stage
        .central
        .answer_next("StartTransaction", Reply::cut(Cut::Reset));
    stage
        .central
        .answer_next("StopTransaction", Reply::usual().then(Cut::Reset));
    stage.charger.control().plug(1).expect("a car");
    stage.charger.control().card("CARD1").expect("a card");
    stage.charger.wait_contactor(1, "closed");
    stage.go_on_charging();
    // Two cuts, and everything that was not answered again.
    for _ in 0..2 {
        stage.central.expect_ended();
        stage.central.expect_opened();
    }
    let ledger = {
        stage
            .central
            .expect("StopTransaction", |p| p["transactionId"] == 2);
        Ledger::of(&stage.central.journal().entries(), &Rules::default())
    };
    ledger.assert_clean(|| stage.central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
    assert!(ledger.retransmissions >= 1);
}

#[test]
fn a_binary_frame_is_ignored() {
    let stage = stage();
    stage.begin();
    stage.central.send_binary(vec![0; 1000]);
    let answer = stage
        .central
        .call("GetConfiguration", json!({"key": ["MessageTimeout"]}));
    assert!(answer.is_ok(), "{answer:?}");
    stage.go_on_charging();
    stage.expect_everything();
    assert!(!stage.central.journal().transcript().contains("ended:"));
}

#[test]
fn fragments_are_put_together() {
    let stage = stage();
    let text = "[2,\"frag\",\"GetConfiguration\",{\"key\":[\"MessageTimeout\"]}]";
    stage.central.send_fragmented(text, 9);
    let answered = stage
        .central
        .journal()
        .wait(Duration::from_secs(10), |entries| {
            entries.iter().rev().find_map(|entry| {
                let told = format!("{:?}", entry.what);
                (told.contains("Received") && told.contains("\"frag\"")).then_some(())
            })
        });
    assert!(
        answered.is_some(),
        "{}",
        stage.central.journal().transcript()
    );
}

#[test]
fn a_half_open_socket() {
    let central = CentralSystem::start().expect("a central system");
    let stage = stage_with(central, |config| config.ocpp("WebSocketPingInterval", "1"));
    stage.begin();
    stage.central.expect_ping();
    stage.central.freeze();
    stage.go_on_charging();
    // Noticed by the missing pong, and dialled anew.
    stage.central.expect_opened();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_accepts_and_never_answers_the_upgrade() {
    let stage = stage();
    stage.begin();
    stage.central.set_door(Door::Mute);
    stage.central.cut(Cut::Fin);
    stage.central.expect_not_opened();
    stage.go_on_charging();
    assert_ne!(stage.link()["state"], "up");
    stage.central.set_door(Door::Open);
    stage.redial();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_never_answers_a_call() {
    let stage = stage();
    stage.begin();
    for action in [
        "StopTransaction",
        "StartTransaction",
        "MeterValues",
        "StatusNotification",
        "Authorize",
    ] {
        stage.central.answer(action, Reply::silence());
    }
    stage.go_on_charging();
    // It is sent again, and never given up.
    let first = stage.central.expect_any("StopTransaction");
    let again = stage
        .central
        .expect("StopTransaction", |p| *p == first.payload);
    assert_eq!(first.id, again.id);
    stage.central.clear_script();
    stage
        .central
        .expect("StopTransaction", |p| *p == first.payload);
    stage
        .central
        .expect("StopTransaction", |p| *p != first.payload);
    let ledger = Ledger::of(
        &stage.central.journal().entries(),
        &Rules {
            call_timeout: Duration::from_millis(1900),
            ..Rules::default()
        },
    );
    ledger.assert_clean(|| stage.central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
}

#[test]
fn a_slow_central_system() {
    let stage = stage();
    stage.central.be_slow(Duration::from_millis(300));
    stage.begin();
    stage.go_on_charging();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_refuses_transaction_messages_at_first() {
    let central = CentralSystem::start().expect("a central system");
    let stage = stage_with(central, |config| {
        config
            .ocpp("TransactionMessageAttempts", "3")
            .ocpp("TransactionMessageRetryInterval", "1")
    });
    stage
        .central
        .answer_next("StartTransaction", Reply::error("InternalError", "not now"));
    stage.charger.control().plug(1).expect("a car");
    stage.charger.control().card("CARD1").expect("a card");
    let first = stage.central.expect_any("StartTransaction");
    let second = stage.central.expect_any("StartTransaction");
    assert_eq!((&first.id, &first.payload), (&second.id, &second.payload));
    assert!(second.at.duration_since(first.at) >= Duration::from_millis(950));
    stage.charger.wait_contactor(1, "closed");
    stage.central.expect_any("MeterValues");
    stage.go_on_charging();
    stage.expect_everything();
}

/// The upgrade is refused for a while.
fn check_door(door: Door, failure: &str) {
    let stage = stage();
    stage.begin();
    stage.central.set_door(door);
    stage.central.cut(Cut::Fin);
    stage.central.expect_ended();
    stage.go_on_charging();
    // It goes on trying.
    let status = stage.charger.wait_status("a reason", |s| {
        s["link"]["reason"].to_string().contains(failure)
    });
    assert_ne!(status["link"]["state"], "up");
    stage.central.set_door(Door::Open);
    stage.redial();
    stage.expect_everything();
}

#[test]
fn unauthorized_at_the_upgrade() {
    check_door(Door::Status(401), "401");
}

#[test]
fn not_found_at_the_upgrade() {
    check_door(Door::Status(404), "404");
}

#[test]
fn no_subprotocol() {
    check_door(Door::Subprotocol(None), "subprotocol");
}

#[test]
fn another_subprotocol() {
    check_door(
        Door::Subprotocol(Some("ocpp2.0.1".to_owned())),
        "subprotocol",
    );
}

#[test]
fn nobody_listens() {
    check_door(Door::Shut, "refused");
}

#[test]
fn it_dials_again_by_itself_with_growing_pauses() {
    let stage = stage();
    stage.central.set_door(Door::HangUp);
    stage.central.cut(Cut::Fin);
    for _ in 0..3 {
        stage.central.expect_not_opened();
    }
    let failed: Vec<_> = stage
        .central
        .journal()
        .entries()
        .iter()
        .filter(|entry| {
            matches!(
                entry.what,
                plugpoint_tests::central_system::What::NotOpened(_)
            )
        })
        .map(|entry| entry.at)
        .collect();
    let pauses: Vec<Duration> = failed
        .windows(2)
        .map(|p| p[1].duration_since(p[0]))
        .collect();
    assert!(
        pauses.iter().all(|p| *p >= Duration::from_millis(900)),
        "{pauses:?}"
    );
    stage.central.set_door(Door::Open);
    stage.central.expect_opened();
}

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
