//! Meters that are slow, or do not answer.

use plugpoint_ocpp_world::{World, close};
use serde_json::Value;

use crate::{charge, fixed, leave, now_of, time_of};

const NO_SAMPLES: (&str, &str) = ("MeterValueSampleInterval", "0");
const HOUR_MS: u64 = 3_600_000;

fn number(world: &World, action: &str, field: &str) -> i64 {
    world.last(action).payload[field].as_i64().unwrap()
}

fn told_at(payload: &Value) -> i64 {
    time_of(payload["timestamp"].as_str().unwrap())
}

/// The meter is read only when asked, and does not answer after the power-up.
fn cut(world: &mut World) {
    world.power_off();
    world.outlets[0].silent = true;
    world.ms += 2 * HOUR_MS;
    world.power_on();
}

#[test]
fn a_power_cut_costs_a_minute_and_a_half_at_most_even_without_samples_and_meter() {
    for mut world in fixed(&[NO_SAMPLES]) {
        world.outlets[0].polled = true;
        charge(&mut world, "TAG1");
        world.run(HOUR_MS);
        let ended = now_of(&world);
        cut(&mut world);
        world.run(60_000);
        let stop = world.last("StopTransaction").payload.clone();
        assert_eq!(stop["reason"], "PowerLoss");
        let used = number(&world, "StopTransaction", "meterStop")
            - number(&world, "StartTransaction", "meterStart");
        let delivered = (world.outlets[0].delivered_mwh / 1000) as i64;
        // 11 kW are 184 Wh a minute.
        assert!(
            (delivered - 300..=delivered).contains(&used),
            "{used} of {delivered} Wh"
        );
        let off = ended - told_at(&stop);
        assert!(
            (0..=100_000).contains(&off),
            "{off} ms before the power went"
        );
    }
}

#[test]
fn a_meter_that_answers_late_after_the_power_up_is_waited_for() {
    for mut world in fixed(&[NO_SAMPLES]) {
        world.outlets[0].polled = true;
        charge(&mut world, "TAG1");
        world.run(HOUR_MS);
        cut(&mut world);
        world.run(10_000);
        assert!(world.all("StopTransaction").is_empty());
        world.outlets[0].silent = false;
        world.run(5_000);
        assert_eq!(close(&world).unwrap().len(), 1, "to the Wh");
        assert_eq!(world.last("StopTransaction").payload["reason"], "PowerLoss");
    }
}

#[test]
fn flash_is_spared_while_no_energy_flows() {
    for mut world in fixed(&[NO_SAMPLES, ("HeartbeatInterval", "0")]) {
        world.outlets[0].polled = true;
        charge(&mut world, "TAG1");
        world.set_wants(1, false);
        world.run(200_000);
        world.flash.sync();
        let before = world.flash.dump();
        world.run(600_000);
        world.flash.sync();
        assert_eq!(world.flash.dump(), before);
    }
}

/// With samples the register is noted every twelfth time, and the end is never told before
/// a sample that was.
#[test]
fn a_power_cut_costs_twelve_samples_at_most_if_the_meter_is_silent_afterwards() {
    for interval in [10, 30, 900] {
        let seconds = interval.to_string();
        for mut world in fixed(&[("MeterValueSampleInterval", &seconds)]) {
            world.outlets[0].polled = true;
            charge(&mut world, "TAG1");
            // Somewhere in the middle, whatever the interval.
            world.run(HOUR_MS + 77_000);
            let ended = now_of(&world);
            let last_told = told_at(&world.last("MeterValues").payload["meterValue"][0]);
            let noted = (interval * 12_000).clamp(90_000, 300_000);
            let most = if interval > 90 { 90_000 } else { noted } + 30_000;
            cut(&mut world);
            world.run(60_000);
            let stop = world.last("StopTransaction").payload.clone();
            assert_eq!(stop["reason"], "PowerLoss");
            let used = number(&world, "StopTransaction", "meterStop")
                - number(&world, "StartTransaction", "meterStart");
            let delivered = (world.outlets[0].delivered_mwh / 1000) as i64;
            // 11 kW are 184 Wh a minute.
            let lost = most * 184 / 60_000;
            assert!(
                (delivered - lost..=delivered).contains(&used),
                "{used} of {delivered} Wh at {interval} s"
            );
            assert!(told_at(&stop) >= last_told, "{stop:#}");
            let off = told_at(&stop) - ended;
            assert!((-most..=most).contains(&off), "{off} ms at {interval} s");
        }
    }
}

/// Entries on flash, but for the register, which is noted every twelfth time, and what
/// happens to wait just then.
fn on_flash(world: &World) -> Vec<String> {
    let dump = world.flash.dump();
    let noted = |line: &&str| line.starts_with("register/") || line.starts_with("queue/");
    let lines = dump.lines().filter(|line| !noted(line));
    lines.map(str::to_owned).collect()
}

#[test]
fn samples_that_are_acknowledged_never_reach_flash() {
    for mut world in fixed(&[("MeterValueSampleInterval", "10")]) {
        charge(&mut world, "TAG1");
        world.run(15_000);
        let before = on_flash(&world);
        let syncs = world.flash.syncs;
        let told = world.all("MeterValues").len();
        world.run(HOUR_MS);
        assert_eq!(world.all("MeterValues").len(), told + 360);
        assert_eq!(on_flash(&world), before);
        assert!(world.flash.syncs <= syncs + 30, "{}", world.flash.syncs);
        leave(&mut world, "TAG1");
        close(&world).unwrap();
    }
}

