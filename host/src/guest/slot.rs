//! One guest at work: a component, its entries, and its present instance.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wasmtime::Store;

use super::checks::{Checks, Outstanding};
use super::imports::State;
use super::log::Rate;
use super::{
    Component, ComponentError, Engine, Failure, FailureKind, Kind, Limits, LogReader, Witness,
};
use crate::secrets::live;
use crate::store::{Batch, Change, Entries, KeptEntry};

/// What a slot is made with.
#[derive(Clone, Debug)]
pub struct SlotSettings {
    /// `ocpp`, or `policy/NAME`: for logs and the database.
    pub name: Arc<str>,
    /// What its guest may use.
    pub limits: Limits,
    /// Numbers of the outlets that its actions may name.
    pub outlets: Vec<u32>,
}

/// A guest of one kind, and what it has kept.
///
/// A call either succeeds, or comes to nothing and ends the instance: then
/// nothing that it returned is kept or done, and the next thing to call is
/// [`Slot::start`]. The entries live on through all of it.
pub struct Slot<K: Kind> {
    settings: SlotSettings,
    engine: Engine,
    prepared: Prepared<K>,
    entries: Entries,
    instance: Option<Instance<K>>,
    watches: bool,
    witness: Option<Box<dyn Witness<K>>>,
    log_reader: Option<LogReader>,
    outstanding: Outstanding,
    log_rate: Arc<Mutex<Rate>>,
}

struct Instance<K: Kind> {
    store: Store<State>,
    guest: K::Guest,
}

/// A component that is ready to take a slot: compiled, its types compared, its
/// imports resolved. Making one takes long and can be done anywhere; putting it
/// into a slot takes no time.
pub struct Prepared<K: Kind> {
    component: Component,
    linked: K::Linked,
}

/// What was in a slot before [`Slot::exchange`], with its instance.
pub struct Parked<K: Kind> {
    prepared: Prepared<K>,
    instance: Option<Instance<K>>,
}

impl<K: Kind> Prepared<K> {
    /// Compares the types within the interfaces, so a component that gets
    /// through can be started.
    pub fn new(component: &Component) -> Result<Self, ComponentError> {
        let built_for = component.info().fits(K::WORLD)?;
        let linked =
            K::link(&component.code, built_for).map_err(|error| ComponentError::Types {
                text: format!("{error:#}"),
            })?;
        Ok(Self {
            component: component.clone(),
            linked,
        })
    }

    /// The component.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }
}

impl<K: Kind> Clone for Prepared<K> {
    fn clone(&self) -> Self {
        Self {
            component: self.component.clone(),
            linked: self.linked.clone(),
        }
    }
}

impl<K: Kind> std::fmt::Debug for Prepared<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Prepared").field(&self.component).finish()
    }
}

impl<K: Kind> Parked<K> {
    /// The component, without its instance.
    #[must_use]
    pub fn into_prepared(self) -> Prepared<K> {
        self.prepared
    }
}

/// A call that succeeded.
#[derive(Debug)]
pub struct Outcome<A> {
    /// What must be in the database before the actions may run; already in the
    /// slot's entries. Then [`Entries::confirm`], or, if it could not be
    /// written, [`Entries::revert`] and [`Slot::discard_instance`].
    pub commit: Option<Batch>,
    /// In the guest's order, less `keep` and `forget`.
    pub actions: Vec<A>,
    /// How long the guest took, in microseconds, with copying to and fro.
    pub micros: u64,
    /// Linear memory of the instance after the call.
    pub memory_bytes: usize,
    /// Log lines over the bound.
    pub log_dropped: u64,
    /// What the guest has forgotten, as it was before; only of a slot that
    /// [watches](Slot::watch_forgetting).
    pub forgotten: Vec<KeptEntry>,
}

impl<K: Kind> Slot<K> {
    /// A slot without instance. Types within the interfaces are compared here,
    /// so a component that gets through can be started.
    pub fn new(
        engine: &Engine,
        component: &Component,
        entries: Entries,
        settings: SlotSettings,
    ) -> Result<Self, ComponentError> {
        Ok(Self::with(
            engine,
            Prepared::new(component)?,
            entries,
            settings,
        ))
    }

    /// The same with a component that is ready.
    #[must_use]
    pub fn with(
        engine: &Engine,
        prepared: Prepared<K>,
        entries: Entries,
        settings: SlotSettings,
    ) -> Self {
        Self {
            prepared,
            settings,
            engine: engine.clone(),
            entries,
            instance: None,
            watches: false,
            witness: None,
            log_reader: None,
            outstanding: Outstanding::default(),
            log_rate: Rate::new(),
        }
    }

    /// Another slot with the same limits, for another component; `entries` is
    /// told how many bytes it may keep.
    #[must_use]
    pub fn beside(&self, prepared: Prepared<K>, entries: impl FnOnce(usize) -> Entries) -> Self {
        let mut settings = self.settings.clone();
        settings.name = format!("{} (on the side)", settings.name).into();
        let entries = entries(settings.limits.entries_bytes);
        Self::with(&self.engine, prepared, entries, settings)
    }

