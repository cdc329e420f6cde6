//! The suite against stations that are wrong: for each mistake the cases that
//! must find it, and for each case a mistake that it finds.

use std::collections::BTreeSet;

use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::native::Variant;
use plugpoint_conformance::tell;
use plugpoint_conformance::{Cable, Case, Failure, Group, Needs};

use crate::bent::*;
use crate::bent_answers::*;
use crate::wrong::Mistake::{Answers, BlindToFaults, BootsOnReconnect, RefusesAndTells, Says};
use crate::wrong::{Mistake, Wrong};

/// What is done wrong, how, words that a failure must have, and the cases that
/// must fail.
type Row = (&'static str, Mistake, &'static str, &'static [&'static str]);

#[rustfmt::skip] // a table
const TABLE: &[Row] = &[
    // Sessions
    ("StartTransaction is not told", Says(no_starts), "StartTransaction with", &["TC_003", "TC_004_1", "TC_037_1", "TC_039"]),
    ("StopTransaction is not told", Says(no_stops), "StopTransaction with", &["TC_068", "TC_069", "TC_012", "TC_038", "TC_015", "TC_032_2"]),
    ("StopTransaction is told twice", Says(stops_twice), "was stopped before", &["TC_003", "TC_012", "TC_018_2", "TC_026", "TC_028"]),
    ("Stops have the reason Other", Says(other_reason), r#""reason":"Other""#, &["TC_068", "TC_069", "TC_012", "TC_005_1", "TC_005_2", "TC_005_3", "TC_015", "TC_016", "TC_018_1", "TC_032_1", "TC_032_2", "TC_037_3", "TC_038"]),
    ("Stops do not name who stopped", Says(no_tag_in_stops), r#"idTag "PP"#, &["TC_068", "TC_069"]),
    ("Stops name another transaction", Says(other_transaction), r#""transactionId":7}"#, &["TC_012", "TC_039", "PP_2C_2"]),
    ("The register goes back", Says(register_goes_back), "and ended at 1 Wh", &["TC_003", "TC_015", "TC_032_2", "TC_038", "TC_039"]),
    ("Cards are not asked for", Says(no_authorize), "Authorize with", &["TC_003", "TC_004_1", "TC_010", "TC_011_1", "TC_061_1", "TC_061_2", "TC_023_4", "TC_023_5", "PP_2C_1"]),
    ("Cards are asked for without need", Says(needless_authorize), "but Authorize", &["TC_007_1", "TC_007_2", "TC_010", "TC_008_1", "TC_008_2"]),
    ("Refused cards start all the same", Says(starts_refused), "but StartTransaction", &["TC_023_4", "TC_023_5"]),
    ("Times are those of sending", Says(times_of_sending), "must tell when it happened", &["TC_037_1", "TC_038", "TC_039"]),
    // Statuses
    ("Preparing is not told", Says(no_preparing), r#"status "Preparing" should have come by"#, &["TC_003", "TC_004_1", "TC_010", "TC_011_1", "TC_027"]),
    ("Preparing and Charging are confused", Says(confused_statuses), r#"but StatusNotification {"connectorId":1,"errorCode":"NoError","status":"Charging""#, &["TC_003", "TC_026", "TC_028"]),
    ("Finishing is not told", Says(no_finishing), r#"status "Finishing" should have come by"#, &["TC_068", "TC_005_1", "TC_018_1", "TC_032_1", "TC_037_3", "TC_038"]),
    ("Nobody is told that a connector is free again", Says(never_free_again), r#"status "Available" should have come by"#, &["TC_004_2", "TC_011_2", "TC_003"]),
    ("Connector 0 is not told of", Says(no_connector_0), "StatusNotification with connectorId 0", &["TC_001", "TC_002", "TC_013", "TC_034"]),
    ("Connectors have the wrong number", Says(next_connector), r#"{"connectorId":2"#, &["TC_003", "TC_034"]),
    ("Suspensions are not told", Says(no_suspensions), r#""SuspendedEV"#, &["TC_005_3", "TC_037_2"]),
    ("Suspensions do not say why", Says(no_info), r#""EV side disconnected""#, &["TC_005_3"]),
    ("Faults have no code", Says(no_error_code), r#"errorCode ""#, &["TC_041", "TC_024"]),
    ("Faults are not noticed", BlindToFaults, "should have come", &["TC_041", "TC_024"]),
    ("Locks never seem to be stuck", BlindToFaults, "and was with Unlocked", &["TC_030"]),
    ("After a boot everything is available", Says(forgets_availability), r#"status "Unavailable""#, &["TC_013", "TC_014", "TC_034"]),
    ("Statuses of the time offline are told afterwards", Says(history_of_statuses), r#""status":"Preparing"}"#, &["TC_037_1", "TC_039"]),
    ("Every connector is number 1", Says(always_first), r#"{"connectorId":1,"#, &["PP_2C_1", "PP_2C_2", "PP_2C_3"]),
    // Boot and heartbeat
    ("A Heartbeat before the registration", Says(hasty_heartbeat), "but Heartbeat", &["TC_001", "TC_002"]),
    ("No Heartbeat", Says(no_heartbeat), "Heartbeat should have come by", &["TC_001", "TC_002"]),
    ("Two Heartbeats", Says(two_heartbeats), "the time between Heartbeats", &["TC_001", "TC_002"]),
    ("It never boots again", Says(boots_once), "BootNotification", &["TC_001", "TC_013", "TC_015", "TC_032_1", "TC_032_2", "TC_034", "PP_021"]),
    ("It boots when the network comes back", BootsOnReconnect, "but BootNotification", &["TC_036", "TC_037_1", "TC_038", "TC_039"]),
    // Meter values
    ("Meter values come twice", Says(values_twice), "the time between MeterValues", &["TC_070"]),
    ("Every second sample is lost", Says(half_the_values), "should be 10.0 s, and was 20.000 s", &["TC_070", "TC_071", "TC_036"]),
    ("Samples have the time of sending", Says(sample_times_of_sending), "the time between two samples", &["TC_036"]),
    ("Samples come in reverse", Says(samples_backwards), "in the order in which they were taken", &["TC_036"]),
    ("Contexts are confused", Says(confused_contexts), "the context of a meter value", &["TC_070", "TC_071"]),
    ("Samples name no transaction", Says(no_transaction), "must name transaction", &["TC_070"]),
    ("Samples tell what nobody asked for", Says(other_measurand), r#"{"Frequency"}"#, &["TC_070", "TC_071"]),
    ("Samples are beside the grid", Says(beside_the_grid), "3000 ms after it", &["TC_071"]),
    // Form
    ("Values are numbers", Says(numeric_values), "which is no text", &["TC_070"]),
    ("Tags are too long", Says(long_tags), "more than 20", &["TC_003"]),
    ("There are unknown fields", Says(unknown_field), "`colour`", &["TC_003", "TC_010"]),
    ("Times are local", Says(local_times), "no time of RFC 3339 in UTC", &["TC_003"]),
    ("Message ids are used again", Says(same_ids), r#""same" was used before"#, &["TC_003"]),
    ("Two CALLs are open", Says(late_answers), "one CALL at a time", &["TC_003"]),
    ("Answers have no status", Answers(no_status), "`status` is missing", &["TC_012", "TC_013"]),
    // Answers
    ("Whatever is rejected is accepted", Answers(accepts_all), "and was with Accepted", &["TC_026", "TC_027", "TC_028", "TC_041", "TC_040_1", "TC_040_2", "TC_043_1", "TC_048_4", "TC_050_4", "TC_062", "TC_055", "TC_052", "TC_060", "PP_2C_4", "PP_2C_5"]),
    ("Whatever is accepted is rejected", Answers(rejects_all), "and was with Rejected", &["TC_010", "TC_011_1", "TC_012", "TC_013", "TC_014", "TC_016", "TC_021", "TC_034", "TC_061_1", "TC_054", "PP_1C_1"]),
    ("Everything can be unlocked", Answers(unlocks_all), "and was with Unlocked", &["TC_017_2", "TC_018_2", "TC_030", "TC_031", "TC_005_2"]),
    ("Nothing can be unlocked", Answers(unlocks_nothing), "and was with NotSupported", &["TC_017_1", "TC_018_1"]),
    ("What is not offered is a CALLERROR", Answers(errors), "the CALLERROR NotSupported", &["TC_048_4", "TC_050_4", "TC_040_1", "TC_062"]),
    ("There is a list of nothing", Answers(list_of_nothing), r#""listVersion":0"#, &["TC_042_1"]),
    // Lists
    ("An empty list has the version that it was sent with", Answers(version_1), "listVersion must be 0", &["TC_042_2"]),
    ("No list is taken", Answers(lists_fail), "and was with Failed", &["TC_043", "TC_008_1", "TC_008_2"]),
    ("Every list is taken", Answers(lists_succeed), "and was with Accepted", &["TC_043_2", "TC_043_3"]),
    ("A list that was taken has another version", Answers(version_1), "listVersion must be 2", &["TC_043_2"]),
    // Updates and diagnostics
    ("Nothing boots after an update", Says(boots_once), "BootNotification", &["TC_044_1"]),
    ("Everything seems to be installed", Says(always_installed), "should have come by", &["TC_044_2", "TC_044_3"]),
    ("Everything seems to be sent", Says(always_uploaded), r#"status "UploadFailed" should have come by"#, &["TC_045_2"]),
    ("What goes on is not told", Says(no_progress), "should have come", &["TC_044_1", "TC_044_3", "TC_045_1", "TC_045_2"]),
    ("What goes on is told twice", Says(progress_twice), ", and was ", &["TC_044_1", "TC_044_2", "TC_044_3", "TC_045_1", "TC_045_2"]),
    ("After a failed update a connector stays out of service", Says(stays_unavailable), "everything should be available", &["TC_044_3"]),
    ("Nobody learns what the file is called", Answers(no_file_name), "with a fileName", &["TC_045_1", "TC_045_2"]),
    ("Updates are taken by who does not offer them", Answers(takes_updates), "CALLERROR NotSupported or NotImplemented", &["PP_044"]),
    // Reservations
    ("Starts do not name their reservation", Says(no_reservation), "must name reservation 1", &["TC_046_1", "TC_046_2", "TC_049", "TC_052", "TC_053_1", "TC_053_2"]),
    ("Every start names a reservation", Says(always_a_reservation), "must name no reservation", &["TC_047", "TC_051"]),
    ("Reservations are not reported", Says(never_reserved), r#"status "Reserved" should have come by"#, &["TC_046_1", "TC_047", "TC_049", "TC_051"]),
    ("Everything can be reserved", Answers(reserves_all), "and was with Accepted", &["TC_048_1", "TC_048_2", "TC_048_3", "TC_050_1", "TC_050_2", "TC_050_3"]),
    ("Nothing can be reserved", Answers(reserves_nothing), "and was with Occupied", &["TC_046_1", "TC_047", "TC_049", "TC_053_1"]),
    // Charging profiles
    ("Charging profiles change nothing", Answers(never_limited), "must have the limit 6 and no other", &["TC_056", "TC_057", "TC_059", "TC_082"]),
    ("Schedules begin at midnight", Answers(schedules_of_midnight), "must be within 4 s of now", &["TC_056", "TC_057", "TC_059", "TC_082"]),
    ("Every charging profile is taken", Answers(takes_all_profiles), "and was with Accepted", &["TC_058_1", "TC_058_2"]),
    ("No charging profile is taken", Answers(takes_no_profile), "and was with Rejected", &["TC_056", "TC_057", "TC_066", "TC_067", "TC_072", "TC_082"]),
    ("Schedules end with their first limit", Answers(first_period_only), "the periods", &["TC_066", "TC_067", "TC_072"]),
    ("Nothing is cleared", Answers(clears_nothing), "and was with Unknown", &["TC_067"]),
    // What is asked for
    ("Values that are asked for seem to be periodic", Says(confused_contexts), "must be Trigger", &["TC_054"]),
    ("Values that are asked for name a transaction", Says(always_a_transaction), "while there is none", &["TC_054"]),
    ("No Heartbeat when it is asked for", Says(no_heartbeat), "Heartbeat should have come by", &["TC_054"]),
    ("Something always goes on", Says(never_idle), r#"status "Idle" should have come by"#, &["TC_054"]),
    ("Values come although they were refused", RefusesAndTells, "no MeterValues of connector 2", &["TC_055"]),
    // Keys
    ("A key is missing", Answers(key_missing), "ResetRetries is not listed", &["TC_019"]),
    ("Read-only keys look writable", Answers(all_writable), "must be Read", &["TC_019"]),
    ("Listed keys are unknown", Answers(all_unknown), "unknown", &["TC_019"]),
    ("There are more connectors than there are", Answers(more_connectors), "NumberOfConnectors is 7", &["TC_019"]),
    ("Keys are forgotten with the power", Answers(forgets_keys), "60 was read back", &["PP_021"]),
    ("Keys do not change", Answers(keys_stay), "99 was read back", &["TC_021"]),
];

#[test]
fn every_mistake_is_found() {
    let mut missed = Vec::new();
    let mut runs = 0;
    for (what, mistake, said, numbers) in TABLE {
        for number in *numbers {
            runs += 1;
            let case = Case::find(number).unwrap_or_else(|| panic!("there is no {number}"));
            match case.check(&mut Wrong::new(&variant(case), *mistake)) {
                Err(Failure::Station(text)) if text.contains(said) => {}
                other => missed.push(format!("{what}: {number} says {other:?}")),
            }
        }
    }
    tell(&format!("{} mistakes, {runs} runs", TABLE.len()));
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}

#[test]
fn every_case_can_fail() {
    let able: BTreeSet<&str> = TABLE
        .iter()
        .flat_map(|(.., numbers)| *numbers)
        .copied()
        .collect();
    let never: Vec<&str> = CASES
        .iter()
        .map(|case| case.number)
        .filter(|number| !able.contains(number))
        .collect();
    assert!(
        never.is_empty(),
        "no mistake shows that these can fail: {never:?}"
    );
}

#[test]
fn a_station_without_a_mistake_passes() {
    let none: Mistake = Says(|all| all);
    for number in ["TC_003", "TC_036", "TC_070", "PP_2C_2"] {
        let case = Case::find(number).unwrap_or_else(|| panic!("there is no {number}"));
        let outcome = case.check(&mut Wrong::new(&variant(case), none));
        assert_eq!(outcome, Ok(()), "{number}");
    }
}

/// The simplest station that a case applies to.
fn variant(case: &Case) -> Variant {
    let cable = match case.needs {
        Needs::Socket => Cable::Socket,
        _ => Cable::Fixed,
    };
    let single = Variant {
        core_only: case.group == Group::NotSupported,
        ..Variant::single(cable)
    };
    match case.needs {
        Needs::TwoConnectors => Variant {
            cables: vec![cable; 2],
            ..single
        },
        Needs::SharedReader => Variant {
            cables: vec![cable; 2],
            reader: vec![1, 2],
            ..single
        },
        _ => single,
    }
}
