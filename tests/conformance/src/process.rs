//! The real program as a station: a process of its own with simulated hardware,
//! our central system at the other end of a real WebSocket, and the control API
//! for everything that people and cars do. It runs in real time.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use serde_json::Value;

use super::deed::Deed;
use super::files::{FileServer, INSTALLER};
use super::hands;
use super::outcome::Failure;
use super::peer::{Peer, surroundings};
use super::station::{Answer, Cable, Message, Reply, Station, Traits};
use crate::charger::{Charger, Config, Control, Site};

/// How long to wait for what a program does at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// So much of what an ended program printed is told.
const TAIL: usize = 40;

/// How the program is configured.
#[derive(Debug, Clone)]
pub struct Setup {
    config: Config,
    traits: Traits,
    /// What the central system says about heartbeats. It is obeyed, and so to be
    /// what the configuration has.
    heartbeat_s: u32,
}

impl Setup {
    /// A charger with so many connectors of this kind, and one reader.
    pub fn new(connectors: u32, cable: Cable) -> Setup {
        let config = Config::new("ws://127.0.0.1/");
        Setup::of(match cable {
            Cable::Fixed => config.connectors(connectors),
            Cable::Socket => config.sockets(connectors),
        })
    }

    /// A charger as configured. Where it dials, listens and writes is replaced.
    pub fn of(config: Config) -> Setup {
        let mut cables = Vec::new();
        while let Some(cable) = config.get(&format!("connector.{}.cable", cables.len())) {
            cables.push(match cable.as_str() {
                Some("socket") => Cable::Socket,
                _ => Cable::Fixed,
            });
        }
        let traits = Traits {
            cables,
            connector: 1,
            reader: reader(&config),
            holds_up: true,
            car_reacts: Duration::from_secs(1),
            patience: PATIENCE,
            observation: Duration::from_secs(1),
            short: Duration::from_secs(1),
            files: None,
        };
        let heartbeat = config.get("ocpp.HeartbeatInterval");
        let heartbeat = heartbeat.and_then(|it| it.as_str()?.parse().ok());
        Setup {
            heartbeat_s: heartbeat.unwrap_or(300),
            config,
            traits,
        }
    }

    /// A charger as this file says. Other files that it names must be absolute.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(file: &Path) -> anyhow::Result<Setup> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let config = Config::parse(&text).with_context(|| file.display().to_string())?;
        Ok(Setup::of(config))
    }

    /// Throws the guests' instances away after every event.
    pub fn amnesia(self, on: bool) -> Setup {
        Setup {
            config: self.config.amnesia(on),
            ..self
        }
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What such a station is.
    pub fn traits(&self) -> &Traits {
        &self.traits
    }
}

/// The connectors of the first reader: of the one that reads all cards.
fn reader(config: &Config) -> Vec<u32> {
    let connectors = config
        .get("reader.0.connectors")
        .and_then(|it| it.as_array());
    let numbers = connectors.into_iter().flatten();
    numbers
        .filter_map(|number| number.as_integer()?.try_into().ok())
        .collect()
}

/// See the module.
#[derive(Debug)]
pub struct ProcessStation {
    setup: Setup,
    peer: Peer,
    files: FileServer,
    site: Site,
    charger: Option<Charger>,
    online: bool,
    /// Locks that are stuck: the only deed that a charger forgets with its power.
    stuck: BTreeSet<u32>,
    /// What people do while it is dark is found by the charger when it comes up.
    in_the_dark: Vec<Deed>,
}

