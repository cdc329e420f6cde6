//! The thread that tells the outside what the safety thread has seen. It may
//! wait for the disk, so that the safety thread never has to: a simulated
//! register is written down before anybody is told of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::HardwareEvent;
use super::sim::{BenchAnswer, BenchError, Keep, Keeper, Registers, Saved, Worked};

use crate::wit::protocol::{ContactorState, Indication, OutletChange, OutletState};

/// What is seen from outside at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) outlets: Vec<OutletState>,
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
}

impl Teller {
    /// Tells until the safety thread is gone.
    pub(super) fn run(self) {
        while let Ok(report) = self.reports.recv() {
            self.tell(report);
            self.behind.fetch_sub(1, Ordering::Relaxed);
        }
        drop(self.keeper);
        drop(self.last_word);
    }

    fn tell(&self, report: Report) {
        self.write_registers(&report);
        // First, so that who takes an event never finds an older state.
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = report.view;
        for waiting in report.waiting {
            // Who waited has given up.
            let _ = waiting.send(());
        }
        for event in report.events {
            log_contactor(&event);
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
}

/// What a technician wants to see first: when energy flowed, and how much.
fn log_contactor(event: &HardwareEvent) {
    let HardwareEvent::Outlet(event) = event else {
        return;
    };
    if event.change != OutletChange::Contactor {
        return;
    }
    let outlet = event.state.outlet;
    let register_mwh = event.state.reading.as_ref().map_or(0, |r| r.energy_mwh);
    match event.state.contactor {
        ContactorState::Closed => tracing::info!(outlet, register_mwh, "contactor closed"),
        ContactorState::Open => tracing::info!(outlet, register_mwh, "contactor opened"),
    }
}
