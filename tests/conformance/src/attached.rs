//! Somebody's charge point as a station: it runs already, or is started by a
//! command, it offers the control API, and dials our central system. One such
//! station takes all cases, one after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::deed::Deed;
use super::hands;
use super::outcome::Failure;
use super::peer::{Peer, surroundings};
use super::power::Power;
use super::station::{Answer, Message, Reply, Station, Traits};
use crate::charger::Control;

/// What the central system says about heartbeats.
const HEARTBEAT_S: u32 = 300;
/// Between two looks at a charge point that comes up.
const LOOK: Duration = Duration::from_millis(100);

/// How to reach the charge point, and what it is.
#[derive(Debug)]
pub struct Attachment {
    /// Its control API: `http://HOST:PORT`.
    pub control: String,
    /// The bearer token of its control API.
    pub token: Option<String>,
    /// Where it dials: our central system listens here.
    pub listen: SocketAddr,
    /// What can be done to its power.
    pub power: Power,
    /// What its manufacturer declares of it.
    pub traits: Traits,
}

/// See the module.
#[derive(Debug)]
pub struct AttachedStation {
    traits: Traits,
    peer: Peer,
    control: Control,
    power: Power,
    online: bool,
    lit: bool,
    in_the_dark: Vec<Deed>,
    /// The keys that can be written, as they were at first.
    keys: Vec<(String, String)>,
}

impl AttachedStation {
    /// Listens, starts it if that is ours to do, and waits until both its
    /// control API and its central system's connection are up.
    ///
    /// # Errors
    /// If they do not come up.
    pub fn attach(attachment: Attachment) -> Result<AttachedStation, Failure> {
        let mut control = Control::new(&attachment.control);
        if let Some(token) = &attachment.token {
            control = control.with_token(token);
        }
        let patience = attachment.traits.patience;
        let mut station = AttachedStation {
            peer: Peer::listen(attachment.listen, patience, HEARTBEAT_S)?,
            traits: attachment.traits,
            control,
            power: attachment.power,
            online: true,
            lit: true,
            in_the_dark: Vec::new(),
            keys: Vec::new(),
        };
        station.power.begin()?;
        station.wait_up()?;
        if !station.peer.wait_connected(patience) {
            return Err(Failure::Surroundings(format!(
                "no charge point has connected to {} within {patience:?}",
                station.peer.url()
            )));
        }
        station.keys = station.writable_keys()?;
        Ok(station)
    }

    /// Leaves it as it was found: nothing plugged in or broken, and the
    /// configuration as at first. What it did not take back.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn leave(mut self) -> Result<Vec<String>, Failure> {
        self.power_on()?;
        self.network(true)?;
        for number in 1..=u32::try_from(self.traits.cables.len()).unwrap_or(u32::MAX) {
            self.fault(number, None)?;
            self.unplug(number)?;
        }
        let now = self.writable_keys()?;
        let mut stubborn = Vec::new();
        for (key, value) in std::mem::take(&mut self.keys) {
            if now.contains(&(key.clone(), value.clone())) {
                continue;
            }
            let change = json!({"key": key, "value": value});
            match self.call("ChangeConfiguration", change)? {
                Answer::Result(answer)
                    if answer["status"] == "Accepted" || answer["status"] == "RebootRequired" => {}
                _ => stubborn.push(key),
            }
        }
        Ok(stubborn)
    }

    fn writable_keys(&mut self) -> Result<Vec<(String, String)>, Failure> {
        let answer = self.call("GetConfiguration", json!({}))?;
        let Answer::Result(answer) = answer else {
            return Err(Failure::Surroundings(format!(
                "GetConfiguration is answered with {answer:?}"
            )));
        };
        let keys = answer["configurationKey"].as_array();
        let writable = keys
            .into_iter()
            .flatten()
            .filter(|key| key["readonly"] == false);
        Ok(writable
            .filter_map(|key| {
                Some((
                    key["key"].as_str()?.to_owned(),
                    key["value"].as_str()?.to_owned(),
                ))
            })
            .collect())
    }

    fn wait_up(&self) -> Result<(), Failure> {
        let end = Instant::now() + self.traits.patience;
        loop {
            match self.control.get_text("/v1/health") {
                Ok(_) => return Ok(()),
                Err(failure) if Instant::now() >= end => return Err(surroundings(failure)),
                Err(_) => std::thread::sleep(LOOK),
            }
        }
    }

    /// A simulator need not know of networks; ours it always can be.
    fn tell_network(&self, online: bool) -> Result<(), Failure> {
        match self.control.network(online) {
            Ok(_) => Ok(()),
            Err(failure) if matches!(failure.status(), Some(404 | 405 | 501)) => Ok(()),
            Err(failure) => Err(surroundings(failure)),
        }
    }
}

impl Station for AttachedStation {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn perform(&mut self, deed: Deed) -> Result<(), Failure> {
        match (self.lit, deed) {
            (true, deed) => hands::perform(&deed, &self.control).map_err(surroundings),
            // A reader without power reads nothing.
            (false, Deed::Card(_)) => Ok(()),
            (false, deed) => {
                self.in_the_dark.push(deed);
                Ok(())
            }
        }
    }

    fn network(&mut self, online: bool) -> Result<(), Failure> {
        if online == self.online {
            return Ok(());
        }
        self.online = online;
        self.peer.open(online && self.lit);
        if !self.lit {
            return Ok(());
        }
        self.tell_network(online)?;
        if !online {
            self.peer.cut();
            hands::wait_offline(&self.control, self.traits.patience)?;
            self.peer.wait_disconnected(self.traits.patience);
        }
        Ok(())
    }

    fn mains_fail(&mut self) -> Result<(), Failure> {
        self.power.needs_start()?;
        self.control.mains(false).map_err(surroundings)?;
        self.power.wait_end(self.traits.patience)?;
        self.power_off()
    }

    fn power_off(&mut self) -> Result<(), Failure> {
        if self.lit {
            // Until it is said to be back, it cannot be heard.
            self.peer.open(false);
            if let Err(failure) = self.power.cut() {
                self.peer.open(self.online);
                return Err(failure);
            }
            self.lit = false;
            self.peer.cut();
            self.peer.wait_disconnected(self.traits.patience);
            self.peer.note_dark();
        }
        Ok(())
    }

    fn power_on(&mut self) -> Result<(), Failure> {
        if self.lit {
            return Ok(());
        }
        self.power.restore()?;
        self.wait_up()?;
        self.lit = true;
        for deed in std::mem::take(&mut self.in_the_dark) {
            self.perform(deed)?;
        }
        if !self.online {
            return self.tell_network(false);
        }
        // It has met a closed door, and may wait long before it tries again.
        self.tell_network(false)?;
        self.peer.open(true);
        self.tell_network(true)
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
        if !self.online || !self.lit {
            return Err(Failure::Surroundings("the station is cut off".to_owned()));
        }
        self.peer.call(action, payload)
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
