//! A set of profiles on a charge point, and the comparison with the reference.

use plugpoint_guest::protocol::{BootReason, Cable};
use plugpoint_ocpp_v16::wire::timestamp;
use plugpoint_ocpp_world::{Dice, Settings, World};
use serde_json::{Value, json};

use crate::random::PATIENT;
use crate::reference::{Profile, Site};

const CONNECTORS: u32 = 2;
/// Random instants beside the boundaries.
const INSTANTS: u64 = 100;
const MIN_MA: i64 = 6_000;

/// What is done; times are relative to its beginning.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub profiles: Vec<Profile>,
    /// The connectors at which a transaction runs.
    pub charging: Vec<u32>,
    /// Between the profiles and the questions.
    pub wait_ms: u64,
    /// Of the composite schedules, and of the watch on what is offered.
    pub duration_s: i64,
    /// Of the random instants.
    pub seed: u64,
}

impl Scenario {
    /// How long is watched what is offered: for days only now and then, since a
    /// transaction that goes on for days takes a while even here.
    fn watched_ms(&self) -> i64 {
        let longest_s = if self.seed.is_multiple_of(PATIENT) {
            self.duration_s
        } else {
            7_200
        };
        self.duration_s.clamp(60, longest_s.max(60)) * 1000
    }

    /// Without one of its profiles, periods or properties.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut smaller = self.clone();
            change(&mut smaller);
            if smaller.profiles != self.profiles || smaller.wait_ms != self.wait_ms {
                all.push(smaller);
            }
        };
        for place in 0..self.profiles.len() {
            with(&|it| drop(it.profiles.remove(place)));
            with(&|it| it.profiles[place].valid_from = None);
            with(&|it| it.profiles[place].valid_to = None);
            with(&|it| it.profiles[place].start = None);
            with(&|it| it.profiles[place].duration_s = None);
            if self.profiles[place].periods.len() > 1 {
                with(&|it| it.profiles[place].periods.truncate(1));
            }
        }
        with(&|it| it.wait_ms = 0);
        all
    }
}

/// A charge point with two connectors.
pub struct Bench {
    world: World,
    phases: i64,
    pub variant: u64,
    cards: u64,
}

impl Bench {
    /// `variant`: with or without amnesia, one phase or three.
    pub fn new(variant: u64) -> Self {
        let phases = if variant.is_multiple_of(5) { 1 } else { 3 };
        let keys = [
            ("MeterValueSampleInterval", "0"),
            ("ClockAlignedDataInterval", "0"),
        ];
        let mut world = World::new(Settings {
            cables: vec![Cable::Fixed; CONNECTORS as usize],
            amnesia: variant.is_multiple_of(3),
            ocpp: keys
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            ..Settings::default()
        });
        world.central.interval = 86_400;
        for outlet in &mut world.outlets {
            outlet.state.phases = phases;
        }
        world.replace_instance(BootReason::Recovery, None);
        world.run(1_000);
        Self {
            world,
            phases: i64::from(phases),
            variant,
            cards: 0,
        }
    }

    /// How many instants were compared.
    pub fn check(&mut self, scenario: &Scenario) -> Result<u64, String> {
        self.world.call("ClearChargingProfile", json!({}));
        let base = self.world.unix_ms();
        let mut charging = Vec::new();
        for connector in &scenario.charging {
            charging.push((*connector, self.begin(*connector)?));
        }
        let mut site = Site {
            phases: self.phases,
            max: 320,
            profiles: Vec::new(),
            charging,
            now: 0,
        };
        for profile in &scenario.profiles {
            self.install(&mut site, profile, base)?;
        }
        self.world.run(scenario.wait_ms);
        let mut dice = Dice::new(scenario.seed);
        let mut compared = 0;
        let connector = [0, 1, 1, 2][dice.below(4) as usize];
        for unit in ["A", "W"] {
            compared += self.composite(&mut site, scenario, connector, unit, &mut dice)?;
        }
        if !site.charging.is_empty() {
            compared += self.offers(&site, scenario, &mut dice)?;
        }
        for connector in scenario.charging.iter().rev() {
            self.end(*connector);
        }
        Ok(compared)
    }

    fn begin(&mut self, connector: u32) -> Result<i64, String> {
        self.cards += 1;
        self.world.plug(connector);
        self.world.card(&format!("CARD{}", self.cards));
        self.world.run(2_000);
        // Without energy there is nothing to measure for days.
        self.world.set_wants(connector, false);
        self.world.run(10_000);
        let started = self.world.all("StartTransaction");
        let last = started.last().ok_or("nothing begins")?;
        if last.payload["connectorId"] != connector {
            return Err(format!("a transaction begins elsewhere: {}", last.payload));
        }
        time(&last.payload["timestamp"])
    }

    fn end(&mut self, connector: u32) {
        self.world.unplug(connector);
        self.world.run(2_000);
    }

    fn install(&mut self, site: &mut Site, profile: &Profile, base: i64) -> Result<(), String> {
        let moved = |at: Option<i64>| at.map(|at| at + base);
        let profile = Profile {
            valid_from: moved(profile.valid_from),
            valid_to: moved(profile.valid_to),
            start: moved(profile.start),
            received: self.world.unix_ms(),
            ..profile.clone()
        };
        let json = profile.json(|at| timestamp::format(at, true));
        let request = json!({"connectorId": profile.connector, "csChargingProfiles": json});
        let answer = self.world.call("SetChargingProfile", request);
        if answer["status"] != "Accepted" {
            return Err(format!("{answer} to {json}"));
        }
        let place = |it: &Profile| (it.purpose, it.stack_level, it.connector);
        site.profiles
            .retain(|it| it.id != profile.id && place(it) != place(&profile));
        site.profiles.push(profile);
        Ok(())
    }

