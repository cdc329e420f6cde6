//! What the charge point itself says when the central system asks for it: its
//! registration, a heartbeat, the status of connectors, the values of meters. Not here:
//! the call that asks (see `profiles::remote_trigger`).

use plugpoint_ocpp_core::meter::{Purpose, is_current};

use crate::charger::Charger;
use crate::config::Key;
use crate::host::Reading;
use crate::json::Writer;
use crate::meter::{Context, MeterValue};
use crate::outbox::Kind;
use crate::profile::{Requested, Trigger};
use crate::registration::Standing;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn trigger_own(&mut self, turn: &mut Turn<'_>, request: Requested<'_>) -> Trigger {
        match request.message {
            "BootNotification" => self.trigger_boot(),
            "Heartbeat" => {
                self.say(Kind::Heartbeat, "Heartbeat", "{}".to_owned(), true);
                Trigger::Accepted
            }
            "StatusNotification" => self.trigger_status(turn, request.connector),
            "MeterValues" => self.trigger_values(turn, request.connector),
            _ => Trigger::NotMine,
        }
    }

    /// Who is accepted does not boot (errata 3.35).
    fn trigger_boot(&mut self) -> Trigger {
        if self.registration.standing != Standing::Pending {
            return Trigger::Rejected;
        }
        self.registration.edit().again_at = None;
        self.needs_settling = true;
        Trigger::Accepted
    }

    /// The status at this moment, however short it has lasted.
    fn trigger_status(&mut self, turn: &mut Turn<'_>, connector: Option<i64>) -> Trigger {
        let Some(connectors) = self.concerned(connector, true) else {
            return Trigger::Rejected;
        };
        let time = self.clock.time(&turn.now);
        for number in connectors {
            let report = self.present_report(number);
            let payload = self.status_notification(number, &report, time);
            let kind = Kind::Triggered {
                action: "StatusNotification".to_owned(),
            };
            self.say(kind, "StatusNotification", payload, true);
        }
        Trigger::Accepted
    }

    fn trigger_values(&mut self, turn: &mut Turn<'_>, connector: Option<i64>) -> Trigger {
        // There is no meter of the charger as a whole.
        let Some(connectors) = self.concerned(connector, false) else {
            return Trigger::Rejected;
        };
        for number in connectors {
            if let Some(place) = self.place_of(number) {
                self.read_meter(turn, place, Purpose::Trigger);
            }
        }
        self.needs_settling = true;
        Trigger::Accepted
    }

    /// The connectors that a request is about; `with_all`: 0, the charger as a whole, is
    /// one. None: there is no such connector.
    fn concerned(&self, connector: Option<i64>, with_all: bool) -> Option<Vec<u32>> {
        let own = self.outlets.iter().map(|outlet| outlet.number);
        let all: Vec<u32> = with_all.then_some(0).into_iter().chain(own).collect();
        match connector {
            None => Some(all),
            Some(number) => {
                let number = u32::try_from(number).ok()?;
                all.contains(&number).then(|| vec![number])
            }
        }
    }

    /// The meter has been read on request, or has not answered.
    pub(crate) fn tell_values(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        let number = outlet.number;
        let Some(mut reading) = outlet.facts.reading.clone() else {
            return turn.warn(format!(
                "connector {number}: no MeterValues on request: the meter has never answered"
            ));
        };
        if !is_current(turn.now.at, &reading) {
            // Only the register stays true; it has its own time.
            reading = Reading {
                measurements: Vec::new(),
                ..reading
            };
        }
        let plain = self.clock.moment(&turn.now, reading.at);
        let running = self.outlets[place].running().is_some();
        let at = match self.outlets[place].session.edit() {
            Some(session) if running => session.timeline().stamp(plain),
            _ => plain,
        };
        let Some(unix_ms) = at.unix_ms else {
            return turn.warn(format!(
                "connector {number}: no MeterValues on request: the time is not known yet"
            ));
        };
        let selectors = self.config.measurands(Key::MeterValuesSampledData);
        let Some(value) = MeterValue::take(&reading, selectors, Context::Trigger, at) else {
            return turn.warn(format!(
                "connector {number}: no MeterValues on request: the meter offers nothing of \
                 MeterValuesSampledData"
            ));
        };
        let mut w = Writer::with_capacity(256);
        w.begin_object();
        w.int("connectorId", i64::from(number));
        // Until the central system has given a number there is none to tell.
        let session = self.outlets[place].running();
        if let Some(id) = session.and_then(|session| session.id) {
            w.int("transactionId", id);
        }
        w.list_at("meterValue");
        value.write(&mut w, &self.timestamp(unix_ms));
        w.end_list();
        w.end_object();
        if running {
            self.note_sample(turn, place, &reading);
        }
        let kind = Kind::Triggered {
            action: "MeterValues".to_owned(),
        };
        self.say(kind, "MeterValues", w.finish(), true);
    }
}
