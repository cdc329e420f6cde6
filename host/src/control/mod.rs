//! The control API: HTTP and JSON on loopback or a unix socket, on a thread of
//! its own. The contract is in `docs/control-api.md`.
//!
//! It decides nothing and waits for nothing but the store of its own answers:
//! what it shows are copies, what it is told goes to the simulator's safety
//! thread or, as a [`Command`], to the loop.

//!
//! A request comes in through `door`, which bounds connections; `origin` refuses
//! foreign web pages and `access` wrong tokens; then a handler reads the body
//! through `intake`, which bounds that.

mod access;
mod components;
mod door;
mod error;
mod events;
mod intake;
mod listener;
mod metrics;
mod origin;
mod patience;
mod settings;
mod sim;
mod status;

pub use access::{Access, TokenError};
pub use listener::{ListenError, Listener};
pub use settings::{Ask, NoAnswer};
pub(crate) use status::{pilot, present};

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::board::Board;
use crate::clock::Clock;
use crate::config::ChargePoint;
use crate::equipment::Equipment;
use crate::guest::Ocpp;
use crate::journal::Journal;
use crate::outlet::Outlets;
use crate::sessions::Sessions;
use crate::slots::{Handover, Installer, Jobs};
use access::{Denied, Peer, Role};
use error::ApiError;

/// What the API wants of the loop.
#[derive(Debug)]
pub enum Command {
    /// The simulated network comes or goes.
    Network(bool),
    /// Another version for the protocol guest.
    Component(Handover<Ocpp>),
    /// The protocol component's settings.
    Settings(Ask),
    /// A wrong token came from there.
    WrongToken(String),
    /// Everything inside begins anew, for this reason.
    Restart(&'static str),
}

/// What the handlers share.
pub struct Shared {
    /// Who this is.
    pub charge_point: ChargePoint,
    /// Raw facts of the outlets, and the simulator.
    pub outlets: Outlets,
    /// What is said of sessions.
    pub sessions: Sessions,
    /// Everything else that is shown.
    pub board: Board,
    /// Meters and readers.
    pub equipment: Equipment,
    /// For `GET /v1/events`.
    pub journal: Journal,
    /// For time stamps.
    pub clock: Clock,
    /// To the loop.
    pub commands: mpsc::UnboundedSender<Command>,
    /// What is being installed.
    pub jobs: Jobs,
    /// Takes components in; not there while the charger starts.
    pub installer: Arc<OnceLock<Installer>>,
    /// Whose requests are granted.
    pub access: Access,
    /// Names with a dot under which the charger may be reached.
    pub hosts: Vec<String>,
    /// Places for readers of events.
    pub readers: Arc<Semaphore>,
    /// The place for an upload.
    pub uploads: Semaphore,
    /// When the process started.
    pub started_ms: u64,
}

impl Shared {
    /// Places for readers of events.
    #[must_use]
    pub fn places_for_readers() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(events::MAX_READERS))
    }

    fn uptime_ms(&self) -> u64 {
        self.clock.monotonic_ms().saturating_sub(self.started_ms)
    }
}

type Api = State<Arc<Shared>>;

/// Serves until the sender of `stop` is used or gone.
pub fn serve(
    listener: Listener,
    shared: Arc<Shared>,
    stop: oneshot::Receiver<()>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name("control".into())
        .stack_size(512 * 1024)
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let served = runtime.and_then(|runtime| {
                runtime.block_on(async move {
                    tokio::select! {
                        served = door::serve(listener, router(shared)) => served,
                        _ = stop => Ok(()),
                    }
                })
            });
            if let Err(error) = served {
                tracing::error!(%error, "the control API has ended");
            }
        })
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/health", get(status::health))
        .route("/v1/status", get(status::status))
        .route("/v1/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/components", get(components::list))
        .route("/v1/components/{*slot}", post(components::change))
        .route("/v1/settings", get(settings::list))
        .route(
            "/v1/settings/{name}",
            get(settings::one).post(settings::change),
        )
        .route("/sim/connectors/{n}/plug", post(sim::plug))
        .route("/sim/connectors/{n}/unplug", post(sim::unplug))
        .route("/sim/connectors/{n}/ev-state", post(sim::ev_state))
        .route("/sim/connectors/{n}/fault", post(sim::fault))
        .route("/sim/connectors/{n}/clear-fault", post(sim::clear_fault))
        .route("/sim/connectors/{n}/meter", post(sim::meter))
        .route("/sim/connectors/{n}/lock", post(sim::lock))
        .route("/sim/rfid", post(sim::rfid))
        .route("/sim/emergency-stop", post(sim::emergency_stop))
        .route("/sim/network", post(sim::network))
        .route("/sim/power", post(sim::power))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), admit))
        .with_state(shared)
}

async fn nothing_here(request: Request) -> ApiError {
    ApiError::not_found(format!("there is nothing at {}", request.uri().path()))
}

async fn wrong_method(request: Request) -> ApiError {
    let text = format!(
        "{} does not take {}",
        request.uri().path(),
        request.method()
    );
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, text)
}

/// Before anything of a request's body is read.
async fn admit(
    State(shared): Api,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let refused = |error| {
        shared.board.count("control_requests_refused");
        error
    };
    origin::check(request.uri(), request.headers(), &shared.hosts).map_err(refused)?;
    let needed = Role::needed(request.method(), request.uri().path());
    let checked = shared
        .access
        .check(peer, request.headers(), needed, Instant::now());
    if let Err(denied) = checked {
        // Few enough lines, whoever tries: one, and one for each pause.
        if let Denied::WrongToken { pause, first } = denied
            && (first || pause.is_some())
        {
            let pause_s = pause.map_or(0, |it| it.as_secs());
            tracing::warn!(%peer, pause_s, "a wrong token was presented to the control API");
            // Fails only when the loop has ended.
            let _ = shared.commands.send(Command::WrongToken(peer.to_string()));
        }
        return Err(refused(denied.answer()));
    }
    Ok(next.run(request).await)
}
