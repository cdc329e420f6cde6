//! What concerns security and the host knows of: told to the protocol guest, and in
//! the journal. Whatever goes on is told once a minute for each kind, so that nobody
//! can make more of it.

use serde_json::json;

use super::Loop;
use crate::wit::protocol::{Event, LinkDown, LinkFailure, SecurityEvent, SecurityKind};

/// Between two of one kind.
const APART_MS: u64 = 60_000;

/// When each kind was told last, monotonic ms.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<(SecurityKind, u64)>);

impl Told {
    /// It is time to tell of this kind; then it counts as told.
    fn take(&mut self, kind: SecurityKind, now_ms: u64) -> bool {
        match self.0.iter_mut().find(|(it, _)| *it == kind) {
            Some((_, at)) if now_ms.saturating_sub(*at) < APART_MS => false,
            Some((_, at)) => {
                *at = now_ms;
                true
            }
            None => {
                self.0.push((kind, now_ms));
                true
            }
        }
    }
}

/// What of a link that failed concerns security.
pub(super) fn of_link(down: &LinkDown) -> Option<SecurityKind> {
    match down.failure {
        LinkFailure::Certificate => Some(SecurityKind::Certificate),
        LinkFailure::Tls => Some(SecurityKind::Tls),
        _ => None,
    }
}

impl Loop {
    /// Something that concerns security has happened.
    pub(super) async fn tell_security(&mut self, kind: SecurityKind, text: String) {
        let at = self.clock.stamp();
        if !self.security.take(kind, at.monotonic_ms) {
            return;
        }
        self.journal.note(
            "security",
            || json!({ "what": crate::words::of(&kind), "text": text }),
        );
        self.deliver(Event::Security(SecurityEvent { kind, text, at }))
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::{SecurityKind, Told};

    #[test]
    fn each_kind_is_told_once_a_minute() {
        let mut told = Told::default();
        let tls = SecurityKind::Tls;
        assert!(told.take(tls, 0));
        assert!(!told.take(tls, 59_999));
        assert!(told.take(SecurityKind::Certificate, 1));
        assert!(told.take(tls, 60_000));
        assert!(!told.take(tls, 60_001));
    }
}
