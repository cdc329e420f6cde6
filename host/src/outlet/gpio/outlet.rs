//! The driver of one outlet on GPIO. All its methods run on the safety thread;
//! what waits for edges and for the guard waits elsewhere and calls.

use std::time::Duration;

use super::Level;
use super::indicator::Indicator;
use super::lock::Lock;
use crate::guard::{Guard, Seen};
use crate::outlet::moment::earliest;
use crate::outlet::pilot::{PilotInput, Pwm, Signal};
use crate::outlet::{Facts, Moment, OutletDriver, Outputs};
use crate::wit::protocol::{ContactorState, Fault, FaultKind, Indication, LockState, PilotState};

/// How long a plug that was out and is in again counts as out: so that whoever
/// had a session learns that this may be another car.
const OUT: Duration = Duration::from_millis(200);

/// One relay of the guard.
pub(super) trait Relay: Send {
    /// The safety thread lives.
    fn heartbeat(&self);
    /// Permits the contactor, or takes that back.
    fn set(&self, closed: bool);
    /// What was seen since the last call.
    fn look(&self) -> Seen;
    /// How often a heartbeat is due.
    fn pace(&self) -> Duration;
}

/// A relay of the real guard.
pub(super) struct GuardRelay {
    pub(super) guard: Guard,
    pub(super) index: u8,
}

impl Relay for GuardRelay {
    fn heartbeat(&self) {
        self.guard.heartbeat();
    }

    fn set(&self, closed: bool) {
        self.guard.set(self.index, closed);
    }

    fn look(&self) -> Seen {
        self.guard.look(self.index)
    }

    fn pace(&self) -> Duration {
        self.guard.pace()
    }
}

/// Everything of one outlet that could be taken.
pub(super) struct Fitted {
    /// None if one of the guard's lines cannot be had.
    pub(super) relay: Option<Box<dyn Relay>>,
    pub(super) has_plug_line: bool,
    pub(super) feedback: Option<Level>,
    pub(super) pilot: Option<Box<dyn PilotInput>>,
    pub(super) pwm: Option<Pwm>,
    pub(super) lock: Option<Lock>,
    pub(super) indicator: Indicator,
    /// What could not be taken: for ever.
    pub(super) broken: Vec<Fault>,
}

/// The driver.
pub(super) struct GpioOutlet {
    it: Fitted,
    told: Outputs,
    beat_at: Moment,
    /// Until then the plug counts as out.
    out_until: Moment,
    signal: Option<Signal>,
    /// The pilot's output does not take what it is told.
    pwm_fault: Option<Fault>,
}

impl GpioOutlet {
    pub(super) fn new(fitted: Fitted) -> Self {
        Self {
            it: fitted,
            told: Outputs::SAFE,
            beat_at: Moment::ZERO,
            out_until: Moment::ZERO,
            signal: None,
            pwm_fault: None,
        }
    }

    fn beat(&mut self, now: Moment) {
        if let Some(relay) = self.it.relay.as_ref().filter(|_| now >= self.beat_at) {
            relay.heartbeat();
            self.beat_at = now.after(relay.pace());
        }
    }

    fn signal(&mut self, signal: Signal) {
        let Some(pwm) = &mut self.it.pwm else { return };
        if self.signal == Some(signal) {
            return;
        }
        match pwm.signal(signal) {
            Ok(()) => {
                self.signal = Some(signal);
                self.pwm_fault = None;
            }
            Err(error) => {
                tracing::error!("{error}");
                self.pwm_fault = Some(internal(&error.to_string()));
            }
        }
    }

    fn faults(&self, seen: Option<&Seen>) -> Vec<Fault> {
        let mut faults = self.it.broken.clone();
        faults.extend(seen.and_then(|seen| guard_fault(seen, self.it.has_plug_line)));
        faults.extend(self.it.feedback.as_ref().and_then(Level::fault));
        faults.extend(self.it.lock.as_ref().and_then(Lock::fault));
        faults.extend(self.pwm_fault.clone());
        faults
    }
}

