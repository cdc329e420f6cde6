//! What is told about the connectors, and when: each change while the central
//! system listens, the present state after an outage, everything after a boot.

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, ContactorState, Indication, Look, PilotState};
use crate::status::{NO_ERROR, Report, Status};
use crate::turn::Turn;

impl Charger {
    /// The charger as a whole.
    fn own_status(&self) -> Report {
        Report::of(if self.is_operative(0) {
            Status::Available
        } else {
            Status::Unavailable
        })
    }

    /// What is to be said of an outlet at this moment.
    fn status_of(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        if let Some(fault) = outlet.fault() {
            return Report::with_fault(Status::Faulted, fault);
        }
        if outlet.book.lock_failed {
            let mut report = Report::of(Status::Faulted);
            report.error = "ConnectorLockFailure".to_owned();
            return report;
        }
        let mut report = if outlet.session.is_some() {
            self.status_in_session(place)
        } else {
            self.status_at_rest(place)
        };
        if report.error == NO_ERROR
            && let Some(warning) = outlet.facts.faults.first()
        {
            report = Report::with_fault(report.status, warning);
        }
        report
    }

    fn status_at_rest(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        let plugged = outlet.facts.plugged || outlet.has_car();
        Report::of(if !self.is_operative(outlet.number) {
            Status::Unavailable
        } else if outlet.book.grant.is_some() {
            Status::Preparing
        } else if plugged && outlet.book.finished {
            Status::Finishing
        } else if plugged {
            Status::Preparing
        } else {
            Status::Available
        })
    }

    fn status_in_session(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        let before = outlet.book.now.as_ref().map(|(report, _)| report.clone());
        if outlet.running().is_none() {
            // Ending: the next to be said is what comes after.
            return before.unwrap_or_else(|| Report::of(Status::Finishing));
        }
        if !outlet.has_car() {
            let mut report = Report::of(Status::SuspendedEv);
            report.info = "EV side disconnected".to_owned();
            return report;
        }
        let held_back = outlet
            .permit
            .as_ref()
            .is_some_and(|permit| permit.limit_ma == 0)
            || outlet.facts.energy_spent;
        let refused = outlet
            .session
            .as_ref()
            .is_some_and(|session| session.refused)
            && self.config.int(Key::MaxEnergyOnInvalidId) == 0;
        if held_back || refused {
            return Report::of(Status::SuspendedEvse);
        }
        if outlet.facts.contactor == ContactorState::Closed {
            return Report::of(Status::Charging);
        }
        match (outlet.book.settle_until, before) {
            (Some(_), Some(before))
                if before.status.is_in_session() && before.error == NO_ERROR =>
            {
                before
            }
            (Some(_), _) => Report::of(Status::Preparing),
            (None, _) if matches!(outlet.facts.pilot, PilotState::C | PilotState::D) => {
                Report::of(Status::SuspendedEvse)
            }
            (None, _) => Report::of(Status::SuspendedEv),
        }
    }

    /// Notes every change, and tells it if anybody listens.
    pub(crate) fn report(&mut self, turn: &mut Turn<'_>) {
        let online = self.is_online();
        if online {
            let own = self.own_status();
            if self.desk.said.as_ref() != Some(&own) {
                self.desk.edit().said = Some(own.clone());
                self.say_status(turn, 0, own);
            }
        }
        for place in 0..self.outlets.len() {
            self.report_outlet(turn, place, online);
        }
    }

    fn report_outlet(&mut self, turn: &mut Turn<'_>, place: usize, online: bool) {
        let report = self.status_of(place);
        let number = self.outlets[place].number;
        let book = &self.outlets[place].book;
        if book.now.as_ref().is_none_or(|(now, _)| *now != report) {
            let was_settled = report.status == Status::Charging;
            let book = self.outlets[place].book.edit();
            book.now = Some((report.clone(), turn.ms()));
            if was_settled {
                book.settle_until = None;
            }
        }
        self.indicate_status(turn, place, report.status);
        let book = &self.outlets[place].book;
        if !online || book.said.as_ref() == Some(&report) {
            return;
        }
        if self.speaks_at(place).is_some_and(|at| at > turn.ms()) {
            return;
        }
        let plugged = self.outlets[place].facts.plugged;
        let book = self.outlets[place].book.edit();
        let before = book.said.replace(report.clone()).filter(|_| book.said_here);
        book.said_here = true;
        if let Some(between) =
            before.and_then(|before| before.status.bridge_to(report.status, plugged))
        {
            self.say_status(turn, number, Report::of(between));
        }
        self.say_status(turn, number, report);
    }

    /// A change must have lasted for MinimumStatusDuration before it is told;
    /// faults, and what nobody has been told yet, do not wait.
    fn speaks_at(&self, place: usize) -> Option<u64> {
        let book = &self.outlets[place].book;
        let least = self.config.ms(Key::MinimumStatusDuration);
        let (now, since) = book.now.as_ref()?;
        let said = book.said.as_ref()?;
        (least > 0 && now != said && now.status != Status::Faulted).then(|| since + least)
    }

    pub(crate) fn outlet_deadline(&self, place: usize) -> Option<u64> {
        let speaks = self.speaks_at(place);
        match (self.outlets[place].deadline(), speaks) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
        .or_else(|| self.waiting_car_until(place))
    }

    /// A car that nobody shows a card for is waited for until then.
    fn waiting_car_until(&self, place: usize) -> Option<u64> {
        let outlet = &self.outlets[place];
        let timeout = self.config.ms(Key::ConnectionTimeOut);
        let since = outlet.book.plugged_at?;
        (timeout > 0 && outlet.is_free() && !outlet.book.finished && outlet.has_car())
            .then(|| since + timeout)
    }

    /// Nothing was told: all is to be told anew.
    pub(crate) fn forget_said(&mut self) {
        self.desk.edit().said = None;
        for outlet in &mut self.outlets {
            outlet.book.edit().said = None;
        }
    }

    pub(crate) fn forget_said_of(&mut self, connector: u32) {
        if connector == 0 {
            self.desk.edit().said = None;
        } else if let Some(place) = self.place_of(connector) {
            self.outlets[place].book.edit().said = None;
        }
    }

    fn indicate_status(&mut self, turn: &mut Turn<'_>, place: usize, status: Status) {
        let look = status.look();
        if self.outlets[place].look != Some(look) {
            self.outlets[place].look = Some(look);
            self.indicate(turn, self.outlets[place].number, look);
        }
    }

    /// Brightness or blinking has been changed.
    pub(crate) fn indicate_again(&mut self) {
        for outlet in &mut self.outlets {
            outlet.look = None;
        }
    }

    pub(crate) fn indicate(&mut self, turn: &mut Turn<'_>, outlet: u32, look: Look) {
        turn.act(Action::Indicate(Indication {
            outlet,
            look,
            intensity_percent: u8::try_from(self.config.int(Key::LightIntensity)).unwrap_or(100),
            blinks: u32::try_from(self.config.int(Key::BlinkRepeat)).unwrap_or(0),
        }));
    }
}
