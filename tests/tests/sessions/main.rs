//! Charging sessions with the real program over a real WebSocket. Each is a
//! function over a [`Setup`], and runs twice: as it is, and with amnesia, where
//! the host throws each guest's instance away after every event. The second run
//! must not differ in anything that a central system can see.

mod availability;
mod boot;
mod calls;
mod configuration;
mod connectors;
mod energy;
mod local;
mod offline;
mod quirks;
mod remote;
mod reset;
mod stage;
mod trouble;
mod unlock;

use stage::Setup;

macro_rules! sessions {
    ($($module:ident: $($name:ident)*;)*) => {
        mod as_it_is {
            use super::Setup;
            $(mod $module {
                use super::Setup;
                $(#[test]
                fn $name() {
                    crate::$module::$name(&Setup { amnesia: false });
                })*
            })*
        }

        mod with_amnesia {
            use super::Setup;
            $(mod $module {
                use super::Setup;
                $(#[test]
                fn $name() {
                    crate::$module::$name(&Setup { amnesia: true });
                })*
            })*
        }
    };
}

sessions! {
    boot: accepted rejected pending error_then_accepted unanswered_calls_while_rejected;
    local: plug_first card_first card_without_car stop_by_another_card stop_by_the_group
        refused_card car_pauses cable_pulled;
    remote: start_with_car start_before_car start_without_car start_unchecked stop
        refused_starts;
    energy: sampled_values energy_is_what_the_meter_counted;
    offline: whole_session_offline stop_offline samples_wait_their_turn refused_afterwards
        unknown_card_is_refused;
    connectors: two_at_once card_chooses_the_car remote_start_of_the_other;
    configuration: read_one_and_all change_and_read_back bad_changes secrets_stay_secret
        changes_survive_the_process heartbeat_follows_the_key;
    reset: soft_when_idle hard_when_idle soft_while_charging hard_while_charging
        hard_of_the_process hard_of_the_board hard_of_a_board_that_does_not_reboot;
    availability: of_a_connector of_the_charger survives_the_process after_the_session;
    unlock: fixed_cable socket_idle socket_while_charging jammed_lock unknown_connector;
    trouble: fault_while_charging fault_when_idle emergency_stop unknown_fault
        power_failure_while_charging power_failure_and_unplugged mains_fail;
    calls: clear_cache data_transfer unknown_action trigger malformed crossing_calls;
    quirks: answers_out_of_order answers_twice calls_before_the_boot_is_answered
        short_callerrors extra_fields numbers_for_message_ids;
}
