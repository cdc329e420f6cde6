//! The energy register of one meter over time: it may only grow. One that is
//! lower than before is a fault and changes nothing, until it has caught up; one
//! that begins anew at the end of its type goes on counting, if the map says
//! that it does so.

use super::failure::MeterFailure;

/// A step over the end is believed if it is no larger than this part of the
/// whole range: a meter that was exchanged or reset is something else.
const WRAP_PART: u64 = 16;

/// What the register has said so far, in mWh.
#[derive(Debug)]
pub(super) struct Count {
    /// How far it counts, if it begins anew there.
    range: Option<u64>,
    last: Option<u64>,
    /// What it counted before it began anew.
    before: u64,
}

impl Count {
    pub(super) fn new(range: Option<u64>) -> Self {
        Self {
            range,
            last: None,
            before: 0,
        }
    }

    /// The register says this; what has been counted altogether.
    pub(super) fn take(&mut self, register: u64) -> Result<u64, MeterFailure> {
        if let Some(last) = self.last.filter(|last| register < *last) {
            match self.range {
                Some(range) if range.saturating_sub(last) + register <= range / WRAP_PART => {
                    self.before += range;
                }
                _ => {
                    return Err(MeterFailure::WentBack {
                        before_wh: last / 1000,
                        now_wh: register / 1000,
                    });
                }
            }
        }
        self.last = Some(register);
        Ok(self.before + register)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_that_went_back_is_a_fault_until_it_has_caught_up() {
        let mut count = Count::new(None);
        assert_eq!(count.take(5_000), Ok(5_000));
        let back = MeterFailure::WentBack {
            before_wh: 5,
            now_wh: 4,
        };
        assert_eq!(count.take(4_999), Err(back.clone()));
        assert_eq!(count.take(4_999), Err(back));
        assert_eq!(count.take(5_000), Ok(5_000));
        assert_eq!(count.take(5_001), Ok(5_001));
    }

    #[test]
    fn a_register_that_wraps_goes_on() {
        let range = 65_536_000;
        let mut count = Count::new(Some(range));
        assert_eq!(count.take(65_530_000), Ok(65_530_000));
        assert_eq!(count.take(4_000), Ok(65_540_000));
        // Not at the end of its range: no wrap.
        assert_eq!(count.take(30_000_000), Ok(range + 30_000_000));
        assert!(count.take(20_000_000).is_err());
        // Nor one that is too far.
        let mut count = Count::new(Some(range));
        assert!(count.take(65_530_000).is_ok());
        assert!(count.take(6_000_000).is_err());
        // Nor without leave.
        let mut count = Count::new(None);
        assert!(count.take(65_530_000).is_ok());
        assert!(count.take(4_000).is_err());
    }
}
