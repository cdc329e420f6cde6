//! Who may use the control API: roles, their tokens, and the pause that follows
//! wrong ones.
//!
//! Not here: whether a request comes from a foreign web page; that is `origin`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use crate::config::Control;

/// Wrong tokens from one peer that cost it nothing.
const FREE_FAILURES: u32 = 5;
/// The pause after the first one over that; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Wrong tokens are forgotten after this long without another.
const FORGET_AFTER: Duration = Duration::from_secs(600);
/// Peers whose wrong tokens are remembered.
const MAX_PEERS: usize = 256;

/// What a token entitles to. `Operate` and `Install` include `Read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Status, events, metrics, components and settings.
    Read,
    /// The simulated hardware.
    Operate,
    /// Components: install, preflight, accept, roll back. Settings of the protocol, among
    /// which are passwords and who may charge.
    Install,
}

impl Role {
    const ALL: [Role; 3] = [Role::Read, Role::Operate, Role::Install];

    /// The word in messages and in the configuration's keys.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Install => "install",
        }
    }

    /// The role that a request needs.
    pub(super) fn needed(method: &Method, path: &str) -> Self {
        if method == Method::GET || method == Method::HEAD {
            Self::Read
        } else if path.starts_with("/v1/components/") || path.starts_with("/v1/settings/") {
            Self::Install
        } else {
            Self::Operate
        }
    }
}

/// Who sends a request, as far as that is known without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Peer {
    /// An IPv4 address, or the network of an IPv6 address (its first 64 bits).
    Network(IpAddr),
    /// The user of a process at the other end of a unix socket.
    User(u32),
}

impl Peer {
    pub(super) fn of_address(address: IpAddr) -> Self {
        Self::Network(match address.to_canonical() {
            IpAddr::V6(it) => {
                let [a, b, c, d, ..] = it.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 => v4,
        })
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(address) => write!(f, "{address}"),
            Self::User(uid) => write!(f, "user {uid}"),
        }
    }
}

/// A token file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("control.{key}: {}: {text}", path.display())]
pub struct TokenError {
    key: &'static str,
    path: std::path::PathBuf,
    text: String,
}

/// The tokens and what they entitle to; without any, everybody may do everything.
#[derive(Debug, Default)]
pub struct Access {
    tokens: Vec<(Hash, Vec<Role>)>,
    peers: Mutex<HashMap<Peer, Failures>>,
}

/// Of a token; a comparison of hashes tells nothing of where two tokens differ,
/// nor of their lengths.
type Hash = [u8; 32];

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
    /// Until then no token of this peer is looked at.
    until: Option<Instant>,
}

/// Why a request is not granted.
#[derive(Debug)]
pub(super) enum Denied {
    /// There is no token.
    NoToken,
    /// The token is not one of ours. True: the pause begins, so it is logged.
    WrongToken {
        pause: Option<Duration>,
        first: bool,
    },
    /// Wrong tokens came from there before.
    Paused(Duration),
    /// The token is right, but for another role.
    Role(Role),
}

impl Access {
    /// Reads the token files that the configuration names.
    pub fn read(control: &Control) -> Result<Self, TokenError> {
        let files = [
            ("token_file", &control.token_file, &Role::ALL[..]),
            (
                "read_token_file",
                &control.read_token_file,
                &[Role::Read][..],
            ),
            (
                "operate_token_file",
                &control.operate_token_file,
                &[Role::Read, Role::Operate][..],
            ),
            (
                "install_token_file",
                &control.install_token_file,
                &[Role::Read, Role::Install][..],
            ),
        ];
        let mut access = Self::default();
        for (key, path, roles) in files {
            if let Some(path) = path {
                let token = first_line(path).map_err(|text| TokenError {
                    key,
                    path: path.clone(),
                    text,
                })?;
                access.push(&token, roles);
            }
        }
        Ok(access)
    }

    fn push(&mut self, token: &str, roles: &[Role]) {
        self.tokens.push((hash(token.as_bytes()), roles.to_vec()));
    }

    pub(super) fn check(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        needed: Role,
        now: Instant,
    ) -> Result<(), Denied> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
            .ok_or(Denied::NoToken)?;
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, it| now.duration_since(it.last) < FORGET_AFTER);
        if let Some(until) = peers.get(&peer).and_then(|it| it.until)
            && now < until
        {
            return Err(Denied::Paused(until - now));
        }
        let given = hash(given);
        let mut known = false;
        let mut granted = false;
        for (token, roles) in &self.tokens {
            let fits = same(token, &given);
            known |= fits;
            granted |= fits && roles.contains(&needed);
        }
        if granted {
            return Ok(());
        }
        if known {
            return Err(Denied::Role(needed));
        }
        if peers.len() >= MAX_PEERS && !peers.contains_key(&peer) {
            let oldest = peers.iter().min_by_key(|(_, it)| it.last);
            if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
                peers.remove(&oldest);
            }
        }
        let failures = peers.entry(peer).or_insert(Failures {
            count: 0,
            last: now,
            until: None,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        let pause = pause_after(failures.count);
        failures.until = pause.map(|pause| now + pause);
        let first = failures.count == 1;
        Err(Denied::WrongToken { pause, first })
    }
}

