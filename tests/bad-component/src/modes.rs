//! The misbehaviours. Each is done while one event is handled (or in `start`),
//! and comes with a change of the counter, so that a test can see whether
//! anything of a failed call was committed.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::guest::wit::{Action, BackOff, Connect, Deadline, Entry, Frame, LockMove};
use crate::guest::wit::{Decide, DecisionRequest, DecisionStage, MeterRequest, Purpose};
use crate::guest::wit::{
    Durability, Permit, Request, Restart, RestartKind, Rules, Shown, Target, Timer, Token,
};
use crate::guest::wit::{TokenKind, TokenOrigin};
use crate::guest::{entries, log};

/// More of anything than one call may return, and not so much that this component
/// runs out of memory first.
const MANY: u32 = 10_000;
/// The longest key that the interface allows.
const LONGEST_KEY: usize = 256;
const MIB: usize = 1024 * 1024;
/// No charger of the tests has this one.
const UNKNOWN_OUTLET: u32 = 99;

/// The next number of what belongs to a storm.
static STORM: AtomicU32 = AtomicU32::new(1_000_000);

/// Does it. What returns is what the guest returns from the call; some never
/// come back.
pub fn misbehave(mode: &str, link: u32) -> Vec<Action> {
    match mode {
        // Takes more time than any budget allows.
        "loop" => endless_loop(),
        // Takes more memory than any budget allows.
        "memory" => memory_bomb(),
        // Takes more stack than there is.
        "recursion" => {
            black_box(recursion(black_box(1)));
            Vec::new()
        }
        // The message goes to the log, then it traps.
        "panic" => panic!("a panic that was asked for"),
        // Without a word.
        "trap" => std::process::abort(),

        // Nonsense in one action: the whole call is to be refused.
        "unknown-outlet" => vec![permit(UNKNOWN_OUTLET, 16_000, 3)],
        "unknown-revoke" => vec![Action::Revoke(UNKNOWN_OUTLET)],
        "unknown-lock" => vec![Action::MoveLock(LockMove {
            id: 1,
            outlet: UNKNOWN_OUTLET,
            locked: true,
        })],
        "phases-0" => vec![permit(1, 16_000, 0)],
        "phases-9" => vec![permit(1, 16_000, 9)],
        "limit-huge" => vec![permit(1, u32::MAX, 3)],
        "key-empty" => vec![keep("", 1)],
        "key-long" => vec![keep(&"k".repeat(LONGEST_KEY + 1), 1)],
        "entry-large" => vec![keep("large", 6 * MIB)],
        "entries-many" => (0..MANY).map(|n| keep(&format!("many/{n}"), 1)).collect(),
        "timer-name" => vec![timer(&"t".repeat(4096), 0)],
        "timers-many" => (0..MANY).map(|n| timer(&format!("t{n}"), 0)).collect(),
        "connect-nothing" => vec![connect(&[])],
        "connect-scheme" => vec![connect(&["file:///etc/passwd"])],
        "frame-large" => vec![send(link, "x".repeat(4 * MIB))],
        "requests-many" => (0..MANY).map(request).collect(),

        // More than a host should take from one call.
        "actions-many" => many_actions(20_000),
        // Does not fit into 16 MiB: ends as too much memory where that is the limit.
        "actions-million" => many_actions(1_000_000),
        "string-100mb" => vec![restart("x".repeat(100_000_000))],
        // Small for the guest: a thousand strings of 1 MiB that are all the same
        // bytes. The host that copies them all needs a gigabyte.
        "string-aliased" => aliased_strings(1000, MIB),

        // A nuisance, but no reason to fail: what is too much is left out.
        "log-flood" => {
            for line in 0..100_000 {
                log::write(log::Level::Warn, &format!("line {line} of a flood"));
            }
            Vec::new()
        }
        "log-long" => {
            log::write(log::Level::Warn, &"long ".repeat(200_000));
            Vec::new()
        }
        // The host's work, done for as long as the budget lasts.
        "scan-flood" => loop {
            black_box(entries::scan("", "", u32::MAX));
        },
        // Allowed: fires at once.
        "timer-past" => vec![timer("past", 0)],
        // Allowed each time; must not starve anything else.
        "timer-storm" => vec![timer("storm", 0)],

        // Each answer is the cause of more of the same; the guest asks again
        // whenever one comes.
        "request-storm" => (0..64)
            .map(|_| request(STORM.fetch_add(1, Relaxed)))
            .collect(),
        "decide-storm" => (0..64)
            .map(|_| decide(STORM.fetch_add(1, Relaxed)))
            .collect(),
        "meter-storm" => (0..64)
            .map(|_| read_meter(STORM.fetch_add(1, Relaxed)))
            .collect(),
        // More and more names, and a timer that is due to bring the next ones.
        "show-storm" => (0..100)
            .map(|_| show(STORM.fetch_add(1, Relaxed)))
            .chain([timer("show", 0)])
            .collect(),
        // Two timers that are due for each that fires, never under the same name.
        "names-storm" => (0..2)
            .map(|_| timer(&format!("names {}", STORM.fetch_add(1, Relaxed)), 0))
            .collect(),
        // In `start`: never gets to any event.
        "restart-storm" => vec![restart("again".to_owned())],

        _ => panic!("there is no mode {mode:?}"),
    }
}

