//! Whom a link trusts, and whom not.

mod link_support;

use std::sync::Arc;

use link_support::certs::{Authority, FROM, Leaf, TO};
use link_support::{Charger, FarEnd, Material, Peer, connect_to, websocket};
use plugpoint::clock::Clock;
use plugpoint::link::LinkSettings;
use plugpoint::wit::protocol::{Connect, LinkDown, LinkFailure};
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// 2026-01-01.
const BUILT_MS: i64 = 1_767_225_600_000;

fn trusting(authority: &Authority) -> Material {
    let mut material = Material::default();
    let roots = vec![authority.certificate.clone()];
    material.roots.insert("csms".into(), roots);
    material
}

fn settings() -> LinkSettings {
    LinkSettings {
        build_time_ms: BUILT_MS,
        ..LinkSettings::default()
    }
}

fn secure(far: &FarEnd) -> Connect {
    connect_to(&format!("wss://localhost:{}/CP1", far.port()))
}

async fn accept(far: &FarEnd, leaf: &Leaf) -> std::io::Result<TlsStream<TcpStream>> {
    let acceptor = TlsAcceptor::from(leaf.server(&[&TLS12, &TLS13], None));
    acceptor.accept(far.tcp().await).await
}

async fn accepted(far: &FarEnd, leaf: &Leaf) -> Peer<TlsStream<TcpStream>> {
    websocket(accept(far, leaf).await.unwrap(), Some("p1")).await
}

/// The link comes up and carries a frame.
async fn comes_up(mut charger: Charger, far: &FarEnd, leaf: &Leaf) {
    charger.connect(secure(far));
    let mut peer = accepted(far, leaf).await;
    let link = charger.up().await.link;
    charger.send(link, "secret");
    assert_eq!(peer.text().await, "secret");
}

/// The server's certificate is refused, twice, so that the link goes on trying.
async fn is_refused(mut charger: Charger, far: &FarEnd, leaf: &Leaf) -> LinkDown {
    charger.connect(secure(far));
    assert!(accept(far, leaf).await.is_err());
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Certificate, "{}", down.text);
    assert!(accept(far, leaf).await.is_err());
    charger.down().await
}

fn charger(material: Material) -> Charger {
    Charger::with(settings(), material, 64)
}

/// A charger whose clock was never set.
fn without_time(material: Material) -> Charger {
    Charger::at(settings(), material, 64, Clock::new(false))
}

#[tokio::test]
async fn a_server_of_our_root_is_trusted_in_both_versions_of_tls() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    for version in [&TLS12, &TLS13] {
        let far = FarEnd::new().await;
        let mut charger = charger(trusting(&authority));
        charger.connect(secure(&far));
        let acceptor = TlsAcceptor::from(leaf.server(&[version], None));
        let stream = acceptor.accept(far.tcp().await).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        let mut peer = websocket(stream, Some("p1")).await;
        charger.up().await;
        let large = "x".repeat(60_000);
        peer.send(&large).await;
        assert_eq!(charger.frame().await, large);
    }
}

#[tokio::test]
async fn a_server_behind_an_intermediate_is_trusted_if_it_sends_it() {
    let authority = Authority::new("root");
    let intermediate = authority.intermediate("intermediate");
    let mut leaf = intermediate.issue(&["localhost"]);
    let far = FarEnd::new().await;
    let down = is_refused(charger(trusting(&authority)), &far, &leaf).await;
    assert!(down.text.contains("UnknownIssuer"), "{}", down.text);
    leaf.chain.push(intermediate.certificate.clone());
    comes_up(charger(trusting(&authority)), &far, &leaf).await;
}

#[tokio::test]
async fn an_address_can_be_the_name() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["127.0.0.1"]);
    let far = FarEnd::new().await;
    let mut charger = charger(trusting(&authority));
    charger.connect(connect_to(&format!("wss://127.0.0.1:{}/CP1", far.port())));
    let _peer = accepted(&far, &leaf).await;
    charger.up().await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new("root");
    let leaf = authority.issue_for(&["localhost"], 2020, 2024);
    let far = FarEnd::new().await;
    let down = is_refused(charger(trusting(&authority)), &far, &leaf).await;
    assert!(down.text.contains("expired"), "{}", down.text);
}

