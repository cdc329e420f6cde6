//! Transactions as the central system is told of them: from an authorization to the end.
//! Not here: who may charge, and what goes on at the outlet meanwhile (see
//! `plugpoint_ocpp_core::transaction`).

use plugpoint_ocpp_core::outlet::EndCause;
use plugpoint_ocpp_core::reservation::Visitor;
use plugpoint_ocpp_core::token::{Holder, same};
use plugpoint_ocpp_core::transaction::{Begun, Ended, Rules};

use crate::charger::Charger;
use crate::config::{Key, Selector};
use crate::exchange::Happening;
use crate::host::{Action, Observed, ObservedKind};
use crate::meter::{Context, MeterValue};
use crate::outlet::Stop;
use crate::record::{Record, StopReason, What};
use crate::turn::Turn;

impl Charger {
    /// Draws the next conclusion from the facts of one outlet.
    pub(crate) fn advance(&mut self, turn: &mut Turn<'_>, place: usize) {
        self.expire_asks(turn, place);
        if self.outlets[place].session.is_some() {
            self.advance_session(turn, place);
        }
        if self.outlets[place].session.is_none() {
            self.advance_idle(turn, place);
        }
        self.apply_permit(turn, place);
        self.apply_lock(turn, place);
    }

    fn advance_session(&mut self, turn: &mut Turn<'_>, place: usize) {
        let rules = self.transaction_rules();
        let outlet = &mut self.outlets[place];
        let ids = &mut || self.ids.ticket();
        if let Some(cause) = outlet.advance_running(turn, &self.clock, &rules, ids) {
            self.stop(turn, place, reason_of(cause), None);
        }
        let ids = &mut || self.ids.ticket();
        if self.outlets[place].advance_ending(turn, ids) {
            self.conclude(turn, place);
        }
    }

    fn transaction_rules(&self) -> Rules {
        Rules {
            ends_with_car: self.config.is_on(Key::StopTransactionOnEVSideDisconnect),
            sample_interval_ms: self.config.ms(Key::MeterValueSampleInterval),
            is_settled: self.queue.waiting() == 0,
        }
    }

    /// What ends a transaction without anybody's order.
    pub(crate) fn reason_to_stop(&self, place: usize) -> Option<StopReason> {
        let rules = self.transaction_rules();
        let cause = self.outlets[place].end_cause(rules.ends_with_car);
        cause.map(reason_of)
    }

