//! Whether a key may have a value. Not here: what a value means (see `value`).

use super::keys::Kind;
use super::measurand::Selector;
use super::{BadValue, Config, Key, value};
use crate::turn::Turn;

impl Config {
    pub(super) fn check(&self, key: Key, value: &str, kept: bool) -> Result<(), BadValue> {
        let good = match &key.info().kind {
            Kind::Bool => value::boolean(value).is_some(),
            Kind::Int { least, most } => {
                value::integer(value).is_some_and(|n| n >= *least && n <= *most)
            }
            Kind::Text { longest } => value.chars().count() <= *longest,
            // A manufacturer may leave one out, and cannot add one.
            Kind::Profiles => value::items(value).all(|item| {
                self.features()
                    .any(|built| built.eq_ignore_ascii_case(item))
            }),
            Kind::Rotation { most } => {
                let limit = self.int(*most);
                value::items(value).all(|item| value::is_rotation(item, self.outlets))
                    && value::items(value).count() as i64 <= limit
            }
            // What was right when it was kept may not be offered by the meter
            // at the moment of the start: it has perhaps not been read yet.
            Kind::Measurands { most } => {
                value::items(value).all(|item| self.can_measure(item, kept))
                    && value::items(value).count() as i64 <= self.int(*most)
            }
            Kind::Password => false,
        };
        if good { Ok(()) } else { Err(BadValue) }
    }

    /// A dead link should be noticed before the attempts at a message can be used
    /// up on it (errata of OCPP-J, 3.11). That is a recommendation: what somebody
    /// sets otherwise is taken, in whatever order. Pings that are switched off are
    /// somebody's decision.
    pub(super) fn warn_of_retries(&self, turn: &Turn<'_>) {
        let ping = self.int(Key::WebSocketPingInterval);
        let attempts = self.int(Key::TransactionMessageAttempts);
        let interval = self.int(Key::TransactionMessageRetryInterval);
        let lasts = attempts.saturating_mul(interval);
        if ping != 0 && ping >= lasts {
            turn.warn(format!(
                "WebSocketPingInterval ({ping} s) is not below TransactionMessageAttempts ({attempts}) x \
                 TransactionMessageRetryInterval ({interval} s): messages may be given up on a link that is \
                 long dead"
            ));
        }
    }

    fn can_measure(&self, item: &str, kept: bool) -> bool {
        let Some(selector) = Selector::parse(item) else {
            return false;
        };
        if kept || selector.measurand.quantity().is_none() {
            return true;
        }
        // A meter that was never read offers nothing that could be relied on.
        let mut offered = self.offered.iter().flatten();
        offered.any(|offer| {
            Selector::parse(offer).is_some_and(|offer| {
                offer.measurand == selector.measurand
                    && (selector.phase.is_none() || offer.phase == selector.phase)
            })
        })
    }
}
