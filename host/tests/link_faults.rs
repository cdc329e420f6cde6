//! What a link does when the far end, or the way to it, misbehaves: the right
//! kind of failure, the right close code, and always another attempt.

mod link_support;

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use link_support::{Charger, FarEnd, Peer, connect_to, target, websocket};
use plugpoint::link::{LinkCounters, LinkSettings};
use plugpoint::wit::protocol::{LinkDown, LinkFailure};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

fn failures(counters: &LinkCounters, name: &str) -> u64 {
    counters
        .failures
        .iter()
        .find(|(kind, _)| *kind == name)
        .unwrap()
        .1
}

/// A charger with an open link, the far end's side of it, and the link's number.
async fn open(far: &FarEnd) -> (Charger, Peer<TcpStream>, u32) {
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let peer = far.websocket().await;
    let link = charger.up().await.link;
    (charger, peer, link)
}

/// The link ended so, and a new one comes up by itself.
async fn ends(far: &FarEnd, charger: &mut Charger, link: u32, failure: LinkFailure) -> LinkDown {
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (link, failure), "{}", down.text);
    assert!(down.again_in_ms.is_some_and(|ms| ms >= 50), "{down:?}");
    assert!(!down.text.is_empty());
    let mut peer = far.websocket().await;
    let link = charger.up().await.link;
    charger.send(link, "back");
    assert_eq!(peer.text().await, "back");
    down
}

#[tokio::test]
async fn a_refused_upgrade_is_tried_again_with_a_growing_wait() {
    for (line, status) in [
        ("401 Unauthorized", 401),
        ("404 Not Found", 404),
        ("302 Found", 302),
        ("200 OK", 200),
    ] {
        let far = FarEnd::new().await;
        let mut charger = Charger::new();
        charger.connect(connect_to(&far.url()));
        for wait in [50, 100, 200, 200] {
            let answer = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
            drop(far.answer(&answer).await);
            let down = charger.down().await;
            assert_eq!((down.link, down.failure), (0, LinkFailure::Refused));
            assert_eq!(down.http_status, Some(status));
            assert_eq!(down.again_in_ms, Some(wait));
            assert!(down.text.contains(line), "{}", down.text);
        }
        let _peer = far.websocket().await;
        charger.up().await;
        let counters = charger.link.counters();
        assert_eq!(failures(&counters, "refused"), 4);
        assert_eq!((counters.dials, counters.links), (5, 1));
    }
}

#[tokio::test]
async fn a_far_end_without_a_common_subprotocol_is_refused() {
    for picks in [None, Some("p3")] {
        let far = FarEnd::new().await;
        let mut charger = Charger::new();
        charger.connect(connect_to(&far.url()));
        let peer = websocket(far.tcp().await, picks).await;
        let down = charger.down().await;
        assert_eq!((down.link, down.failure), (0, LinkFailure::Subprotocol));
        assert!(down.again_in_ms.is_some());
        drop(peer);
        let _peer = far.websocket().await;
        charger.up().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_no_upgrade_is_malformed() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\nSec-WebSocket-Protocol: p1\r\n\r\n",
    ] {
        let far = FarEnd::new().await;
        let mut charger = Charger::new();
        charger.connect(connect_to(&far.url()));
        let _held = far.answer(answer).await;
        assert_eq!(charger.down().await.failure, LinkFailure::Malformed);
    }
}

#[tokio::test]
async fn an_endless_answer_to_the_upgrade_is_cut_off() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    let mut stream = far.answer("HTTP/1.1 101 Switching Protocols\r\n").await;
    let header = format!("X-Padding: {}\r\n", "x".repeat(1000));
    let flood = tokio::spawn(async move {
        let mut sent = 0;
        while stream.write_all(header.as_bytes()).await.is_ok() {
            sent += header.len();
        }
        sent
    });
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Oversize, "{}", down.text);
    flood.await.unwrap();
    assert!(charger.link.counters().bytes_in < 256 * 1024);
}

#[tokio::test]
async fn a_far_end_that_accepts_and_never_answers_runs_into_the_deadline() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.open_deadline_ms = 300;
    charger.connect(connect);
    let began = Instant::now();
    let _held = far.tcp().await;
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (0, LinkFailure::Timeout));
    assert!(down.text.contains("upgrade"), "{}", down.text);
    assert!(began.elapsed() < Duration::from_secs(8));
    let _peer = far.websocket().await;
    charger.up().await;
}

