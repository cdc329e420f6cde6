//! From the configuration to the drivers of connectors on GPIO.

use std::collections::BTreeMap;

use super::StartError;
use crate::config::{Config, Connector, OutletDriver};
use crate::line::Source;
use crate::outlet::Fitter;
use crate::outlet::gpio::{self, GpioSettings};

/// Drivers by the connectors' numbers; the guard is running.
pub(super) fn fit(config: &Config) -> Result<BTreeMap<u32, Fitter>, StartError> {
    let on_gpio: Vec<&Connector> = config
        .connector
        .iter()
        .filter(|it| it.driver == OutletDriver::Gpio)
        .collect();
    let settings = on_gpio.iter().map(|it| GpioSettings {
        number: it.id,
        lines: it.lines.clone(),
        lock: it.lock.clone(),
        pilot: it.pilot.clone(),
        lamps: it.lamp.clone(),
    });
    let source = match &config.debug.line_bench {
        Some(socket) => Source::Bench(socket.clone()),
        None => Source::Kernel,
    };
    let fitters = gpio::fit(settings.collect(), &config.guard, &source)?;
    Ok(on_gpio.iter().map(|it| it.id).zip(fitters).collect())
}
