//! The database: what it keeps over a restart, and how it says what is wrong.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use plugpoint::store::{
    Change, DATABASE_FILE, Durability, KeptEntry, Store, StoreError, StoreSettings,
};

fn settings() -> StoreSettings {
    StoreSettings {
        open_wait: Duration::ZERO,
        ..StoreSettings::default()
    }
}

fn open(path: &Path) -> Store {
    Store::open(path, settings()).expect("the database opens")
}

fn entry(key: &str, value: &[u8]) -> KeptEntry {
    KeptEntry {
        key: key.into(),
        value: value.into(),
        durability: Durability::Durable,
        secret: false,
    }
}

fn keep(key: &str, value: &[u8]) -> Change {
    Change::Keep(entry(key, value))
}

fn keys(store: &Store, slot: &str) -> Vec<String> {
    let entries = store.load_entries(slot).expect("entries");
    let mut keys: Vec<String> = entries.into_iter().map(|entry| entry.key).collect();
    keys.sort();
    keys
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let state_dir = folder.path().join("deep/state");
    let secret = KeptEntry {
        durability: Durability::Lazy,
        secret: true,
        ..entry("password", &[0, 255, 7])
    };
    let store = open(&state_dir);
    wait(store.commit("ocpp", vec![keep("a", b"1"), Change::Keep(secret.clone())]))
        .expect("committed");
    wait(store.commit("ocpp", vec![keep("b", b"2"), Change::Forget("a".into())]))
        .expect("committed");
    store
        .commit_blocking("policy/standard", vec![keep("b", b"other slot")])
        .expect("committed");
    store.document_put("keystore", b"{}".to_vec()).expect("put");
    store
        .document_put("keystore", b"{1}".to_vec())
        .expect("put again");
    store.document_put_before("ocpp", "registers", b"7".to_vec());
    store.inbox_push_soon(b"first".to_vec());
    store.inbox_push_soon(b"second".to_vec());
    assert!(store.close_within(Duration::from_secs(20)));
    assert_eq!(
        wait(store.commit("ocpp", vec![keep("late", b"")])),
        Err(StoreError::Closed)
    );

    let store = open(&state_dir);
    assert_eq!(keys(&store, "ocpp"), ["b", "password"]);
    let entries = store.load_entries("ocpp").expect("entries");
    assert!(entries.contains(&secret));
    assert_eq!(
        store.load_entries("policy/standard").expect("entries"),
        [entry("b", b"other slot")]
    );
    assert_eq!(store.document_get("keystore"), Ok(Some(b"{1}".to_vec())));
    assert_eq!(store.document_get("registers"), Ok(Some(b"7".to_vec())));
    assert_eq!(store.document_get("none"), Ok(None));
    let inbox = store.inbox_load().expect("inbox");
    let bodies: Vec<&[u8]> = inbox.iter().map(|item| &item.body[..]).collect();
    assert_eq!(bodies, [b"first".as_slice(), b"second"]);
    store.inbox_clear_soon();
    assert_eq!(store.inbox_load(), Ok(Vec::new()));
}

#[test]
fn only_its_own_user_can_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let state_dir = folder.path().join("state");
    let store = open(&state_dir);
    store
        .commit_blocking("ocpp", vec![keep("a", b"1")])
        .expect("committed");
    let mode = |path: &Path| {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&state_dir), 0o700);
    let files: Vec<_> = fs::read_dir(&state_dir).expect("files").flatten().collect();
    assert!(files.len() >= 2, "the database and what it writes ahead");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
    }
}