#[test]
fn samples_that_nobody_acknowledges_are_on_flash_within_ten_seconds() {
    for mut world in fixed(&[("MeterValueSampleInterval", "20")]) {
        charge(&mut world, "TAG1");
        world.set_online(false);
        let last = |world: &World| {
            let dump = world.flash.dump();
            let lines = dump.lines().filter(|line| line.starts_with("queue/"));
            lines.filter(|line| line.contains("Values")).count()
        };
        let before = last(&world);
        for minute in 1..=10 {
            world.run(60_000);
            let measured = before + 3 * minute;
            assert!((measured - 1..=measured).contains(&last(&world)));
        }
        world.power_cycle();
        world.set_online(true);
        world.run(5 * 60_000);
        assert_eq!(world.last("StopTransaction").payload["reason"], "PowerLoss");
        assert!(world.all("MeterValues").len() >= 29);
        close(&world).unwrap();
    }
}

/// One entry for each, whatever is thinned out in the middle; they survive the power
/// and are gone with the transaction.
#[test]
fn what_stop_transaction_carries_is_kept_value_by_value() {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("StopTxnSampledData", "Energy.Active.Import.Register"),
        ("StopTransactionMaxMeterValues", "8"),
    ];
    for mut world in fixed(&keys) {
        charge(&mut world, "TAG1");
        world.run(45_000);
        let kept = |world: &World| world.flash.count("data/1/");
        assert_eq!(kept(&world), 5);
        world.run(HOUR_MS);
        assert!(kept(&world) <= 8);
        let kept_before = kept(&world);
        world.power_cycle();
        world.run(60_000);
        let stop = world.last("StopTransaction").payload.clone();
        let data = stop["transactionData"].as_array().unwrap();
        // One for the end; what was measured within the last 10 s may be lost.
        assert!((kept_before..=kept_before + 1).contains(&(data.len() as u64)));
        let contexts: Vec<_> = data
            .iter()
            .map(|it| it["sampledValue"][0]["context"].as_str().unwrap())
            .collect();
        assert_eq!(contexts[0], "Transaction.Begin");
        assert_eq!(contexts[data.len() - 1], "Transaction.End");
        let times: Vec<_> = data
            .iter()
            .map(|it| time_of(it["timestamp"].as_str().unwrap()))
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(kept(&world), 0);
        close(&world).unwrap();
    }
}

#[test]
fn a_meter_that_is_read_only_when_asked_is_read_at_the_end() {
    let data = ("StopTxnSampledData", "Energy.Active.Import.Register");
    for mut world in fixed(&[NO_SAMPLES, data]) {
        world.outlets[0].polled = true;
        charge(&mut world, "TAG1");
        world.run(77_000);
        leave(&mut world, "TAG1");
        let stop = world.last("StopTransaction").payload.clone();
        let register = (world.outlets[0].register_mwh / 1000) as i64;
        assert_eq!(stop["meterStop"], register);
        let end = &stop["transactionData"][1];
        assert_eq!(end["sampledValue"][0]["context"], "Transaction.End");
        assert_eq!(end["sampledValue"][0]["value"], register.to_string());
        assert_eq!(told_at(end), told_at(&stop));
        close(&world).unwrap();
    }
}

#[test]
fn a_meter_that_is_silent_at_the_end_is_waited_for_and_not_made_up() {
    let keys = [
        ("MeterValueSampleInterval", "30"),
        (
            "StopTxnSampledData",
            "Energy.Active.Import.Register,Current.Import",
        ),
    ];
    for mut world in fixed(&keys) {
        world.outlets[0].polled = true;
        charge(&mut world, "TAG1");
        world.run(65_000);
        world.outlets[0].silent = true;
        let before = now_of(&world);
        world.card("TAG1");
        world.run(3_000);
        assert!(
            world.all("StopTransaction").is_empty(),
            "the meter is asked"
        );
        world.run(5_000);
        let stop = world.last("StopTransaction").payload.clone();
        assert!(told_at(&stop) >= before);
        let data = stop["transactionData"].as_array().unwrap();
        let (end, sample) = (&data[data.len() - 1], &data[data.len() - 2]);
        assert_eq!(end["sampledValue"][0]["context"], "Transaction.End");
        assert_eq!(
            end["sampledValue"][0]["value"],
            sample["sampledValue"][0]["value"]
        );
        assert_eq!(told_at(end), told_at(sample), "with its own time");
        assert_eq!(end["sampledValue"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn nothing_is_made_up_while_the_meter_is_silent() {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        (
            "MeterValuesSampledData",
            "Energy.Active.Import.Register,Current.Import",
        ),
        ("ClockAlignedDataInterval", "60"),
    ];
    for mut world in fixed(&keys) {
        charge(&mut world, "TAG1");
        world.run(25_000);
        world.outlets[0].silent = true;
        let before = world.sent.len();
        world.run(200_000);
        let told: Vec<&Value> = world.sent[before..]
            .iter()
            .filter(|sent| sent.action == "MeterValues")
            .map(|sent| &sent.payload["meterValue"][0])
            .collect();
        assert!(told.len() <= 1, "{told:?}");
        for value in told {
            assert_eq!(value["sampledValue"].as_array().unwrap().len(), 1);
        }
        world.outlets[0].silent = false;
        world.run(11_000);
        let last = &world.last("MeterValues").payload["meterValue"][0];
        assert_eq!(last["sampledValue"].as_array().unwrap().len(), 4);
        leave(&mut world, "TAG1");
        close(&world).unwrap();
    }
}
