//! The link in good weather: dialling, sending, closing, the plan and the network
//! switch.

mod link_support;

use std::time::Duration;

use link_support::{Charger, FarEnd, connect_to, plan, target};
use plugpoint::link::LinkEvent;
use plugpoint::wit::protocol::{Credential, Disconnect, LinkFailure, LinkState};

#[tokio::test]
async fn a_link_opens_and_carries_frames_both_ways() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    assert!(matches!(charger.link.state(), LinkState::Idle));

    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let up = charger.up().await;
    assert_eq!((up.target, up.subprotocol.as_str()), (0, "p1"));
    assert!(matches!(charger.link.state(), LinkState::Up(now) if now == up));
    let headers = peer.request.headers();
    assert_eq!(peer.request.uri().path(), "/a/CP%201");
    assert_eq!(headers["sec-websocket-protocol"], "p2, p1");
    assert_eq!(headers["host"], format!("127.0.0.1:{}", far.port()));
    assert!(headers.get("authorization").is_none());

    charger.send(up.link, "hallo ü");
    assert_eq!(peer.text().await, "hallo ü");
    peer.send("zurück").await;
    assert_eq!(charger.frame().await, "zurück");

    let counters = charger.link.counters();
    assert_eq!((counters.frames_in, counters.frames_out), (1, 1));
    assert_eq!((counters.dials, counters.links), (1, 1));
    assert!(counters.bytes_in > 0 && counters.bytes_out > 0);
}

#[tokio::test]
async fn frames_go_out_in_their_order() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    for i in 0..1000 {
        charger.send(link, &i.to_string());
    }
    for i in 0..1000 {
        assert_eq!(peer.text().await, i.to_string());
    }
}

#[tokio::test]
async fn user_and_password_go_byte_for_byte() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.targets[0].credential = Some(Credential {
        user: "CP 1".into(),
        password_entry: "password".into(),
    });
    let mut with_password = plan(connect);
    with_password.passwords = vec![Some(vec![0x00, 0xff, 0x80, b':', b'"', 0x0a])];
    charger.link.connect(with_password.clone());
    let peer = far.websocket().await;
    charger.up().await;
    assert_eq!(
        peer.request.headers()["authorization"],
        "Basic Q1AgMToA/4A6Igo="
    );
    assert!(
        !format!("{with_password:?}").contains("255"),
        "Debug hides it"
    );
}

#[tokio::test]
async fn the_same_plan_again_changes_nothing() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    charger.connect(connect_to(&far.url()));
    charger.send(link, "still here");
    assert_eq!(peer.text().await, "still here");
    charger.nothing().await;
    far.no_dial().await;
}

#[tokio::test]
async fn the_same_plan_does_not_shorten_the_back_off() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.back_off.first_ms = 60_000;
    connect.back_off.most_ms = 60_000;
    charger.connect(connect.clone());
    drop(far.answer("HTTP/1.1 503 Busy\r\n\r\n").await);
    charger.down().await;
    charger.connect(connect);
    far.no_dial().await;
}

#[tokio::test]
async fn another_plan_closes_after_what_was_sent_and_dials_anew() {
    let far = FarEnd::new().await;
    let other = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let old = charger.up().await.link;

    charger.send(old, "last words");
    charger.connect(connect_to(&other.url()));
    charger.send(old, "too late");
    assert_eq!(peer.text().await, "last words");
    assert_eq!(peer.close().await.unwrap().0, 1000);
    drop(peer);
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (old, LinkFailure::Ours));
    assert_eq!(down.again_in_ms, Some(0));

    let mut peer = other.websocket().await;
    let new = charger.up().await.link;
    assert!(new > old);
    charger.send(old, "for the old link");
    charger.send(new, "for the new link");
    assert_eq!(peer.text().await, "for the new link");
    assert_eq!(charger.link.counters().frames_dropped, 2);
}

#[tokio::test]
async fn another_password_is_another_plan() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.targets[0].credential = Some(Credential {
        user: "CP1".into(),
        password_entry: "password".into(),
    });
    let mut with_password = plan(connect);
    with_password.passwords = vec![Some(b"old".to_vec())];
    charger.link.connect(with_password.clone());
    let mut peer = far.websocket().await;
    charger.up().await;
    with_password.passwords = vec![Some(b"new".to_vec())];
    charger.link.connect(with_password);
    peer.close().await;
    drop(peer);
    charger.down().await;
    let peer = far.websocket().await;
    assert_eq!(
        peer.request.headers()["authorization"],
        "Basic Q1AxOm5ldw=="
    );
}

#[tokio::test]
async fn a_disconnect_stays_away_until_the_next_connect() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    charger.send(link, "last words");
    charger.link.disconnect(Disconnect {
        again: false,
        text: "as told".into(),
    });
    assert_eq!(peer.text().await, "last words");
    assert_eq!(peer.close().await, Some((1000, "as told".to_owned())));
    drop(peer);
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (link, LinkFailure::Ours));
    assert_eq!(down.again_in_ms, None);
    assert!(matches!(charger.link.state(), LinkState::Down));
    far.no_dial().await;

    charger.connect(connect_to(&far.url()));
    let _peer = far.websocket().await;
    charger.up().await;
}