#[test]
fn waiting_commits_share_a_transaction_and_keep_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let block = folder.path().join("block");
    let store = Store::open(
        folder.path(),
        StoreSettings {
            block_file: Some(block.clone()),
            ..settings()
        },
    )
    .expect("the database opens");
    File::create(&block).expect("blocked");
    let mut commits: Vec<_> = (0..50)
        .map(|i: u8| store.commit("ocpp", vec![keep("last", &[i]), keep(&format!("{i}"), b"")]))
        .collect();
    // Queued by the call, not by the wait: this one is never waited for.
    drop(commits.remove(20));
    let wal = || fs::metadata(folder.path().join(format!("{DATABASE_FILE}-wal")));
    let before = wal().map_or(0, |wal| wal.len());
    fs::remove_file(&block).expect("free again");
    for commit in commits {
        wait(commit).expect("committed");
    }
    // Fifty transactions of two pages and more each would be over 400 KiB.
    let grown = wal().map_or(0, |wal| wal.len()) - before;
    assert!(grown < 100 << 10, "{grown} bytes");
    let entries = store.load_entries("ocpp").expect("entries");
    assert_eq!(entries.len(), 51);
    assert!(entries.contains(&entry("last", &[49])));
}

#[test]
fn a_full_disk_is_said_and_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(
        folder.path(),
        StoreSettings {
            max_bytes: 200 << 10,
            ..settings()
        },
    )
    .expect("the database opens");
    store
        .commit_blocking("ocpp", vec![keep("a", b"1")])
        .expect("committed");
    let full = wait(store.commit("ocpp", vec![keep("b", b"1"), keep("big", &[7; 300 << 10])]));
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    assert_eq!(keys(&store, "ocpp"), ["a"], "all or nothing");
    store
        .commit_blocking("ocpp", vec![keep("c", b"1")])
        .expect("small ones still fit");

    // Of those that share a transaction, only the one to blame fails, and what
    // its own slot wanted after it.
    let block = folder.path().join("block");
    drop(store);
    let store = Store::open(
        folder.path(),
        StoreSettings {
            max_bytes: 200 << 10,
            block_file: Some(block.clone()),
            ..settings()
        },
    )
    .expect("the database opens");
    File::create(&block).expect("blocked");
    let good = store.commit("other", vec![keep("x", b"1")]);
    let bad = store.commit("ocpp", vec![keep("big", &[7; 300 << 10])]);
    let after = store.commit("ocpp", vec![keep("builds on it", b"")]);
    let last = store.commit("other", vec![keep("y", b"1")]);
    fs::remove_file(&block).expect("free again");
    wait(good).expect("committed");
    assert!(matches!(wait(bad), Err(StoreError::Full { .. })));
    assert!(matches!(wait(after), Err(StoreError::Full { .. })));
    wait(last).expect("committed");
    assert_eq!(keys(&store, "ocpp"), ["a", "c"]);
    assert_eq!(keys(&store, "other"), ["x", "y"]);
}

/// A slot's record says in which schema its entries are: entries that are newer than
/// it could not be read after a power cut.
#[test]
fn no_entries_are_written_without_the_document_before_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(
        folder.path(),
        StoreSettings {
            max_bytes: 200 << 10,
            ..settings()
        },
    )
    .expect("the database opens");
    store.document_put_before("ocpp", "record", b"old".to_vec());
    store
        .commit_blocking("ocpp", vec![keep("a", b"old")])
        .expect("committed");
    // The disk has no room for the record, and would have some for the entry.
    store.document_put_before("ocpp", "record", vec![7; 300 << 10]);
    let newer = store.commit_blocking("ocpp", vec![keep("a", b"new")]);
    assert!(matches!(newer, Err(StoreError::Full { .. })), "{newer:?}");
    let together = wait(store.commit("ocpp", vec![keep("a", b"newer")]));
    assert!(together.is_err(), "{together:?}");
    // Nobody else has to wait for it.
    store
        .commit_blocking("policy/x", vec![keep("b", b"1")])
        .expect("committed");
    let document = |store: &Store| store.document_get("record").expect("an answer");
    assert_eq!(document(&store).as_deref(), Some(&b"old"[..]));
    // One that fits is written with the next entries, or before them.
    store.document_put_before("ocpp", "record", b"new".to_vec());
    store
        .commit_blocking("ocpp", vec![keep("a", b"new")])
        .expect("committed");
    drop(store);
    let store = open(folder.path());
    assert_eq!(document(&store).as_deref(), Some(&b"new"[..]));
    let entries = store.load_entries("ocpp").expect("entries");
    assert_eq!(&*entries[0].value, b"new");
}

