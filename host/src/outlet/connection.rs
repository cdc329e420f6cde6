//! Connections: which car an outlet is connected to, by number, and what was
//! seen when one left.
//!
//! The number grows each time a car leaves. A permit belongs to the connection
//! that it was given for, so it can never serve the next car, however late the
//! component that gave it hears of the change. Numbers are compared only within
//! one process; they are not kept.
//!
//! Not here: what follows from a departure (see `rules` and `unit`), and what a
//! component already knows of it (see `station::knowledge`).

use std::collections::VecDeque;

use super::driver::Facts;
use crate::wit::protocol::{OutletEvent, OutletState, PilotState, Stamp};

/// Departures that are remembered until the component has heard of them. A pilot
/// that flutters while no component runs makes more; the first ones count, since
/// one of them ended what the component was charging.
const MAX_DEPARTURES: usize = 16;

/// Number of an outlet's first connection.
const FIRST: u64 = 1;

/// Whether a car is connected: not without a cable, and not in pilot state A. On
/// a socket the pilot is in A while the cable is still in.
#[must_use]
pub fn has_car(pilot: PilotState, plugged: bool) -> bool {
    plugged && pilot != PilotState::A
}

/// A car has left.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// The connection that has ended.
    pub connection: u64,
    /// When.
    pub at: Stamp,
    /// The outlet at that moment: without a car and without a permit, with the
    /// register that was read last.
    pub state: OutletState,
}

/// An outlet as it was last seen, with the numbers that tell old from new.
#[derive(Clone, Debug, PartialEq)]
pub struct OutletView {
    /// All facts.
    pub state: OutletState,
    /// Of the last event that `state` includes.
    pub serial: u64,
    /// Of the car that is connected, or of the next one.
    pub connection: u64,
    /// Departures that no component has heard of, oldest first.
    pub departures: Vec<Departure>,
    /// How the last permit ended that is no longer in force.
    pub permit_end: Option<PermitNews>,
    /// The contactor has closed so often that it has to wait before it closes again.
    pub paced: bool,
}

/// An event of an outlet, with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct OutletNews {
    /// What has changed, and the state since then.
    pub event: OutletEvent,
    /// From 1 on, for each outlet.
    pub serial: u64,
    /// The connection in which `event.state` was seen.
    pub connection: u64,
}

/// The end of a permit, or the refusal of one.
#[derive(Clone, Debug, PartialEq)]
pub struct PermitNews {
    /// Whose.
    pub outlet: u32,
    /// The permit's session.
    pub session: u64,
    /// The connection that the permit was given for.
    pub connection: u64,
    /// What happened.
    pub fate: PermitFate,
    /// When.
    pub at: Stamp,
    /// The register that was read last, thousandths of a Wh.
    pub register_mwh: Option<u64>,
}

/// What can happen to a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitFate {
    /// Its component took it back.
    Revoked,
    /// It ended because the car has left.
    CarLeft,
    /// It ended because no component was at work for too long.
    NoComponent,
    /// It ended because the outlet was not watched for so long that the car may be
    /// another one.
    Unwatched,
    /// It was refused: the car that it was decided for had already left.
    TooLate,
}

impl PermitFate {
    /// For logs and the control API.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Revoked => "ended: taken back by its component",
            Self::CarLeft => "ended: the car has left",
            Self::NoComponent => "ended: no component was at work for too long",
            Self::Unwatched => "ended: unwatched for too long, the car may be another one",
            Self::TooLate => "refused: the car that it was decided for has left",
        }
    }
}

/// The connections of one outlet.
#[derive(Debug)]
pub(super) struct Connections {
    number: u64,
    has_car: bool,
    departures: VecDeque<Departure>,
    last: Option<Departure>,
}

impl Connections {
    pub(super) fn new(facts: &Facts) -> Self {
        Self {
            number: FIRST,
            has_car: has_car(facts.pilot, facts.plugged),
            departures: VecDeque::new(),
            last: None,
        }
    }

    /// Of the car that is connected, or of the next one.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn has_car(&self) -> bool {
        self.has_car
    }

    /// True if a car has just left; then [`departed`](Self::departed) is due.
    pub(super) fn note(&mut self, facts: &Facts) -> bool {
        let had_car = std::mem::replace(&mut self.has_car, has_car(facts.pilot, facts.plugged));
        let left = had_car && !self.has_car;
        if left {
            self.number += 1;
        }
        left
    }

    /// Nobody has watched for a while: a car that is there counts as another one than
    /// before, since nothing tells which it is (OCPP 1.6 ed. 2, 4.10). True if there
    /// is one; then [`departed`](Self::departed) is due.
    pub(super) fn lapse(&mut self) -> bool {
        self.number += u64::from(self.has_car);
        self.has_car
    }

    /// What was seen when it left.
    pub(super) fn departed(&mut self, at: Stamp, state: OutletState) {
        let departure = Departure {
            connection: self.number - 1,
            at,
            state,
        };
        if self.departures.len() < MAX_DEPARTURES {
            self.departures.push_back(departure.clone());
        }
        self.last = Some(departure);
    }

    /// The component knows that all connections before this one have ended.
    pub(super) fn known(&mut self, connection: u64) {
        self.departures.retain(|it| it.connection >= connection);
    }

    /// The last car that left.
    pub(super) fn last_departure(&self) -> Option<&Departure> {
        self.last.as_ref()
    }

    /// What the component has not heard of, oldest first; the last one is always
    /// among them.
    pub(super) fn departures(&self) -> Vec<Departure> {
        let mut all: Vec<Departure> = self.departures.iter().cloned().collect();
        if let Some(last) = &self.last
            && all.last().is_some_and(|it| it.connection < last.connection)
        {
            all.push(last.clone());
        }
        all
    }
}
