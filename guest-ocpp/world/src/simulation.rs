//! A charger's life, drawn from a seed: cars, cards, a central system and a
//! network with their faults, power cuts, clock jumps, swaps.

use std::fmt;

use serde_json::json;

use super::books::{Told, close};
use super::central::Reply;
use super::dice::Dice;
use super::maintenance::{self, Maintenance};
use super::settings::Settings;
use super::tamper::Tamper;
use super::watch::{Broken, Permissions, Rule};
use super::world::World;
use plugpoint_guest::protocol::{BootReason, Cable, FaultKind, LinkFailure, LockState, PilotState};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// What came of a life.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Events that the charger handled.
    pub events: u64,
    /// Transactions as the central system knows them.
    pub transactions: Vec<Told>,
    /// Power cuts, restarts and swaps.
    pub upheavals: u64,
}

/// A life that went wrong.
#[derive(Debug, Clone)]
pub struct Ruin {
    /// Which one.
    pub seed: u64,
    /// What rule it broke.
    pub broken: Broken,
    /// The charger's log and its last calls.
    pub story: String,
}

impl fmt::Display for Ruin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}\n{}", self.seed, self.broken, self.story)
    }
}

/// Lives so many days and comes to rest.
///
/// # Errors
///
/// The first rule that was broken, with the seed and the log.
pub fn live(seed: u64, days: u64) -> Result<Life, Ruin> {
    live_wrongly(seed, days, None)
}

/// The same, of a charger that makes a mistake on purpose.
///
/// # Errors
///
/// As `live`.
pub fn live_wrongly(seed: u64, days: u64, tamper: Option<Tamper>) -> Result<Life, Ruin> {
    life_of(seed, days, tamper, None)
}

/// The same with updates and diagnostics beside it.
///
/// # Errors
///
/// As `live`.
pub fn live_maintained(seed: u64, days: u64, tamper: Option<Tamper>) -> Result<Life, Ruin> {
    life_of(seed, days, tamper, Some(Maintenance::new(seed)))
}

fn life_of(
    seed: u64,
    days: u64,
    tamper: Option<Tamper>,
    mut maintenance: Option<Maintenance>,
) -> Result<Life, Ruin> {
    let mut dice = Dice::new(seed);
    let settings = settings(&mut dice);
    let permissions = permissions(&settings);
    let mut world = World::new(settings);
    world.watch.permits(permissions);
    world
        .watch
        .waits(1000 * number_of(&world.settings, "ConnectionTimeOut"));
    world.tamper = tamper;
    world.central.latency_ms = dice.of(&[1, 5, 50, 800]);
    for outlet in &mut world.outlets {
        outlet.polled = dice.chance(30);
    }
    let mut life = Life::default();
    let end = world.ms + days * DAY_MS;
    while world.ms < end {
        step(&mut world, &mut dice, &mut life);
        if let Some(maintenance) = &mut maintenance {
            maintenance.step(&mut world);
        }
        let wait = 1 << dice.below(22);
        world.run(dice.below(wait) + 1);
        let waiting = world.flash.count("queue/");
        world.watch.waiting(waiting);
        let broken = world.watch.broken.first().cloned();
        if let Some(broken) = broken.or_else(|| maintenance::wrong_now(&world)) {
            return Err(ruin(seed, &world, broken));
        }
    }
    calm(&mut world);
    life.events = world.events;
    if let Some(broken) = maintenance::wrong_at_rest(&world) {
        return Err(ruin(seed, &world, broken));
    }
    if let Some(wrong) = not_at_rest(&world) {
        return Err(ruin(seed, &world, Broken::new(Rule::Rest, wrong)));
    }
    life.transactions = close(&world).map_err(|broken| ruin(seed, &world, broken))?;
    Ok(life)
}

/// An outlet without a car that is not as it should be.
fn not_at_rest(world: &World) -> Option<String> {
    world.outlets.iter().find_map(|outlet| {
        let number = outlet.state.outlet;
        let status = world.shows(number, "status");
        let rests = matches!(status, "Available" | "Unavailable")
            && outlet.state.permit.is_none()
            && matches!(outlet.state.lock, LockState::None | LockState::Unlocked);
        (!rests).then(|| {
            format!(
                "connector {number} does not rest: {status}, {:?}",
                outlet.state
            )
        })
    })
}

fn ruin(seed: u64, world: &World, broken: Broken) -> Ruin {
    let log = world.log();
    let tail = &log[log.len().saturating_sub(40)..];
    let lines: Vec<String> = world
        .sent
        .iter()
        .rev()
        .take(25)
        .map(|sent| sent.line())
        .collect();
    Ruin {
        seed,
        broken,
        story: format!("{tail:#?}\nlast calls, newest first: {lines:#?}"),
    }
}

