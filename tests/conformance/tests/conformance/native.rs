//! One test per case, each on all stations in virtual time.

use plugpoint_conformance::cases::CASES;

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
    pp_044_updates_and_diagnostics_not_supported: "PP_044",
    tc_042_2_getlocallistversion_empty_list: "TC_042_2",
    tc_043_sendlocallist: "TC_043",
    tc_043_2_sendlocallist_versionmismatch: "TC_043_2",
    tc_043_3_sendlocallist_failed: "TC_043_3",
    tc_008_1_start_with_a_listed_id_local: "TC_008_1",
    tc_008_2_start_with_a_listed_id_remote: "TC_008_2",
    tc_044_1_updatefirmware_installed: "TC_044_1",
    tc_044_2_updatefirmware_download_failed: "TC_044_2",
    tc_044_3_updatefirmware_installation_failed: "TC_044_3",
    tc_045_1_getdiagnostics: "TC_045_1",
    tc_045_2_getdiagnostics_upload_failed: "TC_045_2",
    tc_046_1_reservation_local_start: "TC_046_1",
    tc_046_2_reservation_remote_start: "TC_046_2",
    tc_047_reservation_expiry: "TC_047",
    tc_048_1_reservenow_faulted: "TC_048_1",
    tc_048_2_reservenow_occupied: "TC_048_2",
    tc_048_3_reservenow_unavailable: "TC_048_3",
    tc_049_reservation_of_connector_0: "TC_049",
    tc_050_1_reservenow_of_connector_0_faulted: "TC_050_1",
    tc_050_2_reservenow_of_connector_0_occupied: "TC_050_2",
    tc_050_3_reservenow_of_connector_0_unavailable: "TC_050_3",
    tc_051_cancel_a_reservation: "TC_051",
    tc_052_cancel_an_unknown_reservation: "TC_052",
    tc_053_1_reservation_for_a_group_local_start: "TC_053_1",
    tc_053_2_reservation_for_a_group_remote_start: "TC_053_2",
    tc_054_trigger_a_message: "TC_054",
    tc_055_trigger_a_message_rejected: "TC_055",
    tc_056_txdefaultprofile: "TC_056",
    tc_057_txprofile_in_a_transaction: "TC_057",
    tc_058_1_txprofile_without_a_transaction: "TC_058_1",
    tc_058_2_txprofile_wrong_transactionid: "TC_058_2",
    tc_082_txdefaultprofile_in_a_transaction: "TC_082",
    tc_066_composite_schedule_of_three_purposes: "TC_066",
    tc_067_clear_charging_profiles: "TC_067",
    tc_072_stacked_profiles: "TC_072",
    tc_059_remote_start_with_a_txprofile: "TC_059",
    tc_060_remote_start_with_another_profile: "TC_060",
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
