//! The handle on the database, and the thread behind it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::database::{Database, Write};
use super::{Change, KeptEntry, StoreError, StoreSettings};

/// The most that shares one transaction.
const MOST_TOGETHER: usize = 64;

/// After so many transactions the database is tidied up, once nobody waits.
const TIDY_AFTER: u32 = 200;

/// An event that waits for a guest to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Ascending; never used twice.
    pub id: i64,
    /// As it was pushed.
    pub body: Vec<u8>,
}

/// A handle on the database; clones share it. The thread ends with
/// [`Store::close`], or with the last handle.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

type Answer<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

enum Job {
    Write(Write, Answer<()>),
    Entries(String, Answer<Vec<KeptEntry>>),
    Document(String, Answer<Option<Vec<u8>>>),
    Inbox(Answer<Vec<InboxItem>>),
}

impl Store {
    /// Opens, checks and, where needed, migrates the database in `state_dir`,
    /// creating both if they are not there.
    pub fn open(state_dir: &Path, settings: StoreSettings) -> Result<Self, StoreError> {
        let database = Database::open(state_dir, &settings)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || work(database, &queue, settings.block_file.as_ref()))
            .map_err(|e| StoreError::Failed {
                path: state_dir.to_path_buf(),
                text: e.to_string(),
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                jobs: Mutex::new(Some(jobs)),
                thread: Mutex::new(Some(thread)),
            }),
        })
    }

    /// All entries of a slot that have been written, in no order.
    pub fn load_entries(&self, slot: &str) -> Result<Vec<KeptEntry>, StoreError> {
        self.ask(|answer| Job::Entries(slot.into(), answer))
    }

    /// Writes a slot's changes, all or none; durable when the future resolves.
    /// Commits take effect in the order of the calls of this function, also
    /// where a future is dropped. Wait for one before the next of the same
    /// slot, unless the failure of one is taken as the failure of all.
    pub fn commit(
        &self,
        slot: &str,
        changes: Vec<Change>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.submit(Write::Entries {
            slot: slot.into(),
            changes,
        })
    }

    /// As [`Store::commit`], for threads that may wait.
    pub fn commit_blocking(&self, slot: &str, changes: Vec<Change>) -> Result<(), StoreError> {
        let slot = slot.into();
        self.ask(|answer| Job::Write(Write::Entries { slot, changes }, answer))
    }

    /// Writes a document under its name and waits until it is durable.
    pub fn document_put(&self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let name = name.into();
        let before = None;
        self.ask(|answer| Job::Write(Write::Document { name, body, before }, answer))
    }

    /// Writes a document some time soon, without waiting; a failure is logged.
    pub fn document_put_soon(&self, name: &str, body: Vec<u8>) {
        let what = format!("the document {name}");
        let (name, before) = (name.into(), None);
        self.write_soon(Write::Document { name, body, before }, what);
    }

    /// Writes a document without waiting. None of the slot's entries that are
    /// committed after this call are written unless it is: what a failure has
    /// prevented is tried again with them, in one transaction.
    pub fn document_put_before(&self, slot: &str, name: &str, body: Vec<u8>) {
        let what = format!("the document {name}");
        let (name, before) = (name.into(), Some(slot.into()));
        self.write_soon(Write::Document { name, body, before }, what);
    }

    fn write_soon(&self, write: Write, what: impl Into<String>) {
        let what = what.into();
        self.send(Job::Write(
            write,
            Box::new(move |result| {
                if let Err(error) = result {
                    tracing::warn!(%error, "{what} could not be stored");
                }
            }),
        ));
    }

    /// The document of that name, if there is one.
    pub fn document_get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|answer| Job::Document(name.into(), answer))
    }

    /// Keeps an event for a guest that is not there, some time soon, without
    /// waiting; a failure is logged.
    pub fn inbox_push_soon(&self, body: Vec<u8>) {
        self.write_soon(Write::InboxPush { body }, "an outlet event for the inbox");
    }

    /// What waits, oldest first.
    pub fn inbox_load(&self) -> Result<Vec<InboxItem>, StoreError> {
        self.ask(Job::Inbox)
    }

    /// Removes all that was pushed before this call, without waiting; a failure is
    /// logged.
    pub fn inbox_clear_soon(&self) {
        self.write_soon(Write::InboxClear, "the inbox, emptied,");
    }

    /// Finishes what was asked for and closes the database.
    pub fn close(&self) {
        self.inner.close();
    }

    /// The same, waiting no longer than this for what was asked for: false if the
    /// disk does not answer, and the thread is left behind.
    #[must_use]
    pub fn close_within(&self, bound: Duration) -> bool {
        let (done, ended) = mpsc::channel();
        let store = self.clone();
        let closing = std::thread::Builder::new().name("store-end".into());
        let closing = closing.spawn(move || {
            store.close();
            let _ = done.send(());
        });
        closing.is_ok() && ended.recv_timeout(bound).is_ok()
    }

    /// The job is queued at the call, not at the first poll: the order of
    /// commits is the order of calls.
    fn submit(&self, write: Write) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Write(
            write,
            Box::new(|result| {
                // Nobody waits any more: it was written all the same.
                let _ = answer.send(result);
            }),
        ));
        async move { answered.await.unwrap_or(Err(StoreError::Closed)) }
    }

    fn ask<T: Send + 'static>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(job(Box::new(move |result| {
            let _ = answer.send(result);
        })));
        answered.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// A job that cannot be sent any more is dropped, and its answer with it:
    /// whoever waits sees `Closed`.
    fn send(&self, job: Job) {
        let jobs = self.inner.jobs.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(jobs) = jobs.as_ref() {
            let _ = jobs.send(job);
        }
    }
}

