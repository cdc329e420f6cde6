//! Which of the installed profiles prevails at an instant, and the limits that follow for
//! a connector (OCPP 1.6, 3.13). Not here: how connectors share what the charge point has
//! (see `sharing`), nor the answer to GetCompositeSchedule (see `composite`).

use super::charging_profile::{Purpose, Unit};
use super::installed::Installed;
use super::rate::{MIN_CURRENT_MA, Phases, Rate};
use super::schedule::{NEVER, State};

/// A transaction that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Running {
    /// Our number of it.
    pub(super) number: u64,
    /// Unix ms.
    pub(super) began: i64,
    /// A car is there, so that it can draw something.
    pub(super) has_car: bool,
}

/// A connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Connector {
    pub(super) number: u32,
    /// What the installation allows per phase.
    pub(super) max_ma: u32,
    /// 1 or 3.
    pub(super) phases: u32,
    pub(super) running: Option<Running>,
}

impl Connector {
    /// What the installation allows.
    pub(super) fn local(&self) -> Rate {
        Rate::of_current(self.max_ma, self.phases)
    }
}

/// Everything that limits depend on.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) installed: &'a [Installed],
    pub(super) connectors: &'a [Connector],
    /// Between three phases and one, by the hardware.
    pub(super) switches_phases: bool,
    /// Unix ms. Where nothing is charging, a schedule that begins with the charging
    /// begins now.
    pub(super) now: i64,
}

/// The profile that prevails, for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prevailing {
    pub(super) rate: Rate,
    /// Below this current charging is not worth it, mA.
    pub(super) min_ma: i64,
}

/// A value, and the first instant (Unix ms) at which it can be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Until<T> {
    pub(super) value: T,
    pub(super) until: i64,
}

/// What the profiles of one purpose come to.
struct Stack {
    top: Option<(i64, Prevailing)>,
    /// One of them is valid.
    is_valid: bool,
    /// One of them is valid and has begun.
    has_begun: bool,
    until: i64,
}

impl View<'_> {
    /// The limit of the charge point as a whole, on this many phases.
    pub(super) fn charge_point_max(&self, phases: u32, t: i64) -> Until<Option<Rate>> {
        let all = self.installed.iter();
        let of_charge_point = all.filter(|it| it.profile.purpose == Purpose::ChargePointMax);
        // Nothing begins to charge for all connectors at once: such a schedule begins
        // with its arrival.
        let stack = stack(
            of_charge_point.map(|it| (it, it.received.unwrap_or(self.now))),
            self.phases(phases),
            t,
        );
        Until {
            value: stack.top.map(|(_, top)| top.rate),
            until: stack.until,
        }
    }

    /// The limit of a transaction at this connector, running or to come.
    pub(super) fn transaction(&self, connector: &Connector, t: i64) -> Until<Option<Prevailing>> {
        let origin = connector.running.map_or(self.now, |it| it.began);
        let of = |purpose: Purpose, number: u32| {
            let all = self.installed.iter();
            all.filter(move |it| it.profile.purpose == purpose && it.connector == number)
        };
        let session = connector.running.map(|it| it.number);
        let own = stack(
            of(Purpose::Tx, connector.number)
                .filter(|it| session.is_some() && it.session == session)
                .map(|it| (it, origin)),
            self.phases(connector.phases),
            t,
        );
        if overrules_default(&own) {
            return Until {
                value: own.top.map(|(_, top)| top),
                until: own.until,
            };
        }
        let [here, everywhere] = [connector.number, 0].map(|number| {
            let defaults = of(Purpose::TxDefault, number).map(|it| (it, origin));
            stack(defaults, self.phases(connector.phases), t)
        });
        // A connector with a default of its own does not have that of all.
        let default = if here.is_valid { &here } else { &everywhere };
        Until {
            value: default.top.map(|(_, top)| top),
            until: own.until.min(here.until).min(everywhere.until),
        }
    }

    /// The lowest of all limits of a connector, in the unit of the query, without what
    /// the others draw.
    pub(super) fn lowest(&self, connector: &Connector, unit: Unit, t: i64) -> Until<Rate> {
        let transaction = self.transaction(connector, t);
        let max = self.charge_point_max(connector.phases, t);
        let rates = [
            max.value,
            transaction.value.map(|it| it.rate),
            Some(connector.local()),
        ];
        let lowest = rates
            .into_iter()
            .flatten()
            .min_by_key(|rate| (rate.milli(unit), rate.phases));
        Until {
            value: lowest.unwrap_or(connector.local()),
            until: transaction.until.min(max.until),
        }
    }

    fn phases(&self, there: u32) -> Phases {
        Phases {
            there,
            always_on: if self.switches_phases { 1 } else { there },
        }
    }
}

/// A profile of the transaction overrules the default ones for as long as the transaction
/// lasts, also when its own duration has ended (3.13.1; certification case TC_066). Until
/// its start it does not: then there is "a period of default charging behaviour" (5.16.4).
fn overrules_default(own: &Stack) -> bool {
    own.has_begun
}

/// The profile with the highest stack level of those in force. Each comes with what its
/// schedule is relative to.
fn stack<'a>(
    profiles: impl Iterator<Item = (&'a Installed, i64)>,
    phases: Phases,
    t: i64,
) -> Stack {
    let mut stack = Stack {
        top: None,
        is_valid: false,
        has_begun: false,
        until: NEVER,
    };
    for (it, origin) in profiles {
        let profile = &it.profile;
        let stretch = profile.at(origin, t);
        stack.until = stack.until.min(stretch.until);
        stack.is_valid |= stretch.state != State::NotValid;
        stack.has_begun |= matches!(stretch.state, State::Running(_) | State::Over);
        let State::Running(period) = stretch.state else {
            continue;
        };
        let level = profile.stack_level;
        if stack.top.as_ref().is_none_or(|(top, _)| *top < level) {
            let unit = profile.schedule.unit;
            let rate = Rate::of(period, unit, phases);
            let min_rate = profile.schedule.min_rate.unwrap_or(0);
            let min = Rate {
                tenths: min_rate,
                ..rate
            };
            let prevailing = Prevailing {
                rate,
                min_ma: min.milli(Unit::Ampere).max(MIN_CURRENT_MA),
            };
            stack.top = Some((level, prevailing));
        }
    }
    stack
}
