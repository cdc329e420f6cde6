//! A central system (OCPP 1.6-J) for tests: on loopback, in the test's own
//! process, on a thread of its own. It answers sensibly until its script says
//! otherwise, writes everything down, and can mistreat a connection in every
//! way that has been seen in the field. Not a back office: it remembers no
//! charge points and checks no permissions.
//!
//! ```no_run
//! use plugpoint_conformance::central_system::{CentralSystem, Reply};
//! use serde_json::json;
//!
//! let central = CentralSystem::start()?;
//! central.answer_next("BootNotification", Reply::error("InternalError", ""));
//! // ... start a charge point with central.url() ...
//! central.expect("StatusNotification", |p| p["status"] == "Available");
//! let answer = central.call("RemoteStartTransaction", json!({"idTag": "A"}))?;
//! assert_eq!(answer["status"], "Accepted");
//! # Ok::<(), anyhow::Error>(())
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{oneshot, watch};

mod answers;
mod calls;
mod connection;
mod door;
mod expect;
mod journal;
mod mischief;
mod script;
mod socket;

pub use calls::{CallFailure, CallOutcome, PendingCall};
pub use door::Door;
pub use expect::Call;
pub(crate) use expect::call_of;
pub use journal::{Entry, Journal, Opening, What};
pub use script::{Cut, Reply, Rule};

use answers::Answers;
use calls::OpenCalls;
use connection::Order;
use expect::Expectations;
use script::Script;

use crate::frame::Frame;

/// How a central system is to be. [`CentralSystem::start`] takes the defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Speak TLS with this.
    pub tls: Option<Arc<ServerConfig>>,
    /// Host name in the URL; must be one that the certificate is for.
    pub host: String,
    /// User and password that each caller has to give.
    pub basic_auth: Option<(String, Vec<u8>)>,
    /// The sub-protocols it speaks. Text frames of those that are not OCPP-J
    /// are written down as [`What::Nonsense`] and not answered.
    pub subprotocols: Vec<String>,
    /// `interval` of BootNotification.
    pub heartbeat_interval_s: u32,
    /// The first transaction id.
    pub first_transaction: i64,
    /// How long [`CentralSystem::expect`] and [`CentralSystem::call`] wait.
    pub patience: Duration,
    /// On a free port: be found only under a path that nobody else knows. A port
    /// that has just become free may still be dialled by whoever was told of it.
    pub own_path: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            host: "127.0.0.1".to_owned(),
            basic_auth: None,
            subprotocols: vec!["ocpp1.6".to_owned()],
            heartbeat_interval_s: 300,
            first_transaction: 1,
            patience: Duration::from_secs(60),
            own_path: true,
        }
    }
}

/// A running central system; it ends when it is dropped.
#[derive(Debug)]
pub struct CentralSystem {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    expectations: Expectations,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CentralSystem {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// If the system gives it no port or no thread.
    pub fn start() -> anyhow::Result<CentralSystem> {
        CentralSystem::start_with(Settings::default())
    }

    /// Starts one with these settings.
    ///
    /// # Errors
    /// If the system gives it no port or no thread.
    pub fn start_with(settings: Settings) -> anyhow::Result<CentralSystem> {
        let listener = std::net::TcpListener::bind(settings.listen)
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let scheme = if settings.tls.is_some() { "wss" } else { "ws" };
        let path = match settings.own_path && settings.listen.port() == 0 {
            true => own_path()?,
            false => String::new(),
        };
        let url = format!("{scheme}://{}:{}{path}/ocpp", settings.host, address.port());
        let shared = Arc::new(Shared {
            journal: Journal::default(),
            script: Mutex::default(),
            answers: Mutex::new(Answers::new(
                settings.heartbeat_interval_s,
                settings.first_transaction,
            )),
            door: watch::Sender::new(Door::Open),
            tls: Mutex::new(settings.tls),
            basic_auth: Mutex::new(settings.basic_auth),
            subprotocols: settings.subprotocols,
            path,
            connections: Mutex::default(),
            open_calls: Mutex::default(),
            next_call: Mutex::new(1),
            patience: settings.patience,
        });
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("central-system".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(for_thread, listener, address) => {}
                        _ = ended => {}
                    }
                });
            })?;
        Ok(CentralSystem {
            shared,
            address,
            url,
            expectations: Expectations::default(),
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Where a charge point dials, without its identity.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that has happened.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// From now on, each CALL of this action is answered so.
    pub fn answer(&self, action: &str, reply: Reply) {
        self.script(Rule::on(action, reply));
    }

    /// The next CALL of this action is answered so.
    pub fn answer_next(&self, action: &str, reply: Reply) {
        self.script(Rule::on(action, reply).times(1));
    }

    /// A CALL of this action is answered so, once, after those that were put in
    /// line before.
    pub fn answer_in_line(&self, action: &str, reply: Reply) {
        lock(&self.shared.script).line_up(action, reply);
    }

    /// Nothing is in line for this action any more.
    pub fn clear_line(&self, action: &str) {
        lock(&self.shared.script).clear_line(action);
    }

    /// What is said of this card wherever it is asked (an `idTagInfo`). Cards
    /// that nothing was said about are accepted.
    pub fn set_tag(&self, id_tag: &str, info: Value) {
        lock(&self.shared.answers).set_tag(id_tag, info);
    }

    /// Adds a rule to the script.
    pub fn script(&self, rule: Rule) {
        lock(&self.shared.script).add(rule);
    }

    /// Back to the usual answers.
    pub fn clear_script(&self) {
        lock(&self.shared.script).clear();
        lock(&self.shared.answers).forget_tags();
    }

    /// How callers are received from now on. Connections that are open stay.
    pub fn set_door(&self, door: Door) {
        self.shared.door.send_replace(door);
    }

    /// What TLS is spoken with from the next connection on.
    pub fn set_tls(&self, tls: Arc<ServerConfig>) {
        *lock(&self.shared.tls) = Some(tls);
    }

    /// User and password that callers have to give from now on.
    pub fn set_basic_auth(&self, credentials: Option<(String, Vec<u8>)>) {
        *lock(&self.shared.basic_auth) = credentials;
    }

    /// `interval` of BootNotification from now on.
    pub fn set_heartbeat_interval(&self, seconds: u32) {
        lock(&self.shared.answers).heartbeat_interval_s = seconds;
    }

    /// Makes a CALL on the latest connection and waits for the answer.
    ///
    /// # Errors
    /// If there is no CALLRESULT.
    pub fn call(&self, action: &str, payload: Value) -> CallOutcome {
        self.start_call(action, payload)?.wait()
    }

    /// Makes a CALL on the latest connection.
    ///
    /// # Errors
    /// [`CallFailure::NotConnected`].
    pub fn start_call(&self, action: &str, payload: Value) -> Result<PendingCall, CallFailure> {
        let id = {
            let mut next = lock(&self.shared.next_call);
            let id = format!("cs-{next}");
            *next += 1;
            id
        };
        self.start_call_as(&id, action, payload)
    }

    /// Makes a CALL with this message id.
    ///
    /// # Errors
    /// [`CallFailure::NotConnected`].
    pub fn start_call_as(
        &self,
        id: &str,
        action: &str,
        payload: Value,
    ) -> Result<PendingCall, CallFailure> {
        let connections = lock(&self.shared.connections);
        let (number, orders) = connections
            .last_key_value()
            .ok_or(CallFailure::NotConnected)?;
        let outcome = lock(&self.shared.open_calls).open(id, *number);
        let frame = Frame::Call {
            id: id.to_owned(),
            action: action.to_owned(),
            payload,
        };
        orders
            .send(Order::Frame(frame))
            .map_err(|_| CallFailure::NotConnected)?;
        Ok(PendingCall {
            id: id.to_owned(),
            outcome,
            patience: self.shared.patience,
        })
    }

    /// Writes down that the charge point's process has ended, so that the next
    /// connection must begin with a boot.
    pub fn note_restart(&self) {
        self.shared.journal.push(0, What::Restarted);
    }

    /// A charge point is connected at this moment.
    pub fn is_connected(&self) -> bool {
        !lock(&self.shared.connections).is_empty()
    }

    /// Sends an order to the latest connection; false if there is none.
    fn order(&self, order: Order) -> bool {
        lock(&self.shared.connections)
            .last_key_value()
            .is_some_and(|(_, orders)| orders.send(order).is_ok())
    }
}

impl Drop for CentralSystem {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has already been printed.
            let _ = thread.join();
        }
    }
}

