//! What the charge point does for its profiles. Not here: how a profile asks for it (see
//! `core_access`).

use plugpoint_ocpp_core::reservation::{Reserved, Vacancy};

use crate::charger::Charger;
use crate::core_access::{ChargePoint, Supply, Transaction, Usage};
use crate::exchange::{Requested, Trigger};
use crate::host::{Now, Station};
use crate::outbox::Kind;
use crate::requests::Errand;
use crate::turn::Turn;

impl ChargePoint for Charger {
    fn station(&self) -> &Station {
        &self.station
    }

    fn unix_ms(&self, now: &Now) -> Option<i64> {
        self.clock.time(now)
    }

    fn timestamp(&self, unix_ms: i64) -> String {
        self.timestamp(unix_ms)
    }

    fn connector(&self, place: usize) -> Option<u32> {
        self.outlets.get(place).map(|outlet| outlet.number)
    }

    fn supply(&self, connector: u32) -> Option<Supply> {
        let facts = &self.outlets[self.place_of(connector)?].facts;
        Some(Supply {
            max_current_ma: facts.max_current_ma,
            phases: facts.phases,
        })
    }

    fn transaction(&self, connector: u32, now: &Now) -> Option<Transaction> {
        let outlet = &self.outlets[self.place_of(connector)?];
        let session = outlet.running()?;
        let (now, began) = (now.at, session.started.at);
        Some(Transaction {
            number: session.number,
            id: session.id,
            // None that is running began before the power came.
            began_ms: if began.boot_id == now.boot_id {
                began.monotonic_ms
            } else {
                now.monotonic_ms
            },
            has_car: outlet.has_car(),
        })
    }

    fn can_keep(&self) -> bool {
        self.can_keep()
    }

    fn is_online(&self) -> bool {
        self.is_online()
    }

    fn is_all_told(&self) -> bool {
        self.queue.waiting() == 0
    }

    fn key(&self, name: &str) -> Option<&str> {
        self.config.text_of(name)
    }

    fn usage(&self) -> Usage {
        self.usage()
    }

    fn vacancy(&self, connector: u32) -> Option<Vacancy> {
        self.vacancy(connector)
    }

    fn say(&mut self, kind: Kind, action: &str, payload: String, triggered: bool) {
        self.say(kind, action, payload, triggered);
    }

    fn reserve(&mut self, owner: &'static str, reserved: &[Reserved]) {
        self.reserved.retain(|(other, _)| *other != owner);
        let own = reserved.iter().map(|one| (owner, one.clone()));
        self.reserved.extend(own);
        self.needs_settling = true;
    }

    fn hold(&mut self, owner: &str, on: bool) {
        self.hold(owner, on);
    }

    fn register_again(&mut self) {
        self.register_again();
    }

    fn report_error(&mut self, turn: &Turn<'_>, error: &str) {
        let mut report = self.present_report(0);
        report.error = error.to_owned();
        self.say_status(turn, 0, report);
    }

    fn finish(&mut self, turn: &mut Turn<'_>, key: &str, payload: &str) {
        self.late.edit().finish(turn, key, payload);
    }

    fn request(&mut self, turn: &mut Turn<'_>, owner: &str, label: &str, errand: Errand<'_>) {
        self.request(turn, owner, label, errand);
    }

    fn trigger(&mut self, turn: &mut Turn<'_>, request: Requested<'_>) -> Trigger {
        self.trigger(turn, request)
    }
}