#[tokio::test]
async fn a_far_end_that_trickles_its_answer_runs_into_the_deadline() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&far.url());
    connect.open_deadline_ms = 500;
    charger.connect(connect);
    let mut stream = far.answer("HTTP/1.1 101 ").await;
    let trickle = tokio::spawn(async move {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(charger.down().await.failure, LinkFailure::Timeout);
    trickle.await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let far = FarEnd::new().await;
    let url = far.url();
    drop(far);
    let mut charger = Charger::new();
    charger.connect(connect_to(&url));
    let down = charger.down().await;
    assert_eq!(down.failure, LinkFailure::Unreachable);
    assert!(down.text.contains("refused"), "{}", down.text);
}

#[tokio::test]
async fn targets_that_cannot_be_dialled_are_said_and_tried_again() {
    // A label this long is no name, so that nobody has to be asked for it.
    let no_name = format!("ws://{}/", "x".repeat(100));
    for (url, words) in [
        ("http://127.0.0.1/", "neither ws:// nor wss://"),
        ("ws://exa mple/", "not a URL"),
        (no_name.as_str(), "not found"),
    ] {
        let mut charger = Charger::new();
        charger.connect(connect_to(url));
        for _ in 0..2 {
            let down = charger.down().await;
            assert_eq!(down.failure, LinkFailure::Unreachable);
            assert!(down.text.contains(words), "{}", down.text);
            assert!(down.again_in_ms.is_some());
        }
    }
    let mut charger = Charger::new();
    let mut nowhere = connect_to("");
    nowhere.targets.clear();
    charger.connect(nowhere);
    assert_eq!(charger.down().await.again_in_ms, None);
}

#[tokio::test]
async fn a_connection_closed_during_the_upgrade_is_closed() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    drop(far.answer("").await);
    let down = charger.down().await;
    assert_eq!((down.link, down.failure), (0, LinkFailure::Closed));
}

#[tokio::test]
async fn the_far_end_may_close_and_gets_an_answer() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, link) = open(&far).await;
    let close = CloseFrame {
        code: CloseCode::Restart,
        reason: "update\r\nnow".into(),
    };
    peer.socket.close(Some(close)).await.unwrap();
    assert_eq!(peer.close().await, Some((1012, "update\r\nnow".to_owned())));
    drop(peer);
    let down = ends(&far, &mut charger, link, LinkFailure::Closed).await;
    assert!(down.text.contains("1012") && down.text.contains("update  now"));
}

#[tokio::test]
async fn a_connection_that_just_ends_is_closed() {
    let far = FarEnd::new().await;
    let (mut charger, peer, link) = open(&far).await;
    drop(peer);
    ends(&far, &mut charger, link, LinkFailure::Closed).await;
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_of_a_frame_is_closed() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, link) = open(&far).await;
    // Text, 100 bytes, of which 5 come.
    peer.socket
        .get_mut()
        .write_all(b"\x81\x64hello")
        .await
        .unwrap();
    drop(peer);
    ends(&far, &mut charger, link, LinkFailure::Closed).await;
    assert_eq!(charger.link.counters().frames_in, 0);
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_before_it_is_read() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, link) = open(&far).await;
    // A header that announces 1 GiB, and some of it.
    let mut bytes = vec![0x81, 127];
    bytes.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    bytes.extend_from_slice(&[b'x'; 5000]);
    peer.socket.get_mut().write_all(&bytes).await.unwrap();
    let (code, reason) = peer.close().await.unwrap();
    assert_eq!(code, 1009);
    assert!(reason.contains("65536"), "{reason}");
    drop(peer);
    ends(&far, &mut charger, link, LinkFailure::Oversize).await;
}

#[tokio::test]
async fn fragments_that_add_up_over_the_limit_are_refused() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, link) = open(&far).await;
    let part = "x".repeat(40_000);
    peer.socket
        .send(fragment(Data::Text, part.as_bytes(), false))
        .await
        .unwrap();
    peer.socket
        .send(fragment(Data::Continue, part.as_bytes(), false))
        .await
        .unwrap();
    assert_eq!(peer.close().await.unwrap().0, 1009);
    drop(peer);
    ends(&far, &mut charger, link, LinkFailure::Oversize).await;
}

#[tokio::test]
async fn the_smaller_of_both_limits_counts() {
    for (host, guest, limit) in [(1000, 5000, 1000), (5000, 1000, 1000), (1000, 0, 1000)] {
        let far = FarEnd::new().await;
        let settings = LinkSettings {
            max_frame_bytes: host,
            ..LinkSettings::default()
        };
        let mut charger = Charger::with(settings, Default::default(), 64);
        let mut connect = connect_to(&far.url());
        connect.max_frame_bytes = guest;
        charger.connect(connect);
        let mut peer = far.websocket().await;
        charger.up().await;
        peer.send(&"x".repeat(limit)).await;
        assert_eq!(charger.frame().await.len(), limit);
        peer.send(&"x".repeat(limit + 1)).await;
        assert_eq!(peer.close().await.unwrap().0, 1009);
        assert_eq!(charger.down().await.failure, LinkFailure::Oversize);
    }
}