#[tokio::test]
async fn a_disconnect_with_again_dials_at_once() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.back_off.first_ms = 60_000;
    connect.back_off.most_ms = 60_000;
    charger.connect(connect);
    let mut peer = far.websocket().await;
    charger.up().await;
    charger.link.disconnect(Disconnect {
        again: true,
        text: String::new(),
    });
    peer.close().await;
    drop(peer);
    assert_eq!(charger.down().await.again_in_ms, Some(0));
    let _peer = far.websocket().await;
    charger.up().await;
}

#[tokio::test]
async fn close_sends_what_was_sent_and_forgets_the_plan() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    for i in 0..50 {
        charger.send(link, &i.to_string());
    }
    let handle = charger.link.clone();
    let closing =
        tokio::spawn(async move { handle.close(Duration::ZERO, Duration::from_secs(5)).await });
    for i in 0..50 {
        assert_eq!(peer.text().await, i.to_string());
    }
    assert_eq!(peer.close().await.unwrap().0, 1001);
    drop(peer);
    closing.await.unwrap();
    assert!(matches!(charger.link.state(), LinkState::Idle));
    charger.nothing().await;
    far.no_dial().await;

    charger.connect(connect_to(&far.url()));
    let _peer = far.websocket().await;
    assert!(charger.up().await.link > link);
}

#[tokio::test]
async fn close_lingers_behind_the_last_frame_and_still_hears_the_far_end() {
    let linger = Duration::from_millis(300);
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    let began = std::time::Instant::now();
    charger.send(link, "the last word");
    let handle = charger.link.clone();
    let closing = tokio::spawn(async move { handle.close(linger, Duration::from_secs(5)).await });
    assert_eq!(peer.text().await, "the last word");
    peer.send("too late for anybody, but no reason to end")
        .await;
    assert_eq!(peer.close().await.unwrap().0, 1001);
    assert!(began.elapsed() >= linger, "closed at once");
    drop(peer);
    closing.await.unwrap();
}

#[tokio::test]
async fn close_lingers_no_longer_than_the_far_end_stays() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let peer = far.websocket().await;
    let link = charger.up().await.link;
    charger.send(link, "the last word");
    drop(peer);
    let minute = Duration::from_secs(60);
    let closing = charger.link.close(minute, minute);
    tokio::time::timeout(Duration::from_secs(10), closing)
        .await
        .expect("nobody is there to linger for");
}

#[tokio::test]
async fn close_does_not_wait_longer_than_its_bound() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let _silent = far.websocket().await; // never answers the close frame
    charger.up().await;
    let began = std::time::Instant::now();
    let bound = Duration::from_millis(100);
    charger.link.close(Duration::ZERO, bound).await;
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn the_network_switch_drops_hard_and_dials_at_once() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.back_off.first_ms = 60_000;
    connect.back_off.most_ms = 60_000;
    charger.connect(connect.clone());
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;

    charger.link.set_online(false);
    peer.gone().await;
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (link, LinkFailure::Unreachable));
    assert_eq!(down.again_in_ms, None);
    far.no_dial().await;
    // Nothing is dialled for a new plan either.
    connect.ping_interval_ms = 1;
    charger.connect(connect);
    far.no_dial().await;
    assert!(matches!(charger.link.state(), LinkState::Down));

    charger.link.set_online(true);
    let _peer = far.websocket().await;
    assert!(charger.up().await.link > link);
}

#[tokio::test]
async fn back_online_ends_a_long_back_off() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.back_off.first_ms = 60_000;
    connect.back_off.most_ms = 60_000;
    charger.connect(connect);
    drop(far.answer("HTTP/1.1 503 Busy\r\n\r\n").await);
    assert_eq!(charger.down().await.again_in_ms, Some(60_000));
    charger.link.set_online(false);
    charger.link.set_online(true);
    let _peer = far.websocket().await;
    charger.up().await;
}

#[tokio::test]
async fn targets_are_tried_in_turn() {
    let first = FarEnd::new().await;
    let second = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&first.url());
    connect.targets.push(target(&second.url()));
    connect.attempts_per_target = 2;
    charger.connect(connect);
    for _ in 0..2 {
        drop(first.answer("HTTP/1.1 404 Not Found\r\n\r\n").await);
        let down = charger.down().await;
        assert_eq!((down.target, down.http_status), (0, Some(404)));
    }
    let _peer = second.websocket().await;
    assert_eq!(charger.up().await.target, 1);
}

#[tokio::test]
async fn a_loop_that_takes_no_events_makes_the_far_end_wait_and_loses_nothing() {
    let far = FarEnd::new().await;
    let mut charger = Charger::with(Default::default(), Default::default(), 1);
    charger.connect(connect_to(&far.url()));
    let mut peer = far.websocket().await;
    let sent = 2000;
    let text = "x".repeat(4000);
    let pushing = tokio::spawn(async move {
        for i in 0..sent {
            peer.send(&format!("{i} {text}")).await;
        }
        peer
    });
    tokio::time::sleep(link_support::A_WHILE).await;
    assert!(!pushing.is_finished(), "8 MB cannot all be on their way");
    assert!(charger.link.counters().frames_in < 10);
    charger.up().await;
    for i in 0..sent {
        assert!(charger.frame().await.starts_with(&format!("{i} ")));
    }
    let mut peer = pushing.await.unwrap();
    // Nor does it keep the link from obeying.
    peer.send("one").await;
    peer.send("two").await;
    while charger.link.counters().frames_in < sent + 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    charger.link.set_online(false);
    peer.gone().await;
    assert_eq!(charger.frame().await, "one");
    assert!(matches!(charger.event().await, LinkEvent::Frame(_)));
    charger.down().await;
}