    /// Car and card are there: lock, read the meter, begin.
    pub(crate) fn advance_authorized(&mut self, turn: &mut Turn<'_>, place: usize) {
        self.report_holder(turn, place);
        let ids = &mut || self.ids.ticket();
        if self.outlets[place].prepare(turn, ids) {
            self.begin(turn, place);
        }
    }

    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>, place: usize) {
        let rules = self.transaction_rules();
        let next = || {
            // Numbers begin with 1: 0 says "no transaction" in the queue.
            let number = self.next_session.max(1);
            *self.next_session.edit() = number + 1;
            number
        };
        let Some(begun) = self.outlets[place].begin(turn, &self.clock, next, &rules) else {
            return;
        };
        let Begun {
            authorization,
            number,
            mwh,
            at,
        } = begun;
        let visitor = Visitor::known(&authorization.tag, authorization.parent.as_deref());
        let reservation = self.reservation_of(place, &visitor);
        if let Some(reservation) = reservation {
            self.happens(Happening::Redeemed { reservation });
        }
        if let Some(reading) = &self.outlets[place].facts.reading {
            let value = MeterValue::take(reading, self.measurands_of_ends(), Context::Begin, at);
            self.outlets[place].edit_session(|session| session.data.extend(value));
        }
        let connector = self.outlets[place].number;
        self.happens(Happening::Begun {
            connector,
            id_tag: authorization.tag.clone(),
            attached: authorization.attached,
        });
        let what = What::Start {
            tag: authorization.tag,
            meter_wh: whole_wh(mwh),
            at,
            reservation,
        };
        self.note(turn, number, connector, what);
        self.observe(turn, place, ObservedKind::Started);
        self.needs_settling = true;
    }

    /// Somebody or something ends a transaction; it is concluded when the
    /// contactor is open.
    pub(crate) fn stop(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        reason: StopReason,
        tag: Option<String>,
    ) {
        if self.outlets[place].running().is_none() {
            return;
        }
        let stop = Stop { reason, tag };
        if !self.can_keep() {
            return self.halt(turn, place, stop);
        }
        let outlet = &mut self.outlets[place];
        outlet.stop(stop, turn.ms());
        turn.info(format!(
            "connector {}: ending the transaction: {}",
            outlet.number,
            reason.name()
        ));
        self.needs_settling = true;
    }

    /// What is told of the begin and the end of a transaction, where anything is
    /// told of it in StopTransaction (errata 3.14).
    fn measurands_of_ends(&self) -> &[Selector] {
        match self.config.measurands(Key::StopTxnSampledData) {
            [] => self.config.measurands(Key::StopTxnAlignedData),
            sampled => sampled,
        }
    }

    pub(crate) fn conclude(&mut self, turn: &mut Turn<'_>, place: usize) {
        self.observe(turn, place, ObservedKind::Ended);
        let last_noted = self.queue.last();
        let Some(ended) = self.outlets[place].end(turn, &self.clock, last_noted) else {
            return;
        };
        let Ended { session, at, last } = ended;
        if last.interrupted {
            self.queue.lasted_until(at.at);
        }
        let used = session.used_wh(last.mwh);
        let stop = session.stop.unwrap_or(Stop {
            reason: StopReason::Other,
            tag: None,
        });
        let mut data = session.data;
        let selectors = self.measurands_of_ends();
        data.extend(match &last.reading {
            Some(reading) => MeterValue::take(reading, selectors, Context::End, last.at),
            None => MeterValue::of_register(last.mwh, selectors, Context::End, last.at),
        });
        let number = self.outlets[place].number;
        self.happens(Happening::Ended {
            connector: number,
            id_tag: session.tag.clone(),
            energy_wh: used,
        });
        let what = What::Stop {
            tag: stop.tag,
            meter_wh: whole_wh(last.mwh),
            at,
            reason: stop.reason,
            data,
            later_ms: last.later_ms,
        };
        self.note(turn, session.number, number, what);
        let keeps_cable = self.keeps_cable(&session.tag, stop.reason);
        let holder = Holder {
            tag: session.tag,
            parent: session.parent,
        };
        self.outlets[place].part(holder, keeps_cable, last.interrupted);
        self.apply_scheduled_availability(number);
        self.needs_settling = true;
    }

    /// A cable stays locked until its owner, or a card of the same group, is
    /// there (OCPP 1.6, 3.5.4 and 4.10). Who charged without a card has none to
    /// show.
    fn keeps_cable(&self, tag: &str, reason: StopReason) -> bool {
        let until_owner_comes = match reason {
            StopReason::EvDisconnected => {
                !self.config.is_on(Key::UnlockConnectorOnEVSideDisconnect)
            }
            StopReason::DeAuthorized => true,
            _ => false,
        };
        until_owner_comes && !same(tag, self.config.text(Key::FreeVendIdTag))
    }

    /// Transactions that the power, or a restart, has broken off.
    pub(crate) fn end_interrupted(&mut self, turn: &mut Turn<'_>, reason: StopReason) {
        for outlet in &mut self.outlets {
            outlet.break_off(reason, turn.ms());
        }
    }

    pub(crate) fn power_failing(&mut self, turn: &mut Turn<'_>, left_ms: u32) {
        turn.warn(format!("mains power has failed; {left_ms} ms left"));
        for place in 0..self.outlets.len() {
            self.stop(turn, place, StopReason::PowerLoss, None);
            let until = turn.ms() + u64::from(left_ms / 4);
            self.outlets[place].hurry(until);
        }
    }

    pub(crate) fn note(&mut self, turn: &mut Turn<'_>, session: u64, outlet: u32, what: What) {
        let id = self.ids.fresh();
        self.queue.push(
            turn,
            &Record {
                id,
                session,
                outlet,
                what,
            },
        );
    }

    pub(crate) fn observe(&mut self, turn: &mut Turn<'_>, place: usize, kind: ObservedKind) {
        let outlet = &self.outlets[place];
        let Some(session) = &*outlet.session else {
            return;
        };
        let register = outlet.register.known_mwh(session, &outlet.facts);
        turn.act(Action::Observe(Observed {
            kind,
            session: session.number,
            outlet: outlet.number,
            token: session.tag.clone(),
            energy_wh: session.used_wh(register),
            power_w: outlet.power_w(),
            state_of_charge_percent: outlet.state_of_charge_percent(),
        }));
    }
}

fn reason_of(cause: EndCause) -> StopReason {
    match cause {
        EndCause::EmergencyStop => StopReason::EmergencyStop,
        EndCause::Fault => StopReason::Other,
        EndCause::CarLeft => StopReason::EvDisconnected,
    }
}

/// Whole Wh, rounded down: a register in a message never seems to go back.
fn whole_wh(mwh: u64) -> i64 {
    i64::try_from(mwh / 1000).unwrap_or(i64::MAX)
}
