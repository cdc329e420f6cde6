//! The stations that each case is tried on natively.

use plugpoint_conformance::native::{Native, Variant};
use plugpoint_conformance::{Cable, Case, Failure};

/// A station and its name.
pub struct Named {
    pub name: String,
    pub variant: Variant,
}

/// Every combination that is built: one connector or two with either of them
/// under test, a reader for one connector or for both, fixed cable or socket,
/// with and without amnesia, and the times of a laboratory or of somebody in a
/// hurry; and one that offers nothing beyond the core.
pub fn all() -> Vec<Named> {
    let places: [(&str, usize, u32, &[u32]); 4] = [
        ("one connector", 1, 1, &[1]),
        ("first of two", 2, 1, &[1]),
        ("second of two", 2, 2, &[2]),
        ("first of two, one reader", 2, 1, &[1, 2]),
    ];
    let mut all = vec![Named {
        name: "fixed, one connector, Core only".to_owned(),
        variant: Variant {
            core_only: true,
            ..Variant::single(Cable::Fixed)
        },
    }];
    for (place, count, connector, reader) in places {
        for (cable_name, cable) in [("fixed", Cable::Fixed), ("socket", Cable::Socket)] {
            for (memory, amnesia) in [("", false), (", amnesia", true)] {
                for (pace, hurried) in [("", false), (", hurried", true)] {
                    all.push(Named {
                        name: format!("{cable_name}, {place}{memory}{pace}"),
                        variant: Variant {
                            cables: vec![cable; count],
                            connector,
                            reader: reader.to_vec(),
                            amnesia,
                            hurried,
                            core_only: false,
                        },
                    });
                }
            }
        }
    }
    all
}

/// How a case ends on a fresh station. What the world itself finds broken is a
/// failure as well.
pub fn run(case: &Case, variant: &Variant) -> Result<(), Failure> {
    let mut station = Native::new(variant);
    case.check(&mut station)?;
    match station.broken().as_slice() {
        [] => Ok(()),
        broken => Err(Failure::Station(format!(
            "the world: {}",
            broken.join("; ")
        ))),
    }
}

/// The case passes on every station that it applies to, and there is one.
#[track_caller]
pub fn check(number: &str) {
    let case = Case::find(number).unwrap_or_else(|| panic!("there is no case {number}"));
    let mut passed = 0;
    let mut failed = Vec::new();
    for Named { name, variant } in all() {
        match run(case, &variant) {
            Ok(()) => passed += 1,
            Err(Failure::NotApplicable(_)) => {}
            Err(failure) => failed.push(format!("{number} on {name}: {failure}")),
        }
    }
    let count = failed.len();
    let first = failed.first().map_or("", String::as_str);
    assert!(
        failed.is_empty(),
        "{passed} passed, {count} failed:\n{first}"
    );
    assert!(passed > 0, "{number} applies to no station at all");
}
