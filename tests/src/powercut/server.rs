//! A network block device (NBD, fixed newstyle) for one client at the other end
//! of a socket, with a [`Cache`] that can lose its power. It offers flush and
//! FUA, and nothing that a disk could do without.
//!
//! The protocol: <https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cache::{Cache, Cut};

const MAGIC: &[u8; 8] = b"NBDMAGIC";
const OPTION: &[u8; 8] = b"IHAVEOPT";
const OPTION_REPLY: u64 = 0x0003_e889_0455_65a9;
const REQUEST: u32 = 0x2560_9513;
const REPLY: u32 = 0x6744_6698;

/// Fixed newstyle, and no padding behind the answer to `EXPORT_NAME`.
const HANDSHAKE_FLAGS: u16 = 0b11;
/// There are flags; FLUSH and FUA are understood.
const EXPORT_FLAGS: u16 = 0b1101;

const OPT_EXPORT_NAME: u32 = 1;
const OPT_ABORT: u32 = 2;
const OPT_INFO: u32 = 6;
const OPT_GO: u32 = 7;
const REP_ACK: u32 = 1;
const REP_INFO: u32 = 3;
const REP_UNSUPPORTED: u32 = 0x8000_0001;
const INFO_EXPORT: u16 = 0;

const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;
const FUA: u16 = 1;

const EIO: u32 = 5;
const EINVAL: u32 = 22;

/// No client asks for more at once.
const MOST_BYTES: u32 = 64 << 20;

/// A running one; its thread ends with the connection.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    cache: Cache,
    /// No request is answered.
    hangs: bool,
    /// The power goes before the how-manieth write or flush.
    cut_before: Option<u32>,
    /// What the cut has done.
    cut: Option<io::Result<Cut>>,
}

impl State {
    fn cut(&mut self) {
        self.hangs = true;
        self.cut_before = None;
        self.cut = Some(self.cache.cut());
    }

    /// True if the power goes before this request.
    fn is_cut_by(&mut self, request: &Request) -> bool {
        let counts = matches!(request.kind, WRITE | FLUSH);
        let Some(left) = self.cut_before.as_mut().filter(|_| counts) else {
            return false;
        };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.cut();
        true
    }
}

