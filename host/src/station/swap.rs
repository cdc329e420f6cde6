//! Another version for the protocol guest, put in between two events; how its
//! probation goes; and what is done when none can run at all.
//!
//! Not here: where a version comes from (`slots::Installer`) and what becomes
//! of it (`slots::Tenant`).

use std::time::Instant;

use serde_json::json;

use super::{Loop, SLOT};
use crate::config::WithoutGuest;
use crate::control::Command;
use crate::guest::Ocpp;
use crate::slots::{self, Handover, Swap};
use crate::store::StoreError;
use crate::wit::protocol::{BootReason, Event, LinkState, SecurityKind};

/// After so many failed starts in a row another version is looked for.
const FALL_BACK_AFTER: u32 = 5;

impl Loop {
    pub(super) async fn on_handover(&mut self, it: Handover<Ocpp>) {
        match it {
            Handover::Swap(swap) if swap.rehearsed => self.swap(*swap).await,
            Handover::Swap(swap) => self.rehearse(swap).await,
            Handover::Shadow(swap) => swap.job.refused("only a policy can look on"),
            Handover::RollBack(job) => {
                let begin = Instant::now();
                self.tenant.roll_back("it was asked for");
                self.ensure().await;
                job.pause(micros(begin));
                // That the record could not be written is logged there.
                let _ = self.record_written().await;
                self.tenant.runs_again(job);
            }
            Handover::Accept(job) => {
                if self.tenant.accept(job) {
                    self.tell_committed().await;
                }
            }
            Handover::NothingLeft(job) => {
                job.refused("there is no other version that could run");
                self.enter_safe_mode();
            }
        }
        self.look_at_probation().await;
    }

    /// What is there already, or comes back, needs no rehearsal.
    async fn rehearse(&mut self, swap: Box<Swap<Ocpp>>) {
        let hash = &swap.found.version.hash;
        if *hash == self.tenant.running().hash || self.tenant.would_go_back_to(hash) {
            return self.swap(*swap).await;
        }
        let schema = self.tenant.schema_for(&swap.found.version);
        let installed = swap.found.place.version();
        let (boot, _) = self.boot(swap.reason, schema, installed).await;
        let commands = self.commands.clone();
        slots::rehearse(swap, self.tenant.life().slot(), boot, move |swap| {
            // Fails only when the loop has ended.
            let _ = commands.send(Command::Component(Handover::Swap(swap)));
        });
    }

    async fn swap(&mut self, swap: Swap<Ocpp>) {
        let begin = Instant::now();
        let hash = &swap.found.version.hash;
        if *hash == self.tenant.running().hash {
            return self.tenant.runs_already(swap.job);
        }
        if self.tenant.would_go_back_to(hash) {
            self.tenant
                .roll_back("the version before was installed again");
            self.ensure().await;
            swap.job.pause(micros(begin));
            return self.tenant.runs_again(swap.job);
        }
        let reason = swap.reason;
        let schema = self.tenant.schema_for(&swap.found.version);
        let installed = swap.found.place.version();
        let (boot, shown) = self.boot(reason, schema, installed).await;
        let ends = boot.session_ends.clone();
        let Some(mut flip) = self.tenant.swap(swap, &boot) else {
            return;
        };
        let written = match flip.step.commit.take() {
            Some(batch) => self.commit(batch).await,
            None => self.record_written().await,
        };
        if let Err(error) = written {
            return self.tenant.not_flipped(flip, error);
        }
        let actions = std::mem::take(&mut flip.step.actions);
        self.tenant.flipped(flip, reason, micros(begin));
        self.leave_safe_mode();
        let follow = self.started(shown, &ends);
        self.act(actions).await;
        // `ensure` starts again if the guest fails on what is to follow.
        if self.restart.is_none() && self.follow(follow).await.is_ok() {
            self.outlets.guest_healthy(true);
        } else {
            self.ensure().await;
        }
        // The protocol has told its far end that the other one is installed.
        if reason == BootReason::Rollback {
            let text = format!(
                "a version that was installed is taken back: now runs {}",
                self.tenant.running()
            );
            self.tell_security(SecurityKind::Journal, text).await;
        }
    }

    /// Waits until the slot's record is on flash: it is in the database's queue
    /// before this. Whoever is told of a swap finds it after a power failure.
    async fn record_written(&mut self) -> Result<(), StoreError> {
        self.write(Vec::new()).await
    }

    /// Ends a probation whose time has come.
    pub(super) async fn look_at_probation(&mut self) {
        // Being turned away is the component's doing: the version before was not.
        let hindered = matches!(self.link.state(), LinkState::Down) && !self.is_turned_away;
        let passed = self.tenant.judge(hindered);
        if passed {
            self.tell_committed().await;
        }
        // A version that has not passed leaves the slot without instance.
        if !self.tenant.life().slot().has_instance() && self.tenant.life().able() {
            self.ensure().await;
        }
    }

    /// Nothing depends on this event getting through: `boot` says the same.
    async fn tell_committed(&mut self) {
        if self.ensure().await && self.step(&Event::Committed, None).await.is_ok() {
            self.tenant.life_mut().renew();
        }
    }

    /// After a failed start.
    pub(super) fn consider_fall_back(&mut self) {
        let failed_starts = self.tenant.life().failed_starts();
        if self.safe_mode || self.falls_back || failed_starts < FALL_BACK_AFTER {
            return;
        }
        self.falls_back = true;
        self.unfit.push(self.tenant.running().hash.clone());
        self.installer.fall_back(SLOT, &self.unfit);
    }

    /// No version can run. Contactors obey the safety thread as ever, the
    /// control API answers, and what happens is kept for a later guest.
    fn enter_safe_mode(&mut self) {
        self.falls_back = false;
        if self.tenant.life().slot().has_instance() {
            return;
        }
        self.safe_mode = true;
        let does = match self.without_guest {
            WithoutGuest::Finish => "what charges may go on",
            WithoutGuest::End => "what charges is ended",
        };
        tracing::error!("safe mode: no protocol component can run; {does}");
        if self.without_guest == WithoutGuest::End {
            self.outlets.revoke_all();
        }
        self.board.count("safe_mode");
        self.board
            .component(SLOT, |it| it.safe_mode = Some(does.to_owned()));
        self.journal.note(
            "component",
            || json!({ "slot": SLOT, "what": "safe-mode", "why": does }),
        );
    }

    /// One works.
    pub(super) fn leave_safe_mode(&mut self) {
        self.falls_back = false;
        self.unfit.clear();
        if std::mem::take(&mut self.safe_mode) {
            tracing::info!("safe mode is over");
            self.board.component(SLOT, |it| it.safe_mode = None);
        }
    }
}

fn micros(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)
}
