//! What a profile can ask of the charge point: nothing else reaches it. Not here: what
//! the charge point asks of a profile (see `profile`).

use std::fmt;

use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::Packed;
use plugpoint_guest::protocol::{Durability, Level, Now, Station};

use crate::exchange::{Requested, Trigger};
use crate::outbox::Kind;
use crate::requests::Errand;
use crate::turn::Turn;
pub use plugpoint_ocpp_core::reservation::{Reserved, Vacancy};

/// What a connector can deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    /// What the installation allows, milliamperes per phase.
    pub max_current_ma: u32,
    /// 1 or 3.
    pub phases: u8,
}

/// Whether somebody uses the charge point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Nobody.
    None,
    /// Somebody may begin to charge, and has not begun.
    Expected,
    /// There is a transaction, or its end is not told yet.
    Charging,
}

/// A transaction that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// The charge point's own number of it; never used twice.
    pub number: u64,
    /// The central system's, once it has answered StartTransaction.
    pub id: Option<i64>,
    /// When it began: ms of the monotonic clock.
    pub began_ms: u64,
    /// Its car is there.
    pub has_car: bool,
}

/// What the charge point does for its profiles.
pub(crate) trait ChargePoint {
    fn station(&self) -> &Station;
    fn unix_ms(&self, now: &Now) -> Option<i64>;
    fn timestamp(&self, unix_ms: i64) -> String;
    /// The number of the connector at this place, from 0; none: there are no more.
    fn connector(&self, place: usize) -> Option<u32>;
    fn supply(&self, connector: u32) -> Option<Supply>;
    fn transaction(&self, connector: u32, now: &Now) -> Option<Transaction>;
    fn can_keep(&self) -> bool;
    fn is_online(&self) -> bool;
    fn is_all_told(&self) -> bool;
    fn key(&self, name: &str) -> Option<&str>;
    fn usage(&self) -> Usage;
    fn vacancy(&self, connector: u32) -> Option<Vacancy>;
    fn say(&mut self, kind: Kind, action: &str, payload: String, triggered: bool);
    fn reserve(&mut self, owner: &'static str, reserved: &[Reserved]);
    fn hold(&mut self, owner: &str, on: bool);
    fn register_again(&mut self);
    fn report_error(&mut self, turn: &Turn<'_>, error: &str);
    fn finish(&mut self, turn: &mut Turn<'_>, key: &str, payload: &str);
    fn request(&mut self, turn: &mut Turn<'_>, owner: &str, label: &str, errand: Errand<'_>);
    fn trigger(&mut self, turn: &mut Turn<'_>, request: Requested<'_>) -> Trigger;
}

/// The charge point during one call, as a profile sees it.
pub struct Core<'c, 't> {
    charger: &'c mut dyn ChargePoint,
    turn: &'c mut Turn<'t>,
    /// Name of the profile.
    name: &'static str,
}

impl fmt::Debug for Core<'_, '_> {
    // Not the charge point: that would take all of it into every component.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<'c, 't> Core<'c, 't> {
    pub(crate) fn new(
        charger: &'c mut dyn ChargePoint,
        turn: &'c mut Turn<'t>,
        name: &'static str,
    ) -> Self {
        Self {
            charger,
            turn,
            name,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The present, as the host gave it.
    pub fn now(&self) -> Now {
        self.turn.now
    }

    /// Unix time in ms; none while nobody knows it.
    pub fn unix_ms(&self) -> Option<i64> {
        self.charger.unix_ms(&self.turn.now)
    }

    /// A time as it goes into a message.
    pub fn timestamp(&self, unix_ms: i64) -> String {
        self.charger.timestamp(unix_ms)
    }

    /// Who this charger is.
    pub fn station(&self) -> &Station {
        self.charger.station()
    }

    /// The numbers of its connectors.
    pub fn connectors(&self) -> impl Iterator<Item = u32> {
        (0..).map_while(|place| self.charger.connector(place))
    }

    /// What a connector can deliver; none: there is no such connector.
    pub fn supply(&self, connector: u32) -> Option<Supply> {
        self.charger.supply(connector)
    }

    /// The transaction that is running at a connector.
    pub fn transaction(&self, connector: u32) -> Option<Transaction> {
        self.charger.transaction(connector, &self.turn.now)
    }

    /// Entries can be stored, as far as is known.
    pub fn can_keep(&self) -> bool {
        self.charger.can_keep()
    }

    /// The central system has accepted this charger and can be asked now.
    pub fn is_online(&self) -> bool {
        self.charger.is_online()
    }

    /// The value of a configuration key, whoever's it is. Passwords have none.
    pub fn key(&self, name: &str) -> Option<&str> {
        self.charger.key(name)
    }

    /// Whether a configuration key is `true`.
    pub fn is_on(&self, name: &str) -> bool {
        self.key(name) == Some("true")
    }

    /// A line for the technician.
    pub fn log(&self, level: Level, text: &str) {
        self.turn.log.write(level, text);
    }

    /// The value of an entry of this profile. A damaged one is logged and dropped.
    pub fn read<T: Packed>(&mut self, key: &str) -> Option<T> {
        let key = self.own(key);
        let log = self.turn.log;
        self.turn.store.read(&key, log)
    }

    /// Keeps an entry of this profile.
    pub fn keep<T: Packed>(&mut self, key: &str, value: &T, durability: Durability) {
        let key = self.own(key);
        self.turn.store.write(key, value, durability);
    }

    /// Removes an entry of this profile.
    pub fn forget(&mut self, key: &str) {
        let key = self.own(key);
        self.turn.store.forget(&key);
    }

    /// Keys of entries of this profile that begin with `prefix` and are not before
    /// `from`, in ascending order; at most `most` of them, and 256.
    pub fn keys(&self, prefix: &str, from: &str, most: u32) -> Vec<String> {
        let own = self.own("");
        let found = self
            .turn
            .store
            .scan(&self.own(prefix), &self.own(from), most);
        found
            .into_iter()
            .map(|(key, _)| key[own.len()..].to_owned())
            .collect()
    }

    /// A value under one key of this profile, to be written out by
    /// [`flush`](Self::flush).
    pub fn cell<T: Packed + Default>(&mut self, key: &str, durability: Durability) -> Cell<T> {
        let key = self.own(key);
        let log = self.turn.log;
        Cell::load(&mut self.turn.store, log, key, durability)
    }

    /// Writes a value out if it has changed.
    pub fn flush<T: Packed + Default>(&mut self, cell: &mut Cell<T>) {
        cell.flush(&mut self.turn.store);
    }

    /// Sends a message when its turn comes, with a payload that is a JSON object. What
    /// becomes of it is told to [`answered`](crate::profile::Profile::answered) with the
    /// same label, also in another instance. It is lost with the link, and
    /// [`Outcome::Unanswered`](crate::profile::Outcome::Unanswered) then, also where
    /// there is none.
    pub fn send(&mut self, label: &str, action: &str, payload: String) {
        let kind = Kind::Profile {
            owner: self.name.to_owned(),
            label: label.to_owned(),
        };
        self.charger.say(kind, action, payload, false);
    }

    /// As [`send`](Self::send), for what the central system has asked for: it may also
    /// be sent while the charger is not accepted yet.
    pub fn send_triggered(&mut self, label: &str, action: &str, payload: String) {
        let kind = Kind::Profile {
            owner: self.name.to_owned(),
            label: label.to_owned(),
        };
        self.charger.say(kind, action, payload, true);
    }

    /// What this profile keeps for somebody from now on, in this instance. Whoever else
    /// wants to charge there is refused.
    pub fn reserve(&mut self, reserved: &[Reserved]) {
        self.charger.reserve(self.name, reserved);
    }

    /// From now on, in this instance, connectors that nobody uses are out of service for a
    /// while, or no longer. It is nothing that is kept: what the central system has
    /// ordered comes to light again behind it.
    pub fn hold(&mut self, on: bool) {
        self.charger.hold(self.name, on);
    }

    /// Whether somebody uses a connector.
    pub fn usage(&self) -> Usage {
        self.charger.usage()
    }

    /// The central system knows of all transactions.
    pub fn is_all_told(&self) -> bool {
        self.charger.is_all_told()
    }

    /// The charge point is not what it was: it says who it is once more, as after a boot,
    /// and is accepted before it says anything else.
    pub fn register_again(&mut self) {
        self.charger.register_again();
    }

    /// Whether a connector can be kept for somebody; 0: one of all. None: there is no such
    /// connector.
    pub fn vacancy(&self, connector: u32) -> Option<Vacancy> {
        self.charger.vacancy(connector)
    }

    /// Tells the central system of an error of the charge point as a whole that is over
    /// once it is reported: a StatusNotification for connector 0 with this error code.
    pub fn report_error(&mut self, error: &str) {
        self.charger.report_error(self.turn, error);
    }

    /// Answers what [`Reply::Later`](crate::profile::Reply::Later) has put off under
    /// this label.
    pub fn finish(&mut self, label: &str, payload: &str) {
        let key = self.own_answer(label);
        self.charger.finish(self.turn, &key, payload);
    }

    /// Asks a service of the host, with a body that is JSON. What it says is told to
    /// [`response`](crate::profile::Profile::response) with the same label.
    pub fn request(&mut self, label: &str, service: &str, operation: &str, body: String) {
        let errand = Errand {
            service,
            operation,
            body,
        };
        self.charger.request(self.turn, self.name, label, errand);
    }

    /// Asks the other profiles, then the charge point itself, for a message.
    pub fn trigger(&mut self, request: Requested<'_>) -> Trigger {
        self.charger.trigger(self.turn, request)
    }

    fn own(&self, key: &str) -> String {
        format!("profile/{}/{key}", self.name)
    }

    fn own_answer(&self, label: &str) -> String {
        format!("{}/{label}", self.name)
    }
}
