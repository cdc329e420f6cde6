//! Notices what is to be told about one outlet, and how often.
//!
//! Each kind of change may come in a burst and then at a steady pace; what is
//! over that is put off until the input has calmed down, and then only the
//! outcome is told. The contactor never waits for this.

use std::time::Duration;

use super::moment::{Moment, earliest};
use crate::wit::protocol::{ContactorState, Fault, LockState, OutletChange, PilotState};

/// Changes of one kind that are told without delay.
const BURST: u32 = 40;
/// After a burst, one per this.
const PACE: Duration = Duration::from_millis(50);

/// What changes are noticed in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) pilot: PilotState,
    pub(super) plugged: bool,
    pub(super) lock: LockState,
    pub(super) contactor: ContactorState,
    pub(super) faults: Vec<Fault>,
    pub(super) own_acts: u32,
    /// Number of the connection: a car that left and one that came are a change
    /// of the pilot, even if it looks as before.
    pub(super) connection: u64,
}

/// What has been told of one outlet.
#[derive(Debug)]
pub(super) struct Watch {
    told: Seen,
    buckets: [Bucket; KINDS.len()],
    put_off: Option<Moment>,
}

/// In the order in which they are told: causes first.
const KINDS: [OutletChange; 6] = [
    OutletChange::Fault,
    OutletChange::Pilot,
    OutletChange::Plug,
    OutletChange::Permit,
    OutletChange::Contactor,
    OutletChange::Lock,
];

impl Watch {
    /// Nothing of `seen` is told: `boot` shows it.
    pub(super) fn new(seen: Seen) -> Self {
        Self {
            told: seen,
            buckets: [Bucket::FULL; KINDS.len()],
            put_off: None,
        }
    }

    /// What is to be told now.
    pub(super) fn changes(&mut self, now: Moment, seen: &Seen) -> Vec<OutletChange> {
        let mut changes = Vec::new();
        self.put_off = None;
        for (kind, bucket) in KINDS.into_iter().zip(&mut self.buckets) {
            if !differs(kind, &self.told, seen) {
                continue;
            }
            match bucket.take(now) {
                Ok(()) => {
                    adopt(kind, &mut self.told, seen);
                    changes.push(kind);
                }
                Err(at) => self.put_off = earliest(self.put_off, Some(at)),
            }
        }
        changes
    }

    /// When something that was put off may be told.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.put_off
    }
}

fn differs(kind: OutletChange, told: &Seen, seen: &Seen) -> bool {
    match kind {
        OutletChange::Pilot => told.pilot != seen.pilot || told.connection != seen.connection,
        OutletChange::Plug => told.plugged != seen.plugged,
        OutletChange::Lock => told.lock != seen.lock,
        OutletChange::Contactor => told.contactor != seen.contactor,
        OutletChange::Fault => told.faults != seen.faults,
        OutletChange::Permit => told.own_acts != seen.own_acts,
    }
}

fn adopt(kind: OutletChange, told: &mut Seen, seen: &Seen) {
    match kind {
        OutletChange::Pilot => {
            told.pilot = seen.pilot;
            told.connection = seen.connection;
        }
        OutletChange::Plug => told.plugged = seen.plugged,
        OutletChange::Lock => told.lock = seen.lock,
        OutletChange::Contactor => told.contactor = seen.contactor,
        OutletChange::Fault => told.faults.clone_from(&seen.faults),
        OutletChange::Permit => told.own_acts = seen.own_acts,
    }
}

/// Tokens: up to [`BURST`] at once, one more per [`PACE`].
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: u32,
    since: Moment,
}

impl Bucket {
    const FULL: Self = Self {
        tokens: BURST,
        since: Moment::ZERO,
    };

    /// Takes one, or says when there will be one.
    fn take(&mut self, now: Moment) -> Result<(), Moment> {
        let earned = now.since(self.since).as_nanos() / PACE.as_nanos();
        if self.tokens as u128 + earned >= u128::from(BURST) {
            self.tokens = BURST;
            self.since = now;
        } else if let Ok(earned) = u32::try_from(earned) {
            self.tokens += earned;
            self.since = self.since.after(PACE * earned);
        }
        if self.tokens == 0 {
            return Err(self.since.after(PACE));
        }
        self.tokens -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pilot: PilotState, contactor: ContactorState) -> Seen {
        Seen {
            pilot,
            plugged: true,
            lock: LockState::None,
            contactor,
            faults: Vec::new(),
            own_acts: 0,
            connection: 1,
        }
    }

    #[test]
    fn a_storm_on_one_input_is_thinned_and_its_outcome_told() {
        let calm = seen(PilotState::B, ContactorState::Open);
        let storm = seen(PilotState::C, ContactorState::Open);
        let mut watch = Watch::new(calm.clone());
        let mut told = 0;
        let mut now = Moment::ZERO;
        for _ in 0..5_000 {
            now = now.after(Duration::from_millis(1));
            told += watch.changes(now, &storm).len();
            now = now.after(Duration::from_millis(1));
            told += watch.changes(now, &calm).len();
        }
        // 10 s: the burst and one per 50 ms.
        assert!((200..=241).contains(&told), "{told} events");
        // Another input is not held up by that.
        let opened = seen(PilotState::C, ContactorState::Closed);
        assert!(
            watch
                .changes(now, &opened)
                .contains(&OutletChange::Contactor)
        );
        let last = seen(PilotState::A, ContactorState::Closed);
        let at_once = watch.changes(now, &last);
        let later = watch
            .wake_at()
            .map_or(Vec::new(), |at| watch.changes(at, &last));
        assert_eq!([at_once, later].concat(), [OutletChange::Pilot]);
        assert_eq!(watch.wake_at(), None);
    }
}
