//! Frames that nobody would send: good ones, garbled. Whatever comes, the
//! charger lives, answers a call at most once and with a code of the standard,
//! and goes on as well as before.
//!
//! `cargo xtask fuzz` runs it optimised and for longer (`FUZZ_SECONDS`,
//! `FUZZ_SEED`). What was found once is kept in `corpus/`, beside good frames.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plugpoint_guest::protocol::{Event, Frame};
use plugpoint_ocpp_world::{Dice, Fate, Settings, World};
use serde_json::Value;

const CODES: [&str; 8] = [
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
];

/// Frames of the corpus: one per line.
fn corpus() -> Vec<String> {
    let text = include_str!("corpus/frames.txt");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn garble(dice: &mut Dice, corpus: &[String]) -> String {
    let pick = |dice: &mut Dice| {
        corpus[dice.below(corpus.len() as u64) as usize]
            .clone()
            .into_bytes()
    };
    let mut frame = pick(dice);
    for _ in 0..=dice.below(5) {
        let at = dice.below(frame.len() as u64 + 1) as usize;
        match dice.below(9) {
            0 => frame.truncate(at),
            1 => frame.insert(at, b"[]{}\",:0-.eE\\nu\x00 "[dice.below(17) as usize]),
            2 => frame.rotate_left(at),
            3 => {
                let other = pick(dice);
                let from = dice.below(other.len() as u64) as usize;
                frame.truncate(at);
                frame.extend_from_slice(&other[from..]);
            }
            4 => {
                let many = dice.below(200) as usize;
                let piece =
                    [&b"["[..], b"{\"a\":", b"9", b"\\ud800", b"\xc3\xa4"][dice.below(5) as usize];
                frame.splice(at..at, piece.repeat(many));
            }
            5 => {
                let digits = [
                    "-1",
                    "0",
                    "1e999",
                    "99999999999999999999",
                    "1.5",
                    "2147483648",
                    "null",
                    "true",
                    "\"\"",
                ];
                let word = digits[dice.below(9) as usize];
                if let Some(start) = frame.iter().skip(at).position(u8::is_ascii_digit) {
                    frame.splice(at + start..=at + start, word.bytes());
                }
            }
            6 if at < frame.len() => frame[at] = dice.below(256) as u8,
            7 if at < frame.len() => {
                frame.remove(at);
            }
            _ => {
                let end = (at + dice.below(20) as usize).min(frame.len());
                let piece = frame[at.min(end)..end].to_vec();
                frame.splice(at..at, piece);
            }
        }
    }
    String::from_utf8_lossy(&frame).into_owned()
}

fn check(world: &mut World, text: &str) {
    let Some(link) = world.link() else {
        world.run(5_000);
        return;
    };
    world.answers.clear();
    // An answer counts only if it is to what was last asked.
    let asked = world.sent.last().map_or("a", |sent| sent.id.as_str());
    let text = &text
        .replace("[3,\"a\"", &format!("[3,\"{asked}\""))
        .replace("[4,\"a\"", &format!("[4,\"{asked}\""));
    world.push(Event::Frame(Frame {
        link,
        text: text.to_owned(),
    }));
    // Some answers wait for a service.
    let waits = text.contains("GetDiagnostics");
    world.run(if waits { 200 } else { 10 });
    assert!(world.answers.len() <= 1, "more than one answer to {text}");
    for answer in world.answers.values() {
        let good = match answer {
            Value::String(code) => CODES.contains(&code.as_str()),
            other => other.is_object(),
        };
        assert!(good, "{answer} to {text}");
    }
}

/// One charger, and two thousand frames.
fn round(seed: u64, corpus: &[String]) -> u64 {
    let mut dice = Dice::new(seed);
    let mut world = World::new(Settings::default());
    // So that there is mostly something that waits for its answer.
    world.central.latency_ms = 300;
    world.depot.transfer_ms = 700;
    let image = "http://files/new.bin".to_owned();
    world.depot.files.insert(image, Fate::ImageWithReboot);
    world.run(2_000);
    for frame in corpus {
        check(&mut world, frame);
    }
    for _ in 0..2_000 {
        let frame = garble(&mut dice, corpus);
        check(&mut world, &frame);
        match dice.below(200) {
            0 => world.plug(1),
            1 => world.unplug(1),
            2 => world.card("TAG1"),
            3 => world.run(60_000),
            _ => {}
        }
    }
    world.run(120_000);
    world.set_online(true);
    world.run(120_000);
    let shown = world.shows(0, "registration");
    assert!(
        ["Accepted", "Pending", "Rejected", "none"].contains(&shown),
        "{shown}"
    );
    2_000 + corpus.len() as u64
}

#[test]
fn garbled_frames_do_no_harm() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seconds = number("FUZZ_SECONDS").unwrap_or(3);
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let corpus = corpus();
    let began = Instant::now();
    let next = AtomicU64::new(seed);
    let frames = AtomicU64::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    // A panic of one worker ends the scope, and the test.
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while began.elapsed() < Duration::from_secs(seconds) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let _told = Seed(seed);
                    frames.fetch_add(round(seed, &corpus), Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "{} frames from seed {seed} to {}, none did harm; {} s on {workers} threads",
        frames.into_inner(),
        next.into_inner() - 1,
        began.elapsed().as_secs()
    );
}

/// Says which round it was, should that panic.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("FUZZ_SEED={} shows it again at once", self.0);
        }
    }
}
