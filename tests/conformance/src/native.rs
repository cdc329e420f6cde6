//! The library `plugpoint-ocpp-v16` in its simulated world as a station: no process, no
//! socket, and virtual time, so that an hour takes milliseconds. Not here: the
//! world itself (see `plugpoint-ocpp-world`).

use std::time::Duration;

use plugpoint_guest::protocol::{self as host, Event, FaultKind};
use plugpoint_ocpp_world::{self as testing, Fate, Settings, World};
use serde_json::Value;

use super::deed::Deed;
use super::outcome::Failure;
use super::station::{Answer, Cable, Files, Message, Reply, Station, Traits};

/// How long the station goes on when the mains fail, ms.
const HOLD_UP_MS: u32 = 2_000;
/// The virtual clock of a world when it begins, ms.
const BEGINNING_MS: u64 = 100_000;

/// Which station it is to be.
#[derive(Debug, Clone)]
pub struct Variant {
    /// One per connector.
    pub cables: Vec<Cable>,
    /// The one under test.
    pub connector: u32,
    /// The connectors that the reader serves.
    pub reader: Vec<u32>,
    /// The instance is thrown away after every event.
    pub amnesia: bool,
    /// The times that cases may choose are seconds, as with a real station, and
    /// not those of a laboratory.
    pub hurried: bool,
    /// It offers nothing beyond the core.
    pub core_only: bool,
}

impl Variant {
    /// One connector.
    pub fn single(cable: Cable) -> Self {
        Self {
            cables: vec![cable],
            connector: 1,
            reader: vec![1],
            amnesia: false,
            hurried: false,
            core_only: false,
        }
    }
}

/// A station in virtual time.
#[derive(Debug)]
pub struct Native {
    world: World,
    traits: Traits,
    dark: bool,
}

impl Native {
    /// Powers one up.
    pub fn new(variant: &Variant) -> Self {
        let files = Files {
            good: "http://files/good.bin".to_owned(),
            bad: "http://files/bad.bin".to_owned(),
            folder: "http://files/logs".to_owned(),
        };
        let cables = variant.cables.iter().map(|cable| match cable {
            Cable::Fixed => host::Cable::Fixed,
            Cable::Socket => host::Cable::Socket,
        });
        let mut world = World::new(Settings {
            cables: cables.collect(),
            reader_serves: Some(variant.reader.clone()),
            amnesia: variant.amnesia,
            ocpp: match variant.core_only {
                true => vec![("SupportedFeatureProfiles".to_owned(), "Core".to_owned())],
                false => Vec::new(),
            },
            ..Settings::default()
        });
        // Of each kind one, among all that the cases are run on.
        let good = match (variant.amnesia, variant.hurried) {
            (true, _) => Fate::Component,
            (_, true) => Fate::ImageWithReboot,
            _ => Fate::Image,
        };
        world.depot.files.insert(files.good.clone(), good);
        world
            .depot
            .files
            .insert(files.bad.clone(), Fate::BadInstall);
        world.depot.transfer_ms = 500;
        world.depot.install_ms = 2_000;
        let (patience, observation, short) = match variant.hurried {
            true => (5, 1, 1),
            false => (30, 30, 10),
        };
        Self {
            world,
            traits: Traits {
                cables: variant.cables.clone(),
                connector: variant.connector,
                reader: variant.reader.clone(),
                holds_up: true,
                car_reacts: Duration::from_secs(1),
                patience: Duration::from_secs(patience),
                observation: Duration::from_secs(observation),
                short: Duration::from_secs(short),
                files: Some(files),
            },
            dark: false,
        }
    }

    /// Rules of the world itself that were broken, such as energy that nobody
    /// was allowed.
    pub fn broken(&self) -> Vec<String> {
        let broken = self.world.watch.broken.iter();
        broken.map(ToString::to_string).collect()
    }

