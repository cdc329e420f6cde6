//! The statuses of one kind of job: each gets to the central system, in their order,
//! over a lost link and a power cut. One that was answered is not said again.

use plugpoint_guest::json::object;
use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, Level};

use crate::core_access::Core;
use crate::profile::Outcome;

/// A status that a central system which answers other things leaves without an answer is
/// given up after this many times.
const MAX_UNANSWERED: u32 = 3;
const MAX_UNTOLD: usize = 16;

#[derive(Debug)]
pub(super) struct Statuses {
    action: &'static str,
    untold: Cell<Vec<String>>,
    flight: Cell<Flight>,
}

/// What is under way, until the next power-up or restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Flight {
    /// The first is said.
    sent: bool,
    /// And was without an answer before.
    unanswered: u32,
}

impl Statuses {
    pub(super) fn load(core: &mut Core<'_, '_>, action: &'static str, key: &str) -> Self {
        Self {
            action,
            untold: core.cell(&format!("{key}-untold"), Durability::Durable),
            flight: core.cell(&format!("{key}-flight"), Durability::Session),
        }
    }

    pub(super) fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.untold);
        core.flush(&mut self.flight);
    }

    pub(super) fn add(&mut self, status: &str) {
        let untold = self.untold.edit();
        if untold.len() >= MAX_UNTOLD {
            // Not the one that is on its way.
            untold.remove(1);
        }
        untold.push(status.to_owned());
    }

    /// What was not said yet is of a job that is replaced by another.
    pub(super) fn forget_unsaid(&mut self) {
        let said = usize::from(self.flight.sent);
        if self.untold.len() > said {
            self.untold.edit().truncate(said);
        }
    }

    /// Says the next one if it can be.
    pub(super) fn pump(&mut self, core: &mut Core<'_, '_>) {
        if self.flight.sent || !core.is_online() {
            return;
        }
        if let Some(status) = self.untold.first() {
            core.send(self.action, self.action, payload(status));
            self.flight.edit().sent = true;
        }
    }

    /// Something that was sent under this label has an answer, or none. True if it was one
    /// of these: the next one can be said.
    pub(super) fn answered(
        &mut self,
        core: &Core<'_, '_>,
        label: &str,
        outcome: Outcome<'_>,
    ) -> bool {
        if label != self.action || !self.flight.sent {
            return false;
        }
        let flight = self.flight.edit();
        flight.sent = false;
        let is_told = match outcome {
            Outcome::Result(_) | Outcome::Error(_) => true,
            // With the link the answer is lost, and perhaps the message, too.
            Outcome::Unanswered => {
                flight.unanswered += u32::from(core.is_online());
                flight.unanswered >= MAX_UNANSWERED
            }
        };
        if is_told {
            if flight.unanswered >= MAX_UNANSWERED {
                let text = format!("{} was never answered and is given up", self.action);
                core.log(Level::Warn, &text);
            }
            *flight = Flight::default();
            self.untold.edit().remove(0);
        }
        true
    }

    /// All have been said and answered.
    pub(super) fn are_told(&self) -> bool {
        self.untold.is_empty()
    }

    /// All but the last one have been.
    pub(super) fn are_told_but_the_last(&self) -> bool {
        self.untold.len() <= 1
    }

    /// Says what is going on at this moment, because it is asked for.
    pub(super) fn repeat(&self, core: &mut Core<'_, '_>, status: &str) {
        core.send_triggered("triggered", self.action, payload(status));
    }
}

fn payload(status: &str) -> String {
    object(|w| w.text("status", status))
}

packed!(Flight { sent, unanswered });