    /// Makes a new instance, which replaces the present one, and starts it.
    pub fn start(&mut self, boot: &K::Boot) -> Result<Outcome<K::Action>, Failure> {
        if let Some(witness) = &mut self.witness {
            witness.starts(
                &self.settings,
                self.prepared.component.info(),
                boot,
                &self.entries,
            );
        }
        let result = self.make(boot);
        self.tell(&result);
        result
    }

    fn make(&mut self, boot: &K::Boot) -> Result<Outcome<K::Action>, Failure> {
        self.instance = None;
        let limits = &self.settings.limits;
        let mut store = Store::new(
            self.engine.wasmtime(),
            State::new(
                self.settings.name.clone(),
                limits,
                self.log_reader.clone(),
                self.log_rate.clone(),
            ),
        );
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(most_copied::<K>(limits));
        // Instantiation may run code of the guest too: one deadline for both.
        store.set_epoch_deadline(Engine::ticks(limits.start_time()));
        std::mem::swap(&mut self.entries, &mut store.data_mut().entries);
        let running = self.engine.running();
        let begin = Instant::now();
        let called = K::instantiate(&self.prepared.linked, &mut store).and_then(|guest| {
            let actions = K::start(&guest, &mut store, boot)?;
            Ok((guest, actions))
        });
        drop(running);
        match called {
            Ok((guest, actions)) => {
                let instance = Instance { store, guest };
                self.succeeded(instance, actions, begin, K::boot_ms(boot))
            }
            Err(error) => Err(self.failed(store, &error)),
        }
    }

    /// Hands one event to the instance.
    pub fn handle(&mut self, now: K::Now, event: &K::Event) -> Result<Outcome<K::Action>, Failure> {
        let Some(instance) = self.instance.take() else {
            return Err(Failure::new(FailureKind::Trap, "there is no instance"));
        };
        if let Some(witness) = &mut self.witness {
            witness.handles(now, event);
        }
        let result = self.call(instance, now, event);
        self.tell(&result);
        result
    }

    fn call(
        &mut self,
        instance: Instance<K>,
        now: K::Now,
        event: &K::Event,
    ) -> Result<Outcome<K::Action>, Failure> {
        let Instance { mut store, guest } = instance;
        store.set_epoch_deadline(Engine::ticks(self.settings.limits.handle_time()));
        let state = store.data_mut();
        state.begin_call();
        std::mem::swap(&mut self.entries, &mut state.entries);
        let running = self.engine.running();
        let begin = Instant::now();
        let called = K::handle(&guest, &mut store, now, event);
        drop(running);
        match called {
            Ok(actions) => {
                let instance = Instance { store, guest };
                self.succeeded(instance, actions, begin, K::now_ms(now))
            }
            Err(error) => Err(self.failed(store, &error)),
        }
    }

    fn tell(&mut self, result: &Result<Outcome<K::Action>, Failure>) {
        let Some(witness) = &mut self.witness else {
            return;
        };
        match result {
            Ok(outcome) => witness.succeeded(outcome.micros, outcome.memory_bytes),
            Err(failure) => witness.failed(failure),
        }
    }

    /// Throws the instance away, as a failure would.
    pub fn discard_instance(&mut self) {
        self.instance = None;
    }

    /// Whether there is something to hand an event to.
    #[must_use]
    pub fn has_instance(&self) -> bool {
        self.instance.is_some()
    }

    /// Puts another component into the slot; the entries stay. The next thing to
    /// call is [`Slot::start`].
    pub fn replace(&mut self, component: &Component) -> Result<(), ComponentError> {
        drop(self.exchange(Prepared::new(component)?));
        Ok(())
    }

    /// Puts another component into the slot, without instance, and hands out
    /// what was there, instance and all.
    pub fn exchange(&mut self, prepared: Prepared<K>) -> Parked<K> {
        if let Some(witness) = &mut self.witness {
            witness.exchanged();
        }
        Parked {
            prepared: std::mem::replace(&mut self.prepared, prepared),
            instance: self.instance.take(),
        }
    }

    /// Undoes [`Slot::exchange`]: the instance that was there goes on.
    pub fn put_back(&mut self, parked: Parked<K>) {
        if let Some(witness) = &mut self.witness {
            witness.put_back();
        }
        self.prepared = parked.prepared;
        self.instance = parked.instance;
    }

