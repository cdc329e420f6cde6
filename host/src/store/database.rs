//! The database itself: opening and checking it, its tables, and the
//! statements. Everything here blocks; it runs on the store's thread.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Change, Durability, InboxItem, KeptEntry, StoreError};

/// Name of the database within `state_dir`.
pub const DATABASE_FILE: &str = "plugpoint.db";

/// Of a new database: most of what is written is one small entry, and each page that it
/// touches is written twice. One that exists keeps its own.
const PAGE_BYTES: u32 = 1024;

/// What is written ahead before a commit has to tidy up by itself.
const WAL_BYTES: u64 = 4 << 20;

/// One step per schema version; never edited once released, only added to.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE entry (
        slot TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        lazy INTEGER NOT NULL,
        secret INTEGER NOT NULL,
        PRIMARY KEY (slot, key)
    ) WITHOUT ROWID;
    CREATE TABLE document (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
"];

/// How the database is kept.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The database never grows beyond this; a full one answers like a full
    /// disk.
    pub max_bytes: u64,
    /// How long to wait at the start for a process that still holds the
    /// database.
    pub open_wait: Duration,
    /// For tests of what must not wait for the database: while this file
    /// exists, it does nothing.
    pub block_file: Option<PathBuf>,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            open_wait: Duration::from_secs(2),
            block_file: None,
        }
    }
}

pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
}

/// One statement's worth of writing.
#[derive(Debug)]
pub(super) enum Write {
    Entries {
        slot: String,
        changes: Vec<Change>,
    },
    Document {
        name: String,
        body: Vec<u8>,
        /// The slot whose later entries are not written without it.
        before: Option<String>,
    },
    InboxPush {
        body: Vec<u8>,
    },
    InboxClear,
}

impl Database {
    pub(super) fn open(state_dir: &Path, settings: &StoreSettings) -> Result<Self, StoreError> {
        let path = state_dir.join(DATABASE_FILE);
        create_private(state_dir, &path)?;
        let fail = |e: rusqlite::Error| StoreError::from_sqlite(&path, &e);
        let mut connection = Connection::open(&path).map_err(fail)?;
        connection.busy_timeout(settings.open_wait).map_err(fail)?;
        configure(&connection, settings).map_err(fail)?;
        check(&connection, &path)?;
        migrate(&mut connection, &path)?;
        Ok(Self { connection, path })
    }

    /// All or none, on the disk when it returns.
    pub(super) fn write(&mut self, writes: &[&Write]) -> Result<(), StoreError> {
        run(&mut self.connection, writes).map_err(|e| StoreError::from_sqlite(&self.path, &e))
    }

    /// Moves what has been written ahead into the database proper, so that no
    /// commit has to wait for it later.
    pub(super) fn checkpoint(&self) {
        let done = self
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::warn!(%error, "could not tidy up the database");
        }
    }

    pub(super) fn entries(&self, slot: &str) -> Result<Vec<KeptEntry>, StoreError> {
        let query = || {
            self.connection
                .prepare_cached("SELECT key, value, lazy, secret FROM entry WHERE slot = ?1")?
                .query_map([slot], |row| {
                    Ok(KeptEntry {
                        key: row.get(0)?,
                        value: row.get_ref(1)?.as_blob()?.into(),
                        durability: match row.get(2)? {
                            true => Durability::Lazy,
                            false => Durability::Durable,
                        },
                        secret: row.get(3)?,
                    })
                })?
                .collect()
        };
        self.told(query())
    }

    pub(super) fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let query = || {
            self.connection
                .prepare_cached("SELECT body FROM document WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        };
        self.told(query())
    }

    pub(super) fn inbox(&self) -> Result<Vec<InboxItem>, StoreError> {
        let query = || {
            self.connection
                .prepare_cached("SELECT id, body FROM inbox ORDER BY id")?
                .query_map([], |row| {
                    Ok(InboxItem {
                        id: row.get(0)?,
                        body: row.get(1)?,
                    })
                })?
                .collect()
        };
        self.told(query())
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|e| StoreError::from_sqlite(&self.path, &e))
    }
}

/// Entries can be secret: nobody but the charger's own user reads the database.
fn create_private(state_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let refuse = |path: &Path, e: std::io::Error| StoreError::NotWritable {
        path: path.to_path_buf(),
        text: e.to_string(),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state_dir)
        .map_err(|e| refuse(state_dir, e))?;
    // SQLite gives its other files the permissions of this one.
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| refuse(path, e))?;
    let mode = file.metadata().map_err(|e| refuse(path, e))?.permissions();
    if mode.mode() & 0o077 != 0 {
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .map_err(|e| refuse(path, e))?;
    }
    Ok(())
}

fn configure(connection: &Connection, settings: &StoreSettings) -> rusqlite::Result<()> {
    // Exclusive: a second process with the same state_dir is refused, and no
    // file is shared in memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES as i64)?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // What was secret is not left behind in free pages.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let page = page.max(1);
    connection.pragma_update(None, "wal_autocheckpoint", (WAL_BYTES / page) as i64)?;
    let pages = (settings.max_bytes / page).clamp(16, u64::from(u32::MAX) - 1);
    connection.pragma_query_value(None, "max_page_count", |_| Ok(()))?;
    connection.pragma_update_and_check(None, "max_page_count", pages as i64, |_| Ok(()))?;
    // Takes the lock now rather than at the first commit.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
}

fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| StoreError::from_sqlite(path, &e))?;
    if found != "ok" {
        return Err(StoreError::Corrupt {
            path: path.to_path_buf(),
            text: found,
        });
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as u32;
    let fail = |e: rusqlite::Error| StoreError::from_sqlite(path, &e);
    let found: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(fail)?;
    if found > known {
        return Err(StoreError::TooNew {
            path: path.to_path_buf(),
            found,
            known,
        });
    }
    for version in found..known {
        let step = connection.transaction().map_err(fail)?;
        step.execute_batch(MIGRATIONS[version as usize])
            .map_err(fail)?;
        step.pragma_update(None, "user_version", version + 1)
            .map_err(fail)?;
        step.commit().map_err(fail)?;
    }
    Ok(())
}

fn run(connection: &mut Connection, writes: &[&Write]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for write in writes {
        match write {
            Write::Entries { slot, changes } => {
                for change in changes {
                    write_entry(&transaction, slot, change)?;
                }
            }
            Write::Document { name, body, .. } => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO document (name, body) VALUES (?1, ?2)")?
                    .execute(params![name, body])?;
            }
            Write::InboxPush { body } => {
                transaction
                    .prepare_cached("INSERT INTO inbox (body) VALUES (?1)")?
                    .execute([body])?;
            }
            Write::InboxClear => {
                transaction
                    .prepare_cached("DELETE FROM inbox")?
                    .execute([])?;
            }
        }
    }
    transaction.commit()
}

fn write_entry(connection: &Connection, slot: &str, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Keep(entry) if entry.durability != Durability::Session => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO entry (slot, key, value, lazy, secret)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    slot,
                    entry.key,
                    &entry.value[..],
                    entry.durability == Durability::Lazy,
                    entry.secret
                ])?;
        }
        Change::Keep(KeptEntry { key, .. }) | Change::Forget(key) => {
            connection
                .prepare_cached("DELETE FROM entry WHERE slot = ?1 AND key = ?2")?
                .execute([slot, key])?;
        }
    }
    Ok(())
}
