//! The rules in virtual time, with facts made up by hand.

mod contactor;
mod cycling;
mod lock;
mod permit;
mod random;

use super::*;
use crate::wit::protocol::Cable;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn safety() -> SafetySettings {
    SafetySettings {
        orphan_permit_life: Duration::from_secs(60),
        ..SafetySettings::default()
    }
}

/// Rules and the facts that they are fed with. The contactor follows.
struct Stand {
    rules: Rules,
    facts: Facts,
    now: Moment,
    register: u64,
    out: Outputs,
}

impl Stand {
    fn new(cable: Cable) -> Self {
        let limits = OutletLimits {
            number: 1,
            cable,
            max_current_ma: 32_000,
            phases: 3,
            ventilated: false,
        };
        Self {
            rules: Rules::new(&limits, &safety()),
            facts: Facts {
                pilot: PilotState::A,
                plugged: false,
                lock: match cable {
                    Cable::Fixed => LockState::None,
                    Cable::Socket => LockState::Unlocked,
                },
                lock_ended: 0,
                contactor: ContactorState::Open,
                current: None,
                faults: Vec::new(),
                emergency_stop: false,
            },
            now: Moment::from_nanos(1_000_000_000),
            register: 5_000_000,
            out: Outputs::SAFE,
        }
    }

    /// With a car that asks for energy, and a permit: closed.
    fn charging(cable: Cable) -> Self {
        let mut stand = Self::new(cable);
        stand.facts.pilot = PilotState::C;
        stand.facts.plugged = true;
        if cable == Cable::Socket {
            stand.facts.lock = LockState::Locked;
        }
        stand.permit(16_000);
        stand.draw(16_000);
        assert_eq!(stand.out.contactor, ContactorState::Closed);
        stand
    }

    fn step(&mut self) -> Outputs {
        self.out = self.rules.step(self.now, &self.facts, Some(self.register));
        self.facts.contactor = self.out.contactor;
        self.out
    }

    fn pass(&mut self, time: Duration) -> Outputs {
        self.now = self.now.after(time);
        if let Some(flow) = &mut self.facts.current {
            flow.at = self.now;
        }
        self.step()
    }

    fn draw(&mut self, ma: u32) {
        self.facts.current = Some(crate::outlet::Flow { ma, at: self.now });
    }

    fn permit_with(&mut self, change: impl FnOnce(&mut Permit)) {
        let mut permit = Permit {
            outlet: 1,
            limit_ma: 16_000,
            limit_w: None,
            phases: 3,
            energy_limit_wh: None,
            steps: Vec::new(),
            reason: String::new(),
            session: 1,
            until_ms: None,
        };
        change(&mut permit);
        let due = permit.steps.iter();
        let due: Vec<Moment> = due
            .map(|step| Moment::from_nanos(step.at_ms * 1_000_000))
            .collect();
        self.rules.permit(self.now, &permit, &due);
        self.step();
    }

    fn permit(&mut self, limit_ma: u32) {
        self.permit_with(|permit| permit.limit_ma = limit_ma);
    }

    fn lock(&mut self, id: u32, locked: bool) -> Vec<(u32, LockState)> {
        let order = LockMove {
            id,
            outlet: 1,
            locked,
        };
        self.rules.move_lock(self.now, &order, &self.facts);
        self.step();
        self.rules.take_lock_answers()
    }

    #[track_caller]
    fn is(&self, contactor: ContactorState, offered_ma: u32) {
        assert_eq!(
            (self.out.contactor, self.out.offered_ma),
            (contactor, offered_ma)
        );
    }
}

fn fault() -> Fault {
    Fault {
        kind: FaultKind::GroundFailure,
        text: String::new(),
    }
}