impl Inner {
    fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(|e| e.into_inner()).take());
        let thread = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn work(mut database: Database, queue: &mpsc::Receiver<Job>, block_file: Option<&PathBuf>) {
    let mut transactions = 0;
    let mut next = None;
    let mut owed = Owed::default();
    while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
        while block_file.is_some_and(|file| file.exists()) {
            std::thread::sleep(Duration::from_millis(2));
        }
        match job {
            Job::Write(write, answer) => {
                next = write_together(&mut database, queue, (write, answer), &mut owed);
                transactions += 1;
            }
            Job::Entries(slot, answer) => answer(database.entries(&slot)),
            Job::Document(name, answer) => answer(database.document(&name)),
            Job::Inbox(answer) => answer(database.inbox()),
        }
        if transactions >= TIDY_AFTER && next.is_none() {
            transactions = 0;
            database.checkpoint();
        }
    }
}

/// Documents that could not be written, and without which entries of their slots
/// must not be.
#[derive(Default)]
struct Owed(Vec<Write>);

impl Owed {
    /// What has to go in front of these, oldest first.
    fn for_entries_of<'a>(&'a self, slot: &str) -> impl Iterator<Item = &'a Write> {
        self.0
            .iter()
            .filter(move |it| matches!(it, Write::Document { before: Some(of), .. } if of == slot))
    }

    /// In front of all of these, once each.
    fn for_all<'a>(&'a self, group: &[(Write, Answer<()>)]) -> Vec<&'a Write> {
        let is_for = |slot: &String| {
            let of_slot = |(write, _): &(Write, Answer<()>)| matches!(write, Write::Entries { slot: of, .. } if of == slot);
            group.iter().any(of_slot)
        };
        self.0
            .iter()
            .filter(|it| matches!(it, Write::Document { before: Some(slot), .. } if is_for(slot)))
            .collect()
    }

    /// A write has come to this.
    fn settle(&mut self, write: Write, result: &Result<(), StoreError>) {
        match write {
            // This text is written, or takes the place of an older one.
            Write::Document { name, body, before } => {
                self.0
                    .retain(|it| !matches!(it, Write::Document { name: of, .. } if *of == name));
                if result.is_err() && before.is_some() {
                    self.0.push(Write::Document { name, body, before });
                }
            }
            // With what was in front of it.
            Write::Entries { slot, .. } if result.is_ok() => {
                self.0.retain(
                    |it| !matches!(it, Write::Document { before: Some(of), .. } if *of == slot),
                );
            }
            Write::Entries { .. } | Write::InboxPush { .. } | Write::InboxClear => {}
        }
    }
}

/// Writes `first` and all that waits behind it in one transaction; answers; the
/// job that ended the row, if it was no write.
fn write_together(
    database: &mut Database,
    queue: &mpsc::Receiver<Job>,
    first: (Write, Answer<()>),
    owed: &mut Owed,
) -> Option<Job> {
    let mut group = vec![first];
    let mut other = None;
    while group.len() < MOST_TOGETHER {
        match queue.try_recv() {
            Ok(Job::Write(write, answer)) => group.push((write, answer)),
            Ok(job) => {
                other = Some(job);
                break;
            }
            Err(_) => break,
        }
    }
    let mut writes = owed.for_all(&group);
    writes.extend(group.iter().map(|(write, _)| write));
    let together = database.write(&writes);
    let alone = group.len() == 1;
    let mut failed: Vec<(String, StoreError)> = Vec::new();
    for (write, answer) in group {
        let result = match &together {
            // One that cannot be written must not take the others with it ...
            Err(_) if !alone => write_alone(database, &write, &mut failed, owed),
            result => result.clone(),
        };
        owed.settle(write, &result);
        answer(result);
    }
    other
}

/// ... except those of the same slot: they build on each other.
fn write_alone(
    database: &mut Database,
    write: &Write,
    failed: &mut Vec<(String, StoreError)>,
    owed: &Owed,
) -> Result<(), StoreError> {
    let Write::Entries { slot, .. } = write else {
        return database.write(&[write]);
    };
    if let Some((_, error)) = failed.iter().find(|(failed, _)| failed == slot) {
        return Err(error.clone());
    }
    let mut writes: Vec<&Write> = owed.for_entries_of(slot).collect();
    writes.push(write);
    database.write(&writes).inspect_err(|error| {
        failed.push((slot.clone(), error.clone()));
    })
}
