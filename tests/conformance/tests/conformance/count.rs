//! How many cases there are, on what they pass, and why the others do not apply.

use std::collections::BTreeMap;
use std::time::Instant;

use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::native::{Native, Variant};
use plugpoint_conformance::tell;
use plugpoint_conformance::{Cable, Case, Failure};

use crate::variants::{all, run};

/// Every row of Core in the certification's tables, those with a local and a
/// remote half split, and the refusals of profiles that are not offered.
const CORE: [&str; 55] = [
    "TC_001", "TC_002", "TC_003", "TC_004_1", "TC_004_2", "TC_068", "TC_069", "TC_005_1",
    "TC_005_2", "TC_005_3", "TC_007_1", "TC_007_2", "TC_061_1", "TC_061_2", "TC_010", "TC_011_1",
    "TC_011_2", "TC_012", "TC_026", "TC_027", "TC_028", "TC_013", "TC_014", "TC_015", "TC_016",
    "TC_017_1", "TC_017_2", "TC_018_1", "TC_018_2", "TC_030", "TC_031", "TC_019", "TC_021",
    "TC_040_1", "TC_040_2", "TC_070", "TC_071", "TC_023_4", "TC_023_5", "TC_024", "TC_032_1",
    "TC_032_2", "TC_034", "TC_036", "TC_037_1", "TC_037_2", "TC_037_3", "TC_038", "TC_039",
    "TC_041", "TC_042_1", "TC_043_1", "TC_048_4", "TC_050_4", "TC_062",
];

/// The cases of the optional profiles that are built.
const PROFILES: [&str; 37] = [
    "TC_044_1", "TC_044_2", "TC_044_3", "TC_045_1", "TC_045_2", "TC_042_2", "TC_043", "TC_043_2",
    "TC_043_3", "TC_008_1", "TC_008_2", "TC_046_1", "TC_046_2", "TC_047", "TC_048_1", "TC_048_2",
    "TC_048_3", "TC_049", "TC_050_1", "TC_050_2", "TC_050_3", "TC_051", "TC_052", "TC_053_1",
    "TC_053_2", "TC_054", "TC_055", "TC_056", "TC_057", "TC_058_1", "TC_058_2", "TC_059", "TC_060",
    "TC_066", "TC_067", "TC_072", "TC_082",
];

#[test]
fn no_case_of_what_is_built_is_missing() {
    let missing: Vec<&str> = CORE
        .into_iter()
        .chain(PROFILES)
        .filter(|number| Case::find(number).is_none())
        .collect();
    assert!(missing.is_empty(), "not in the suite: {missing:?}");
    let more: Vec<&str> = CASES
        .iter()
        .filter(|case| {
            case.is_of_certification()
                && !CORE.contains(&case.number)
                && !PROFILES.contains(&case.number)
        })
        .map(|case| case.number)
        .collect();
    assert!(more.is_empty(), "not in the list of this test: {more:?}");
}

#[test]
fn numbers_are_given_once() {
    let mut seen = std::collections::BTreeSet::new();
    for case in CASES {
        assert!(seen.insert(case.number), "{} twice", case.number);
    }
}

#[test]
fn all_cases_on_all_stations() {
    let began = Instant::now();
    let mut failed = Vec::new();
    let mut applied: BTreeMap<&str, usize> = BTreeMap::new();
    let mut runs = 0;
    for station in all() {
        let mut passed = 0;
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for case in CASES {
            match run(case, &station.variant) {
                Ok(()) => {
                    passed += 1;
                    *applied.entry(case.number).or_default() += 1;
                }
                Err(Failure::NotApplicable(why)) => {
                    reasons.entry(why).or_default().push(case.number);
                }
                Err(failure) => {
                    failed.push(format!("{} on {}: {failure}", case.number, station.name));
                }
            }
        }
        runs += passed;
        let beside: usize = reasons.values().map(Vec::len).sum();
        tell(&format!(
            "{}: {passed} of {} cases passed, {beside} do not apply",
            station.name,
            CASES.len()
        ));
        for (why, numbers) in reasons {
            tell(&format!("    {}: {why}", numbers.join(", ")));
        }
    }
    tell(&format!(
        "{} cases of the certification, {} of ours; {runs} runs passed in {:.1} s",
        CORE.len() + PROFILES.len(),
        CASES.len() - CORE.len() - PROFILES.len(),
        began.elapsed().as_secs_f64()
    ));
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    let nowhere: Vec<&str> = CASES
        .iter()
        .map(|case| case.number)
        .filter(|number| !applied.contains_key(number))
        .collect();
    assert!(nowhere.is_empty(), "apply to no station: {nowhere:?}");
}

/// The preparation of each case undoes what the one before has left behind.
#[test]
fn one_station_takes_all_cases_one_after_the_other() {
    for variant in [
        Variant::single(Cable::Fixed),
        Variant::single(Cable::Socket),
        Variant {
            cables: vec![Cable::Socket, Cable::Fixed],
            connector: 1,
            reader: vec![1, 2],
            amnesia: false,
            hurried: true,
            core_only: false,
        },
    ] {
        let mut station = Native::new(&variant);
        // Twice, so that the last is before the first, too.
        for case in CASES.iter().chain(CASES.iter().rev()) {
            match case.check(&mut station) {
                Ok(()) | Err(Failure::NotApplicable(_)) => {}
                Err(failure) => panic!("{} on {variant:?}: {failure}", case.number),
            }
        }
        assert_eq!(station.broken(), [""; 0]);
    }
}