/// What handle and connections have in common. Every lock is held for a moment
/// only, and none while another is waited for, but `connections` before
/// `open_calls`.
#[derive(Debug)]
struct Shared {
    journal: Journal,
    script: Mutex<Script>,
    answers: Mutex<Answers>,
    door: watch::Sender<Door>,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    basic_auth: Mutex<Option<(String, Vec<u8>)>>,
    subprotocols: Vec<String>,
    /// What every path begins with; whoever does not know it means somebody else.
    path: String,
    connections: Mutex<BTreeMap<u32, UnboundedSender<Order>>>,
    open_calls: Mutex<OpenCalls>,
    next_call: Mutex<u64>,
    patience: Duration,
}

impl Shared {
    fn door(&self) -> Door {
        self.door.borrow().clone()
    }

    fn tls(&self) -> Option<Arc<ServerConfig>> {
        lock(&self.tls).clone()
    }

    fn basic_auth(&self) -> Option<(String, Vec<u8>)> {
        lock(&self.basic_auth).clone()
    }

    /// The scripted reply to a CALL, and the usual answer to it.
    fn reply_to(&self, id: &str, action: &str, payload: &Value) -> (Reply, Option<Value>) {
        let reply = lock(&self.script).reply_to(action);
        let usual = lock(&self.answers).usual(id, action, payload);
        (reply, usual)
    }

    fn settle(&self, id: &str, answer: Frame) {
        lock(&self.open_calls).settle(id, answer);
    }

    fn register(&self, number: u32, orders: UnboundedSender<Order>) {
        lock(&self.connections).insert(number, orders);
    }

    fn unregister(&self, number: u32) {
        lock(&self.connections).remove(&number);
        lock(&self.open_calls).drop_connection(number);
    }

    /// Carries out orders after a while, if the connection still stands then.
    fn order_later(self: &Arc<Self>, number: u32, delay: Duration, orders: Vec<Order>) {
        let shared = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if let Some(connection) = lock(&shared.connections).get(&number) {
                for order in orders {
                    let _ = connection.send(order);
                }
            }
        });
    }
}

/// A path that no other central system has.
fn own_path() -> anyhow::Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(format!("/{}", hex::encode(random)))
}

/// Accepts connections for ever, while the door is not shut.
async fn accept(shared: Arc<Shared>, first: std::net::TcpListener, address: SocketAddr) {
    let mut door = shared.door.subscribe();
    let mut number = 0;
    let mut listener = TcpListener::from_std(first).ok();
    loop {
        if *door.borrow_and_update() == Door::Shut {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        tokio::select! {
            changed = door.changed() => if changed.is_err() {
                return;
            },
            Some(Ok((tcp, _))) = async {
                match &listener {
                    Some(listener) => Some(listener.accept().await),
                    None => std::future::pending().await,
                }
            } => {
                number += 1;
                tokio::spawn(connection::serve(shared.clone(), tcp, number));
            }
        }
    }
}

/// A panic of another thread is reported by that thread; the data are whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
