//! A small working guest with the sub-protocol `bad.v1`: lines of text, one a
//! frame.
//!
//! | the far end says | answer |
//! |---|---|
//! | `ping` | `pong N`; N counts, and is kept durably before the answer goes |
//! | `count` | `count N` |
//! | `permit OUTLET MILLIAMPERE` | `permitted OUTLET`; opens a session |
//! | `revoke OUTLET` | `revoked OUTLET`; ends it |
//! | `bad MODE` | misbehaves (see `modes`), or `survived MODE` |
//! | `arm MODE EVENT` | `armed`; misbehaves at the next `token`, `timer`, `plugged`, `unplugged`, `frame` |
//! | `build` | `build first`, or `build second` |
//! | anything else | `unknown` |
//!
//! Unasked it says `hello REASON N` on each new link (`LinkUp`) and after each `start`
//! (`PowerUp`, `Restart`, `Swap`, `Recovery`, `Rollback`),
//! `dropped EVENT ID FAILURE HEAD` about what an instance before it failed on (and
//! `error HEAD` if that was a frame), `plugged OUTLET`, `unplugged OUTLET`, and
//! `ended OUTLET` when a session is over because the car has gone, also if it went
//! in the event that failed. A card `BAD:MODE` misbehaves; any other card is answered
//! `card TOKEN`. The setting `bad-mode` misbehaves in `start`.

#![allow(missing_docs)] // documented in wit/*.wit

use std::sync::atomic::{AtomicU32, Ordering};

wit_bindgen::generate!({ path: "../../wit", world: "ocpp" });

pub use exports::plugpoint::charger::protocol as wit;
pub use plugpoint::charger::{entries, log};

use crate::modes::misbehave;
use crate::second;
use wit::{Action, BackOff, Boot, BootReason, Connect, Durability, Entry, Event, Frame};
use wit::{LinkState, Now, OutletChange, OutletState, Permit, Target};

/// The number of the link, which `boot` and `link-up` tell: 0 is none.
static LINK: AtomicU32 = AtomicU32::new(0);

const COUNT: &str = "count";
const ARMED: &str = "armed";

struct Component;
export!(Component);

impl wit::Guest for Component {
    fn start(boot: Boot) -> Vec<Action> {
        std::panic::set_hook(Box::new(|panic| {
            log::write(log::Level::Error, &panic.to_string());
        }));
        if let LinkState::Up(up) = &boot.link {
            LINK.store(up.link, Ordering::Relaxed);
        }
        let mode = boot
            .settings
            .iter()
            .find(|each| each.name == "bad-mode" && !each.value.is_empty());
        if let Some(mode) = mode {
            return bad(&mode.value);
        }

        if let Some(mode) = second::start(&boot) {
            return bad(mode);
        }
        if second::is("forgetful") {
            return second::forget_all();
        }

        let mut actions = vec![connect(&boot)];
        if !second::is("silent") {
            actions.push(Action::InService(true));
        }
        if boot.reason == BootReason::Recovery {
            // What was armed has gone off.
            actions.push(Action::Forget(ARMED.to_owned()));
        }
        actions.push(say(hello(reason(boot.reason))));
        if let Some(dropped) = &boot.dropped {
            let wit::Dropped {
                event,
                id,
                failure,
                head,
            } = dropped;
            actions.push(say(format!("dropped {event} {id} {failure} {head}")));
            if event == "frame" {
                actions.push(say(format!("error {head}")));
            }
        }
        for outlet in boot.outlets.iter().filter(|outlet| !outlet.plugged) {
            actions.extend(car_is_gone(outlet.outlet));
        }
        actions
    }

    fn handle(_: Now, event: Event) -> Vec<Action> {
        if let Some(mode) = armed(name(&event)) {
            return bad(&mode);
        }
        if let Some(mode) = second::event() {
            return bad(mode);
        }
        match event {
            Event::LinkUp(up) => {
                LINK.store(up.link, Ordering::Relaxed);
                vec![say(hello("LinkUp"))]
            }
            Event::LinkDown(_) => {
                LINK.store(0, Ordering::Relaxed);
                Vec::new()
            }
            Event::Frame(frame) => answer(&frame.text),
            Event::Token(read) => match read.token.strip_prefix("BAD:") {
                Some(mode) => bad(mode),
                None => vec![say(format!("card {}", read.token))],
            },
            Event::Outlet(event) => outlet_changed(event.change, &event.state),
            Event::Timer(timer) if timer.name == "storm" => misbehave("timer-storm", 0),
            Event::Timer(timer) => vec![say(format!("timer {}", timer.name))],
            _ => Vec::new(),
        }
    }
}

/// What `arm` calls an event; empty: cannot be armed.
fn name(event: &Event) -> &'static str {
    match event {
        Event::Frame(_) => "frame",
        Event::Token(_) => "token",
        Event::Timer(_) => "timer",
        Event::Outlet(event) => match (event.change, event.state.plugged) {
            (OutletChange::Plug, true) => "plugged",
            (OutletChange::Plug, false) => "unplugged",
            _ => "",
        },
        _ => "",
    }
}