#[test]
fn a_damaged_database_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(DATABASE_FILE);
    let store = open(folder.path());
    let many = (0..500).map(|i| keep(&format!("{i}"), &[7; 100])).collect();
    store.commit_blocking("ocpp", many).expect("committed");
    store.close();
    let mut file = File::options().write(true).open(&path).expect("the file");
    file.seek(SeekFrom::Start(3 * 4096)).expect("within it");
    file.write_all(&[0x55; 8192]).expect("written");
    let error = Store::open(folder.path(), settings()).expect_err("it is damaged");
    assert!(
        matches!(&error, StoreError::Corrupt { path: p, .. } if *p == path),
        "{error}"
    );
    assert!(error.to_string().contains("is corrupt"));

    fs::write(
        &path,
        "no database at all, but long enough to look at".repeat(99),
    )
    .expect("written");
    let error = Store::open(folder.path(), settings()).expect_err("it is none");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_state_dir_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let error = Store::open(&file.join("state"), settings()).expect_err("below a file");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");

    let error = Store::open(Path::new("/proc/plugpoint"), settings()).expect_err("not there");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");

    fs::create_dir(folder.path().join(DATABASE_FILE)).expect("a folder in its place");
    let error = Store::open(folder.path(), settings()).expect_err("a folder");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
}

#[test]
fn a_second_charger_on_the_same_state_dir_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let error = Store::open(folder.path(), settings()).expect_err("it is in use");
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    drop(store);
    open(folder.path());
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).close();
    let path = folder.path().join(DATABASE_FILE);
    let connection = rusqlite::Connection::open(&path).expect("the file");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("set");
    drop(connection);
    let error = Store::open(folder.path(), settings()).expect_err("too new");
    assert!(
        matches!(error, StoreError::TooNew { found: 99, .. }),
        "{error}"
    );
}

/// Small pages, since each that a commit touches goes to flash; what an earlier version
/// has made keeps its own, within the same bound.
#[test]
fn a_database_keeps_the_size_of_its_pages() {
    let page_bytes = |folder: &Path| -> u32 {
        let connection = rusqlite::Connection::open(folder.join(DATABASE_FILE)).expect("opens");
        let bytes = connection.pragma_query_value(None, "page_size", |row| row.get(0));
        bytes.expect("a size")
    };
    for (made_with, then) in [(None, 1024), (Some(4096), 4096)] {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(bytes) = made_with {
            let connection = rusqlite::Connection::open(folder.path().join(DATABASE_FILE));
            let connection = connection.expect("opens");
            connection
                .pragma_update(None, "page_size", bytes)
                .expect("set");
            connection
                .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE earlier (a INTEGER)")
                .expect("made");
        }
        let store = open(folder.path());
        store
            .commit_blocking("ocpp", vec![keep("k", &[7; 5000])])
            .expect("committed");
        store.close();
        assert_eq!(page_bytes(folder.path()), then);
        let store = open(folder.path());
        let entries = store.load_entries("ocpp").expect("entries");
        assert_eq!(entries, [entry("k", &[7; 5000])]);
        store.close();

        let small = StoreSettings {
            max_bytes: 64 << 10,
            ..settings()
        };
        let store = Store::open(folder.path(), small).expect("opens");
        let large = store.commit_blocking("ocpp", vec![keep("l", &[7; 64 << 10])]);
        assert!(matches!(large, Err(StoreError::Full { .. })), "{large:?}");
    }
}

/// What the next process finds if this one ends at any moment after a commit:
/// the files as they are then.
#[test]
fn a_copy_of_the_files_behind_a_commit_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for i in 0..5_u8 {
        store
            .commit_blocking("ocpp", vec![keep("k", &[i])])
            .expect("committed");
        let copy = tempfile::tempdir().expect("a folder");
        for file in fs::read_dir(folder.path()).expect("files").flatten() {
            fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
        }
        let store = open(copy.path());
        assert_eq!(
            store.load_entries("ocpp").expect("entries"),
            [entry("k", &[i])]
        );
    }
}
