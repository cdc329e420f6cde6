//! Duty cycle and current, IEC 61851-1 table A.7 (what the charger gives) and A.8
//! (what the car takes). In millionths of the period, which at 1 kHz are
//! nanoseconds.

/// The whole period.
pub const WHOLE: u32 = 1_000_000;

/// Up to here current is duty cycle times 0.6 A.
const FIRST_RANGE_MA: u32 = 51_000;
/// 85 %.
const FIRST_RANGE_END: u32 = 850_000;
/// 96 %, 80 A.
const SECOND_RANGE_END: u32 = 960_000;

/// The duty cycle that offers at most this current; none below 6 A, which cannot
/// be offered. What is over 80 A is 80 A.
#[must_use]
pub fn from_current(ma: u32) -> Option<u32> {
    match ma {
        0..6_000 => None,
        6_000..=FIRST_RANGE_MA => Some(ma * 50 / 3),
        // Between 51 A and 52.5 A the second rule gives less than 85 %, which a
        // car would read by the first: so 51 A.
        _ => Some((640_000 + ma.min(80_000) * 4).max(FIRST_RANGE_END)),
    }
}

/// What a duty cycle means to a car.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It must not charge.
    NoCurrent,
    /// It must ask by high-level communication (5 %).
    Digital,
    /// It may draw so much, mA.
    Current(u32),
}

/// What a duty cycle means to a car.
#[must_use]
pub fn meaning(duty: u32) -> Meaning {
    match duty {
        30_000..=70_000 => Meaning::Digital,
        80_000..100_000 => Meaning::Current(6_000),
        100_000..=FIRST_RANGE_END => Meaning::Current(duty * 3 / 50),
        850_001..=SECOND_RANGE_END => Meaning::Current((duty - 640_000) / 4),
        960_001..=970_000 => Meaning::Current(80_000),
        _ => Meaning::NoCurrent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ampere_from_6_to_80_has_its_duty_cycle() {
        // Per cent times 100, by hand from the standard's two formulas.
        let known = [
            (6, 1000),
            (10, 1666),
            (13, 2166),
            (16, 2666),
            (20, 3333),
            (32, 5333),
            (48, 8000),
            (51, 8500),
            (52, 8500),
            (53, 8520),
            (60, 8800),
            (63, 8920),
            (70, 9200),
            (80, 9600),
        ];
        for (amperes, hundredths) in known {
            let duty = from_current(amperes * 1000).expect("can be offered");
            assert_eq!(duty / 100, hundredths, "{amperes} A");
        }
        for amperes in 6..=80 {
            let ma = amperes * 1000;
            let duty = from_current(ma).expect("can be offered");
            let Meaning::Current(read) = meaning(duty) else {
                panic!("{amperes} A is read as {:?}", meaning(duty));
            };
            // Never more than was meant; less only where the rule has its gap.
            let gap = if amperes == 52 { 1000 } else { 1 };
            assert!(read <= ma && ma - read <= gap, "{amperes} A: {read} mA");
        }
    }

    #[test]
    fn what_cannot_be_offered_is_not_and_what_is_too_much_is_cut() {
        assert_eq!(from_current(0), None);
        assert_eq!(from_current(5_999), None);
        assert_eq!(from_current(125_000), Some(SECOND_RANGE_END));
    }

    #[test]
    fn the_edges_of_the_ranges_are_the_standards() {
        let per_cent = |hundredths: u32| meaning(hundredths * 100);
        for (hundredths, means) in [
            (0, Meaning::NoCurrent),
            (299, Meaning::NoCurrent),
            (300, Meaning::Digital),
            (500, Meaning::Digital),
            (700, Meaning::Digital),
            (701, Meaning::NoCurrent),
            (799, Meaning::NoCurrent),
            (800, Meaning::Current(6_000)),
            (999, Meaning::Current(6_000)),
            (1000, Meaning::Current(6_000)),
            (8500, Meaning::Current(51_000)),
            (8600, Meaning::Current(55_000)),
            (9600, Meaning::Current(80_000)),
            (9650, Meaning::Current(80_000)),
            (9701, Meaning::NoCurrent),
            (10000, Meaning::NoCurrent),
        ] {
            assert_eq!(
                per_cent(hundredths),
                means,
                "{hundredths} hundredths of 1 %"
            );
        }
    }
}
