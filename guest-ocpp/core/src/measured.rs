//! What policies are told of a transaction beside its energy, from the last reading. Not
//! here: the register (see `register`), and what the central system is told.

use plugpoint_guest::protocol::{Phase, Quantity};

use crate::Protocol;
use crate::outlet::Outlet;

impl<P: Protocol> Outlet<P> {
    /// What is taken at this moment, W: as a whole, or of all phases together.
    pub fn power_w(&self) -> Option<u32> {
        let measured = |phase: Option<Phase>| self.measured(Quantity::PowerActiveImport, phase);
        let milli = measured(None).or_else(|| {
            let phases = [Phase::L1, Phase::L2, Phase::L3].map(|phase| measured(Some(phase)));
            let known = phases.iter().flatten();
            known.copied().reduce(i64::saturating_add)
        })?;
        u32::try_from(milli / 1000).ok()
    }

    /// Of the car's battery.
    pub fn state_of_charge_percent(&self) -> Option<u8> {
        let milli = self.measured(Quantity::StateOfCharge, None)?;
        u8::try_from(milli / 1000).ok()
    }

    fn measured(&self, quantity: Quantity, phase: Option<Phase>) -> Option<i64> {
        let reading = self.facts.reading.as_ref()?;
        let mut all = reading.measurements.iter();
        let found = all.find(|it| it.quantity == quantity && it.phase == phase)?;
        Some(found.milli)
    }
}
