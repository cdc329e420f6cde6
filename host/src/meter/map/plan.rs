//! Which registers are read together: those that touch each other, and those
//! with a hole between them no larger than the map allows (a meter may refuse to
//! read what it does not have).

use serde::Deserialize;

use super::Register;

/// Which kind of register.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Function code 3.
    Holding,
    /// Function code 4.
    #[default]
    Input,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which kind of register.
    pub function: Function,
    /// The first register.
    pub address: u16,
    /// How many.
    pub count: u16,
}

impl Batch {
    /// Whether all words of this value are in it.
    #[must_use]
    pub fn holds(&self, register: &Register) -> bool {
        self.function == register.function
            && self.address <= register.address
            && register.end() <= self.end()
    }

    fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.count)
    }
}

impl std::fmt::Display for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let function = match self.function {
            Function::Holding => "holding",
            Function::Input => "input",
        };
        let last = self.end().saturating_sub(1);
        write!(f, "{function} registers {}-{last}", self.address)
    }
}

/// The fewest requests that read all of these, in the order of their addresses.
pub(super) fn batches<'a>(
    registers: impl Iterator<Item = &'a Register>,
    most: u16,
    gap: u16,
) -> Vec<Batch> {
    let mut sorted: Vec<&Register> = registers.collect();
    sorted.sort_by_key(|register| (register.function, register.address));
    let mut batches: Vec<Batch> = Vec::new();
    for register in sorted {
        if let Some(last) = batches.last_mut()
            && last.function == register.function
            && u32::from(register.address) <= last.end() + u32::from(gap)
        {
            let end = last.end().max(register.end());
            let count = end - u32::from(last.address);
            if let Some(count) = u16::try_from(count).ok().filter(|count| *count <= most) {
                last.count = count;
                continue;
            }
        }
        batches.push(Batch {
            function: register.function,
            address: register.address,
            count: register.words(),
        });
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::super::value::{Encoding, Kind, Order, Unit};
    use super::*;

    fn check(registers: &[(Function, u16, Kind)], most: u16, gap: u16, expected: &[(u16, u16)]) {
        let registers: Vec<Register> = registers
            .iter()
            .map(|(function, address, kind)| Register {
                function: *function,
                address: *address,
                encoding: Encoding {
                    kind: *kind,
                    words: Order::HighFirst,
                    bytes: Order::HighFirst,
                },
                scale: 1.0,
                unit: Unit::Volts,
                not_available: None,
            })
            .collect();
        let made = batches(registers.iter(), most, gap);
        let plain: Vec<(u16, u16)> = made.iter().map(|b| (b.address, b.count)).collect();
        assert_eq!(plain, expected);
        for register in &registers {
            assert!(made.iter().any(|batch| batch.holds(register)));
        }
    }

    #[test]
    fn what_touches_is_read_together() {
        use Function::{Holding, Input};
        use Kind::{F32, U16, U64};
        check(&[(Input, 2, F32), (Input, 0, F32)], 125, 0, &[(0, 4)]);
        check(
            &[(Input, 0, F32), (Input, 3, F32)],
            125,
            0,
            &[(0, 2), (3, 2)],
        );
        check(&[(Input, 0, F32), (Input, 3, F32)], 125, 1, &[(0, 5)]);
        check(&[(Input, 0, F32), (Input, 2, F32)], 3, 0, &[(0, 2), (2, 2)]);
        check(
            &[(Input, 0, U16), (Holding, 1, U16)],
            125,
            9,
            &[(1, 1), (0, 1)],
        );
        // One within another.
        check(&[(Input, 0, U64), (Input, 1, U16)], 125, 0, &[(0, 4)]);
        check(&[(Input, 65_532, U64)], 125, 0, &[(65_532, 4)]);
    }
}
