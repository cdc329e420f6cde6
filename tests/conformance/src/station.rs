//! The station under test, as the suite sees it: what it is, what people and
//! cars do to it, its central system, and time. Not how it is done: a native
//! world in virtual time and a process at the end of a WebSocket look alike.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::deed::Deed;
use super::outcome::Failure;

/// How the cable of a connector is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    /// To the charger.
    Fixed,
    /// To nothing: the connector is a socket with a lock.
    Socket,
}

/// What a station is, as its manufacturer declares it (the PICS).
#[derive(Debug, Clone)]
pub struct Traits {
    /// One per connector, in the order of their numbers.
    pub cables: Vec<Cable>,
    /// The connector that a case uses unless it needs more.
    pub connector: u32,
    /// The connectors that the reader of [`Station::card`] serves.
    pub reader: Vec<u32>,
    /// It can say what it has to while its mains fail.
    pub holds_up: bool,
    /// How long a car takes at most from the offer of energy to drawing it.
    pub car_reacts: Duration,
    /// How long a wait for something that must come may be.
    pub patience: Duration,
    /// How long the absence of something is observed.
    pub observation: Duration,
    /// A time that a case may choose freely (a time-out, an interval): the
    /// shortest that is sensible, at least 1 s.
    pub short: Duration,
    /// Where there are files for it, if somebody has put some there.
    pub files: Option<Files>,
}

/// Files for a station, at addresses that it can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// One that it can install. Beside it there is none whose name begins with
    /// `does_not_exist_`.
    pub good: String,
    /// One that it can fetch, and cannot install.
    pub bad: String,
    /// A folder to which it can send a file.
    pub folder: String,
}

impl Traits {
    /// How the cable of a connector is attached. A number that the station does
    /// not have is no socket.
    pub fn cable(&self, connector: u32) -> Cable {
        let at = (connector as usize).checked_sub(1);
        let cable = at.and_then(|at| self.cables.get(at));
        cable.copied().unwrap_or(Cable::Fixed)
    }
}

/// A CALL of the station.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// When it came, since the suite met the station.
    pub at: Duration,
    /// Message id.
    pub id: String,
    /// Which message.
    pub action: String,
    /// Its payload.
    pub payload: Value,
    /// The CALLRESULT of the central system; nothing: not yet, never, or a
    /// CALLERROR.
    pub answer: Option<Value>,
    /// When an answer of any kind went out.
    pub answered_at: Option<Duration>,
}

/// The station's answer to a CALL of the central system.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// CALLRESULT with this payload.
    Result(Value),
    /// CALLERROR with this code.
    Error(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result(payload) => write!(f, "{payload}"),
            Self::Error(code) => write!(f, "the CALLERROR {code}"),
        }
    }
}

/// What the central system does about a CALL of the station.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// As it would anyway.
    Usual,
    /// A CALLRESULT with this payload.
    Result(Value),
    /// A CALLERROR with this code.
    Error(String),
    /// Never an answer.
    Silence,
}

/// A charge point with everything around it. Methods that fail say that the
/// station's surroundings do not work, which is no verdict about the station.
pub trait Station {
    /// What it is.
    fn traits(&self) -> &Traits;

    /// Something is done to it, by people or cars.
    fn perform(&mut self, deed: Deed) -> Result<(), Failure>;
    /// The way to the central system is cut, or there.
    fn network(&mut self, online: bool) -> Result<(), Failure>;
    /// The mains fail: it has its hold-up time, then it is dark. Returns when it
    /// is dark.
    fn mains_fail(&mut self) -> Result<(), Failure>;
    /// The power goes without warning, and it stays dark.
    fn power_off(&mut self) -> Result<(), Failure>;
    /// The power is back. What was plugged in while it was dark stays plugged in.
    fn power_on(&mut self) -> Result<(), Failure>;

    /// How the next CALL of this action is answered; several wait in line.
    fn reply_next(&mut self, action: &str, reply: Reply);
    /// How each CALL of this action is answered from now on. What still waits
    /// in line for it is forgotten.
    fn reply(&mut self, action: &str, reply: Reply);
    /// What the central system says of this tag (an IdTagInfo) wherever it is
    /// asked. Unknown tags are accepted.
    fn tag(&mut self, id_tag: &str, info: Value);
    /// The central system asks something, and the station answers it. Without
    /// an answer within [`Traits::patience`] it is the station's failure, without
    /// a connection the surroundings'.
    fn call(&mut self, action: &str, payload: Value) -> Result<Answer, Failure>;

    /// Whether a file of this name has come to [`Files::folder`]; none: nobody can look.
    fn has_received(&mut self, name: &str) -> Option<bool> {
        let _ = name;
        None
    }

    /// Time since the suite met the station.
    fn now(&self) -> Duration;
    /// The true time, Unix ms.
    fn unix_ms(&self) -> i64;
    /// Every CALL of the station so far, in the order of arrival.
    fn messages(&self) -> Vec<Message>;
    /// The same without the first `known`.
    fn messages_after(&self, known: usize) -> Vec<Message> {
        self.messages().into_iter().skip(known).collect()
    }
    /// Lets time pass until something has come that was not among the first
    /// `known` messages, or the moment `until` is there.
    fn wait(&mut self, known: usize, until: Duration) -> Result<(), Failure>;

    /// [`Deed::Plug`].
    fn plug(&mut self, connector: u32) -> Result<(), Failure> {
        self.perform(Deed::Plug(connector))
    }
    /// [`Deed::Unplug`].
    fn unplug(&mut self, connector: u32) -> Result<(), Failure> {
        self.perform(Deed::Unplug(connector))
    }
    /// [`Deed::UnplugAtCar`].
    fn unplug_at_car(&mut self, connector: u32) -> Result<(), Failure> {
        self.perform(Deed::UnplugAtCar(connector))
    }
    /// [`Deed::CarAsks`].
    fn car_asks(&mut self, connector: u32, asks: bool) -> Result<(), Failure> {
        self.perform(Deed::CarAsks(connector, asks))
    }
    /// [`Deed::Card`].
    fn card(&mut self, id_tag: &str) -> Result<(), Failure> {
        self.perform(Deed::Card(id_tag.to_owned()))
    }
    /// [`Deed::Fault`], or [`Deed::Repair`] where there is none.
    fn fault(&mut self, connector: u32, kind: Option<&str>) -> Result<(), Failure> {
        self.perform(match kind {
            Some(kind) => Deed::Fault(connector, kind.to_owned()),
            None => Deed::Repair(connector),
        })
    }
    /// [`Deed::Jam`].
    fn jam_lock(&mut self, connector: u32, jammed: bool) -> Result<(), Failure> {
        self.perform(Deed::Jam(connector, jammed))
    }
}
