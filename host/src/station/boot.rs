//! What a new instance of the protocol guest is told: the whole present state
//! of its world.

use super::Loop;
use super::knowledge::Shown;
use crate::outlet::{PermitFate, PermitNews};
use crate::wit::protocol::{Boot, BootReason, PermitEnd, PermitEndReason};

impl Loop {
    /// Waits until what was ordered of the outlets before is done and shows. Also:
    /// what the guest knows of them once its `start` has succeeded.
    pub(super) async fn boot(&self, reason: BootReason, entry_schema: u32) -> (Boot, Shown) {
        // Before the outlets are looked at, so that no later event seems older.
        let now = self.clock.now();
        let views = self.outlets.fresh_views().await;
        let permit_ends = views.iter().filter_map(|view| view.permit_end.as_ref());
        let permit_ends = permit_ends.filter_map(permit_end).collect();
        let (outlets, shown) = self.knowledge.boot(views);
        let boot = Boot {
            now,
            reason,
            entry_schema,
            random: crate::random::bytes::<16>().to_vec(),
            station: self.info.clone(),
            settings: self.settings.clone(),
            services: self.services.names(),
            link: self.link.state(),
            outlets,
            groups: self.groups.clone(),
            permit_ends,
            timers: self.timers.pending(),
            unanswered_requests: self.unanswered_requests.clone(),
            unanswered_decisions: self.unanswered_decisions.clone(),
            session_ends: self.sessions.to_end(),
            dropped: self.tenant.life().dropped().cloned(),
        };
        (boot, shown)
    }
}

/// None of a permit that never was in force.
fn permit_end(news: &PermitNews) -> Option<PermitEnd> {
    let why = match news.fate {
        PermitFate::Revoked => PermitEndReason::Revoked,
        PermitFate::CarLeft => PermitEndReason::CarLeft,
        PermitFate::Unwatched => PermitEndReason::Unwatched,
        PermitFate::NoComponent => PermitEndReason::NoGuest,
        PermitFate::TooLate => return None,
    };
    Some(PermitEnd {
        outlet: news.outlet,
        session: news.session,
        connection: news.connection,
        why,
        at: news.at,
        energy_mwh: news.register_mwh,
    })
}