#[tokio::test]
async fn a_certificate_for_later_is_refused() {
    let authority = Authority::new("root");
    let leaf = authority.issue_for(&["localhost"], 2090, 2099);
    let far = FarEnd::new().await;
    let down = is_refused(charger(trusting(&authority)), &far, &leaf).await;
    assert!(down.text.contains("not valid yet"), "{}", down.text);
}

#[tokio::test]
async fn the_time_that_counts_is_the_one_the_charger_was_told() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let far = FarEnd::new().await;
    let clock = Clock::new(true);
    clock.set_wall(2_524_608_000_000); // 2050
    let charger = Charger::at(settings(), trusting(&authority), 64, clock);
    is_refused(charger, &far, &leaf).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new("root");
    // Its common name is right; that does not count.
    let leaf = authority.issue(&["csms.example"]);
    let far = FarEnd::new().await;
    let down = is_refused(charger(trusting(&authority)), &far, &leaf).await;
    assert!(
        down.text.contains("localhost") && down.text.contains("csms.example"),
        "{}",
        down.text
    );
}

#[tokio::test]
async fn a_certificate_of_another_root_is_refused() {
    let authority = Authority::new("root");
    let leaf = Authority::new("root").issue(&["localhost"]);
    let far = FarEnd::new().await;
    is_refused(charger(trusting(&authority)), &far, &leaf).await;
}

#[tokio::test]
async fn only_the_sets_that_the_guest_names_are_trusted() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let other = Authority::new("other");
    let far = FarEnd::new().await;
    let mut material = trusting(&other);
    material
        .roots
        .insert("manufacturer".into(), vec![authority.certificate.clone()]);
    is_refused(charger(material), &far, &leaf).await;

    let mut material = trusting(&other);
    material
        .roots
        .insert("manufacturer".into(), vec![authority.certificate.clone()]);
    let mut charger = charger(material);
    let mut connect = secure(&far);
    connect.targets[0].trust.push("manufacturer".into());
    charger.connect(connect);
    let _peer = accepted(&far, &leaf).await;
    charger.up().await;
}

#[tokio::test]
async fn without_a_root_nobody_is_trusted_and_the_reason_is_said() {
    let far = FarEnd::new().await;
    let mut charger = charger(Material::default());
    charger.connect(secure(&far));
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Certificate);
    assert!(
        down.text.contains("no root certificate") && down.text.contains("\"csms\""),
        "{}",
        down.text
    );
    assert!(down.again_in_ms.is_some());
    far.no_dial().await;
}

#[tokio::test]
async fn without_hostname_check_only_the_name_may_be_wrong() {
    let authority = Authority::new("root");
    let lax = || {
        let settings = LinkSettings {
            verify_hostname: false,
            ..settings()
        };
        Charger::with(settings, trusting(&authority), 64)
    };
    let far = FarEnd::new().await;
    comes_up(lax(), &far, &authority.issue(&["csms.example"])).await;
    let far = FarEnd::new().await;
    is_refused(
        lax(),
        &far,
        &authority.issue_for(&["csms.example"], 2020, 2024),
    )
    .await;
    let far = FarEnd::new().await;
    is_refused(lax(), &far, &Authority::new("root").issue(&["localhost"])).await;
}

#[tokio::test]
async fn without_time_what_began_after_the_build_is_trusted() {
    let authority = Authority::new("root");
    for (from, to) in [(FROM, TO), (2027, 2028), (2090, 2099)] {
        let far = FarEnd::new().await;
        let leaf = authority.issue_for(&["localhost"], from, to);
        comes_up(without_time(trusting(&authority)), &far, &leaf).await;
    }
}

