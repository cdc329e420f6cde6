//! Events in, actions out.

#![allow(missing_docs)] // documented in wit/*.wit

wit_bindgen::generate!({ path: "../../wit", world: "ocpp" });

pub use exports::plugpoint::charger::protocol as wit;
pub use plugpoint::charger::{entries, log};

use crate::session::{self, Session};
use crate::{identity, receipt};
use wit::{Action, BackOff, Boot, Connect, Deadline, Durability, Entry, Event, Frame, LinkState};
use wit::{LinkUp, MeterRequest, Now, OutletState, Request, Response, SessionEnd, Target, Timer};

/// Key of the number of the link that is up.
const LINK: &str = "link";
/// Name of the timer by which energy is reported.
const ENERGY_TIMER: &str = "energy";
const ENERGY_EVERY_MS: u64 = 2_000;

struct Toy;
export!(Toy);

impl wit::Guest for Toy {
    fn start(boot: Boot) -> Vec<Action> {
        std::panic::set_hook(Box::new(|panic| {
            log::write(log::Level::Error, &panic.to_string());
        }));
        let mut actions = vec![connect(&boot), Action::InService(true)];
        actions.extend(identity::make_key());
        actions.push(match boot.link {
            LinkState::Up(up) => remember_link(&up),
            LinkState::Idle | LinkState::Down => Action::Forget(LINK.to_owned()),
        });
        actions.push(keep("id", &boot.station.id, Durability::Session));
        // Events may have been dropped: the outlets themselves tell the truth.
        for outlet in &boot.outlets {
            actions.extend(reconcile(outlet));
        }
        actions.extend(boot.session_ends.iter().flat_map(on_session_ends));
        let ticks = boot.timers.iter().any(|timer| timer.name == ENERGY_TIMER);
        if !ticks && !Session::all().is_empty() {
            actions.push(energy_timer(&boot.now));
        }
        actions
    }

    fn handle(now: Now, event: Event) -> Vec<Action> {
        match event {
            Event::LinkUp(up) => on_link_up(&up),
            Event::LinkDown(_) => vec![Action::Forget(LINK.to_owned())],
            Event::Frame(frame) => on_line(&now, frame.text.trim()),
            Event::Outlet(event) => on_outlet(&event.state),
            Event::Timer(timer) if timer.name == ENERGY_TIMER => on_energy_timer(&now),
            Event::Meter(read) => match (Session::of(read.outlet), read.reading) {
                (Some(session), Some(reading)) => session.measured(reading.energy_mwh),
                _ => Vec::new(),
            },
            Event::Response(response) => on_response(response),
            Event::SessionEnds(end) => on_session_ends(&end),
            // No cards, no locks, no policies: the far end decides.
            _ => Vec::new(),
        }
    }
}

/// Introduces the charger and says again what the far end may not know.
fn on_link_up(up: &LinkUp) -> Vec<Action> {
    let mut actions = vec![remember_link(up)];
    actions.push(say_on(
        up.link,
        format!("HELLO {}", get("id").unwrap_or_default()),
    ));
    let told = identity::public_key().into_iter();
    for line in told.chain(session::unconfirmed()) {
        actions.push(say_on(up.link, line));
    }
    for outlet in session::waiting() {
        actions.push(say_on(up.link, format!("MAYI {outlet}")));
    }
    actions
}

fn on_line(now: &Now, line: &str) -> Vec<Action> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let numbers: Vec<u32> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
    match (word, numbers.as_slice()) {
        ("YES", &[outlet, ampere]) => {
            let mut actions = session::begin(outlet, ampere.saturating_mul(1000));
            actions.push(energy_timer(now));
            actions
        }
        ("NO", &[outlet]) => session::refused(outlet),
        ("STOP", &[outlet]) => Session::of(outlet).map_or_else(Vec::new, Session::stop),
        ("OK", &[number]) => session::confirmed(number),
        ("SIGN", _) => vec![identity::sign(rest)],
        ("RECEIPTS", _) => vec![keep(receipt::URL, rest, Durability::Durable)],
        _ => {
            log::write(log::Level::Warn, &format!("not understood: {line:.80}"));
            vec![say(format!("WHAT {line:.80}"))]
        }
    }
}

fn on_outlet(state: &OutletState) -> Vec<Action> {
    match (Session::of(state.outlet), state.plugged) {
        (Some(session), _) => session.outlet_changed(state),
        (None, true) => session::car_came(state),
        (None, false) => session::car_left(state.outlet),
    }
}

/// The same after a failure, a swap and a power cut.
fn reconcile(state: &OutletState) -> Vec<Action> {
    match Session::of(state.outlet) {
        Some(session) => session.resume(state),
        None => on_outlet(state),
    }
}

/// A policy has ended it; the energy is off already.
fn on_session_ends(end: &SessionEnd) -> Vec<Action> {
    match Session::of(end.outlet) {
        Some(session) if session.is(end.session) => session.stop(),
        _ => Vec::new(),
    }
}

fn on_energy_timer(now: &Now) -> Vec<Action> {
    let sessions = Session::all();
    let mut actions: Vec<Action> = sessions
        .iter()
        .map(|session| {
            Action::ReadMeter(MeterRequest {
                id: session.outlet,
                outlet: session.outlet,
            })
        })
        .collect();
    if !sessions.is_empty() {
        actions.push(energy_timer(now));
    }
    actions
}

fn on_response(response: Response) -> Vec<Action> {
    let result = response
        .outcome
        .map(|body| serde_json::from_str(&body).unwrap_or_default())
        .map_err(|failure| format!("{}: {}", failure.code, failure.text));
    match response.id {
        identity::MAKE_KEY | identity::SIGN => identity::answered(response.id, result),
        id => receipt::answered(id, result),
    }
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
        subprotocols: vec!["toy.v1".to_owned()],
        ping_interval_ms: 30_000,
        pong_deadline_ms: 5_000,
        open_deadline_ms: 10_000,
        back_off: BackOff {
            first_ms: 500,
            most_ms: 30_000,
            jitter_ms: 500,
        },
        max_frame_bytes: 4096,
    })
}

fn energy_timer(now: &Now) -> Action {
    Action::SetTimer(Timer {
        name: ENERGY_TIMER.to_owned(),
        deadline: Deadline::Monotonic(now.at.monotonic_ms + ENERGY_EVERY_MS),
    })
}

fn remember_link(up: &LinkUp) -> Action {
    keep(LINK, &up.link.to_string(), Durability::Session)
}

/// A line for the far end; dropped by the host while there is no link.
pub fn say(line: String) -> Action {
    let link = get(LINK).and_then(|link| link.parse().ok());
    say_on(link.unwrap_or(0), line)
}

fn say_on(link: u32, text: String) -> Action {
    Action::Send(Frame { link, text })
}

/// Asks a service; `id` tells what the answer belongs to.
pub fn request(id: u32, service: &str, operation: &str, body: &serde_json::Value) -> Action {
    Action::Request(Request {
        id,
        service: service.to_owned(),
        operation: operation.to_owned(),
        body: body.to_string(),
    })
}

/// The text kept under a key.
pub fn get(key: &str) -> Option<String> {
    String::from_utf8(entries::get(key)?).ok()
}

/// Keeps a text.
pub fn keep(key: &str, value: &str, durability: Durability) -> Action {
    Action::Keep(Entry {
        key: key.to_owned(),
        value: value.as_bytes().to_vec(),
        durability,
        secret: false,
    })
}
