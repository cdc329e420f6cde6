//! What a new instance of the protocol guest is told: the whole present state
//! of its world.

use super::Loop;
use crate::wit::protocol::{Boot, BootReason};

impl Loop {
    /// Waits until what was ordered of the outlets before is done and shows.
    pub(super) async fn boot(&self, reason: BootReason, entry_schema: u32) -> Boot {
        Boot {
            now: self.clock.now(),
            reason,
            entry_schema,
            random: crate::random::bytes::<16>().to_vec(),
            station: self.info.clone(),
            settings: self.settings.clone(),
            services: self.services.names(),
            link: self.link.state(),
            outlets: self.outlets.fresh_snapshot().await,
            timers: self.timers.pending(),
            unanswered_requests: self.unanswered_requests.clone(),
            unanswered_decisions: self.unanswered_decisions.clone(),
            dropped: self.tenant.life().dropped().cloned(),
        }
    }
}