impl Server {
    /// Serves `bytes` bytes behind this cache to whoever is at the other end.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(client: UnixStream, cache: Cache, bytes: u64) -> io::Result<Server> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                cache,
                hangs: false,
                cut_before: None,
                cut: None,
            }),
            changed: Condvar::new(),
        });
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("nbd-server".to_owned())
            .spawn(move || {
                // The end of the connection is nothing to be told: whoever uses
                // the disk sees that it fails.
                let _ = serve(&client, &for_thread, bytes);
            })?;
        Ok(Server {
            shared,
            thread: Some(thread),
        })
    }

    /// Cuts the power just before the so-manieth write or flush from now on, or
    /// when `patience` is over. From then on nothing is answered, so that nobody
    /// believes that anything was written, until [`Server::let_go`].
    ///
    /// # Errors
    /// If the image cannot be written.
    pub fn cut(&self, before: u32, patience: Duration) -> io::Result<Cut> {
        let mut state = self.shared.lock();
        state.cut_before = Some(before);
        let mut state = self
            .shared
            .changed
            .wait_timeout_while(state, patience, |state| state.cut.is_none())
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        if state.cut.is_none() {
            state.cut();
        }
        state.cut.take().unwrap_or_else(|| Ok(Cut::default()))
    }

    /// Answers again, so that whoever waits can go; the image stays as it was
    /// at the cut.
    pub fn let_go(&self) {
        self.shared.lock().hangs = false;
        self.shared.changed.notify_all();
    }

    /// How often it was told to flush.
    pub fn flushes(&self) -> u64 {
        self.shared.lock().cache.flushes()
    }

    /// Waits until the client has gone.
    pub fn join(&mut self) {
        self.let_go();
        if let Some(thread) = self.thread.take() {
            // A panic there has already been printed.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cache, once there is an answer to be had.
    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.changed
            .wait_while(state, |state| state.hangs)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut client: &UnixStream, shared: &Shared, bytes: u64) -> io::Result<()> {
    if !negotiate(&mut client, bytes)? {
        return Ok(());
    }
    while let Some(request) = Request::read(&mut client)? {
        let mut state = shared.state();
        if state.is_cut_by(&request) {
            shared.changed.notify_all();
            drop(state);
            state = shared.state();
        }
        let done = request.perform(&mut state.cache);
        drop(state);
        let (error, answer) = match done {
            Ok(answer) => (0, answer),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => (EINVAL, Vec::new()),
            Err(_) => (EIO, Vec::new()),
        };
        let mut reply = Vec::with_capacity(16 + answer.len());
        reply.extend(REPLY.to_be_bytes());
        reply.extend(error.to_be_bytes());
        reply.extend(request.cookie);
        reply.extend(answer);
        client.write_all(&reply)?;
    }
    Ok(())
}

/// False if the client wants nothing more.
fn negotiate(client: &mut (impl Read + Write), bytes: u64) -> io::Result<bool> {
    client.write_all(&[&MAGIC[..], &OPTION[..], &HANDSHAKE_FLAGS.to_be_bytes()].concat())?;
    let _flags: [u8; 4] = take(client)?;
    let export = [&bytes.to_be_bytes()[..], &EXPORT_FLAGS.to_be_bytes()].concat();
    loop {
        if &take::<8>(client)? != OPTION {
            return Err(broken("an option without its mark"));
        }
        let option = u32::from_be_bytes(take(client)?);
        let length = u32::from_be_bytes(take(client)?);
        take_all(client, length)?;
        match option {
            OPT_EXPORT_NAME => {
                client.write_all(&export)?;
                return Ok(true);
            }
            OPT_GO | OPT_INFO => {
                let info = [&INFO_EXPORT.to_be_bytes()[..], &export].concat();
                answer_option(client, option, REP_INFO, &info)?;
                answer_option(client, option, REP_ACK, &[])?;
                if option == OPT_GO {
                    return Ok(true);
                }
            }
            OPT_ABORT => {
                answer_option(client, option, REP_ACK, &[])?;
                return Ok(false);
            }
            _ => answer_option(client, option, REP_UNSUPPORTED, &[])?,
        }
    }
}

fn answer_option(client: &mut impl Write, option: u32, kind: u32, data: &[u8]) -> io::Result<()> {
    let length = data.len() as u32;
    let mut answer = OPTION_REPLY.to_be_bytes().to_vec();
    for number in [option, kind, length] {
        answer.extend(number.to_be_bytes());
    }
    answer.extend(data);
    client.write_all(&answer)
}

struct Request {
    flags: u16,
    kind: u16,
    cookie: [u8; 8],
    at: u64,
    length: u32,
    data: Vec<u8>,
}

impl Request {
    /// None at the end.
    fn read(client: &mut impl Read) -> io::Result<Option<Request>> {
        if u32::from_be_bytes(take(client)?) != REQUEST {
            return Err(broken("a request without its mark"));
        }
        let mut request = Request {
            flags: u16::from_be_bytes(take(client)?),
            kind: u16::from_be_bytes(take(client)?),
            cookie: take(client)?,
            at: u64::from_be_bytes(take(client)?),
            length: u32::from_be_bytes(take(client)?),
            data: Vec::new(),
        };
        match request.kind {
            DISCONNECT => return Ok(None),
            WRITE => request.data = take_all(client, request.length)?,
            READ if request.length > MOST_BYTES => return Err(broken("too long a request")),
            _ => {}
        }
        Ok(Some(request))
    }

    /// What is to be answered.
    fn perform(&self, cache: &mut Cache) -> io::Result<Vec<u8>> {
        match self.kind {
            READ => return cache.read(self.at, self.length as usize),
            WRITE => {
                cache.write(self.at, &self.data)?;
                if self.flags & FUA != 0 {
                    // More than it asks for, as disks do.
                    cache.flush()?;
                }
            }
            FLUSH => cache.flush()?,
            kind => {
                let text = format!("request {kind} was not offered");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        Ok(Vec::new())
    }
}

fn take<const N: usize>(client: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_all(client: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    if length > MOST_BYTES {
        return Err(broken("too long a request"));
    }
    let mut bytes = vec![0; length as usize];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn broken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
