//! A charger's life, drawn from a seed: cars, cards, a central system and a
//! network with their faults, power cuts, clock jumps, swaps.

use serde_json::{Value, json};

use super::books::{Told, close};
use super::central::Reply;
use super::settings::Settings;
use super::tamper::Tamper;
use super::world::World;
use crate::host::{BootReason, Cable, FaultKind, LinkFailure, LockState};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Numbers out of a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed, the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03)
    }

    /// A number below `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

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

/// Lives so many days and comes to rest.
///
/// # Errors
///
/// The first rule that was broken, with the seed and the log.
pub fn live(seed: u64, days: u64) -> Result<Life, String> {
    live_wrongly(seed, days, None)
}

/// The same, of a charger that makes a mistake on purpose.
///
/// # Errors
///
/// As `live`.
pub fn live_wrongly(seed: u64, days: u64, tamper: Option<Tamper>) -> Result<Life, String> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(settings(&mut dice));
    world.tamper = tamper;
    world.central.latency_ms = dice.of(&[1, 5, 50, 800]);
    let mut life = Life::default();
    let end = world.ms + days * DAY_MS;
    while world.ms < end {
        step(&mut world, &mut dice, &mut life);
        let wait = 1 << dice.below(22);
        world.run(dice.below(wait) + 1);
        if let Some(broken) = world.watch.broken.first() {
            return Err(report(seed, &world, broken));
        }
    }
    calm(&mut world);
    life.events = world.events;
    if let Some(wrong) = not_at_rest(&world) {
        return Err(report(seed, &world, &wrong));
    }
    life.transactions = close(&world).map_err(|why| report(seed, &world, &why))?;
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

fn report(seed: u64, world: &World, why: &str) -> String {
    let log = world.log();
    let tail = &log[log.len().saturating_sub(40)..];
    let lines: Vec<String> = world
        .sent
        .iter()
        .rev()
        .take(25)
        .map(|sent| sent.line())
        .collect();
    format!("seed {seed}: {why}\n{tail:#?}\nlast calls, newest first: {lines:#?}")
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
    ];
    Settings {
        cables: dice
            .of(&[
                &[Cable::Fixed][..],
                &[Cable::Socket],
                &[Cable::Socket, Cable::Fixed],
            ])
            .to_vec(),
        ocpp: keys
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        amnesia: dice.chance(15),
        has_clock: dice.chance(70),
        ..Settings::default()
    }
}

const TAGS: [&str; 6] = ["GOOD1", "GOOD2", "FAMILY1", "FAMILY2", "BLOCKED", "EXPIRED"];

fn step(world: &mut World, dice: &mut Dice, life: &mut Life) {
    let outlet = dice.below(world.outlets.len() as u64) as u32 + 1;
    let plugged = world.outlets[outlet as usize - 1].state.plugged;
    match dice.below(100) {
        0..25 if !plugged => world.plug(outlet),
        0..10 => world.unplug(outlet),
        10..14 => world.unplug_car(outlet),
        14..25 => world.set_wants(outlet, dice.chance(50)),
        25..45 => world.card(dice.of(&TAGS)),
        45..52 => {
            let request = json!({"idTag": dice.of(&TAGS), "connectorId": outlet});
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
        72..75 => world.cut_link(dice.of(&[
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
        95..96 => {
            world.call("UnlockConnector", json!({"connectorId": outlet}));
        }
        96..98 => {
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
        98 => {
            let cut = world.events + dice.below(10);
            world.cut_at = Some((cut, dice.chance(50)));
        }
        _ => world.outlet(outlet).jammed = dice.chance(20),
    }
}

fn central_fails(world: &mut World, dice: &mut Dice) {
    match dice.below(6) {
        0 => world.central.refuse_every = dice.of(&[None, Some(7), Some(50)]),
        1 => world.central.plan("Authorize", Reply::Silence),
        2 => world.central.plan("StartTransaction", Reply::Silence),
        3 => world.central.plan("StopTransaction", Reply::Silence),
        4 => {
            let later =
                json!({"status": "Pending", "currentTime": "2026-11-22T12:00:00Z", "interval": 60});
            world.central.plan("BootNotification", Reply::Result(later));
        }
        _ => world
            .central
            .plan("Heartbeat", Reply::Error("GenericError")),
    }
}

/// Everything works again, everybody goes home, and what waits is told.
fn calm(world: &mut World) {
    world.central.refuse_every = None;
    for action in [
        "Authorize",
        "StartTransaction",
        "StopTransaction",
        "BootNotification",
        "Heartbeat",
    ] {
        world.central.relent(action);
    }
    world.cut_at = None;
    for number in 1..=world.outlets.len() as u32 {
        world.outlet(number).jammed = false;
        world.set_fault(number, None);
        world.unplug(number);
    }
    world.set_online(true);
    world.run(3_600_000);
    // With StopTransactionOnEVSideDisconnect off, a session waits for its car.
    for number in 1..=world.outlets.len() as u32 {
        if let Ok(id) = world.shows(number, "transaction").parse::<i64>() {
            world.call("RemoteStopTransaction", json!({"transactionId": id}));
        }
    }
    for _ in 0..24 {
        world.run(3_600_000);
        if world.shows(0, "queue") == "0" {
            break;
        }
    }
}

/// What the central system thinks of the tags of a simulated life.
pub(super) fn opinion(tag: &str) -> Option<Value> {
    match tag {
        "FAMILY1" | "FAMILY2" => Some(json!({"status": "Accepted", "parentIdTag": "FAMILY"})),
        "BLOCKED" => Some(json!({"status": "Blocked"})),
        "EXPIRED" => Some(json!({"status": "Expired"})),
        _ => None,
    }
}
