//! The connections of the control API: how many there may be, whose turn it is
//! when there are more, and how long one may say nothing.
//!
//! Not here: what a request means, and whether it is granted.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

use super::access::Peer;
use super::listener::Listener;
use super::patience::Patient;

/// Connections at a time. The files that a charger may open are for its link, its
/// guard and its database first.
const MAX_CONNECTIONS: usize = 64;

/// How long a connection may be without a whole head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// The head of a request, and each piece in which a body is read.
const MAX_HEAD: usize = 16 * 1024;

/// How long a reader may take nothing of an answer or of the events.
const STALLED_FOR: Duration = Duration::from_secs(300);

/// After an error that belongs to no connection, such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// Serves until the task is dropped.
pub(super) async fn serve(listener: Listener, router: Router) -> io::Result<()> {
    let mut door = Door::new(router);
    match listener {
        Listener::Tcp(listener) => {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                if let Some((socket, address)) = door.accepted(listener.accept().await).await {
                    // Fails only on a socket that is gone already.
                    let _ = socket.set_nodelay(true);
                    door.let_in(socket, Peer::of_address(address.ip()));
                }
            }
        }
        Listener::Unix(listener, path) => {
            let _leaves = Leaves(path);
            let listener = tokio::net::UnixListener::from_std(listener)?;
            loop {
                if let Some((socket, _)) = door.accepted(listener.accept().await).await {
                    let Ok(peer) = socket.peer_cred() else {
                        continue;
                    };
                    door.let_in(socket, Peer::User(peer.uid()));
                }
            }
        }
    }
}

/// Takes the socket's file away.
struct Leaves(std::path::PathBuf);

impl Drop for Leaves {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Door {
    router: Router,
    visits: Vec<Visit>,
    refusing: bool,
    failing: bool,
}

/// A connection.
struct Visit {
    since: Arc<Since>,
    task: AbortHandle,
}

impl Door {
    fn new(router: Router) -> Self {
        Self {
            router,
            visits: Vec::new(),
            refusing: false,
            failing: false,
        }
    }

    async fn accepted<T>(&mut self, accepted: io::Result<T>) -> Option<T> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        match accepted {
            Ok(it) => {
                self.failing = false;
                Some(it)
            }
            // Of a client that has gone again.
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionAborted | ConnectionRefused | ConnectionReset
                ) =>
            {
                None
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "the control API cannot accept connections");
                }
                tokio::time::sleep(REST).await;
                None
            }
        }
    }

    /// Serves a connection. Where there are too many, the one that has been without
    /// a request for longest goes; where all have one, the new one does.
    fn let_in<S>(&mut self, socket: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.visits.retain(|visit| !visit.task.is_finished());
        if self.visits.len() >= MAX_CONNECTIONS {
            let idle = self.visits.iter().enumerate();
            let idle = idle.filter_map(|(at, visit)| Some((visit.since.idle()?, at)));
            let longest = idle.min().map(|(_, at)| self.visits.swap_remove(at));
            if !std::mem::replace(&mut self.refusing, true) {
                tracing::warn!(
                    %peer,
                    "more than {MAX_CONNECTIONS} connections to the control API: those without a request are closed"
                );
            }
            match longest {
                Some(visit) => visit.task.abort(),
                None => return,
            }
        } else if self.visits.len() < MAX_CONNECTIONS / 2 {
            self.refusing = false;
        }
        let since = Arc::new(Since::default());
        let task = tokio::spawn(converse(
            Patient::new(socket, STALLED_FOR),
            peer,
            self.router.clone(),
            since.clone(),
        ));
        self.visits.push(Visit {
            since,
            task: task.abort_handle(),
        });
    }
}

async fn converse<S>(socket: S, peer: Peer, router: Router, since: Arc<Since>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let busy = since.busy();
        let answer = router.call(request);
        async move {
            let answer = answer.await?;
            Ok::<_, std::convert::Infallible>(answer.map(|body| Answer { body, _busy: busy }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service);
    // What a client does wrong, or that it has gone, is its own business.
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "a connection to the control API ended early");
    }
}

/// Since when a connection has been without a request; `None`: it has one.
struct Since(Mutex<Option<Instant>>);

impl Default for Since {
    fn default() -> Self {
        Self(Mutex::new(Some(Instant::now())))
    }
}

impl Since {
    fn idle(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, idle: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = idle;
    }

    fn busy(self: &Arc<Self>) -> Busy {
        self.set(None);
        Busy(self.clone())
    }
}

/// A request that is not answered to its end.
struct Busy(Arc<Since>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

/// The body of an answer.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