fn pause_after(failures: u32) -> Option<Duration> {
    let over = failures.checked_sub(FREE_FAILURES + 1)?;
    let factor = 2_u32.saturating_pow(over);
    Some(FIRST_PAUSE.saturating_mul(factor).min(MAX_PAUSE))
}

impl Denied {
    pub(super) fn answer(&self) -> ApiError {
        match self {
            Self::NoToken | Self::WrongToken { .. } => ApiError::new(
                StatusCode::UNAUTHORIZED,
                "a bearer token is needed: Authorization: Bearer …",
            ),
            Self::Paused(left) => {
                let seconds = left.as_secs() + 1;
                ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    format!(
                        "too many wrong tokens came from this address; tokens are looked at again in {seconds} s"
                    ),
                )
                .retry_after(seconds)
            }
            Self::Role(role) => ApiError::new(
                StatusCode::FORBIDDEN,
                format!("this token is not for the role `{}`", role.word()),
            ),
        }
    }
}

fn first_line(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    match text.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err("its first line is empty".into()),
    }
}

fn hash(token: &[u8]) -> Hash {
    Sha256::digest(token).into()
}

/// Takes as long whatever the difference.
fn same(a: &Hash, b: &Hash) -> bool {
    a.iter()
        .zip(b)
        .fold(0, |difference, (x, y)| difference | (x ^ y))
        == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Peer = Peer::User(7);

    fn bearer(token: &str) -> HeaderMap {
        let value = format!("Bearer {token}").parse().expect("a header");
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    fn access() -> Access {
        let mut access = Access::default();
        access.push("all", &Role::ALL);
        access.push("looks", &[Role::Read]);
        access.push("updates", &[Role::Read, Role::Install]);
        access
    }

    #[test]
    fn each_token_has_its_roles() {
        let access = access();
        let may = |token: &str, role| {
            let outcome = access.check(PEER, &bearer(token), role, Instant::now());
            match outcome {
                Ok(()) => true,
                Err(Denied::Role(_)) => false,
                Err(other) => panic!("{other:?}"),
            }
        };
        for (token, roles) in [
            ("all", [true, true, true]),
            ("looks", [true, false, false]),
            ("updates", [true, false, true]),
        ] {
            assert_eq!(Role::ALL.map(|role| may(token, role)), roles, "{token}");
        }
    }

    #[test]
    fn wrong_tokens_lead_to_longer_and_longer_pauses() {
        let access = access();
        let mut now = Instant::now();
        let guess = |now| access.check(PEER, &bearer("guess"), Role::Read, now);
        for _ in 0..FREE_FAILURES {
            let outcome = guess(now);
            assert!(
                matches!(outcome, Err(Denied::WrongToken { pause: None, .. })),
                "{outcome:?}"
            );
        }
        let mut pauses = Vec::new();
        for _ in 0..7 {
            match guess(now) {
                Err(Denied::WrongToken {
                    pause: Some(pause), ..
                }) => {
                    pauses.push(pause.as_secs());
                    // The right token is not looked at either, or it could be guessed.
                    let right = access.check(PEER, &bearer("all"), Role::Read, now);
                    assert!(matches!(right, Err(Denied::Paused(_))), "{right:?}");
                    let other = Peer::User(8);
                    let right = access.check(other, &bearer("all"), Role::Read, now);
                    assert!(right.is_ok(), "another peer: {right:?}");
                    now += pause;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        now += FORGET_AFTER;
        let outcome = guess(now);
        assert!(
            matches!(
                outcome,
                Err(Denied::WrongToken {
                    pause: None,
                    first: true
                })
            ),
            "{outcome:?}"
        );
    }

    #[test]
    fn only_so_many_peers_are_remembered() {
        let access = access();
        let now = Instant::now();
        for uid in 0..2 * MAX_PEERS as u32 {
            let _ = access.check(Peer::User(uid), &bearer("guess"), Role::Read, now);
        }
        assert_eq!(access.peers.lock().expect("a lock").len(), MAX_PEERS);
    }

    #[test]
    fn an_ipv6_network_is_one_peer() {
        let peer = |text: &str| Peer::of_address(text.parse().expect("an address"));
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:10.0.0.1"), peer("10.0.0.1"));
    }
}
