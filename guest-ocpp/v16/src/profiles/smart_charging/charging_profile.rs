//! A charging profile (OCPP 1.6, 7.8 to 7.14) as the charge point keeps it. Not here: how
//! one is read from a message (see `reading`), nor what it allows when (see `schedule`).

use plugpoint_guest::json::{Json, Writer};
use plugpoint_guest::packed::{Packed, packed, packed_words};

/// What a profile limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All connectors together.
    ChargePointMax,
    /// Each transaction that has no profile of its own.
    TxDefault,
    /// One transaction.
    Tx,
}

/// What the start of a schedule is relative to, and whether it recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Absolute,
    /// Recurring, every 24 hours.
    Daily,
    /// Recurring, every 7 days.
    Weekly,
    Relative,
}

/// What limits are stated in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Ampere per phase.
    Ampere,
    /// Watt, of all phases together.
    Watt,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ampere => "A",
            Self::Watt => "W",
        }
    }
}

/// A limit from this second of the schedule on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start_s: i64,
    /// Tenths of the schedule's unit.
    pub(super) limit: i64,
    /// 1 to 3; none: 3.
    pub(super) phases: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// None: the last period has no end.
    pub(super) duration_s: Option<i64>,
    /// Unix ms. None: the start of charging.
    pub(super) start: Option<i64>,
    pub(super) unit: Unit,
    /// In ascending order; the first begins at 0.
    pub(super) periods: Vec<Period>,
    /// Tenths of the unit below which charging is not worth it.
    pub(super) min_rate: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChargingProfile {
    pub(super) id: i64,
    /// The central system's number of the transaction that it is for.
    pub(super) transaction: Option<i64>,
    pub(super) stack_level: i64,
    pub(super) purpose: Purpose,
    pub(super) kind: Kind,
    /// Unix ms, inclusive.
    pub(super) valid_from: Option<i64>,
    /// Unix ms, exclusive.
    pub(super) valid_to: Option<i64>,
    pub(super) schedule: Schedule,
}

impl ChargingProfile {
    /// What it allows depends on the time of day or the date.
    pub(super) fn needs_clock(&self) -> bool {
        self.valid_from.is_some()
            || self.valid_to.is_some()
            || self.purpose == Purpose::ChargePointMax
            || (self.kind != Kind::Relative && self.schedule.start.is_some())
    }

    /// The same profile for as long as nobody knows what time it is: the lowest of its
    /// limits, always.
    pub(super) fn without_clock(&self) -> Self {
        let lowest = self.schedule.periods.iter().min_by_key(|it| it.limit);
        let periods = lowest.map(|period| Period {
            start_s: 0,
            ..*period
        });
        Self {
            kind: Kind::Relative,
            valid_from: None,
            valid_to: None,
            schedule: Schedule {
                duration_s: None,
                start: None,
                periods: periods.into_iter().collect(),
                ..self.schedule
            },
            ..*self
        }
    }
}

/// `[start, limit]` or `[start, limit, phases]`: there can be a thousand of them.
impl Packed for Period {
    fn pack(&self, w: &mut Writer) {
        w.begin_list();
        self.start_s.pack(w);
        self.limit.pack(w);
        if let Some(phases) = self.phases {
            phases.pack(w);
        }
        w.end_list();
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        let Json::List(items) = json else {
            return None;
        };
        let (start, limit, phases) = match &items[..] {
            [start, limit] => (start, limit, None),
            [start, limit, phases] => (start, limit, Some(u32::unpack(phases)?)),
            _ => return None,
        };
        Some(Self {
            start_s: i64::unpack(start)?,
            limit: i64::unpack(limit)?,
            phases,
        })
    }
}

packed_words!(Purpose {
    ChargePointMax = "ChargePointMaxProfile",
    TxDefault = "TxDefaultProfile",
    Tx = "TxProfile",
});
packed_words!(Kind {
    Absolute = "Absolute",
    Daily = "Daily",
    Weekly = "Weekly",
    Relative = "Relative",
});
packed_words!(Unit {
    Ampere = "A",
    Watt = "W",
});
packed!(Schedule {
    duration_s,
    start,
    unit,
    periods,
    min_rate
});
packed!(ChargingProfile {
    id,
    transaction,
    stack_level,
    purpose,
    kind,
    valid_from,
    valid_to,
    schedule
});
