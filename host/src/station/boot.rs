//! What a new instance of the protocol guest is told: the whole present state
//! of its world.

use super::Loop;
use crate::wit::protocol::{Boot, Dropped, Event};

/// How much of a dropped frame the next instance sees.
const HEAD_BYTES: usize = 128;

impl Loop {
    /// Waits until what was ordered of the outlets before is done and shows.
    pub(super) async fn boot(&self) -> Boot {
        Boot {
            now: self.clock.now(),
            reason: self.reason,
            entry_schema: 1,
            random: crate::random::bytes::<16>().to_vec(),
            station: self.info.clone(),
            settings: self.settings.clone(),
            services: self.services.names(),
            link: self.link.state(),
            outlets: self.outlets.fresh_snapshot().await,
            timers: self.timers.pending(),
            unanswered_requests: self.unanswered_requests.clone(),
            unanswered_decisions: self.unanswered_decisions.clone(),
            dropped: self.dropped.clone(),
        }
    }
}

/// What is remembered of an event on which a guest failed.
pub(super) fn dropped(event: &Event, failure: &str) -> Dropped {
    let (name, id, head) = match event {
        Event::LinkUp(it) => ("link-up", it.link, ""),
        Event::LinkDown(it) => ("link-down", it.link, ""),
        Event::Frame(it) => ("frame", it.link, it.text.as_str()),
        Event::Timer(it) => ("timer", 0, it.name.as_str()),
        Event::Outlet(it) => ("outlet", it.state.outlet, ""),
        Event::Token(_) => ("token", 0, ""),
        Event::Meter(it) => ("meter", it.id, ""),
        Event::LockMoved(it) => ("lock-moved", it.id, ""),
        Event::Decided(it) => ("decided", it.id, ""),
        Event::Response(it) => ("response", it.id, ""),
        Event::ClockStepped(_) => ("clock-stepped", 0, ""),
        Event::Committed => ("committed", 0, ""),
        Event::PowerFailing(_) => ("power-failing", 0, ""),
    };
    Dropped {
        event: name.into(),
        id,
        head: head_of(head).to_owned(),
        failure: failure.to_owned(),
    }
}

fn head_of(text: &str) -> &str {
    let mut end = text.len().min(HEAD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::head_of;

    #[test]
    fn the_head_is_cut_at_a_character() {
        assert_eq!(head_of("short"), "short");
        let long = format!("{}äöü", "x".repeat(127));
        assert_eq!(head_of(&long), "x".repeat(127));
    }
}
