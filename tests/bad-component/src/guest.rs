//! A small working guest with the sub-protocol `bad.v1`: lines of text, one a
//! frame.
//!
//! | the far end says | answer |
//! |---|---|
//! | `ping` | `pong N`; N counts, and is kept durably before the answer goes |
//! | `count` | `count N` |
//! | `permit OUTLET MILLIAMPERE [MS:MILLIAMPERE …]` | `permitted OUTLET`; opens a session; steps that many ms from now |
//! | `revoke OUTLET` | `revoked OUTLET`; ends it |
//! | `bad MODE` | misbehaves (see `modes`), or `survived MODE` |
//! | `arm MODE EVENT` | `armed`; misbehaves at the next `token`, `timer`, `plugged`, `unplugged`, `frame` |
//! | `die` | `dying`; from the next failure on no instance starts any more, but that of a swap |
//! | `get URL` | `got OUTCOME`: what became of that transfer |
//! | `build` | `build first`, or `build second` |
//! | anything else | `unknown` |
//!
//! Unasked it says `hello REASON N` on each new link (`LinkUp`) and after each `start`
//! (`PowerUp`, `Restart`, `Swap`, `Recovery`, `Rollback`),
//! `dropped EVENT ID FAILURE HEAD` about what an instance before it failed on (and
//! `error HEAD` if that was a frame), `plugged OUTLET`, `unplugged OUTLET`, and
//! `session-ends OUTLET BY CAUSE` when the host has ended one, and
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
const DEAD: &str = "dead";
/// The request of the command `get`.
const GET: u32 = 7;

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
        assert!(
            entries::get(DEAD).is_none() || boot.reason == BootReason::Swap,
            "dead, as ordered"
        );
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
        if !second::is("silent") && !second::is("stranger") {
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
        for end in &boot.permit_ends {
            actions.push(say(format!(
                "permit-end {} {} {} {} {}",
                end.outlet,
                end.session,
                end.connection,
                why(end.why),
                end.energy_mwh.unwrap_or(0)
            )));
        }
        actions.extend(boot.session_ends.iter().map(session_ends));
        for outlet in boot.outlets.iter().filter(|outlet| !outlet.plugged) {
            actions.extend(car_is_gone(outlet.outlet));
        }
        actions
    }

    fn handle(now: Now, event: Event) -> Vec<Action> {
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
            Event::Frame(frame) => answer(now, &frame.text),
            Event::Token(read) => match read.token.id.strip_prefix("BAD:") {
                Some(mode) => bad(mode),
                None => vec![say(format!("card {}", read.token.id))],
            },
            Event::SessionEnds(end) => vec![session_ends(&end)],
            Event::Outlet(event) => outlet_changed(event.change, &event.state),
            Event::Timer(timer) if timer.name == "storm" => misbehave("timer-storm", 0),
            Event::Timer(timer) if timer.name == "show" => misbehave("show-storm", 0),
            Event::Timer(timer) if timer.name.starts_with("names ") => misbehave("names-storm", 0),
            Event::Response(response) if response.id == GET => vec![say(match response.outcome {
                Ok(body) => format!("got {body}"),
                Err(failure) => format!("got {}: {}", failure.code, failure.text),
            })],
            Event::Response(_) => misbehave("request-storm", 0),
            Event::Decided(_) => misbehave("decide-storm", 0),
            Event::Meter(_) => misbehave("meter-storm", 0),
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

fn answer(now: Now, text: &str) -> Vec<Action> {
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
        (Some("get"), Some(url), None) => vec![Action::Request(wit::Request {
            id: GET,
            service: "transfer@1".to_owned(),
            operation: "get".to_owned(),
            body: format!("{{\"url\": \"{url}\"}}"),
        })],
        (Some("count"), None, None) => vec![say(format!("count {}", count()))],
        (Some("permit"), Some(outlet), Some(limit)) => permit(outlet, limit, now, words),
        (Some("revoke"), Some(outlet), None) => match outlet.parse() {
            Ok(outlet) => vec![
                Action::Forget(session_key(outlet)),
                Action::Revoke(outlet),
                observe(outlet, wit::ObservedKind::Ended),
                say(format!("revoked {outlet}")),
            ],
            Err(_) => vec![say("unknown".to_owned())],
        },
        (Some("die"), None, None) => vec![keep(DEAD, ""), say("dying".to_owned())],
        (Some("bad"), Some(mode), None) => bad(mode),
        (Some("arm"), Some(mode), Some(event)) => vec![
            keep(ARMED, &format!("{mode} {event}")),
            say("armed".to_owned()),
        ],
        _ => vec![say("unknown".to_owned())],
    }
}

fn permit<'a>(
    outlet: &str,
    limit: &str,
    now: Now,
    steps: impl Iterator<Item = &'a str>,
) -> Vec<Action> {
    let step = |word: &str| {
        let (ms, limit) = word.split_once(':')?;
        Some(wit::Step {
            at_ms: now.at.monotonic_ms + ms.parse::<u64>().ok()?,
            limit_ma: limit.parse().ok()?,
            limit_w: None,
        })
    };
    let steps: Option<Vec<_>> = steps.map(step).collect();
    let (Ok(outlet), Ok(limit_ma), Some(steps)) = (outlet.parse(), limit.parse(), steps) else {
        return vec![say("unknown".to_owned())];
    };
    vec![
        keep(&session_key(outlet), "open"),
        observe(outlet, wit::ObservedKind::Started),
        Action::Permit(Permit {
            outlet,
            limit_ma,
            limit_w: None,
            phases: 3,
            energy_limit_wh: None,
            steps,
            reason: "as ordered".to_owned(),
            session: 1,
            until_ms: None,
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
        observe(outlet, wit::ObservedKind::Ended),
        say(format!("ended {outlet}")),
    ]
}

/// All sessions have the same number: there is one at a time.
fn observe(outlet: u32, kind: wit::ObservedKind) -> Action {
    Action::Observe(wit::Observed {
        kind,
        session: 1,
        outlet,
        token: wit::Token {
            id: String::new(),
            kind: wit::TokenKind::None,
        },
        energy_wh: 0,
        power_w: None,
        state_of_charge_percent: None,
    })
}

fn session_ends(end: &wit::SessionEnd) -> Action {
    let cause = match end.cause {
        wit::SessionEndCause::TimeOver => "time-over",
        wit::SessionEndCause::Deauthorized => "deauthorized",
        wit::SessionEndCause::Other => "other",
    };
    say(format!("session-ends {} {} {cause}", end.outlet, end.by))
}

fn session_key(outlet: u32) -> String {
    format!("session/{outlet}")
}

fn why(ended: wit::PermitEndReason) -> &'static str {
    match ended {
        wit::PermitEndReason::Revoked => "revoked",
        wit::PermitEndReason::CarLeft => "car-left",
        wit::PermitEndReason::Unwatched => "unwatched",
        wit::PermitEndReason::NoGuest => "no-guest",
    }
}

fn reason(reason: BootReason) -> &'static str {
    match reason {
        BootReason::PowerUp => "PowerUp",
        BootReason::CleanShutdown => "CleanShutdown",
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
        subprotocols: vec![second::subprotocol().to_owned()],
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
