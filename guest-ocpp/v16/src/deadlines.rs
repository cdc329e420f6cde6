//! Which timer is to ring when: the earliest of what each part waits for. Not here: what
//! is done then; each part finds out by itself.

use crate::charger::Charger;
use crate::config::Key;
use crate::timers::{self, Timers};
use crate::turn::Turn;

impl Charger {
    pub(crate) fn arrange_timers(&mut self, turn: &mut Turn<'_>) {
        let online = self.outbox.link().is_some();
        let registration = self
            .registration
            .again_at
            .filter(|_| online && !self.registration.is_accepted() && self.outbox.is_idle());
        self.timers.want(turn, timers::REGISTRATION, registration);
        let heartbeat = (online && self.registration.is_accepted()).then(|| {
            let interval = self.config.ms(Key::HeartbeatInterval);
            self.heartbeat.due_at(interval)
        });
        self.timers.want(turn, timers::HEARTBEAT, heartbeat);
        self.timers.want(turn, timers::CALL, self.outbox.deadline());
        let held = self.queue.held_until(turn);
        let jam = self.queue.jammed_at(turn);
        let held = held.map(|held| {
            jam.filter(|jam| *jam > turn.ms())
                .map_or(held, |jam| held.min(jam))
        });
        self.timers
            .want(turn, timers::QUEUE, held.filter(|_| online));
        let aligned = self.aligned_deadline(turn);
        self.timers.want(turn, timers::ALIGNED, aligned);
        let state = &*self.state;
        let charger = [
            state.unassigned.deadline(),
            state
                .reset
                .as_ref()
                .map(|reset| reset.again_at.unwrap_or(reset.until)),
            state.unkept.map(|unkept| unkept.until),
            self.late.deadline(),
            self.silence.status_held_until(turn.ms()).filter(|_| online),
            self.relink_at(),
        ];
        self.timers
            .want(turn, timers::CHARGER, charger.into_iter().flatten().min());
        self.timers
            .want(turn, timers::PROFILES, self.profiles_deadline());
        for place in 0..self.outlets.len() {
            let deadline = self.outlet_deadline(place);
            self.timers.want(turn, Timers::outlet(place), deadline);
        }
    }
}
