//! One segment of a record while a build runs on it: the build's slot, and what the
//! recorded build has kept. Not here: what is compared (see `replay`).

use std::sync::{Arc, Mutex, PoisonError};

use super::course::Course;
use super::moment::{Identity, Returned};
use super::segment::Segment;
use crate::guest::{
    Engine, Failure, Inspection, Kind, Parked, Prepared, Slot, SlotSettings, Witness,
};
use crate::store::Entries;

/// One segment at work.
pub(super) struct Stage<K: Kind> {
    pub(super) slot: Slot<K>,
    /// What the present call has returned, in the guest's order.
    pub(super) returned: Arc<Mutex<Vec<K::Action>>>,
    /// The last commit, confirmed by whatever comes next.
    pub(super) ticket: Option<u64>,
    /// What was exchanged, and which build it stands for.
    pub(super) parked: Option<(Parked<K>, Identity)>,
    pub(super) recorded_by: Identity,
    /// What the recorded build has kept.
    pub(super) course: Course,
    /// The entries may not be those any more.
    pub(super) is_off_course: bool,
    /// The instance is gone, but the recorded one is not.
    pub(super) astray: bool,
    /// The segment's file.
    pub(super) name: String,
}

/// A call may take this many times what it could on the charger: this machine, or
/// what else runs on it, may be slower. An endless loop still ends.
const TIME_FACTOR: f64 = 20.0;

impl<K: Kind> Stage<K> {
    pub(super) fn new(engine: &Engine, prepared: Prepared<K>, segment: &Segment) -> Self {
        let header = &segment.header;
        let limits = header.limits.with_time(TIME_FACTOR);
        let entries = || Entries::new(segment.entries(), limits.entries_bytes);
        let settings = SlotSettings {
            name: format!("{} (replay)", header.slot).into(),
            outlets: header.outlets.clone(),
            limits: limits.clone(),
        };
        let returned = Arc::default();
        let mut slot = Slot::with(engine, prepared, entries(), settings);
        slot.witnessed_by(Box::new(Listener::<K>(Arc::clone(&returned))));
        let name = segment.path.file_name();
        Self {
            slot,
            returned,
            ticket: None,
            parked: None,
            recorded_by: header.component.clone(),
            course: Course::new(entries()),
            is_off_course: false,
            astray: false,
            name: name.map_or_else(String::new, |it| it.to_string_lossy().into()),
        }
    }

    pub(super) fn confirm(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.slot.entries_mut().confirm(ticket);
        }
        self.course.confirm();
    }

    /// What the recorded build kept in a call.
    pub(super) fn follow(&mut self, recorded: &Returned<K>) {
        if let Returned::Actions { actions, .. } = recorded {
            self.course.follow::<K>(actions);
        }
    }

    /// A new instance begins as the recorded one did: what a difference has left in
    /// the entries would make others of it, and even a build differ from itself
    /// where the record goes on with it.
    pub(super) fn return_to_course(&mut self) {
        if std::mem::take(&mut self.is_off_course) {
            let entries = self.course.entries();
            self.slot.change_entries(|it| *it = entries);
        }
    }

    pub(super) fn listen(&self) -> std::sync::MutexGuard<'_, Vec<K::Action>> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears what a guest returns, before it is taken apart.
struct Listener<K: Kind>(Arc<Mutex<Vec<K::Action>>>);

impl<K: Kind> Witness<K> for Listener<K> {
    fn starts(&mut self, _: &SlotSettings, _: &Inspection, _: &K::Boot, _: &Entries) {}
    fn handles(&mut self, _: K::Now, _: &K::Event) {}

    fn returned(&mut self, actions: &[K::Action]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *heard = actions.to_vec();
    }

    fn secret(&mut self, _: &Arc<[u8]>, _: bool) {}
    fn succeeded(&mut self, _: u64, _: usize) {}
    fn failed(&mut self, _: &Failure) {}
    fn exchanged(&mut self) {}
    fn put_back(&mut self) {}
    fn reverted(&mut self) {}
    fn cut(&mut self) {}

    fn wants_start(&self) -> bool {
        false
    }
}
