//! The thread that tells the outside what the safety thread has seen. It may
//! wait for the disk, so that the safety thread never has to: a simulated
//! register is written down before anybody is told of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::HardwareEvent;
use super::connection::{OutletView, PermitFate, PermitNews};
use super::rules;
use super::sim::{BenchAnswer, BenchError, Keep, Keeper, Registers, Saved, Worked};

use crate::wit::protocol::{ContactorState, Fault, Indication, OutletChange, OutletState};

/// What is seen from outside at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) outlets: Vec<OutletView>,
    pub(super) indications: Vec<Indication>,
}

/// What the safety thread has to tell, in one go.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) events: Vec<HardwareEvent>,
    pub(super) view: View,
    /// Simulated registers as they are in `events` and `view`.
    pub(super) registers: Vec<(u32, u64)>,
    /// A contactor has opened: the registers are worth a sync.
    pub(super) opened: bool,
    /// The simulation, if it has changed and is to be kept.
    pub(super) saved: Option<Saved>,
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    pub(super) answers: Vec<(Sender<BenchAnswer>, Result<Worked, BenchError>)>,
}

/// Everything that the teller needs.
pub(super) struct Teller {
    pub(super) reports: Receiver<Report>,
    /// How many reports wait.
    pub(super) behind: Arc<AtomicUsize>,
    pub(super) events: UnboundedSender<HardwareEvent>,
    pub(super) view: Arc<Mutex<View>>,
    pub(super) registers: Option<Arc<Registers>>,
    pub(super) keeper: Option<Keeper>,
    /// Dropped at the end, and by the keeper at its end.
    pub(super) last_word: Sender<()>,
    /// What is wrong with which outlet, of what only the log here says.
    pub(super) said: BTreeMap<u32, Vec<Fault>>,
}

impl Teller {
    /// Tells until the safety thread is gone.
    pub(super) fn run(mut self) {
        let mut first = true;
        while let Ok(report) = self.reports.recv() {
            // What is so at the start is no change.
            if std::mem::take(&mut first) {
                let outlets = &report.view.outlets;
                outlets.iter().for_each(|it| self.log_faults(&it.state));
            }
            self.tell(report);
            self.behind.fetch_sub(1, Ordering::Relaxed);
        }
        drop(self.keeper);
        drop(self.last_word);
    }

    fn tell(&mut self, report: Report) {
        self.write_registers(&report);
        // First, so that who takes an event never finds an older state.
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = report.view;
        for waiting in report.waiting {
            // Who waited has given up.
            let _ = waiting.send(());
        }
        for event in report.events {
            self.log(&event);
            // A receiver that is gone means that the process is ending.
            let _ = self.events.send(event);
        }
        let document = report.saved.zip(self.keeper.as_ref());
        let mut waiting = Vec::new();
        for (answer, result) in report.answers {
            let kept_later = document.is_some();
            let _ = answer.send(BenchAnswer::Done { result, kept_later });
            waiting.push(answer);
        }
        if let Some((saved, keeper)) = document {
            keeper.tell(Keep::Document(saved, waiting));
        }
    }

    fn write_registers(&self, report: &Report) {
        let Some(file) = &self.registers else {
            return;
        };
        for (outlet, mwh) in &report.registers {
            if let Err(error) = file.write(*outlet, *mwh) {
                tracing::warn!(outlet, %error, "the simulated meter's register cannot be kept");
            }
        }
        if let (Some(keeper), false) = (&self.keeper, report.registers.is_empty()) {
            keeper.tell(Keep::Registers { now: report.opened });
        }
    }

    /// What a technician wants to see first: when energy flowed and how much, and
    /// what was wrong.
    fn log(&mut self, event: &HardwareEvent) {
        let event = match event {
            HardwareEvent::Outlet(it) => &it.event,
            HardwareEvent::Permit(it) => return log_permit(it),
            _ => return,
        };
        match event.change {
            OutletChange::Contactor => log_contactor(&event.state),
            OutletChange::Fault => self.log_faults(&event.state),
            _ => {}
        }
    }

    /// Only what nobody else says: whoever has lost a device has said which.
    fn log_faults(&mut self, state: &OutletState) {
        let outlet = state.outlet;
        let now: Vec<Fault> = state
            .faults
            .iter()
            .filter(|fault| rules::are_the_first_to_see(fault))
            .cloned()
            .collect();
        let said = self.said.entry(outlet).or_default();
        for fault in now.iter().filter(|fault| !said.contains(fault)) {
            tracing::warn!(outlet, "fault: {}", in_words(fault));
        }
        for fault in said.iter().filter(|fault| !now.contains(fault)) {
            tracing::info!(outlet, "over: {}", in_words(fault));
        }
        *said = now;
    }
}

fn log_permit(news: &PermitNews) {
    let PermitNews {
        outlet,
        session,
        connection,
        register_mwh,
        ..
    } = *news;
    let register_mwh = register_mwh.unwrap_or(0);
    let what = news.fate.in_words();
    match news.fate {
        PermitFate::Revoked | PermitFate::CarLeft => {
            tracing::info!(outlet, connection, session, register_mwh, "permit {what}");
        }
        PermitFate::NoComponent | PermitFate::Unwatched | PermitFate::TooLate => {
            tracing::warn!(outlet, connection, session, register_mwh, "permit {what}");
        }
    }
}

fn log_contactor(state: &OutletState) {
    let outlet = state.outlet;
    let register_mwh = state.reading.as_ref().map_or(0, |r| r.energy_mwh);
    match state.contactor {
        ContactorState::Closed => tracing::info!(outlet, register_mwh, "contactor closed"),
        ContactorState::Open => tracing::info!(outlet, register_mwh, "contactor opened"),
    }
}

fn in_words(fault: &Fault) -> String {
    let kind = crate::words::of(&fault.kind);
    match fault.text.as_str() {
        "" => kind,
        text => format!("{kind} ({text})"),
    }
}