    /// The component in the slot.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.prepared.component
    }

    /// The component in the slot, ready for another one.
    #[must_use]
    pub fn prepared(&self) -> &Prepared<K> {
        &self.prepared
    }

    /// What the guest has kept.
    #[must_use]
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// For confirming, reverting and writing out what the guest has kept.
    pub fn entries_mut(&mut self) -> &mut Entries {
        &mut self.entries
    }

    /// What was not confirmed could not be written: see [`Entries::revert`], or, if
    /// that is not sure, [`Entries::revert_unsure`].
    pub fn revert(&mut self, now_ms: u64, is_sure: bool) {
        if is_sure {
            self.entries.revert(now_ms);
        } else {
            self.entries.revert_unsure(now_ms);
        }
        if let Some(witness) = &mut self.witness {
            witness.reverted();
        }
    }

    /// Changes the entries as no call does; the next thing to call is
    /// [`Slot::start`].
    pub fn change_entries<T>(&mut self, change: impl FnOnce(&mut Entries) -> T) -> T {
        if let Some(witness) = &mut self.witness {
            witness.cut();
        }
        change(&mut self.entries)
    }

    /// What is still to come of what the guest has asked for; counted by whoever
    /// does it.
    pub fn outstanding(&mut self, outstanding: Outstanding) {
        self.outstanding = outstanding;
    }

    /// Somebody reads the lines that the guest's later instances log.
    pub fn log_read_by(&mut self, reader: LogReader) {
        self.log_reader = Some(reader);
    }

    /// Somebody who sees all that happens here, from the next start on.
    pub fn witnessed_by(&mut self, witness: Box<dyn Witness<K>>) {
        self.witness = Some(witness);
    }

    /// Whoever looks on would like to see a start.
    #[must_use]
    pub fn start_is_wanted(&self) -> bool {
        self.witness.as_ref().is_some_and(|it| it.wants_start())
    }

    /// Show in each outcome what the guest has forgotten, or no longer.
    pub fn watch_forgetting(&mut self, watch: bool) {
        self.watches = watch;
    }

    /// What its guest may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The slot's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Linear memory of the present instance.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let state = self.instance.as_ref().map(|i| i.store.data());
        state.map_or(0, |state| state.limiter.memory_bytes())
    }

    /// The guest came back; what it returned is still to be judged.
    fn succeeded(
        &mut self,
        mut instance: Instance<K>,
        actions: Vec<K::Action>,
        begin: Instant,
        now_ms: u64,
    ) -> Result<Outcome<K::Action>, Failure> {
        let micros = micros(begin.elapsed());
        let state = instance.store.data_mut();
        std::mem::swap(&mut self.entries, &mut state.entries);
        let log_dropped = state.log.end_call();
        self.check(&actions)?;
        if let Some(witness) = &mut self.witness {
            witness.returned(&actions);
        }
        let mut changes = Vec::new();
        let actions = actions
            .into_iter()
            .filter_map(|action| match K::change(action) {
                Ok(change) => {
                    changes.push(change);
                    None
                }
                Err(action) => Some(action),
            })
            .collect();
        for (at, change) in changes.iter().enumerate() {
            let Change::Keep(entry) = change else {
                continue;
            };
            if entry.secret {
                let last = changes[at..].iter().rfind(|it| it.key() == entry.key);
                let stays = !matches!(last, Some(Change::Forget(_)));
                live::learn(&entry.value, stays);
                if let Some(witness) = &mut self.witness {
                    witness.secret(&entry.value, stays);
                }
            }
        }
        let forgotten = if self.watches {
            self.about_to_forget(&changes)
        } else {
            Vec::new()
        };
        let commit = self
            .entries
            .apply(now_ms, changes)
            .map_err(|full| Failure::limit(full.to_string()))?;
        let memory_bytes = state.limiter.memory_bytes();
        self.instance = Some(instance);
        Ok(Outcome {
            commit,
            actions,
            micros,
            memory_bytes,
            log_dropped,
            forgotten,
        })
    }

    fn about_to_forget(&self, changes: &[Change]) -> Vec<KeptEntry> {
        let forgets = changes.iter().filter_map(|change| match change {
            Change::Forget(key) => Some(key),
            Change::Keep(_) => None,
        });
        forgets.filter_map(|key| self.entries.entry(key)).collect()
    }

    /// Takes the entries back from an instance that nobody will enter again.
    fn failed(&mut self, mut store: Store<State>, error: &wasmtime::Error) -> Failure {
        let state = store.data_mut();
        std::mem::swap(&mut self.entries, &mut state.entries);
        state.log.end_call();
        Failure::of_call(error, state.limiter.denied(), state.log.said())
    }

    fn check(&self, actions: &[K::Action]) -> Result<(), Failure> {
        let SlotSettings {
            limits, outlets, ..
        } = &self.settings;
        let mut checks = Checks::new(limits, outlets, self.outstanding);
        checks.count("actions", actions.len(), limits.actions)?;
        actions
            .iter()
            .try_for_each(|action| K::check(action, &mut checks))
    }
}

impl<K: Kind> std::fmt::Debug for Slot<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("name", &self.settings.name)
            .field("component", self.component())
            .field("has_instance", &self.has_instance())
            .finish_non_exhaustive()
    }
}

/// What the host copies for one call: the list of actions and all that it
/// carries.
fn most_copied<K: Kind>(limits: &Limits) -> usize {
    limits.action_bytes + limits.actions * size_of::<K::Action>()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