impl ProcessStation {
    /// Starts a program that nothing has happened to yet.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(setup: &Setup) -> Result<ProcessStation, Failure> {
        let mut station = ProcessStation {
            peer: Peer::listen(
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                PATIENCE,
                setup.heartbeat_s,
            )?,
            setup: setup.clone(),
            files: FileServer::of_cases().map_err(surroundings)?,
            site: Site::new().map_err(surroundings)?,
            charger: None,
            online: true,
            stuck: BTreeSet::new(),
            in_the_dark: Vec::new(),
        };
        station.offer_files()?;
        station.light_up()?;
        Ok(station)
    }

    /// Starts a program alone, for those that come after it: the first compiles
    /// the components for all, and two dozen that do so at the same time would
    /// not come up while anybody waits.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn warm_up(setup: &Setup) -> Result<(), Failure> {
        ProcessStation::start(setup).map(|_| ())
    }

    /// What was said, as text.
    pub fn transcript(&self) -> String {
        self.peer.transcript()
    }

    /// Every CALL of the central system that was answered: which, and how long
    /// it took from the CALL to its answer.
    pub fn responses(&self) -> Vec<(String, Duration)> {
        self.peer.responses()
    }

    /// The control API, while there is power.
    ///
    /// # Errors
    /// If there is none.
    pub fn control(&self) -> Result<&Control, Failure> {
        let dark = || Failure::Surroundings("the charger has no power".to_owned());
        self.charger.as_ref().map(Charger::control).ok_or_else(dark)
    }

    /// Files to be fetched, and what installs them, unless the configuration says it.
    fn offer_files(&mut self) -> Result<(), Failure> {
        self.setup.traits.files = Some(self.files.files());
        if self.setup.config.get("installer.command").is_none() {
            let script = self.site.file("installer.sh");
            std::fs::write(&script, INSTALLER).map_err(surroundings)?;
            let command = vec!["sh".to_owned(), script.display().to_string()];
            let config = self.setup.config.clone();
            self.setup.config = config.set("installer.command", command);
        }
        Ok(())
    }

    fn light_up(&mut self) -> Result<(), Failure> {
        let config = self
            .setup
            .config
            .clone()
            .set("csms.url", self.peer.url())
            .set("control.listen", "127.0.0.1:0")
            .persistent();
        // What was done in the dark has been done before it says anything.
        let undisturbed = self.online && self.in_the_dark.is_empty();
        self.peer.open(undisturbed);
        let charger = self.site.start(&config).map_err(surroundings)?;
        self.charger = Some(charger);
        let mut deeds = std::mem::take(&mut self.in_the_dark);
        let stuck = self.stuck.iter();
        deeds.extend(stuck.map(|connector| Deed::Jam(*connector, true)));
        if !undisturbed {
            self.control()?.network(false).map_err(surroundings)?;
        }
        for deed in deeds {
            self.perform(deed)?;
        }
        if !undisturbed && self.online {
            self.network(true)?;
        }
        Ok(())
    }
}

impl Station for ProcessStation {
    fn traits(&self) -> &Traits {
        &self.setup.traits
    }

    fn perform(&mut self, deed: Deed) -> Result<(), Failure> {
        match &deed {
            Deed::Jam(connector, true) => drop(self.stuck.insert(*connector)),
            Deed::Jam(connector, false) => drop(self.stuck.remove(connector)),
            _ => {}
        }
        let Some(charger) = &self.charger else {
            match deed {
                // A reader without power reads nothing.
                Deed::Card(_) => {}
                deed => self.in_the_dark.push(deed),
            }
            return Ok(());
        };
        let done = hands::perform(&deed, charger.control());
        done.map_err(|failure| {
            if charger.is_alive() {
                return surroundings(failure);
            }
            let printed = charger.process().printed();
            let tail = &printed[printed.len().saturating_sub(TAIL)..];
            Failure::Station(format!(
                "the program has ended by itself:\n  {}",
                tail.join("\n  ")
            ))
        })
    }

    fn network(&mut self, online: bool) -> Result<(), Failure> {
        self.online = online;
        self.peer.open(online);
        let Some(charger) = &self.charger else {
            return Ok(());
        };
        charger.control().network(online).map_err(surroundings)?;
        if !online {
            hands::wait_offline(charger.control(), PATIENCE)?;
            self.peer.wait_disconnected(PATIENCE);
        }
        Ok(())
    }

    fn mains_fail(&mut self) -> Result<(), Failure> {
        self.control()?.mains(false).map_err(surroundings)?;
        let ended = self
            .charger
            .as_ref()
            .and_then(|charger| charger.process().wait_end(PATIENCE));
        if ended.is_none() {
            return Err(Failure::Surroundings(
                "the charger lives on without mains".to_owned(),
            ));
        }
        self.power_off()
    }

    fn power_off(&mut self) -> Result<(), Failure> {
        if let Some(charger) = self.charger.take() {
            charger.kill();
            self.peer.wait_disconnected(PATIENCE);
            self.peer.note_dark();
        }
        Ok(())
    }

    fn power_on(&mut self) -> Result<(), Failure> {
        match self.charger {
            Some(_) => Ok(()),
            None => self.light_up(),
        }
    }

    fn reply_next(&mut self, action: &str, reply: Reply) {
        self.peer.reply_next(action, reply);
    }

    fn reply(&mut self, action: &str, reply: Reply) {
        self.peer.reply(action, reply);
    }

    fn tag(&mut self, id_tag: &str, info: Value) {
        self.peer.tag(id_tag, info);
    }

    fn call(&mut self, action: &str, payload: Value) -> Result<Answer, Failure> {
        if !self.online {
            return Err(Failure::Surroundings("there is no network".to_owned()));
        }
        self.control()?;
        self.peer.call(action, payload)
    }

    fn has_received(&mut self, name: &str) -> Option<bool> {
        Some(
            self.files
                .received(name)
                .is_some_and(|bytes| !bytes.is_empty()),
        )
    }

    fn now(&self) -> Duration {
        self.peer.now()
    }

    fn unix_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }

    fn messages(&self) -> Vec<Message> {
        self.peer.messages()
    }

    fn wait(&mut self, known: usize, until: Duration) -> Result<(), Failure> {
        self.peer.wait(known, until);
        Ok(())
    }
}