/// What the guard's words mean, the gravest first.
fn guard_fault(seen: &Seen, has_plug_line: bool) -> Option<Fault> {
    let since = &seen.since;
    if !seen.up {
        return Some(internal("the guard process is not there"));
    }
    if since.broken {
        return Some(Fault {
            kind: FaultKind::ContactorFailure,
            text: "the guard cannot use a line of this connector".to_owned(),
        });
    }
    if since.residual_current {
        return Some(Fault {
            kind: FaultKind::GroundFailure,
            text: "residual current".to_owned(),
        });
    }
    // Else the reason is seen by itself.
    let unplugged = has_plug_line && seen.was_unplugged;
    let own = since.tripped && !since.emergency_stop && !unplugged;
    own.then(|| internal("the guard has opened the contactor"))
}

fn internal(text: &str) -> Fault {
    Fault {
        kind: FaultKind::Internal,
        text: text.to_owned(),
    }
}

impl OutletDriver for GpioOutlet {
    fn facts(&mut self, now: Moment) -> Facts {
        self.beat(now);
        if let Some(lock) = &mut self.it.lock {
            lock.advance(now);
        }
        self.it.indicator.advance(now);
        let seen = self.it.relay.as_ref().map(|relay| relay.look());
        let mut faults = self.faults(seen.as_ref());
        if seen.is_some_and(|seen| seen.was_unplugged && seen.now.plugged) {
            self.out_until = now.after(OUT);
        }
        let plug = seen
            .filter(|_| self.it.has_plug_line)
            .map(|seen| !seen.was_unplugged && now >= self.out_until);
        let pilot = self.it.pilot.as_mut().map(|pilot| pilot.read(plug));
        faults.extend(pilot.as_ref().and_then(|pilot| pilot.fault.clone()));
        let closed = match &self.it.feedback {
            Some(level) => level.is_active(),
            None => seen.is_some_and(|seen| seen.now.closed),
        };
        Facts {
            pilot: pilot.as_ref().map_or(PilotState::A, |pilot| pilot.state),
            plugged: pilot.as_ref().is_some_and(|pilot| pilot.plugged),
            lock: self.it.lock.as_ref().map_or(LockState::None, Lock::state),
            lock_ended: self.it.lock.as_ref().map_or(0, Lock::ended),
            contactor: if closed {
                ContactorState::Closed
            } else {
                ContactorState::Open
            },
            current: None,
            faults,
            emergency_stop: seen.is_some_and(|seen| seen.since.emergency_stop),
        }
    }

    fn apply(&mut self, now: Moment, outputs: &Outputs) {
        let opens = outputs.contactor == ContactorState::Open;
        if opens && let Some(relay) = &self.it.relay {
            relay.set(false);
        }
        self.signal(match outputs {
            it if it.unfit => Signal::Unfit,
            it if it.offered_ma == 0 => Signal::NoCurrent,
            it => Signal::Offer(it.offered_ma),
        });
        if !opens && self.told.contactor != outputs.contactor {
            // A permit that is old must not be given again: the guard may just
            // have had a reason to open.
            if let Some(relay) = &self.it.relay {
                relay.set(true);
            }
        }
        if let (Some(lock), Some(order)) = (&mut self.it.lock, outputs.lock) {
            lock.obey(now, order);
        }
        self.told = *outputs;
    }

    fn wake_at(&self) -> Option<Moment> {
        let beat = self.it.relay.as_ref().map(|_| self.beat_at);
        let lock = self.it.lock.as_ref().and_then(Lock::wake_at);
        [lock, self.it.indicator.wake_at()]
            .into_iter()
            .fold(beat, earliest)
    }

    fn indicate(&mut self, indication: &Indication) {
        self.it.indicator.show(indication);
    }
}

/// The end of the safety thread: everything at its safe level.
impl Drop for GpioOutlet {
    fn drop(&mut self) {
        if let Some(relay) = &self.it.relay {
            relay.set(false);
        }
        self.signal(Signal::NoCurrent);
        if let Some(lock) = &mut self.it.lock {
            lock.stop();
        }
    }
}
