//! Looks at the lines of connectors on GPIO. Outputs are only looked up, since
//! taking one sets it; inputs are read.

use super::{Finding, Verdict};
use crate::config::{Config, Connector, OutletDriver};
use crate::line::{LineError, LineSpec, Lines, Source};

/// Who the kernel says has a line while it is read.
const USER: &str = "plugpoint-check";

/// All lines of all connectors.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let source = match &config.debug.line_bench {
        Some(socket) => Source::Bench(socket.clone()),
        None => Source::Kernel,
    };
    let lines = source.open();
    let on_gpio = config
        .connector
        .iter()
        .filter(|it| it.driver == OutletDriver::Gpio);
    on_gpio.flat_map(|it| connector(&*lines, it)).collect()
}

fn connector(lines: &dyn Lines, it: &Connector) -> Vec<Finding> {
    let table = &it.lines;
    let inputs = [
        ("contactor feedback", &table.contactor_feedback),
        ("emergency stop", &table.emergency_stop),
        ("residual current", &table.residual_current),
        ("plug present", &table.plug_present),
        ("energy request", &table.energy_request),
    ];
    let mut outputs = vec![("contactor", &table.contactor)];
    let mut findings = Vec::new();
    let what = |name: &str| format!("connector {}, {name}", it.id);
    let lock_feedback = it
        .lock
        .as_ref()
        .map(|lock| ("lock feedback", &lock.feedback));
    for (name, spec) in inputs.into_iter().chain(lock_feedback) {
        if let Some(spec) = spec {
            findings.push(finding(what(name), input(lines, spec)));
        }
    }
    if let Some(lock) = &it.lock {
        outputs.extend([
            ("lock", &lock.lock),
            ("unlock", &lock.unlock),
            ("lock's motor", &lock.run),
            ("lock's direction", &lock.direction),
            ("lock", &lock.hold),
        ]);
    }
    let lamps = it.lamp.iter().map(|lamp| ("lamp", Some(&lamp.line)));
    for (name, spec) in outputs
        .into_iter()
        .map(|(n, s)| (n, s.as_ref()))
        .chain(lamps)
    {
        if let Some(spec) = spec {
            findings.push(finding(what(name), output(lines, spec)));
        }
    }
    findings
}

fn input(lines: &dyn Lines, spec: &LineSpec) -> Result<String, LineError> {
    let at = lines.find(spec)?;
    let active = lines.input(&at, USER)?.level()?;
    let level = if active { "active" } else { "not active" };
    let (name, chip, offset) = (&at.name, at.chip.display(), at.offset);
    Ok(format!("line {name:?} ({chip}, {offset}) is {level} now"))
}

fn output(lines: &dyn Lines, spec: &LineSpec) -> Result<String, LineError> {
    let at = lines.find(spec)?;
    let (name, chip, offset) = (&at.name, at.chip.display(), at.offset);
    Ok(format!("line {name:?} ({chip}, {offset}) is free"))
}

fn finding(what: String, found: Result<String, LineError>) -> Finding {
    match found {
        Ok(text) => Finding::new(what, Verdict::Good, text),
        Err(error) => Finding::new(what, Verdict::Bad, error.to_string()),
    }
}
