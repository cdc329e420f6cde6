//! What the host tells beside outlets, cards and the link: that a session is to end,
//! that the clock was set, what concerns security. Not here: `settings`.

use crate::charger::Charger;
use crate::host::{Boot, Event, SessionEnd, SessionEndCause};
use crate::outlet::Outlet;
use crate::profile::Happening;
use crate::record::StopReason;
use crate::turn::Turn;

impl Charger {
    /// The host has taken the energy away already. Told again by each `boot` until the
    /// transaction is concluded.
    pub(crate) fn session_ends(&mut self, turn: &mut Turn<'_>, end: &SessionEnd) {
        let is_meant = |outlet: &Outlet| {
            let session = outlet.running();
            session.is_some_and(|session| session.number == end.session)
        };
        let Some(place) = self.outlets.iter().position(is_meant) else {
            return;
        };
        let by = match end.by.as_str() {
            "" => "its time is over".to_owned(),
            by => format!("the policy {by} ends it"),
        };
        turn.info(format!(
            "connector {}: {by}{}{}",
            self.outlets[place].number,
            if end.why.is_empty() { "" } else { ": " },
            end.why
        ));
        // The standard has no word for a time that is over.
        let reason = match end.cause {
            SessionEndCause::Deauthorized => StopReason::DeAuthorized,
            SessionEndCause::TimeOver | SessionEndCause::Other => StopReason::Other,
        };
        self.stop(turn, place, reason, None);
    }

    pub(crate) fn take_up_ends(&mut self, turn: &mut Turn<'_>, boot: &Boot) {
        for end in &boot.session_ends {
            self.session_ends(turn, end);
        }
    }

    pub(crate) fn clock_stepped(&mut self) {
        self.happens(Happening::ClockStepped);
        self.state.edit().next_aligned = None;
    }

    /// What comes from the host alone.
    pub(crate) fn told(&mut self, turn: &mut Turn<'_>, event: Event) {
        match event {
            Event::SettingsQuery(query) => self.tell_settings(turn, &query),
            Event::SetSetting(change) => self.set_setting(turn, &change),
            // The central system is not told of it yet.
            Event::Security(event) => turn.info(format!("security: {}", event.text)),
            _ => {}
        }
    }
}
