//! What is told about the connectors, and when: each change while the central
//! system listens, the present state after an outage, everything after a boot.

use plugpoint_ocpp_core::fault::is_of_all;

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, ContactorState, Indication, Look, PilotState};
use crate::outlet::Outlet;
use crate::profile::Happening;
use crate::status::{Report, Status, goes_with};
use crate::turn::Turn;

const EV_SIDE_DISCONNECTED: &str = "EV side disconnected";

impl Charger {
    /// The charger as a whole: faulted, if what is wrong is wrong everywhere.
    fn own_status(&self) -> Report {
        let newest = |outlet: &Outlet| {
            let mut faults = outlet.state.newest_faults();
            faults.find(|fault| is_of_all(fault.kind)).cloned()
        };
        let mut everywhere = self.outlets.iter().map(newest);
        if let Some(Some(fault)) = everywhere.next()
            && everywhere.all(|other| other.is_some())
        {
            return Report::with_fault(Status::Faulted, &fault);
        }
        Report::of(if self.is_operative(0) {
            Status::Available
        } else {
            Status::Unavailable
        })
    }

    /// What is to be said of a connector at this moment; 0 is the charger as a whole.
    pub(crate) fn present_report(&self, connector: u32) -> Report {
        match self.place_of(connector) {
            Some(place) => self.status_of(place),
            None => self.own_status(),
        }
    }

    /// What is to be said of an outlet at this moment.
    fn status_of(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        if outlet.state.lock.has_failed() && outlet.fault().is_none() {
            let mut report = Report::of(Status::Faulted);
            report.error = "ConnectorLockFailure".to_owned();
            return report;
        }
        let before = outlet.state.reported.now.as_ref().map(|(report, _)| report);
        let is_ending = outlet.session.is_some() && outlet.running().is_none();
        let mut report = match (outlet.fault(), before) {
            (Some(_), _) => Report::of(Status::Faulted),
            // The next to be said is what comes after.
            (None, Some(before)) if is_ending => return before.clone(),
            (None, None) if is_ending => Report::of(Status::Finishing),
            (None, _) if outlet.session.is_some() => self.status_in_session(place),
            (None, _) => self.status_at_rest(place),
        };
        // The newest is told, for the others have been; when it is over, what
        // remains is told again.
        let mut newest = outlet.state.newest_faults();
        if let Some(fault) = newest.find(|fault| goes_with(fault.kind, report.status)) {
            let info = std::mem::take(&mut report.info);
            report = Report::with_fault(report.status, fault);
            if report.info.is_empty() {
                report.info = info;
            }
        }
        report
    }

    fn status_at_rest(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        let plugged = outlet.facts.plugged || outlet.has_car();
        if !self.is_operative(outlet.number) {
            return Report::of(Status::Unavailable);
        }
        if outlet.state.authorization.is_some() {
            return Report::of(Status::Preparing);
        }
        if self.is_kept(place) {
            return Report::of(Status::Reserved);
        }
        if !plugged {
            return Report::of(Status::Available);
        }
        if !outlet.state.car.is_finished() {
            return Report::of(Status::Preparing);
        }
        let said = outlet.state.reported.last.as_ref();
        if let Some(said) = said.filter(|it| it.status == Status::Finishing)
            && outlet.state.lock.is_moving()
        {
            // The cable goes as soon as the lock is open: nothing new until then.
            return said.clone();
        }
        let mut report = Report::of(Status::Finishing);
        if !outlet.has_car() && outlet.state.car.holder().is_some() {
            report.info = EV_SIDE_DISCONNECTED.to_owned();
        }
        report
    }

    fn status_in_session(&self, place: usize) -> Report {
        let outlet = &self.outlets[place];
        if !outlet.has_car() {
            let mut report = Report::of(Status::SuspendedEv);
            report.info = EV_SIDE_DISCONNECTED.to_owned();
            return report;
        }
        let facts = &outlet.facts;
        let held_back = outlet.supply.is_held_back() || facts.energy_spent || facts.held_back;
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
        let before = outlet
            .state
            .reported
            .now
            .as_ref()
            .map(|(report, _)| report.status);
        Report::of(match (outlet.state.demand.is_settling(), before) {
            (true, Some(before)) if before.is_in_session() => before,
            (true, _) => Status::Preparing,
            (false, _) if matches!(outlet.facts.pilot, PilotState::C | PilotState::D) => {
                Status::SuspendedEvse
            }
            (false, _) => Status::SuspendedEv,
        })
    }