#[tokio::test]
async fn fragmented_frames_are_put_together() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, _) = open(&far).await;
    // The first cut is in the middle of a character; a ping comes in between.
    let text = "größer".as_bytes();
    peer.socket
        .send(fragment(Data::Text, &text[..3], false))
        .await
        .unwrap();
    peer.socket
        .send(Message::Ping(vec![1].into()))
        .await
        .unwrap();
    peer.socket
        .send(fragment(Data::Continue, &text[3..5], false))
        .await
        .unwrap();
    peer.socket
        .send(fragment(Data::Continue, &text[5..], true))
        .await
        .unwrap();
    assert_eq!(charger.frame().await, "größer");
    assert_eq!(peer.message().await, Some(Message::Pong(vec![1].into())));
}

#[tokio::test]
async fn binary_frames_are_counted_and_ignored() {
    let far = FarEnd::new().await;
    let (mut charger, mut peer, _) = open(&far).await;
    for _ in 0..100 {
        peer.socket
            .send(Message::binary(vec![0, 1, 2]))
            .await
            .unwrap();
    }
    peer.send("text").await;
    assert_eq!(charger.frame().await, "text");
    assert_eq!(charger.link.counters().binary_frames_ignored, 100);
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_with_1007() {
    let far = FarEnd::new().await;
    for bytes in [&b"\x81\x02\xc3\x28"[..], b"\x01\x02a\xff\x80\x01b"] {
        let (mut charger, mut peer, link) = open(&far).await;
        peer.socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(peer.close().await.unwrap().0, 1007);
        drop(peer);
        ends(&far, &mut charger, link, LinkFailure::Malformed).await;
    }
}

#[tokio::test]
async fn broken_framing_closes_with_1002() {
    let far = FarEnd::new().await;
    // A reserved bit, an unknown kind of frame, a continuation of nothing.
    for bytes in [&b"\xc1\x00"[..], b"\x83\x00", b"\x80\x00"] {
        let (mut charger, mut peer, link) = open(&far).await;
        peer.socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(peer.close().await.unwrap().0, 1002);
        drop(peer);
        ends(&far, &mut charger, link, LinkFailure::Malformed).await;
    }
}

#[tokio::test]
async fn a_far_end_that_accepts_and_closes_at_once_is_not_hammered() {
    let far = FarEnd::new().await;
    let mut charger = Charger::new();
    charger.connect(connect_to(&far.url()));
    for wait in [50, 100, 200, 200] {
        drop(far.websocket().await);
        charger.up().await;
        assert_eq!(charger.down().await.again_in_ms, Some(wait));
    }
    // One that says something is taken seriously again.
    let mut peer = far.websocket().await;
    charger.up().await;
    peer.send("hello").await;
    charger.frame().await;
    drop(peer);
    assert_eq!(charger.down().await.again_in_ms, Some(50));
}

#[tokio::test]
async fn the_next_target_follows_when_a_link_cannot_hold() {
    let first = FarEnd::new().await;
    let second = FarEnd::new().await;
    let mut charger = Charger::new();
    let mut connect = connect_to(&first.url());
    connect.targets.push(target(&second.url()));
    charger.connect(connect);
    drop(first.websocket().await);
    charger.up().await;
    assert_eq!(charger.down().await.target, 0);
    let _peer = second.websocket().await;
    assert_eq!(charger.up().await.target, 1);
}

#[tokio::test]
async fn a_far_end_that_takes_nothing_is_given_up_before_memory_is() {
    let far = FarEnd::new().await;
    let settings = LinkSettings {
        send_queue: 10,
        ..LinkSettings::default()
    };
    let mut charger = Charger::with(settings, Default::default(), 64);
    charger.connect(connect_to(&far.url()));
    let peer = far.websocket().await; // open, and never read from
    let link = charger.up().await.link;
    let frame = "x".repeat(1 << 20);
    let mut sent = 0;
    let down = loop {
        charger.send(link, &frame);
        sent += 1;
        assert!(sent < 100, "100 MB were taken");
        if let Ok(event) =
            tokio::time::timeout(Duration::from_millis(5), charger.events.recv()).await
        {
            match event.unwrap() {
                plugpoint::link::LinkEvent::Down(down) => break down,
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!((down.link, down.failure), (link, LinkFailure::Silent));
    drop(peer);
}

#[tokio::test]
async fn a_connection_that_is_reset_is_unreachable() {
    let far = FarEnd::new().await;
    let (mut charger, peer, link) = open(&far).await;
    let socket = peer.socket.into_inner();
    socket.set_zero_linger().unwrap();
    drop(socket);
    ends(&far, &mut charger, link, LinkFailure::Unreachable).await;
}

fn fragment(kind: Data, bytes: &[u8], last: bool) -> Message {
    Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(kind), last))
}