fn settings(dice: &mut Dice) -> Settings {
    let onoff = ["true", "false"];
    let keys = [
        ("AllowOfflineTxForUnknownId", dice.of(&onoff)),
        ("LocalPreAuthorize", dice.of(&onoff)),
        ("StopTransactionOnInvalidId", dice.of(&onoff)),
        ("StopTransactionOnEVSideDisconnect", dice.of(&onoff)),
        ("UnlockConnectorOnEVSideDisconnect", dice.of(&onoff)),
        ("AuthorizeRemoteTxRequests", dice.of(&onoff)),
        ("MaxEnergyOnInvalidId", dice.of(&["0", "500"])),
        ("MeterValueSampleInterval", dice.of(&["0", "300", "900"])),
        ("ClockAlignedDataInterval", dice.of(&["0", "0", "3600"])),
        (
            "StopTxnSampledData",
            dice.of(&["", "Energy.Active.Import.Register"]),
        ),
        ("MinimumStatusDuration", dice.of(&["0", "0", "5"])),
        ("ConnectionTimeOut", dice.of(&["60", "600"])),
        ("TransactionMessageRetryInterval", "10"),
        ("WebSocketPingInterval", dice.of(&["0", "20"])),
    ];
    Settings {
        cables: dice
            .of(&[
                &[Cable::Fixed][..],
                &[Cable::Socket],
                &[Cable::Fixed, Cable::Fixed],
                &[Cable::Socket, Cable::Fixed],
                &[Cable::Socket, Cable::Socket],
            ])
            .to_vec(),
        ocpp: keys
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        amnesia: dice.chance(15),
        has_clock: dice.chance(70),
        clock_off_ms: dice.of(&[0, 0, 7_200_000, -7_200_000, 13_000, -90_000]),
        ..Settings::default()
    }
}

fn number_of(settings: &Settings, key: &str) -> u64 {
    let found = settings.ocpp.iter().find(|(name, _)| name == key);
    found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

fn permissions(settings: &Settings) -> Permissions {
    let value = |key: &str| {
        let found = settings.ocpp.iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value)
    };
    let stops = value("StopTransactionOnInvalidId") == "true";
    Permissions {
        unknown_offline: value("AllowOfflineTxForUnknownId") == "true",
        check_remote: value("AuthorizeRemoteTxRequests") == "true",
        refused_wh: value("MaxEnergyOnInvalidId")
            .parse()
            .ok()
            .filter(|_| !stops)
            .unwrap_or(0),
    }
}

const TAGS: [&str; 6] = ["GOOD1", "GOOD2", "FAMILY1", "FAMILY2", "BLOCKED", "EXPIRED"];

fn step(world: &mut World, dice: &mut Dice, life: &mut Life) {
    let outlet = dice.below(world.outlets.len() as u64) as u32 + 1;
    let has_car = world.outlets[outlet as usize - 1].state.pilot != PilotState::A;
    match dice.below(100) {
        0..20 if !has_car => world.plug(outlet),
        20..25 if !has_car => world.unplug(outlet),
        0..10 => world.unplug(outlet),
        10..14 => world.unplug_car(outlet),
        14..25 => world.set_wants(outlet, dice.chance(50)),
        25..45 => world.card(dice.of(&TAGS)),
        45..52 => {
            let mut request = json!({"idTag": dice.of(&TAGS)});
            if dice.chance(70) {
                request["connectorId"] = json!(outlet);
            }
            world.call("RemoteStartTransaction", request);
        }
        52..57 => {
            let shown = world
                .shows(outlet, "transaction")
                .parse::<i64>()
                .unwrap_or(7);
            world.call("RemoteStopTransaction", json!({"transactionId": shown}));
        }
        57..62 => world.set_online(false),
        62..72 => world.set_online(true),
        72..73 => world.go_half_open(),
        73..75 => world.cut_link(dice.of(&[
            LinkFailure::Closed,
            LinkFailure::Silent,
            LinkFailure::Oversize,
        ])),
        75..77 => {
            life.upheavals += 1;
            world.power_cycle();
        }
        77..79 => {
            life.upheavals += 1;
            world.replace_instance(
                dice.of(&[BootReason::Swap, BootReason::Recovery, BootReason::Rollback]),
                None,
            );
        }
        79..81 => {
            life.upheavals += 1;
            let kind = dice.of(&["Hard", "Soft"]);
            world.call("Reset", json!({"type": kind}));
        }
        81..85 => {
            let kind = dice.of(&[
                FaultKind::GroundFailure,
                FaultKind::OverTemperature,
                FaultKind::EmergencyStop,
                FaultKind::WeakSignal,
                FaultKind::VehicleCommunication,
            ]);
            world.set_fault(outlet, Some(kind));
        }
        85..90 => world.set_fault(outlet, None),
        90..92 => {
            let kind = dice.of(&["Operative", "Operative", "Inoperative"]);
            let connector = dice.below(2) as u32 * outlet;
            world.call(
                "ChangeAvailability",
                json!({"connectorId": connector, "type": kind}),
            );
        }
        92..94 => central_fails(world, dice),
        94..95 => world.shift_clock(dice.below(7_200_000) as i64 - 3_600_000),
        95..96 if dice.chance(50) => {
            world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
        }
        95..96 => {
            world.call("UnlockConnector", json!({"connectorId": outlet}));
        }
        96 => {
            let change = dice.of(&[
                ("HeartbeatInterval", "600"),
                ("MeterValueSampleInterval", "120"),
                ("LocalPreAuthorize", "true"),
            ]);
            world.call(
                "ChangeConfiguration",
                json!({"key": change.0, "value": change.1}),
            );
        }
        97 if dice.chance(60) => disk_fails(world, dice),
        98 => {
            let cut = world.events + dice.below(10);
            world.cut_at = Some((cut, dice.chance(50)));
        }
        _ => world.outlet(outlet).jammed = dice.chance(20),
    }
}

