//! Half-open connections: nothing says that the far end is gone, and the link has
//! to find out.

mod link_support;

use std::time::{Duration, Instant};

use link_support::{Charger, FarEnd, connect_to};
use plugpoint::wit::protocol::{Connect, LinkFailure};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

fn pinging(far: &FarEnd, interval: u32, deadline: u32) -> Connect {
    Connect {
        ping_interval_ms: interval,
        pong_deadline_ms: deadline,
        ..connect_to(&far.url())
    }
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_and_dialled_anew() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 50, 100));
    let peer = far.websocket().await; // held, but never polled: no pongs
    let began = Instant::now();
    let link = charger.up().await.link;
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (link, LinkFailure::Silent));
    assert!(began.elapsed() >= Duration::from_millis(140));
    assert!(began.elapsed() < Duration::from_secs(8));
    let _new = far.websocket().await;
    charger.up().await;
    drop(peer);
}

#[tokio::test]
async fn pongs_keep_a_link_up() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 100, 500));
    let mut peer = far.websocket().await;
    charger.up().await;
    for _ in 0..8 {
        // Reading it is what makes the far end answer.
        assert_eq!(peer.message().await, Some(Message::Ping(vec![].into())));
    }
    assert!(charger.events.try_recv().is_err(), "still up");
}

#[tokio::test]
async fn any_frame_counts_as_a_sign_of_life() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 60, 600));
    let mut peer = far.websocket().await;
    charger.up().await;
    // Sends and never reads: no pongs, but frames.
    for i in 0..30 {
        peer.send(&i.to_string()).await;
        assert_eq!(charger.frame().await, i.to_string());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    // Now it falls silent.
    assert_eq!(charger.down().await.failure, LinkFailure::Silent);
}

#[tokio::test]
async fn a_frame_that_comes_slowly_is_a_sign_of_life() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 50, 500));
    let mut peer = far.websocket().await;
    charger.up().await;
    // 20 bytes over a second; no pong can come in the middle of a frame.
    let wire = peer.socket.get_mut();
    wire.write_all(b"\x81\x14").await.unwrap();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        wire.write_all(b"x").await.unwrap();
    }
    assert_eq!(charger.frame().await, "x".repeat(20));
}

#[tokio::test]
async fn without_an_interval_there_are_no_pings() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 0, 10));
    let mut peer = far.websocket().await;
    charger.up().await;
    let heard = tokio::time::timeout(link_support::A_WHILE, peer.message()).await;
    assert!(heard.is_err(), "{heard:?}");
    charger.nothing().await;
}

#[tokio::test]
async fn other_pings_need_no_new_link() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 0, 10));
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;

    charger.connect(pinging(&far, 50, 5000));
    assert_eq!(peer.message().await, Some(Message::Ping(vec![].into())));
    charger.send(link, "on the same link");
    while peer.message().await != Some(Message::text("on the same link")) {}
    assert!(charger.events.try_recv().is_err(), "it never went down");
    assert_eq!(charger.link.counters().dials, 1);

    // And they are judged by: the far end is not read any more, so sends no pongs.
    charger.connect(pinging(&far, 50, 100));
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (link, LinkFailure::Silent));
    drop(peer);
}

#[tokio::test]
async fn another_address_needs_a_new_link() {
    let (far, further) = (FarEnd::new().await, FarEnd::new().await);
    let mut charger = Charger::new();
    charger.connect(pinging(&far, 50, 5000));
    let _peer = far.websocket().await;
    charger.up().await;
    charger.connect(pinging(&further, 60, 5000));
    assert_eq!(charger.down().await.failure, LinkFailure::Ours);
    let _peer = further.websocket().await;
    charger.up().await;
}

#[tokio::test]
async fn a_busy_loop_is_not_taken_for_a_silent_far_end() {
    let far = FarEnd::new().await;
    let mut charger = Charger::with(Default::default(), Default::default(), 1);
    charger.connect(pinging(&far, 30, 60));
    let mut peer = far.websocket().await;
    for i in 0..4 {
        peer.send(&i.to_string()).await;
    }
    // Nobody takes the events: nothing is read, so nothing is heard.
    tokio::time::sleep(Duration::from_millis(300)).await;
    charger.up().await;
    for i in 0..4 {
        assert_eq!(charger.frame().await, i.to_string());
    }
}