fn armed(event: &str) -> Option<String> {
    let kept = String::from_utf8(entries::get(ARMED)?).ok()?;
    let (mode, when) = kept.split_once(' ')?;
    (when == event).then(|| mode.to_owned())
}

/// Misbehaves, with a change of the counter in front that must not be committed
/// if the host refuses the rest.
fn bad(mode: &str) -> Vec<Action> {
    let mut actions = vec![keep(COUNT, &(count() + 1000).to_string())];
    actions.extend(misbehave(mode, LINK.load(Ordering::Relaxed)));
    actions.push(say(format!("survived {mode}")));
    actions
}

fn answer(text: &str) -> Vec<Action> {
    let mut words = text.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some("ping"), None, None) => {
            let count = count() + 1;
            vec![
                keep(COUNT, &count.to_string()),
                say(format!("pong {count}")),
            ]
        }
        (Some("build"), None, None) => vec![say(format!("build {}", second::BUILD))],
        (Some("count"), None, None) => vec![say(format!("count {}", count()))],
        (Some("permit"), Some(outlet), Some(limit)) => permit(outlet, limit),
        (Some("revoke"), Some(outlet), None) => match outlet.parse() {
            Ok(outlet) => vec![
                Action::Forget(session_key(outlet)),
                Action::Revoke(outlet),
                say(format!("revoked {outlet}")),
            ],
            Err(_) => vec![say("unknown".to_owned())],
        },
        (Some("bad"), Some(mode), None) => bad(mode),
        (Some("arm"), Some(mode), Some(event)) => vec![
            keep(ARMED, &format!("{mode} {event}")),
            say("armed".to_owned()),
        ],
        _ => vec![say("unknown".to_owned())],
    }
}

fn permit(outlet: &str, limit: &str) -> Vec<Action> {
    let (Ok(outlet), Ok(limit_ma)) = (outlet.parse(), limit.parse()) else {
        return vec![say("unknown".to_owned())];
    };
    vec![
        keep(&session_key(outlet), "open"),
        Action::Permit(Permit {
            outlet,
            limit_ma,
            phases: 3,
            energy_limit_wh: None,
            session: 1,
        }),
        say(format!("permitted {outlet}")),
    ]
}

fn outlet_changed(change: OutletChange, state: &OutletState) -> Vec<Action> {
    match (change, state.plugged) {
        (OutletChange::Plug, true) => vec![say(format!("plugged {}", state.outlet))],
        (OutletChange::Plug, false) => {
            let mut actions = vec![say(format!("unplugged {}", state.outlet))];
            actions.extend(car_is_gone(state.outlet));
            actions
        }
        _ => Vec::new(),
    }
}

/// Ends the session of an outlet, if there is one: the same after the event, and
/// in `start` after an instance that failed on the event.
fn car_is_gone(outlet: u32) -> Vec<Action> {
    if entries::get(&session_key(outlet)).is_none() {
        return Vec::new();
    }
    vec![
        Action::Forget(session_key(outlet)),
        Action::Revoke(outlet),
        say(format!("ended {outlet}")),
    ]
}

fn session_key(outlet: u32) -> String {
    format!("session/{outlet}")
}

fn reason(reason: BootReason) -> &'static str {
    match reason {
        BootReason::PowerUp => "PowerUp",
        BootReason::Restart => "Restart",
        BootReason::Swap => "Swap",
        BootReason::Recovery => "Recovery",
        BootReason::Rollback => "Rollback",
    }
}

fn hello(reason: &str) -> String {
    format!("hello {reason} {}", count())
}

fn count() -> u64 {
    entries::get(COUNT)
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn keep(key: &str, value: &str) -> Action {
    Action::Keep(Entry {
        key: key.to_owned(),
        value: value.as_bytes().to_vec(),
        durability: Durability::Durable,
        secret: false,
    })
}

fn say(text: String) -> Action {
    let text = if second::is("garbage") {
        "%".repeat(text.len())
    } else {
        text
    };
    Action::Send(Frame {
        link: LINK.load(Ordering::Relaxed),
        text,
    })
}

fn connect(boot: &Boot) -> Action {
    let station = &boot.station;
    Action::Connect(Connect {
        targets: vec![Target {
            url: format!("{}/{}", station.central_system_url, station.id),
            credential: None,
            client_identity: None,
            trust: Vec::new(),
        }],
        attempts_per_target: 1,
        subprotocols: vec!["bad.v1".to_owned()],
        ping_interval_ms: 0,
        pong_deadline_ms: 5000,
        open_deadline_ms: 5000,
        back_off: BackOff {
            first_ms: 100,
            most_ms: 1000,
            jitter_ms: 0,
        },
        max_frame_bytes: 65_536,
    })
}
