//! When one contactor is closed, as the guard sees it. Pure.

use super::RelayState;

/// The inputs of one relay. An input that there is not is never active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    EmergencyStop,
    ResidualCurrent,
    Plug,
}

/// One relay.
#[derive(Debug)]
pub(super) struct Rule {
    /// Whether there is an input that sees the plug.
    sees_plug: bool,
    state: RelayState,
}

impl Rule {
    pub(super) fn new(sees_plug: bool) -> Self {
        Self {
            sees_plug,
            state: RelayState::default(),
        }
    }

    /// An input is as `active` says.
    pub(super) fn sense(&mut self, sense: Sense, active: bool) {
        match sense {
            Sense::EmergencyStop => self.state.emergency_stop = active,
            Sense::ResidualCurrent => self.state.residual_current = active,
            Sense::Plug => self.state.plugged = active,
        }
        self.trip_if_unsafe();
    }

    /// The main process permits it.
    pub(super) fn permit(&mut self) {
        self.state.tripped = false;
        self.state.closed = true;
        self.trip_if_unsafe();
    }

    /// The main process takes that back.
    pub(super) fn revoke(&mut self) {
        self.state.tripped = false;
        self.state.closed = false;
    }

    /// The main process is not heard of.
    pub(super) fn main_is_silent(&mut self) {
        self.trip();
    }

    /// A line of this relay has failed.
    pub(super) fn has_broken(&mut self) {
        self.state.broken = true;
        self.trip_if_unsafe();
    }

    pub(super) fn state(&self) -> RelayState {
        self.state
    }

    fn trip_if_unsafe(&mut self) {
        let it = &self.state;
        let unplugged = self.sees_plug && !it.plugged;
        if it.emergency_stop || it.residual_current || it.broken || unplugged {
            self.trip();
        }
    }

    fn trip(&mut self) {
        if self.state.closed {
            self.state.closed = false;
            self.state.tripped = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Rule {
        let mut rule = Rule::new(true);
        rule.sense(Sense::Plug, true);
        rule.permit();
        assert!(rule.state().closed);
        rule
    }

    #[test]
    fn nothing_closes_without_a_permit() {
        let mut rule = Rule::new(false);
        rule.sense(Sense::EmergencyStop, true);
        rule.sense(Sense::EmergencyStop, false);
        assert!(!rule.state().closed);
        rule.permit();
        assert!(rule.state().closed);
        rule.revoke();
        assert_eq!(rule.state(), RelayState::default());
    }

    #[test]
    fn each_cause_opens_and_the_cure_does_not_close() {
        type Change = fn(&mut Rule);
        let causes: [(Change, Change); 4] = [
            (
                |r| r.sense(Sense::EmergencyStop, true),
                |r| r.sense(Sense::EmergencyStop, false),
            ),
            (
                |r| r.sense(Sense::ResidualCurrent, true),
                |r| r.sense(Sense::ResidualCurrent, false),
            ),
            (
                |r| r.sense(Sense::Plug, false),
                |r| r.sense(Sense::Plug, true),
            ),
            (Rule::main_is_silent, |_| {}),
        ];
        for (cause, cure) in causes {
            let mut rule = closed();
            cause(&mut rule);
            assert!(!rule.state().closed && rule.state().tripped);
            cure(&mut rule);
            assert!(!rule.state().closed && rule.state().tripped);
            rule.permit();
            assert!(rule.state().closed && !rule.state().tripped);
        }
    }

    #[test]
    fn a_permit_against_an_input_is_refused_and_that_is_said() {
        let mut rule = Rule::new(true);
        rule.permit();
        assert!(!rule.state().closed && rule.state().tripped);
        rule.revoke();
        assert!(!rule.state().tripped);
        let mut rule = closed();
        rule.has_broken();
        rule.permit();
        assert!(!rule.state().closed);
    }
}
