//! One test per case, each on all stations in virtual time.

use plugpoint_tests::conformance::cases::CASES;

use crate::variants::check;

/// Test names and numbers, in the order of the certification's tables.
macro_rules! cases {
    ($($name:ident: $number:literal,)*) => {
        /// What is tested here.
        pub const TESTED: &[&str] = &[$($number),*];
        $(
            #[test]
            fn $name() {
                check($number);
            }
        )*
    };
}

cases! {
    tc_001_cold_boot: "TC_001",
    tc_002_cold_boot_pending: "TC_002",
    tc_003_plug_in_first: "TC_003",
    tc_004_1_identification_first: "TC_004_1",
    tc_004_2_identification_first_connectiontimeout: "TC_004_2",
    tc_005_1_ev_side_disconnect_stop_and_unlock: "TC_005_1",
    tc_005_2_ev_side_disconnect_stop_without_unlocking: "TC_005_2",
    tc_005_3_ev_side_disconnect_without_stopping: "TC_005_3",
    tc_068_stop_with_the_same_idtag: "TC_068",
    tc_069_stop_with_the_same_parentidtag: "TC_069",
    tc_007_1_start_with_a_cached_id_local: "TC_007_1",
    tc_007_2_start_with_a_cached_id_remote: "TC_007_2",
    tc_061_1_clear_cache_local: "TC_061_1",
    tc_061_2_clear_cache_remote: "TC_061_2",
    tc_010_remote_start_cable_first: "TC_010",
    tc_011_1_remote_start_first: "TC_011_1",
    tc_011_2_remote_start_connectiontimeout: "TC_011_2",
    tc_012_remote_stop: "TC_012",
    tc_026_remote_start_rejected: "TC_026",
    tc_027_remote_start_connectorid_0: "TC_027",
    tc_028_remote_stop_unknown_transaction: "TC_028",
    tc_013_hard_reset_idle: "TC_013",
    tc_014_soft_reset_idle: "TC_014",
    tc_015_hard_reset_in_a_transaction: "TC_015",
    tc_016_soft_reset_in_a_transaction: "TC_016",
    tc_017_1_unlock_idle_socket: "TC_017_1",
    tc_017_2_unlock_idle_fixed_cable: "TC_017_2",
    tc_018_1_unlock_while_charging_socket: "TC_018_1",
    tc_018_2_unlock_while_charging_fixed_cable: "TC_018_2",
    tc_030_unlock_failure: "TC_030",
    tc_031_unlock_unknown_connector: "TC_031",
    tc_019_retrieve_configuration: "TC_019",
    tc_021_change_configuration: "TC_021",
    tc_040_1_change_configuration_unknown_key: "TC_040_1",
    tc_040_2_change_configuration_bad_value: "TC_040_2",
    tc_070_sampled_meter_values: "TC_070",
    tc_071_clock_aligned_meter_values: "TC_071",
    tc_023_4_authorize_invalid_local: "TC_023_4",
    tc_023_5_authorize_invalid_remote: "TC_023_5",
    tc_024_lock_failure: "TC_024",
    tc_032_1_power_failure_with_back_up: "TC_032_1",
    tc_032_2_power_failure_stop_after_boot: "TC_032_2",
    tc_034_unavailable_persists: "TC_034",
    tc_036_connection_loss_in_a_transaction: "TC_036",
    tc_037_1_offline_start_valid_id: "TC_037_1",
    tc_037_2_offline_start_invalid_id_stoptransactiononinvalidid_false: "TC_037_2",
    tc_037_3_offline_start_invalid_id_stoptransactiononinvalidid_true: "TC_037_3",
    tc_038_offline_stop: "TC_038",
    tc_039_offline_transaction: "TC_039",
    tc_041_fault: "TC_041",
    tc_062_datatransfer_to_the_station: "TC_062",
    tc_042_1_getlocallistversion_not_supported: "TC_042_1",
    tc_043_1_sendlocallist_not_supported: "TC_043_1",
    tc_048_4_reservenow_not_supported: "TC_048_4",
    tc_050_4_reservenow_of_connector_0_not_supported: "TC_050_4",
    pp_2c_1_one_reader_for_two_connectors: "PP_2C_1",
    pp_2c_2_overlapping_transactions: "PP_2C_2",
    pp_2c_3_remote_start_without_connectorid: "PP_2C_3",
    pp_2c_4_changeavailability_of_connector_0_during_a_transaction: "PP_2C_4",
    pp_2c_5_one_connector_out_of_service: "PP_2C_5",
    pp_1c_1_remote_start_without_connectorid_one_connector: "PP_1C_1",
    pp_021_changed_configuration_survives_the_power: "PP_021",
}

#[test]
fn every_case_is_tested() {
    let numbers: Vec<&str> = CASES.iter().map(|case| case.number).collect();
    assert_eq!(numbers, TESTED);
}
