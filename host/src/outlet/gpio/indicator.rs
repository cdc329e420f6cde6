//! The lamps: which is lit or blinks for what is to be shown.

use std::time::Duration;

use super::settings::LookName;
use crate::line::Output;
use crate::outlet::Moment;
use crate::wit::protocol::{Indication, Look};

/// Half of a blink.
const HALF: Duration = Duration::from_millis(250);

/// One lamp, taken.
pub(super) struct LampLine {
    pub(super) line: Box<dyn Output>,
    pub(super) on: Vec<LookName>,
    pub(super) blink: Vec<LookName>,
    pub(super) lit: bool,
}

/// The lamps of one outlet.
#[derive(Default)]
pub(super) struct Indicator {
    lamps: Vec<LampLine>,
    steady: Steady,
    /// What is shown for a moment, and how many halves of a blink are left of it.
    moment: Option<(Look, u32)>,
    dark_half: bool,
    toggle_at: Option<Moment>,
    fresh: bool,
}

/// A look, by default none.
struct Steady(Look);

impl Default for Steady {
    fn default() -> Self {
        Self(Look::Off)
    }
}

impl Indicator {
    pub(super) fn new(lamps: Vec<LampLine>) -> Self {
        Self {
            lamps,
            ..Self::default()
        }
    }

    /// Shows something, from the next [`advance`](Self::advance) on.
    pub(super) fn show(&mut self, indication: &Indication) {
        let look = if indication.intensity_percent == 0 {
            Look::Off
        } else {
            indication.look
        };
        match look {
            Look::Accepted | Look::Refused => {
                self.moment = Some((look, indication.blinks.clamp(1, 60) * 2));
            }
            steady => self.steady = Steady(steady),
        }
        self.dark_half = false;
        self.fresh = true;
    }

    pub(super) fn advance(&mut self, now: Moment) {
        let due = self.toggle_at.is_some_and(|at| now >= at);
        if !due && !self.fresh {
            return;
        }
        if due && !self.fresh {
            self.dark_half = !self.dark_half;
            if let Some((_, halves)) = &mut self.moment {
                *halves -= 1;
                if *halves == 0 {
                    self.moment = None;
                    self.dark_half = false;
                }
            }
        }
        self.fresh = false;
        let look = self.moment.map_or(self.steady.0, |(look, _)| look);
        let mut blinks = self.moment.is_some();
        for lamp in &mut self.lamps {
            let blinking = lamp.blink.iter().any(|name| name.is(look));
            let on = lamp.on.iter().any(|name| name.is(look));
            let wanted = on || (blinking && !self.dark_half);
            blinks |= blinking;
            // A lamp that fails is no reason to stop anything.
            if wanted != lamp.lit && lamp.line.set(wanted).is_ok() {
                lamp.lit = wanted;
            }
        }
        self.toggle_at = blinks.then(|| now.after(HALF));
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        if self.fresh {
            return Some(Moment::ZERO);
        }
        self.toggle_at
    }
}
