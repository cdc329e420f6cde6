//! Counts what comes in on a connection, so that silence, noise and an answer
//! that breaks off can be told apart.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has come in; shared with the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    bytes: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Counter {
    /// A request is about to be sent.
    pub(super) fn begin(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Bytes since [`begin`](Self::begin).
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The far end has closed, or the device is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(super) struct Tap<T> {
    pub(super) inner: T,
    pub(super) counter: Counter,
}

impl<T: AsyncRead + Unpin> AsyncRead for Tap<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(result) = &polled {
            let came = buf.filled().len() - before;
            self.counter.bytes.fetch_add(came, Ordering::Relaxed);
            if result.is_err() || came == 0 {
                self.counter.ended.store(true, Ordering::Relaxed);
            }
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tap<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
