//! While nothing can be stored (the disk is full, worn out, or does not answer), the
//! charger does without: what is charging goes on, the central system is answered,
//! and nothing is begun. Whatever ends a transaction ends its energy at once; time,
//! register and reason are remembered, and the transaction is concluded with them
//! once something can be stored. It tries again after a while, at the latest after
//! 10 s.
//!
//! Not here: the decision that storing failed (the host's, see `boot.dropped`).

use crate::charger::Charger;
use crate::host::{Boot, BootReason, Dropped, Durability};
use crate::outlet::{Halted, Stop};
use crate::record::StopReason;
use crate::turn::Turn;
use crate::unkept::Unkept;

const FIRST_WAIT_MS: u64 = 5_000;
const MAX_WAIT_MS: u64 = 10_000;

/// Written to see whether anything can be.
const PROBE: &str = "storage-probe";

/// What an event that was lost meant for a transaction that it ended.
fn reason_of(dropped: &Dropped) -> StopReason {
    let names = |word: &str| dropped.head.contains(&format!("\"{word}\""));
    match dropped.event.as_str() {
        "token" | "decided" => StopReason::Local,
        "frame" if names("RemoteStopTransaction") => StopReason::Remote,
        "frame" if names("Reset") && names("Hard") => StopReason::HardReset,
        "frame" if names("Reset") => StopReason::SoftReset,
        _ => StopReason::Other,
    }
}

impl Charger {
    /// Notes at a start what has to wait until something can be kept.
    pub(crate) fn note_storage(&mut self, turn: &mut Turn<'_>, boot: &Boot) {
        self.recall_told(turn);
        let interrupted = match boot.reason {
            BootReason::PowerUp => Some(StopReason::PowerLoss),
            BootReason::CleanShutdown | BootReason::Restart => Some(StopReason::Reboot),
            BootReason::Swap | BootReason::Recovery | BootReason::Rollback => None,
        };
        if interrupted.is_some()
            && self
                .outlets
                .iter()
                .any(|outlet| outlet.session.is_some() || outlet.facts.is_locked())
        {
            self.state.edit().interrupted = interrupted;
        }
        let unstored = boot
            .dropped
            .as_ref()
            .filter(|dropped| dropped.failure == "storage");
        if let Some(dropped) = unstored {
            let before = self.state.unkept.map_or(0, |unkept| unkept.wait);
            let wait = (before * 2).clamp(FIRST_WAIT_MS, MAX_WAIT_MS);
            turn.warn(format!(
                "nothing can be stored (disk full or not responding); trying again in {} s",
                wait / 1000
            ));
            self.state.edit().unkept = Some(Unkept {
                until: turn.ms() + wait,
                wait,
                probing: false,
            });
            self.recall_stop(turn, dropped);
        }
    }

    /// The event that could not be stored may have stopped a transaction. The host
    /// has taken its permit away all the same, so the transaction is over; only the
    /// memory of it is lost.
    fn recall_stop(&mut self, turn: &Turn<'_>, dropped: &Dropped) {
        if self.state.interrupted.is_some() {
            // Power or a restart has broken everything off.
            return;
        }
        for place in 0..self.outlets.len() {
            let outlet = &self.outlets[place];
            let lost_permit = outlet.state.had_permit() && outlet.facts.permit.is_none();
            let was_stopped = outlet.running().is_some() && outlet.has_car() && lost_permit;
            if was_stopped {
                let reason = self.reason_to_stop(place);
                let reason = reason.unwrap_or_else(|| reason_of(dropped));
                self.halt(turn, place, Stop { reason, tag: None });
            }
        }
    }

    /// A transaction ends while nothing can be stored.
    pub(crate) fn halt(&mut self, turn: &Turn<'_>, place: usize, stop: Stop) {
        let outlet = &mut self.outlets[place];
        turn.warn(format!(
            "connector {}: ending the transaction ({}); it is reported once it can be stored",
            outlet.number,
            stop.reason.name()
        ));
        let mwh = outlet.register_mwh().unwrap_or(0);
        outlet.state.edit().halted = Some(Halted {
            stop,
            at: self.clock.present(&turn.now),
            mwh,
            opened: false,
            settled: false,
            left: false,
        });
        self.needs_settling = true;
    }

