//! From one schema of entries to the next, a slice per call. Not here: how a schema differs
//! from another (see `plugpoint_guest::schema`).

use plugpoint_guest::schema::Form;

use crate::build::Build;
use crate::charger::Charger;
use crate::host::{Boot, Durability, Entries};
use crate::kept::unpack;
use crate::timers;
use crate::turn::Turn;

impl Charger {
    /// Nobody before this build need read what it keeps any more.
    pub(crate) fn migrate(&mut self, turn: &mut Turn<'_>) {
        self.form = self.form.to_newest();
        turn.store.set_form(self.form);
    }

    /// One slice per call, until nothing of the schema before is left.
    pub(crate) fn move_entries(&mut self, turn: &mut Turn<'_>) {
        if !self.form.is_moving() {
            return;
        }
        if turn.store.move_slice() {
            self.timers
                .want(turn, timers::MIGRATION, Some(turn.ms() + 1));
            return;
        }
        let schema = self.form.writes();
        turn.store
            .write("schema".to_owned(), &schema, Durability::Durable);
        self.form = self.form.moved();
    }

    /// Notes in which schema the entries are.
    pub(crate) fn note_schema(turn: &mut Turn<'_>, boot: &Boot) -> Form {
        let log = turn.log;
        if turn.store.read::<u32>("schema", log).is_none() {
            let schema = boot.entry_schema;
            turn.store
                .write("schema".to_owned(), &schema, Durability::Lazy);
        }
        turn.store.form()
    }

    /// How entries are read and written: as they are kept, and as `boot` wants them.
    pub(crate) fn form_of(build: &Build, boot: &Boot, entries: &dyn Entries) -> Form {
        let kept = entries
            .get("schema")
            .and_then(|bytes| unpack::<u32>(&bytes))
            .unwrap_or(boot.entry_schema);
        Form::new(build.schemas, kept, boot.entry_schema)
    }
}
