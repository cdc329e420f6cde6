//! Writing what a call of the guest kept, within a bound; and taking energy away
//! without waiting for it.
//!
//! The loop waits for the store, but not for ever: a commit that is not confirmed
//! in time counts as failed. It may still be written later. So until the store has
//! answered it, nothing else is handed to the store, and then what the guest has
//! kept in memory is written over it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};

use super::knowledge::Knowledge;
use super::{Loop, SLOT};
use crate::guest::Step;
use crate::outlet::has_car;
use crate::store::{Batch, Change, Store, StoreError};
use crate::wit::protocol::{Action, OutletEvent, OutletState};

/// A commit that is not confirmed within this counts as failed.
const COMMIT_BOUND: Duration = Duration::from_secs(2);

/// A commit that was given up and is still with the store.
pub(super) type Late = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// The store's answer to a commit that was given up; never, if there is none. May
/// be dropped before it is ready.
pub(super) async fn answer(late: &mut Option<Late>) -> Result<(), StoreError> {
    match late {
        Some(it) => {
            let result = it.as_mut().await;
            *late = None;
            result
        }
        None => std::future::pending().await,
    }
}

/// Departures that an earlier process wrote down for a guest that it did not have.
pub(super) fn held_back(store: &Store) -> Result<Knowledge, StoreError> {
    let mut states: Vec<OutletState> = Vec::new();
    for item in store.inbox_load()? {
        match read(&item.body) {
            Ok(event) => states.push(event.state),
            Err(error) => {
                let id = item.id;
                tracing::error!(%error, id, "an outlet event in the inbox cannot be read and is dropped");
            }
        }
    }
    Ok(Knowledge::after(states))
}

/// An event of the inbox, also of a version of this program whose states had no
/// numbers yet: those are of another process anyhow.
fn read(body: &[u8]) -> serde_json::Result<OutletEvent> {
    let mut event: Value = serde_json::from_slice(body)?;
    if let Some(Value::Object(state)) = event.get_mut("state") {
        if let (Some(max_current_ma), Some(phases)) =
            (state.get("max_current_ma"), state.get("phases"))
        {
            let ac = json!({ "phases": phases, "max_current_ma": max_current_ma });
            state.insert("supply".to_owned(), json!({ "Ac": ac }));
        }
        for number in ["serial", "connection"] {
            state.entry(number).or_insert(0.into());
        }
    }
    serde_json::from_value(event)
}

impl Loop {
    /// Writes changes of the guest's entries. Fails if the store does not confirm
    /// them in time, and at once while it still owes an answer.
    pub(super) async fn write(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        if self.late.is_some() {
            return Err(StoreError::Stalled);
        }
        let mut commit: Late = Box::pin(self.store.commit(SLOT, changes));
        match tokio::time::timeout(COMMIT_BOUND, commit.as_mut()).await {
            Ok(written) => written,
            Err(_) => {
                self.late = Some(commit);
                Err(StoreError::Stalled)
            }
        }
    }

    /// Writes a batch that belongs to no call.
    pub(super) async fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let written = self.write(batch.changes).await;
        self.tenant.life_mut().written(batch.ticket, written)
    }

    /// Writes lazy entries whose time has not come yet.
    pub(super) async fn flush(&mut self) {
        if let Some(batch) = self.entries_mut().flush() {
            // Reported by `commit` if that fails.
            let _ = self.commit(batch).await;
        }
    }

    /// The store answers again: what is in memory goes over what was given up.
    pub(super) async fn on_store_answered(&mut self, written: Result<(), StoreError>) {
        match written {
            Ok(()) => tracing::info!("the database responds again"),
            Err(error) => tracing::warn!(%error, "the database responds again"),
        }
        self.flush().await;
    }

    /// Whatever a call's actions take away of energy is taken away before its commit
    /// and whatever becomes of that.
    pub(super) fn remove_energy(&self, step: &Step<Action>) {
        if step.commit.is_none() {
            // Nothing to wait for: the actions themselves run now.
            return;
        }
        for action in &step.actions {
            match action {
                Action::Revoke(outlet) => self.outlets.revoke(*outlet),
                Action::Permit(permit) => {
                    self.sessions.lowered(permit);
                    self.outlets.lower(permit.clone());
                }
                _ => {}
            }
        }
    }

    /// A call's commit has failed. The guest will not know that it took permits
    /// back, but they stay taken back.
    pub(super) fn keep_taken_back(&mut self, actions: &[Action]) {
        let mut last = BTreeMap::new();
        for action in actions {
            match action {
                Action::Revoke(outlet) => drop(last.insert(*outlet, true)),
                Action::Permit(permit) => drop(last.insert(permit.outlet, false)),
                _ => {}
            }
        }
        for (outlet, _) in last.into_iter().filter(|(_, taken_back)| *taken_back) {
            self.knowledge.took_back(outlet);
        }
    }

    /// What outlets report while no guest takes it is in the next `boot`. A
    /// departure is also kept on disk, for a process that starts before there is a
    /// guest again.
    pub(super) fn hold_back(&mut self, event: &OutletEvent) {
        let state = &event.state;
        if has_car(state.pilot, state.plugged) || !self.inbox.insert(state.outlet) {
            return;
        }
        match serde_json::to_vec(event) {
            Ok(body) => self.store.inbox_push_soon(body),
            Err(error) => tracing::error!(%error, "an outlet event cannot be written down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    /// As 0.1.0 wrote it.
    const EARLIER: &str = r#"{"change":"Pilot","at":{"boot_id":1,"monotonic_ms":5},"state":{
        "outlet":1,"cable":"Fixed","max_current_ma":32000,"phases":3,"pilot":"A","plugged":false,
        "lock":"None","contactor":"Open","offered_ma":0,"permit":null,"energy_spent":false,
        "faults":[],"reading":null}}"#;

    #[test]
    fn an_inbox_of_an_earlier_version_is_read() {
        let event = read(EARLIER.as_bytes()).expect("an event");
        assert_eq!((event.state.outlet, event.state.connection), (1, 0));
        let cut = read(&EARLIER.as_bytes()[..40]).expect_err("it is cut off");
        assert!(cut.to_string().contains("EOF"), "{cut}");
        let other = read(br#"{"change":"Pilot","at":{},"state":{}}"#).expect_err("no state");
        assert!(other.to_string().contains("missing field"), "{other}");
    }
}
