//! What a link is given: the host's settings, keys and certificates, and the
//! guest's plan.

use std::fmt;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::wit::protocol::{Connect, Frame, LinkDown, LinkUp};

/// When this program was built, in Unix ms: set by the build, else when this was
/// written (2026-11-01). It is a lower bound for the time, so old is harmless.
pub const BUILT_AT_MS: i64 = match option_env!("PLUGPOINT_BUILT_AT_MS") {
    Some(text) => match i64::from_str_radix(text, 10) {
        Ok(ms) => ms,
        Err(_) => panic!("PLUGPOINT_BUILT_AT_MS is no number"),
    },
    None => 1_793_491_200_000,
};

/// What the host decides about every link, whatever the guest asks for.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// The largest frame that is taken from the far end.
    pub max_frame_bytes: usize,
    /// Whether a server certificate must be for the name that was dialled.
    pub verify_hostname: bool,
    /// How many frames may wait while the far end takes nothing.
    pub send_queue: usize,
    /// While the clock is unset: no certificate that ended before this (Unix ms)
    /// is good.
    pub build_time_ms: i64,
    /// Where the random part of the waits starts; to differ between devices.
    pub jitter_seed: u64,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            max_frame_bytes: 256 * 1024,
            verify_hostname: true,
            send_queue: 256,
            build_time_ms: BUILT_AT_MS,
            jitter_seed: getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())),
        }
    }
}

/// Where a link finds whom to trust and who it is itself; asked at every dial,
/// so that a new certificate counts from the next one on.
pub trait LinkMaterial: Send + Sync {
    /// The certificates of a set of roots; empty if there is no such set.
    fn roots(&self, set: &str) -> Vec<CertificateDer<'static>>;
    /// A certificate chain, the end first, and the key that fits it.
    fn identity(
        &self,
        name: &str,
    ) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>;
}

/// The guest's `connect`, with what it names by the key of an entry looked up.
#[derive(Clone, PartialEq)]
pub struct LinkPlan {
    /// As the guest said it.
    pub connect: Connect,
    /// The password of each target, in their order; none where it has none.
    pub passwords: Vec<Option<Vec<u8>>>,
}

impl LinkPlan {
    /// Whether an open link of this plan is one of the other plan too, if only it
    /// is pinged differently.
    pub(super) fn differs_in_pings_only(&self, other: &Self) -> bool {
        let Connect {
            ping_interval_ms,
            pong_deadline_ms,
            ..
        } = other.connect;
        let pinged = Connect {
            ping_interval_ms,
            pong_deadline_ms,
            ..self.connect.clone()
        };
        pinged == other.connect && self.passwords == other.passwords
    }
}

impl fmt::Debug for LinkPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkPlan")
            .field("connect", &self.connect)
            .field(
                "passwords",
                &format_args!("{} (hidden)", self.passwords.len()),
            )
            .finish()
    }
}

/// What a link tells the loop, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent {
    /// A WebSocket is open.
    Up(LinkUp),
    /// It is closed, or an attempt to open one has failed.
    Down(LinkDown),
    /// A text frame came.
    Frame(Frame),
}
