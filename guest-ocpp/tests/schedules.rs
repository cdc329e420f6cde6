//! Cars come and leave while events wait, instances are replaced and the disk fails,
//! in random order: no status that never was, no transaction that another car's event
//! ends, none that another car continues. `SCHEDULES` and `SEED` make it longer.

use std::collections::{BTreeMap, BTreeSet};

use plugpoint_guest::protocol::{BootReason, Cable, FaultKind};
use plugpoint_ocpp_world::{Dice, Settings, World, audit};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct Schedule {
    world: World,
    dice: Dice,
    stops: bool,
    starts: u64,
    cards: u64,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let stops = dice.below(3) > 0;
        let cable = [Cable::Fixed, Cable::Socket][dice.below(2) as usize];
        let keys = [
            ("MeterValueSampleInterval", "0"),
            ("AllowOfflineTxForUnknownId", "true"),
            (
                "StopTransactionOnEVSideDisconnect",
                if stops { "true" } else { "false" },
            ),
        ];
        let mut world = World::new(Settings {
            cables: vec![cable],
            amnesia: dice.below(4) == 0,
            ocpp: keys
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            ..Settings::default()
        });
        world.run(1_000);
        Self {
            world,
            dice,
            stops,
            starts: 1,
            cards: 0,
        }
    }

    /// Something happens; what is told of it may wait.
    fn step(&mut self) {
        let plugged = self.world.outlets[0].state.plugged;
        match self.dice.below(16) {
            0..3 if !plugged => self.world.plug(1),
            0..3 => {
                self.world.unplug(1);
                if self.dice.below(2) == 0 {
                    self.world.plug(1);
                }
            }
            3 => self.world.unplug_car(1),
            4..7 => {
                let tag = ["GOOD1", "GOOD2", "GOOD3"][self.dice.below(3) as usize];
                self.world.card(tag);
                self.cards += 1;
            }
            7 => self.world.set_wants(1, self.dice.below(2) == 0),
            8 => self.world.set_fault(1, Some(FaultKind::OverTemperature)),
            9 => self.world.set_fault(1, None),
            10 | 11 => {
                let reasons = [BootReason::Swap, BootReason::Recovery, BootReason::Rollback];
                let reason = reasons[self.dice.below(3) as usize];
                self.world.replace_instance(reason, None);
            }
            12 if self.dice.below(4) == 0 => {
                self.world.power_cycle();
                self.starts += 1;
            }
            12 => self.world.flash.broken = true,
            13 => self.world.flash.stall(),
            _ => {
                self.world.flash.broken = false;
                self.world.flash.resume();
            }
        }
    }

    fn run(&mut self) {
        for _ in 0..6 {
            // Events wait for some steps, and are delivered behind them.
            self.world.held = true;
            for _ in 0..=self.dice.below(4) {
                self.step();
            }
            self.world.held = false;
            let wait = 1 << self.dice.below(17);
            self.world.run(self.dice.below(wait));
        }
        self.world.flash.broken = false;
        self.world.flash.resume();
        self.world.run(120_000);
    }

    fn check(&self) -> Result<(), String> {
        let world = &self.world;
        if let Some(broken) = world.watch.broken.first() {
            return Err(broken.to_string());
        }
        audit(world).map_err(|broken| broken.to_string())?;
        let left = world.outlets[0].connection();
        let told = world.all("StatusNotification");
        let available = told
            .iter()
            .filter(|it| it.payload["connectorId"] == 1 && it.payload["status"] == "Available");
        // At each start, whenever a car has left, when a fault is over, and when nobody
        // came for a card.
        let faults = told.iter().filter(|it| it.payload["status"] == "Faulted");
        let most = self.starts + left + self.cards + faults.count() as u64;
        if available.count() as u64 > most {
            return Err(format!("Available more often than {most} times"));
        }
        let unplugged = world
            .all("StopTransaction")
            .into_iter()
            .filter(|it| it.payload["reason"] == "EVDisconnected")
            .map(|it| it.id.clone())
            .collect::<BTreeSet<_>>();
        if unplugged.len() as u64 > left {
            return Err(format!(
                "{} cars are told to have left, not {left}",
                unplugged.len()
            ));
        }
        if self.stops {
            let mut cars: BTreeMap<u64, u64> = BTreeMap::new();
            for (session, _, connection) in &world.permits {
                if cars
                    .insert(*session, *connection)
                    .is_some_and(|it| it != *connection)
                {
                    return Err(format!("session {session} goes on with another car"));
                }
            }
        }
        Ok(())
    }
}

#[test]
fn schedules() {
    let (count, first) = (number("SCHEDULES", 500), number("SEED", 1));
    let mut transactions = 0;
    for seed in first..first + count {
        let mut schedule = Schedule::new(seed);
        schedule.run();
        transactions += schedule.world.all("StartTransaction").len();
        if let Err(wrong) = schedule.check() {
            let log = schedule.world.log();
            let told: Vec<String> = schedule.world.sent.iter().map(|it| it.line()).collect();
            panic!("seed {seed}: {wrong}\n{log:#?}\n{told:#?}");
        }
    }
    assert!(
        transactions as u64 > count / 4,
        "{transactions} transactions"
    );
    println!("{count} schedules from seed {first} on: {transactions} transactions, nothing wrong");
}
