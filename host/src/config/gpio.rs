//! What must go together in a connector on GPIO, and in `[guard]`. The sections
//! themselves are [`crate::outlet::gpio`]'s.

use super::check::{Problem, wrong};
use super::file::{Config, Connector, OutletDriver};
use crate::outlet::gpio::LockLines;

/// The motor's own bound is 3 s.
const MOST_PULSE_MS: u32 = 2_500;

pub(super) fn check(config: &Config) -> Result<(), Problem> {
    for (index, it) in config.connector.iter().enumerate() {
        let key = |name: &str| format!("connector[{index}].{name}");
        match it.driver {
            OutletDriver::Sim => has_no_lines(it, &key)?,
            OutletDriver::Gpio => connector(it, &key)?,
        }
    }
    if !(50..=5_000).contains(&config.guard.bound_ms) {
        return wrong("guard.bound_ms", "expected 50 to 5000 ms");
    }
    Ok(())
}

fn has_no_lines(it: &Connector, key: &impl Fn(&str) -> String) -> Result<(), Problem> {
    let named = [
        ("lines", it.lines != Default::default()),
        ("lock", it.lock.is_some()),
        ("pilot", it.pilot != Default::default()),
        ("lamp", !it.lamp.is_empty()),
    ];
    match named.iter().find(|(_, is)| *is) {
        Some((name, _)) => wrong(key(name), "goes with driver = \"gpio\""),
        None => Ok(()),
    }
}

fn connector(it: &Connector, key: &impl Fn(&str) -> String) -> Result<(), Problem> {
    if it.lines.contactor.is_none() {
        return wrong(key("lines.contactor"), "expected a line, found none");
    }
    let by_lines = it.lines.plug_present.is_some() && it.lines.energy_request.is_some();
    match &it.pilot.adc {
        None if !by_lines => {
            return wrong(
                key("lines"),
                "expected plug_present and energy_request, or else pilot.adc: nothing says \
                 whether a car asks for energy",
            );
        }
        Some(_) if it.lines.energy_request.is_some() => {
            return wrong(
                key("lines.energy_request"),
                "goes with boards whose own controller handles the pilot; there is pilot.adc",
            );
        }
        Some(_) if it.pilot.pwm.is_none() => {
            return wrong(
                key("pilot.pwm"),
                "expected the PWM channel that offers the current, since pilot.adc says that \
                 Linux handles the pilot",
            );
        }
        Some(adc) if !(1..=50).contains(&adc.sample_ms) => {
            return wrong(key("pilot.adc.sample_ms"), "expected 1 to 50 ms");
        }
        // The standard wants an open contactor 100 ms after the car's change.
        Some(adc) if adc.samples == 0 || adc.samples * adc.sample_ms > 80 => {
            return wrong(
                key("pilot.adc.samples"),
                "expected at least 1, and not more than 80 ms together",
            );
        }
        _ => {}
    }
    match (&it.cable, &it.lock) {
        (super::Cable::Socket, None) => wrong(key("lock"), "a socket needs a lock"),
        (super::Cable::Fixed, Some(_)) => wrong(key("lock"), "a fixed cable has no lock"),
        (_, Some(lock)) => motor(lock, &key("lock")),
        (_, None) => Ok(()),
    }?;
    for (index, lamp) in it.lamp.iter().enumerate() {
        if lamp.on.is_empty() && lamp.blink.is_empty() {
            return wrong(
                key(&format!("lamp[{index}]")),
                "expected `on` or `blink`: for what it is lit",
            );
        }
    }
    Ok(())
}

fn motor(it: &LockLines, key: &str) -> Result<(), Problem> {
    let given = (
        it.lock.is_some() && it.unlock.is_some(),
        it.run.is_some() && it.direction.is_some(),
        it.hold.is_some(),
    );
    let lines = [&it.lock, &it.unlock, &it.run, &it.direction, &it.hold];
    let count = lines.iter().filter(|line| line.is_some()).count();
    if !matches!(
        (given, count),
        ((true, false, false) | (false, true, false), 2) | ((false, false, true), 1)
    ) {
        return wrong(
            key,
            "expected `lock` and `unlock`, or `run` and `direction`, or `hold`",
        );
    }
    if it.pulse_ms > MOST_PULSE_MS {
        return wrong(
            format!("{key}.pulse_ms"),
            format!("expected at most {MOST_PULSE_MS} ms"),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const GOOD: &str = "
        [control]
        listen = 'unix:plugpoint.sock'
        [[connector]]
        id = 1
        driver = 'gpio'
        lines = { contactor = 'K1', plug_present = 'P', energy_request = 'C' }
    ";

    /// A file with this instead of that is refused for this key.
    #[track_caller]
    fn check(that: &str, this: &str, words: &[&str]) {
        assert!(GOOD.contains(that));
        let text = GOOD.replace(that, this);
        let error = Config::parse(&text, Path::new("charger.toml")).expect_err("is wrong");
        for word in words.iter().chain(&["charger.toml"]) {
            assert!(error.to_string().contains(word), "no {word:?} in {error}");
        }
    }

    #[test]
    fn every_example_can_be_read() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/configs"));
        let mut count = 0;
        for entry in std::fs::read_dir(folder).expect("examples") {
            Config::load(&entry.expect("an example").path()).expect("is right");
            count += 1;
        }
        assert!(count >= 3);
        Config::parse(GOOD, Path::new("charger.toml")).expect("is right");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        check(
            "contactor = 'K1', ",
            "",
            &["connector[0].lines.contactor", "expected a line"],
        );
        check(
            ", energy_request = 'C'",
            "",
            &["connector[0].lines", "energy_request"],
        );
        check(
            "'K1'",
            "4",
            &["connector[0].lines.contactor", "the name of a line"],
        );
        check(
            "contactor =",
            "contacter =",
            &["connector[0].lines", "unknown field `contacter`"],
        );
        check(
            "driver = 'gpio'",
            "driver = 'sim'",
            &["connector[0].lines", "goes with driver"],
        );
        check(
            "driver = 'gpio'",
            "driver = 'gpio'\ncable = 'socket'",
            &["connector[0].lock", "a socket needs a lock"],
        );
        for (lock, word) in [
            ("lock = 'A'", "or `hold`"),
            ("lock = 'A', unlock = 'B', hold = 'C'", "or `hold`"),
            ("hold = 'C', pulse_ms = 9000", "pulse_ms"),
        ] {
            check(
                "driver = 'gpio'",
                &format!("driver = 'gpio'\ncable = 'socket'\nlock = {{ {lock} }}"),
                &["connector[0].lock", word],
            );
        }
        check(
            "driver = 'gpio'",
            "driver = 'gpio'\nlamp = [{ line = 'L' }]",
            &["connector[0].lamp[0]", "for what it is lit"],
        );
        check(
            "driver = 'gpio'",
            "driver = 'gpio'\npilot = { adc = { raw = 'x', scale_mv = 1 } }",
            &["connector[0].lines.energy_request", "pilot.adc"],
        );
        check(
            "[control]",
            "[guard]\nbound_ms = 1\n[control]",
            &["guard.bound_ms", "50 to 5000"],
        );
    }
}