    /// What is still done while nothing can be stored.
    pub(crate) fn advance_unkept(&mut self, turn: &mut Turn<'_>) {
        self.refuse_granted(turn);
        for place in 0..self.outlets.len() {
            if self.state.interrupted.is_none()
                && self.outlets[place].running().is_some()
                && let Some(reason) = self.reason_to_stop(place)
            {
                self.halt(turn, place, Stop { reason, tag: None });
            }
            self.watch_halted(turn, place);
            self.lower_permit(turn, place);
        }
    }

    /// Nothing can begin that could not be stored. Whoever was let in shows his card
    /// again when it can: nothing begins by itself minutes later.
    fn refuse_granted(&mut self, turn: &mut Turn<'_>) {
        let mut refused = Vec::new();
        for outlet in &mut self.outlets {
            if outlet.state.authorization.is_some() {
                outlet.state.edit().authorization = None;
                refused.push(outlet.number);
            }
        }
        if !self.state.unassigned.is_empty() {
            let waiting = self.state.unassigned.iter();
            refused.extend(waiting.flat_map(|(_, outlets)| outlets));
            self.state.edit().unassigned.clear();
        }
        if !refused.is_empty() {
            turn.warn("card refused: no transaction can be stored (disk full or not responding)");
            self.show_refusal(turn, &refused);
        }
    }

    /// No energy any more, and what is to be reported when the contactor opens.
    fn watch_halted(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        let Some(halted) = &outlet.state.halted else {
            return;
        };
        let mut seen = halted.clone();
        if !seen.opened {
            seen.at = self.clock.present(&turn.now);
            seen.opened = outlet.facts.is_open();
        }
        seen.left |= !outlet.has_car();
        if !seen.settled {
            let ids = &mut || self.ids.ticket();
            let outlet = &mut self.outlets[place];
            let register = &mut outlet.register;
            seen.settled = seen.opened && register.has_last_reading(turn, &outlet.facts, ids);
            let register = self.outlets[place].register_mwh();
            seen.mwh = register.unwrap_or(0).max(seen.mwh);
        }
        if self.outlets[place].state.halted.as_ref() != Some(&seen) {
            self.outlets[place].state.edit().halted = Some(seen);
        }
        let outlet = &mut self.outlets[place];
        outlet.supply.revoke(turn, outlet.number);
    }

    /// Everything that was ended while nothing could be stored is stored now.
    fn conclude_halted(&mut self, turn: &mut Turn<'_>) {
        for place in 0..self.outlets.len() {
            self.watch_halted(turn, place);
            let halted = self.outlets[place].state.halted.clone();
            let Some(halted) = halted.filter(|it| it.settled) else {
                continue;
            };
            if let Some(session) = self.outlets[place].session.edit() {
                session.stop = Some(halted.stop);
            }
            self.conclude(turn, place);
            let state = self.outlets[place].state.edit();
            state.halted = None;
            if halted.left {
                // The car that is there then has not had its transaction.
                state.car.leave_cable();
            }
        }
    }

    pub(crate) fn can_keep(&self) -> bool {
        self.state.unkept.is_none()
    }

    /// Tries again when the time has come: first with something of no consequence,
    /// since what follows must not begin unless it can be stored.
    pub(crate) fn try_storage(&mut self, turn: &mut Turn<'_>) {
        let Some(unkept) = self.state.unkept.filter(|it| it.until <= turn.ms()) else {
            return;
        };
        if unkept.probing {
            turn.info("transactions can be stored again");
            self.state.edit().unkept = None;
            return;
        }
        turn.store
            .write(PROBE.to_owned(), &turn.ms(), Durability::Durable);
        self.state.edit().unkept = Some(Unkept {
            until: turn.ms() + 1,
            probing: true,
            ..unkept
        });
    }

    /// What was ended while nothing could be stored, or by the power, is stored.
    pub(crate) fn conclude_unkept(&mut self, turn: &mut Turn<'_>) {
        self.conclude_halted(turn);
        if let Some(reason) = self.state.interrupted {
            self.state.edit().interrupted = None;
            self.end_interrupted(turn, reason);
        }
    }
}