fn endless_loop() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn memory_bomb() -> ! {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(black_box(vec![1; MIB]));
    }
}

#[allow(unconditional_recursion)] // it is meant to
fn recursion(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recursion(frame[0] + 1).wrapping_add(frame[63])
}

fn many_actions(count: usize) -> Vec<Action> {
    (0..count)
        .map(|_| Action::CancelTimer(String::new()))
        .collect()
}

fn aliased_strings(count: usize, bytes: usize) -> Vec<Action> {
    let shared = "x".repeat(bytes).leak();
    (0..count)
        .map(|_| {
            // SAFETY: none, and that is the point: the host must not trust a
            // guest's memory to be sound. The strings are only read before this
            // instance is thrown away.
            let alias = unsafe { String::from_raw_parts(shared.as_mut_ptr(), bytes, bytes) };
            Action::CancelTimer(alias)
        })
        .collect()
}

fn keep(key: &str, bytes: usize) -> Action {
    Action::Keep(Entry {
        key: key.to_owned(),
        value: vec![7; bytes],
        durability: Durability::Durable,
        secret: false,
    })
}

pub fn restart(why: String) -> Action {
    Action::Restart(Restart {
        kind: RestartKind::Soft,
        why,
    })
}

fn timer(name: &str, monotonic_ms: u64) -> Action {
    Action::SetTimer(Timer {
        name: name.to_owned(),
        deadline: Deadline::Monotonic(monotonic_ms),
    })
}

fn permit(outlet: u32, limit_ma: u32, phases: u8) -> Action {
    Action::Permit(Permit {
        outlet,
        limit_ma,
        limit_w: None,
        phases,
        energy_limit_wh: None,
        steps: Vec::new(),
        reason: String::new(),
        session: 666,
        until_ms: None,
    })
}

fn request(id: u32) -> Action {
    Action::Request(Request {
        id,
        service: "keystore@1".to_owned(),
        operation: "list".to_owned(),
        body: "{}".to_owned(),
    })
}

fn decide(id: u32) -> Action {
    Action::Decide(Decide {
        id,
        request: DecisionRequest {
            stage: DecisionStage::First,
            purpose: Purpose::Start,
            origin: TokenOrigin::Card,
            token: Token {
                id: format!("STORM{id}"),
                kind: TokenKind::Local,
            },
            outlet: 1,
            reader: None,
            online: true,
            listed: None,
            cached: None,
            central: None,
            rules: Rules {
                local_pre_authorize: false,
                local_authorize_offline: false,
                unknown_offline: false,
                cache: false,
                listing: false,
            },
        },
    })
}

fn read_meter(id: u32) -> Action {
    Action::ReadMeter(MeterRequest { id, outlet: 1 })
}

fn show(number: u32) -> Action {
    Action::Show(Shown {
        outlet: 1,
        name: format!("name {number}"),
        value: "x".repeat(1000),
    })
}

fn send(link: u32, text: String) -> Action {
    Action::Send(Frame { link, text })
}

fn connect(urls: &[&str]) -> Action {
    Action::Connect(Connect {
        targets: urls
            .iter()
            .map(|url| Target {
                url: (*url).to_owned(),
                credential: None,
                client_identity: None,
                trust: Vec::new(),
            })
            .collect(),
        attempts_per_target: 1,
        subprotocols: vec!["bad.v1".to_owned()],
        ping_interval_ms: 0,
        pong_deadline_ms: 1000,
        open_deadline_ms: 1000,
        back_off: BackOff {
            first_ms: 1,
            most_ms: 1,
            jitter_ms: 0,
        },
        max_frame_bytes: u32::MAX,
    })
}