    fn end_of(&self, until: Duration) -> u64 {
        BEGINNING_MS.saturating_add(u64::try_from(until.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Station for Native {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn perform(&mut self, deed: Deed) -> Result<(), Failure> {
        match deed {
            Deed::Plug(connector) => self.world.plug(connector),
            Deed::Unplug(connector) => self.world.unplug(connector),
            Deed::UnplugAtCar(connector) => match self.traits.cable(connector) {
                Cable::Fixed => self.world.unplug(connector),
                Cable::Socket => self.world.unplug_car(connector),
            },
            Deed::CarAsks(connector, asks) => self.world.set_wants(connector, asks),
            Deed::Card(id_tag) => self.world.card(&id_tag),
            Deed::Fault(connector, code) => match fault_kind(&code) {
                Some(kind) => self.world.set_fault(connector, Some(kind)),
                None => {
                    return Err(Failure::Surroundings(format!(
                        "{code} is no fault of the test world"
                    )));
                }
            },
            Deed::Repair(connector) => self.world.set_fault(connector, None),
            Deed::Jam(connector, jammed) => self.world.outlet(connector).jammed = jammed,
        }
        Ok(())
    }

    fn network(&mut self, online: bool) -> Result<(), Failure> {
        if self.world.online != online {
            self.world.set_online(online);
        }
        Ok(())
    }

    fn mains_fail(&mut self) -> Result<(), Failure> {
        self.world.push(Event::PowerFailing(HOLD_UP_MS));
        self.world.run(HOLD_UP_MS.into());
        self.power_off()
    }

    fn power_off(&mut self) -> Result<(), Failure> {
        self.world.power_off();
        self.dark = true;
        Ok(())
    }

    fn power_on(&mut self) -> Result<(), Failure> {
        if self.dark {
            self.world.power_on();
        }
        self.dark = false;
        Ok(())
    }

    fn reply_next(&mut self, action: &str, reply: Reply) {
        self.world.central.plan(action, reply_of(reply));
    }

    fn reply(&mut self, action: &str, reply: Reply) {
        self.world.central.relent(action);
        if reply != Reply::Usual {
            self.world.central.always(action, reply_of(reply));
        }
    }

    fn tag(&mut self, id_tag: &str, info: Value) {
        self.world.central.tags.insert(id_tag.to_owned(), info);
    }

    fn call(&mut self, action: &str, payload: Value) -> Result<Answer, Failure> {
        if self.world.link().is_none() {
            return Err(Failure::Surroundings(format!(
                "{action} cannot be sent: the station is not connected"
            )));
        }
        match self.world.call(action, payload) {
            Value::Null => Err(Failure::Station(format!("{action} was not answered"))),
            Value::String(code) => Ok(Answer::Error(code)),
            result => Ok(Answer::Result(result)),
        }
    }

    fn has_received(&mut self, name: &str) -> Option<bool> {
        let mut uploads = self.world.depot.uploads.iter();
        Some(uploads.any(|url| url.ends_with(name)))
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.world.ms - BEGINNING_MS)
    }

    fn unix_ms(&self) -> i64 {
        self.world.unix_ms()
    }

    fn messages(&self) -> Vec<Message> {
        self.messages_after(0)
    }

    fn messages_after(&self, known: usize) -> Vec<Message> {
        let since = |ms: u64| Duration::from_millis(ms - BEGINNING_MS);
        self.world
            .sent
            .iter()
            .skip(known)
            .map(|sent| Message {
                at: since(sent.at_ms),
                id: sent.id.clone(),
                action: sent.action.clone(),
                payload: sent.payload.clone(),
                answer: sent.answer.clone(),
                answered_at: sent.answered_ms.map(since),
            })
            .collect()
    }

    fn wait(&mut self, known: usize, until: Duration) -> Result<(), Failure> {
        let end = self.end_of(until);
        while self.world.sent.len() <= known && self.world.ms < end {
            let next = self.world.next_due().unwrap_or(end).min(end);
            // What is due now may bring about more that is due now.
            let step = next.saturating_sub(self.world.ms).max(1);
            self.world.run(step);
        }
        Ok(())
    }
}

fn reply_of(reply: Reply) -> testing::Reply {
    match reply {
        Reply::Usual => testing::Reply::Usual,
        Reply::Result(result) => testing::Reply::Result(result),
        Reply::Error(code) => testing::Reply::Error(known_code(&code)),
        Reply::Silence => testing::Reply::Silence,
    }
}

/// The world wants codes that live for ever; there are not many.
fn known_code(code: &str) -> &'static str {
    const CODES: [&str; 9] = [
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
    ];
    let known = CODES.iter().find(|known| **known == code);
    known.copied().unwrap_or("GenericError")
}

/// From a ChargePointErrorCode.
fn fault_kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "GroundFailure" => FaultKind::GroundFailure,
        "OverCurrentFailure" => FaultKind::OverCurrent,
        "OverVoltage" => FaultKind::OverVoltage,
        "UnderVoltage" => FaultKind::UnderVoltage,
        "HighTemperature" => FaultKind::OverTemperature,
        "PowerSwitchFailure" => FaultKind::ContactorFailure,
        "ConnectorLockFailure" => FaultKind::LockFailure,
        "PowerMeterFailure" => FaultKind::MeterFailure,
        "ReaderFailure" => FaultKind::ReaderFailure,
        "EVCommunicationError" => FaultKind::VehicleCommunication,
        "InternalError" => FaultKind::Internal,
        "WeakSignal" => FaultKind::WeakSignal,
        _ => return None,
    })
}