#[tokio::test]
async fn without_time_nothing_else_is_overlooked() {
    let authority = Authority::new("root");
    let ended_before_the_build = authority.issue_for(&["localhost"], 2020, 2025);
    let for_another_name = authority.issue_for(&["csms.example"], 2027, 2028);
    let of_another_root = Authority::new("root").issue_for(&["localhost"], 2027, 2028);
    for leaf in [ended_before_the_build, for_another_name, of_another_root] {
        let far = FarEnd::new().await;
        is_refused(without_time(trusting(&authority)), &far, &leaf).await;
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let client = authority.issue(&["CP1"]);
    for version in [&TLS12, &TLS13] {
        let far = FarEnd::new().await;
        let mut material = trusting(&authority);
        let identity = (client.chain.clone(), client.private());
        material.identities.insert("client".into(), identity);
        let mut charger = charger(material);
        let mut connect = secure(&far);
        connect.targets[0].client_identity = Some("client".into());
        charger.connect(connect);
        let acceptor = TlsAcceptor::from(leaf.server(&[version], Some(&authority)));
        let stream = acceptor.accept(far.tcp().await).await.unwrap();
        assert_eq!(
            stream.get_ref().1.peer_certificates().unwrap(),
            client.chain
        );
        let _peer = websocket(stream, Some("p1")).await;
        charger.up().await;
    }
}

#[tokio::test]
async fn a_server_that_misses_our_certificate_fails_tls() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    for version in [&TLS12, &TLS13] {
        let far = FarEnd::new().await;
        let mut charger = charger(trusting(&authority));
        charger.connect(secure(&far));
        let acceptor = TlsAcceptor::from(leaf.server(&[version], Some(&authority)));
        assert!(acceptor.accept(far.tcp().await).await.is_err());
        let down = charger.down().await;
        assert_eq!(down.failure, LinkFailure::Tls, "{}", down.text);
        assert!(down.again_in_ms.is_some());
    }
}

#[tokio::test]
async fn an_identity_that_does_not_exist_is_said() {
    let authority = Authority::new("root");
    let far = FarEnd::new().await;
    let mut charger = charger(trusting(&authority));
    let mut connect = secure(&far);
    connect.targets[0].client_identity = Some("client".into());
    charger.connect(connect);
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Tls);
    assert!(down.text.contains("\"client\""), "{}", down.text);
}

#[tokio::test]
async fn plain_text_where_tls_should_be_fails_tls() {
    let authority = Authority::new("root");
    let far = FarEnd::new().await;
    let mut charger = charger(trusting(&authority));
    charger.connect(secure(&far));
    let mut stream = far.tcp().await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(charger.down().await.failure, LinkFailure::Tls);
}

#[tokio::test]
async fn a_server_that_never_answers_tls_runs_into_the_deadline() {
    let authority = Authority::new("root");
    let far = FarEnd::new().await;
    let mut charger = charger(trusting(&authority));
    let mut connect = secure(&far);
    connect.open_deadline_ms = 300;
    charger.connect(connect);
    let _held = far.tcp().await;
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Timeout);
    assert!(down.text.contains("TLS"), "{}", down.text);
}

#[tokio::test]
async fn a_link_over_tls_that_just_ends_is_closed() {
    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let far = FarEnd::new().await;
    let mut charger = charger(trusting(&authority));
    charger.connect(secure(&far));
    let peer = accepted(&far, &leaf).await;
    charger.up().await;
    drop(peer); // without TLS's own end
    assert_eq!(charger.down().await.failure, LinkFailure::Closed);
}

#[tokio::test]
async fn a_change_of_material_counts_from_the_next_dial_on() {
    use plugpoint::services::keystore::{InitialMaterial, Keystore, MemoryStorage};

    let authority = Authority::new("root");
    let leaf = authority.issue(&["localhost"]);
    let far = FarEnd::new().await;
    let keystore = Arc::new(Keystore::open(MemoryStorage::default()).unwrap());
    let (events, received) = tokio::sync::mpsc::channel(8);
    let link = plugpoint::link::Link::spawn(
        settings(),
        Arc::clone(&keystore) as _,
        Clock::new(true),
        events,
    );
    let mut charger = Charger {
        link,
        events: received,
    };
    charger.connect(secure(&far));
    assert!(charger.down().await.text.contains("no root certificate"));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("root.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    let material = InitialMaterial {
        csms_root_ca: Some(file),
        ..InitialMaterial::default()
    };
    keystore.import_initial(&material).unwrap();
    let accepting = accepted(&far, &leaf);
    let up = async {
        loop {
            match charger.event().await {
                plugpoint::link::LinkEvent::Up(up) => return up,
                plugpoint::link::LinkEvent::Down(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (_peer, _up) = tokio::join!(accepting, up);
}
