//! What is counted over all links of a process; read by status and metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::wit::protocol::LinkFailure;

/// All kinds of failure, in the order of the interface.
const KINDS: [LinkFailure; 11] = [
    LinkFailure::Unreachable,
    LinkFailure::Timeout,
    LinkFailure::Certificate,
    LinkFailure::Tls,
    LinkFailure::Refused,
    LinkFailure::Subprotocol,
    LinkFailure::Silent,
    LinkFailure::Oversize,
    LinkFailure::Malformed,
    LinkFailure::Closed,
    LinkFailure::Ours,
];

/// A snapshot of the counters since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LinkCounters {
    /// Text frames received.
    pub frames_in: u64,
    /// Text frames taken over for sending on an open link.
    pub frames_out: u64,
    /// Bytes received, after TLS, with the upgrade and the framing.
    pub bytes_in: u64,
    /// Bytes sent, before TLS, with the upgrade and the framing.
    pub bytes_out: u64,
    /// Attempts to dial.
    pub dials: u64,
    /// Attempts that led to an open link.
    pub links: u64,
    /// Binary frames, which are not looked at.
    pub binary_frames_ignored: u64,
    /// Frames for a link that was no longer up.
    pub frames_dropped: u64,
    /// How often each kind of failure occurred, by its name.
    pub failures: Vec<(&'static str, u64)>,
}

/// The name of a kind of failure, as in the interface.
#[must_use]
pub fn failure_name(kind: LinkFailure) -> &'static str {
    match kind {
        LinkFailure::Unreachable => "unreachable",
        LinkFailure::Timeout => "timeout",
        LinkFailure::Certificate => "certificate",
        LinkFailure::Tls => "tls",
        LinkFailure::Refused => "refused",
        LinkFailure::Subprotocol => "subprotocol",
        LinkFailure::Silent => "silent",
        LinkFailure::Oversize => "oversize",
        LinkFailure::Malformed => "malformed",
        LinkFailure::Closed => "closed",
        LinkFailure::Ours => "ours",
    }
}

/// The live counters; written by the link's task, read from anywhere.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub frames_in: Count,
    pub frames_out: Count,
    pub bytes_in: Count,
    pub bytes_out: Count,
    pub dials: Count,
    pub links: Count,
    pub binary_frames_ignored: Count,
    pub frames_dropped: Count,
    failures: [Count; KINDS.len()],
}

impl Tally {
    pub fn failed(&self, kind: LinkFailure) {
        if let Some(at) = KINDS.iter().position(|k| *k == kind) {
            self.failures[at].add(1);
        }
    }

    pub fn snapshot(&self) -> LinkCounters {
        LinkCounters {
            frames_in: self.frames_in.get(),
            frames_out: self.frames_out.get(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
            dials: self.dials.get(),
            links: self.links.get(),
            binary_frames_ignored: self.binary_frames_ignored.get(),
            frames_dropped: self.frames_dropped.get(),
            failures: KINDS
                .iter()
                .zip(&self.failures)
                .map(|(kind, count)| (failure_name(*kind), count.get()))
                .collect(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
