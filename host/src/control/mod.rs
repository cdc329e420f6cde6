//! The control API: HTTP and JSON on loopback or a unix socket, on a thread of
//! its own. The contract is in `docs/control-api.md`.
//!
//! It decides nothing and waits for nothing but the store of its own answers:
//! what it shows are copies, what it is told goes to the simulator's safety
//! thread or, as a [`Command`], to the loop.

mod components;
mod error;
mod events;
mod listener;
mod metrics;
mod sim;
mod status;

pub use listener::{ListenError, Listener};
pub(crate) use status::pilot;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot};

use crate::board::Board;
use crate::clock::Clock;
use crate::config::ChargePoint;
use crate::equipment::Equipment;
use crate::guest::Ocpp;
use crate::journal::Journal;
use crate::outlet::Outlets;
use crate::slots::{Handover, Installer, Jobs};
use error::ApiError;

/// The largest component that can be uploaded.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What the API wants of the loop.
#[derive(Debug)]
pub enum Command {
    /// The simulated network comes or goes.
    Network(bool),
    /// Another version for the protocol guest.
    Component(Handover<Ocpp>),
}

/// What the handlers share.
pub struct Shared {
    /// Who this is.
    pub charge_point: ChargePoint,
    /// Raw facts of the outlets, and the simulator.
    pub outlets: Outlets,
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
    /// The bearer token, if one is asked for.
    pub token: Option<String>,
    /// When the process started.
    pub started_ms: u64,
}

impl Shared {
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
                        served = run(listener, shared) => served,
                        _ = stop => Ok(()),
                    }
                })
            });
            if let Err(error) = served {
                tracing::error!(%error, "the control API has ended");
            }
        })
}

async fn run(listener: Listener, shared: Arc<Shared>) -> std::io::Result<()> {
    let router = router(shared);
    match listener {
        Listener::Tcp(listener) => {
            use axum::serve::ListenerExt as _;
            let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
                // Fails only on a socket that is gone already.
                let _ = stream.set_nodelay(true);
            });
            axum::serve(listener, router).await
        }
        Listener::Unix(listener, path) => {
            let listener = tokio::net::UnixListener::from_std(listener)?;
            let served = axum::serve(listener, router).await;
            let _ = std::fs::remove_file(path);
            served
        }
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/health", get(status::health))
        .route("/v1/status", get(status::status))
        .route("/v1/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/components", get(components::list))
        .route("/v1/components/{*slot}", post(components::change))
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
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), check_token))
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

async fn check_token(
    State(shared): Api,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(token) = &shared.token else {
        return Ok(next.run(request).await);
    };
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    if same(given, token.as_bytes()) {
        return Ok(next.run(request).await);
    }
    Err(ApiError::new(
        StatusCode::UNAUTHORIZED,
        "a bearer token is needed: Authorization: Bearer …",
    ))
}

/// Takes as long whatever the difference, so that a token cannot be guessed
/// byte by byte. Hashing first hides the length too.
fn same(a: &[u8], b: &[u8]) -> bool {
    use sha2::{Digest as _, Sha256};
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter()
        .zip(b)
        .fold(0, |difference, (x, y)| difference | (x ^ y))
        == 0
}