    fn composite(
        &mut self,
        site: &mut Site,
        scenario: &Scenario,
        connector: u32,
        unit: &str,
        dice: &mut Dice,
    ) -> Result<u64, String> {
        let duration = scenario.duration_s;
        let request =
            json!({"connectorId": connector, "duration": duration, "chargingRateUnit": unit});
        let answer = self.world.call("GetCompositeSchedule", request);
        let what = || format!("connector {connector} in {unit}: {answer}");
        let schedule = &answer["chargingSchedule"];
        if answer["connectorId"] != connector
            || schedule["duration"] != duration
            || schedule["chargingRateUnit"] != unit
        {
            return Err(what());
        }
        let start = time(&answer["scheduleStart"])?;
        site.now = start;
        let parts = schedule["chargingSchedulePeriod"].as_array();
        let parts: Vec<(i64, f64, i64)> = parts
            .into_iter()
            .flatten()
            .map(|part| {
                let number = |name: &str| part[name].as_i64().unwrap_or(-1);
                let limit = part["limit"].as_f64().unwrap_or(-1.0);
                (number("startPeriod"), limit, number("numberPhases"))
            })
            .collect();
        let in_order = parts
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && (pair[0].1, pair[0].2) != (pair[1].1, pair[1].2));
        let within = parts.iter().all(|part| part.0 < duration.max(1));
        if parts.first().is_none_or(|first| first.0 != 0) || !in_order || !within {
            return Err(what());
        }
        let mut seconds = vec![0, duration - 1];
        let mut near = |at_ms: i64| {
            let second = (at_ms - start).div_euclid(1000);
            seconds.extend([second - 1, second, second + 1, second + 2]);
        };
        for profile in &site.profiles {
            for origin in [site.origin(1), site.origin(2)] {
                let end = start + duration * 1000;
                let boundaries = profile.boundaries(origin, start, end);
                boundaries.into_iter().for_each(&mut near);
            }
        }
        seconds.extend((0..INSTANTS).map(|_| dice.below(duration.max(1) as u64) as i64));
        seconds.retain(|second| (0..duration.max(1)).contains(second));
        for second in &seconds {
            let expected = site.composite(connector, CONNECTORS, start + second * 1000, unit);
            // At most one digit (7.14), and never more than the limit.
            let expected = (expected / 100) as f64 / 10.0;
            let part = parts.iter().rfind(|part| part.0 <= *second);
            if part.is_none_or(|part| (part.1 - expected).abs() > 1e-6) {
                return Err(format!("at second {second} {expected} {unit}, {}", what()));
            }
        }
        Ok(seconds.len() as u64)
    }

    fn offers(&mut self, site: &Site, scenario: &Scenario, dice: &mut Dice) -> Result<u64, String> {
        let from = self.world.unix_ms();
        let length = scenario.watched_ms();
        let mut instants: Vec<i64> = Vec::new();
        for profile in &site.profiles {
            for (_, began) in &site.charging {
                for at in profile.boundaries(*began, from, from + length) {
                    instants.extend([at - 1000, at, at + 1000]);
                }
            }
        }
        instants.extend((0..INSTANTS).map(|_| from + dice.below(length as u64) as i64));
        instants.retain(|at| (from..from + length).contains(at));
        instants.sort_unstable();
        instants.dedup();
        for at in &instants {
            let wait = at - self.world.unix_ms();
            self.world.run(wait.unsigned_abs());
            self.offer_at(site, *at)?;
        }
        Ok(instants.len() as u64)
    }

    fn offer_at(&self, site: &Site, at: i64) -> Result<(), String> {
        let offer = |connector: u32| -> Result<i64, String> {
            let outlet = &self.world.outlets[connector as usize - 1];
            let permit = outlet.state.permit.as_ref();
            permit
                .map(|permit| i64::from(permit.limit_ma))
                .ok_or(format!("no permit at {connector}"))
        };
        let lowest = |connector: u32| site.composite(connector, CONNECTORS, at, "A");
        let now = timestamp::format(at, true);
        if let [(connector, _)] = site.charging[..] {
            let (offer, lowest) = (offer(connector)?, lowest(connector));
            let expected = if lowest < MIN_MA { 0 } else { lowest };
            if offer != expected {
                return Err(format!("{now}: {expected} mA are due, {offer} offered"));
            }
            return Ok(());
        }
        let mut sum = 0;
        let mut served = 0;
        let mut could = 0;
        for (connector, _) in &site.charging {
            let (offer, lowest) = (offer(*connector)?, lowest(*connector));
            if offer > lowest || (offer != 0 && offer < MIN_MA) {
                return Err(format!("{now}: {connector} has {offer} of {lowest} mA"));
            }
            sum += offer;
            served += i64::from(offer > 0);
            could += i64::from(lowest >= MIN_MA);
        }
        let max = site.charge_point_max(at, "A");
        if max.is_some_and(|max| sum > max) {
            return Err(format!("{now}: {sum} mA are more than {max:?}"));
        }
        let room = max.map_or(could, |max| could.min(max / MIN_MA));
        if served != room {
            return Err(format!(
                "{now}: {served} of {room} are served, of {max:?} mA"
            ));
        }
        Ok(())
    }
}

fn time(value: &Value) -> Result<i64, String> {
    let text = value.as_str().ok_or(format!("{value} is no time"))?;
    timestamp::parse(text).ok_or(format!("{text} is no time"))
}
