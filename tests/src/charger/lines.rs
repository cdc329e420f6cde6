//! A GPIO chip made up by the test, for the real program as real processes: it
//! is reached through `[debug] line_bench`. Who has a line is known by the
//! connection; a line whose user is gone keeps its level, as on a real chip.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// On a real chip a line is free at once when its user closes it; here that is
/// heard of by another thread, on a busy machine after the next one has asked.
const LETTING_GO: Duration = Duration::from_millis(500);

/// The chip.
#[derive(Debug, Clone)]
pub struct LineBench {
    path: PathBuf,
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    lines: Mutex<BTreeMap<String, Line>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    level: bool,
    /// When it became so.
    since: Option<Instant>,
    /// Who has it, and as what.
    user: Option<User>,
    /// How often it was taken.
    taken: u32,
}

#[derive(Debug)]
enum User {
    Output,
    Input(UnixStream),
    /// The test itself, so that it is busy.
    Somebody,
}

impl LineBench {
    /// A chip with these lines, all inactive and free.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn new(path: &Path, names: &[&str]) -> std::io::Result<LineBench> {
        let listener = UnixListener::bind(path)?;
        let inner = Arc::new(Inner::default());
        for name in names {
            inner.lock().insert((*name).to_owned(), Line::default());
        }
        let chip = inner.clone();
        std::thread::Builder::new()
            .name("line-bench".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let chip = chip.clone();
                    std::thread::spawn(move || {
                        // A user that breaks off has let go of its line.
                        let _ = chip.serve(stream);
                    });
                }
            })?;
        Ok(LineBench {
            path: path.to_owned(),
            inner,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets an input; its user sees the edge. When that was.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn set(&self, name: &str, level: bool) -> Instant {
        let mut lines = self.inner.lock();
        let line = lines.get_mut(name).expect("a line of the chip");
        line.level = level;
        let at = Instant::now();
        line.since = Some(at);
        if let Some(User::Input(stream)) = &mut line.user {
            // One that is just breaking off sees nothing.
            let _ = stream.write_all(&[b'0' + u8::from(level)]);
        }
        at
    }

    /// Somebody else has the line.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn occupy(&self, name: &str) {
        let mut lines = self.inner.lock();
        lines.get_mut(name).expect("a line of the chip").user = Some(User::Somebody);
    }

    /// The level of a line.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn level(&self, name: &str) -> bool {
        self.inner.lock().get(name).expect("a line").level
    }

    /// How often a line was taken by somebody.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn taken(&self, name: &str) -> u32 {
        self.inner.lock().get(name).expect("a line").taken
    }

    /// Waits until a line has a level; when it got it.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn wait(&self, name: &str, level: bool, patience: Duration) -> Instant {
        let (lines, _) = self
            .inner
            .changed
            .wait_timeout_while(self.inner.lock(), patience, |lines| {
                lines.get(name).is_none_or(|line| line.level != level)
            })
            .unwrap_or_else(PoisonError::into_inner);
        let line = lines.get(name).expect("a line of the chip");
        assert_eq!(line.level, level, "line {name} after {patience:?}");
        line.since.unwrap_or_else(Instant::now)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: UnixStream) -> std::io::Result<()> {
        let mut request = String::new();
        // By single bytes: levels may follow.
        let mut reader = BufReader::with_capacity(1, stream.try_clone()?);
        reader.read_line(&mut request)?;
        let (word, name) = request.trim_end().split_once(' ').unwrap_or_default();
        let (mut lines, _) = self
            .changed
            .wait_timeout_while(self.lock(), LETTING_GO, |lines| {
                let user = lines.get(name).and_then(|line| line.user.as_ref());
                matches!(user, Some(User::Output | User::Input(_)))
            })
            .unwrap_or_else(PoisonError::into_inner);
        let Some(line) = lines.get_mut(name) else {
            return stream.write_all(b"unknown\n");
        };
        if line.user.is_some() {
            return stream.write_all(b"busy somebody else\n");
        }
        stream.write_all(b"ok\n")?;
        match word {
            "out" => line.user = Some(User::Output),
            "in" => {
                stream.write_all(&[b'0' + u8::from(line.level)])?;
                line.user = Some(User::Input(stream.try_clone()?));
            }
            _ => return Ok(()),
        }
        line.taken += 1;
        drop(lines);
        let mut byte = [0];
        while let Ok(1) = reader.read(&mut byte) {
            let mut lines = self.lock();
            if let Some(line) = lines.get_mut(name) {
                line.level = byte[0] == b'1';
                line.since = Some(Instant::now());
            }
            drop(lines);
            self.changed.notify_all();
        }
        if let Some(line) = self.lock().get_mut(name) {
            line.user = None;
        }
        self.changed.notify_all();
        Ok(())
    }
}