    /// Notes every change, and tells it if anybody listens.
    pub(crate) fn report(&mut self, turn: &mut Turn<'_>) {
        let online = self.can_report(turn);
        if online {
            let own = self.own_status();
            if self.state.reported.as_ref() != Some(&own) || self.silence.is_untold(0) {
                self.state.edit().reported = Some(own.clone());
                self.say_status(turn, 0, own);
            }
        }
        for place in 0..self.outlets.len() {
            self.report_outlet(turn, place, online);
        }
    }

    fn can_report(&self, turn: &Turn<'_>) -> bool {
        self.is_online() && self.silence.status_held_until(turn.ms()).is_none()
    }

    /// A connector was kept for whoever begins there now, which may be at once: that he is
    /// here is reported before the transaction.
    pub(crate) fn report_holder(&mut self, turn: &mut Turn<'_>, place: usize) {
        let before = self.outlets[place].state.reported.now.as_ref();
        if before.is_some_and(|(report, _)| report.status == Status::Reserved) {
            let online = self.can_report(turn);
            self.report_outlet(turn, place, online);
        }
    }

    fn report_outlet(&mut self, turn: &mut Turn<'_>, place: usize, online: bool) {
        let report = self.status_of(place);
        let number = self.outlets[place].number;
        let state = &self.outlets[place].state;
        if state
            .reported
            .now
            .as_ref()
            .is_none_or(|(now, _)| *now != report)
        {
            let was_settled = report.status == Status::Charging;
            if matches!(report.status, Status::Faulted | Status::Unavailable) {
                self.happens(Happening::OutOfUse { connector: number });
            }
            let state = self.outlets[place].state.edit();
            state.reported.now = Some((report.clone(), turn.ms()));
            if was_settled {
                state.demand.settled();
            }
        }
        self.indicate_status(turn, place, report.status);
        let state = &self.outlets[place].state;
        let is_told =
            state.reported.last.as_ref() == Some(&report) && !self.silence.is_untold(number);
        if !online || is_told {
            return;
        }
        if self.speaks_at(place).is_some_and(|at| at > turn.ms()) {
            return;
        }
        let plugged = self.outlets[place].facts.plugged;
        let reported = &mut self.outlets[place].state.edit().reported;
        let before = reported.last.replace(report.clone());
        let before = before.filter(|_| reported.reported_on_this_link);
        reported.reported_on_this_link = true;
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
        let state = &self.outlets[place].state;
        let least = self.config.ms(Key::MinimumStatusDuration);
        let (now, since) = state.reported.now.as_ref()?;
        let said = state.reported.last.as_ref()?;
        (least > 0 && now != said && now.status != Status::Faulted).then(|| since + least)
    }

    pub(crate) fn outlet_deadline(&self, place: usize) -> Option<u64> {
        let deadlines = [
            self.outlets[place].deadline(),
            self.speaks_at(place),
            self.waiting_car_until(place),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// A car, or a cable, that nobody shows a card for has its time until then.
    fn waiting_car_until(&self, place: usize) -> Option<u64> {
        let outlet = &self.outlets[place];
        let timeout = self.config.ms(Key::ConnectionTimeOut);
        let until = outlet.state.car.waits_until(timeout);
        until.filter(|_| outlet.is_free())
    }

    /// Nothing was told: all is to be told anew.
    pub(crate) fn forget_said(&mut self) {
        self.state.edit().reported = None;
        for outlet in &mut self.outlets {
            outlet.state.edit().reported.last = None;
        }
    }

    pub(crate) fn forget_said_of(&mut self, connector: u32) {
        if connector == 0 {
            self.state.edit().reported = None;
        } else if let Some(place) = self.place_of(connector) {
            self.outlets[place].state.edit().reported.last = None;
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

    pub(crate) fn show_refusal(&mut self, turn: &mut Turn<'_>, outlets: &[u32]) {
        for outlet in outlets {
            self.indicate(turn, *outlet, Look::Refused);
        }
    }
}