fn disk_fails(world: &mut World, dice: &mut Dice) {
    match dice.below(4) {
        0 => world.flash.broken = true,
        1 => world.flash.stall(),
        _ => {
            world.flash.broken = false;
            world.flash.resume();
        }
    }
}

fn central_fails(world: &mut World, dice: &mut Dice) {
    let central = &mut world.central;
    let action = dice.of(&[
        "Authorize",
        "StartTransaction",
        "StopTransaction",
        "MeterValues",
    ]);
    match dice.below(12) {
        // Its clock is set, wrong and right again.
        10 => central.clock_off_ms = dice.of(&[3_600_000, -3_600_000, 13_000, -13_000]),
        11 => central.clock_off_ms = 0,
        0 => central.refuse_every = dice.of(&[None, Some(7), Some(50)]),
        1 | 2 => central.plan(action, Reply::Silence),
        3 => central.plan(
            action,
            Reply::Late(dice.of(&[10_000, 29_000, 31_000, 45_000])),
        ),
        4 => central.plan(action, Reply::Twice),
        5 => central.plan("Heartbeat", Reply::Error("GenericError")),
        6 => central.plan("Authorize", Reply::Error("InternalError")),
        // Until it is mended: starts are given up meanwhile.
        7 => central.always("StartTransaction", Reply::Error("InternalError")),
        8 => central.relent("StartTransaction"),
        _ => {
            let status = dice.of(&["Pending", "Rejected"]);
            let later =
                json!({"status": status, "currentTime": "2026-11-22T12:00:00Z", "interval": 60});
            central.plan("BootNotification", Reply::Result(later));
        }
    }
}

/// Everything works again, everybody goes home, and what waits is told.
fn calm(world: &mut World) {
    world.central.refuse_every = None;
    world.central.clock_off_ms = 0;
    for action in [
        "Authorize",
        "StartTransaction",
        "StopTransaction",
        "MeterValues",
        "BootNotification",
        "Heartbeat",
    ] {
        world.central.relent(action);
    }
    world.cut_at = None;
    world.flash.broken = false;
    world.flash.resume();
    for number in 1..=world.outlets.len() as u32 {
        world.outlet(number).jammed = false;
        world.set_fault(number, None);
        world.unplug(number);
    }
    world.set_online(true);
    world.run(3_600_000);
    // With StopTransactionOnEVSideDisconnect off, a session waits for its car.
    for number in 1..=world.outlets.len() as u32 {
        let transaction = world.shows(number, "transaction").to_owned();
        if let Ok(id) = transaction.parse::<i64>() {
            world.call("RemoteStopTransaction", json!({"transactionId": id}));
        } else if !transaction.is_empty() {
            // Its start was given up: only its card can end it.
            let tag = world.shows(number, "id_tag").to_owned();
            world.card(&tag);
        }
    }
    for _ in 0..24 {
        // Not a whole hour: a value may be due at each of those.
        world.run(3_541_000);
        if world.shows(0, "queue") == "0" {
            break;
        }
    }
}
