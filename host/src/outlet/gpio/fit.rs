//! From the tables of lines to drivers: finds every line, starts the guard with
//! what is its, and makes a [`Fitter`] for each outlet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::indicator::{Indicator, LampLine};
use super::inputs::{USER, Watcher};
use super::lock::{Lock, Motor};
use super::outlet::{Fitted, GpioOutlet, GuardRelay, Relay};
use super::{GpioSettings, GuardSettings, Level, LockLines};
use crate::guard::{Guard, GuardError, Plan, RelayPlan};
use crate::line::{self, LineError, LineSpec, Lines, Output, Source};
use crate::outlet::pilot::{AdcPilot, LinePilot, PilotInput, Pwm};
use crate::outlet::{Fitter, Fittings, Inputs};
use crate::wit::protocol::{Fault, FaultKind};

/// How long the lines of a process before us may stay busy.
const RELEASE: Duration = Duration::from_secs(2);
const PULSE_MS: u32 = 600;

/// Makes a driver for each outlet, in their order, and starts the guard that
/// they share. What cannot be used becomes a fault of its outlet.
pub fn fit(
    outlets: Vec<GpioSettings>,
    guard: &GuardSettings,
    source: &Source,
) -> Result<Vec<Fitter>, GuardError> {
    let lines = source.open();
    let until = Instant::now() + RELEASE;
    let mut plan = Plan {
        bound_ms: guard.bound_ms,
        watchdog: guard.watchdog.clone(),
        source: source.clone(),
        relays: Vec::new(),
    };
    let mut prepared = Vec::new();
    for settings in outlets {
        let relay = relay(&*lines, &settings, until);
        prepared.push(match relay {
            Ok(relay) => {
                plan.relays.push(relay);
                (settings, Ok(plan.relays.len() - 1))
            }
            Err(fault) => (settings, Err(fault)),
        });
    }
    let guard = match plan.relays.len() {
        0 => None,
        _ => Some(Guard::start(plan)?),
    };
    Ok(prepared
        .into_iter()
        .map(|(settings, relay)| {
            let lines = lines.clone();
            let guard = guard.clone();
            Box::new(move |inputs: Inputs| {
                let fitted = take(&lines, &settings, guard, relay, until, inputs);
                Ok(Fittings {
                    driver: Box::new(GpioOutlet::new(fitted)),
                    meter: None,
                })
            }) as Fitter
        })
        .collect())
}

/// The guard's lines of one outlet: all, or none.
fn relay(lines: &dyn Lines, settings: &GpioSettings, until: Instant) -> Result<RelayPlan, Fault> {
    let table = &settings.lines;
    let find = |spec: &LineSpec, kind| {
        line::find_until(lines, spec, until).map_err(|error| unusable(settings, kind, &error))
    };
    let input = |spec: &Option<LineSpec>| {
        let found = spec.as_ref().map(|spec| find(spec, FaultKind::Internal));
        found.transpose()
    };
    let Some(contactor) = &table.contactor else {
        return Err(Fault {
            kind: FaultKind::ContactorFailure,
            text: "no line is configured for the contactor".to_owned(),
        });
    };
    Ok(RelayPlan {
        contactor: find(contactor, FaultKind::ContactorFailure)?,
        emergency_stop: input(&table.emergency_stop)?,
        residual_current: input(&table.residual_current)?,
        plug: input(&table.plug_present)?,
    })
}

/// Says it once in the log, and as a fault.
fn unusable(settings: &GpioSettings, kind: FaultKind, error: &dyn std::fmt::Display) -> Fault {
    tracing::error!("connector {}: {error}", settings.number);
    Fault {
        kind,
        text: error.to_string(),
    }
}

/// Takes everything of one outlet that is not the guard's.
fn take(
    lines: &Arc<dyn Lines>,
    settings: &GpioSettings,
    guard: Option<Guard>,
    relay: Result<usize, Fault>,
    until: Instant,
    inputs: Inputs,
) -> Fitted {
    let mut taker = Taker {
        lines: &**lines,
        settings,
        until,
        watcher: Watcher::default(),
        broken: Vec::new(),
    };
    let relay = match (relay, guard) {
        (Ok(index), Some(guard)) => {
            guard.wake(inputs.clone());
            let index = u8::try_from(index).unwrap_or(u8::MAX);
            Some(Box::new(GuardRelay { guard, index }) as Box<dyn Relay>)
        }
        (Err(fault), _) => {
            taker.broken.push(fault);
            None
        }
        (Ok(_), None) => None,
    };
    let table = &settings.lines;
    let feedback = taker.input(&table.contactor_feedback, FaultKind::ContactorFailure);
    let lock = settings.lock.as_ref().and_then(|lock| taker.lock(lock));
    let pwm = settings.pilot.pwm.as_ref();
    let pwm = pwm.and_then(|pwm| taker.had(Pwm::take(pwm), FaultKind::Internal));
    let pilot = match &settings.pilot.adc {
        Some(adc) => {
            let started = AdcPilot::start(adc.clone(), inputs.clone());
            let pilot = taker.had(started, FaultKind::Internal);
            pilot.map(|pilot| Box::new(pilot) as Box<dyn PilotInput>)
        }
        None => taker
            .input(&table.energy_request, FaultKind::Internal)
            .map(|request| Box::new(LinePilot::new(request)) as Box<dyn PilotInput>),
    };
    let indicator = Indicator::new(taker.lamps());
    let Taker {
        watcher,
        mut broken,
        ..
    } = taker;
    if let Err(error) = watcher.start(inputs) {
        broken.push(unusable(settings, FaultKind::Internal, &error));
    }
    Fitted {
        relay,
        has_plug_line: table.plug_present.is_some(),
        feedback,
        pilot,
        pwm,
        lock,
        indicator,
        broken,
    }
}

/// Takes lines, and notes what cannot be had.
struct Taker<'a> {
    lines: &'a dyn Lines,
    settings: &'a GpioSettings,
    until: Instant,
    watcher: Watcher,
    broken: Vec<Fault>,
}

impl Taker<'_> {
    fn had<T, E: std::fmt::Display>(&mut self, it: Result<T, E>, kind: FaultKind) -> Option<T> {
        it.map_err(|error| self.broken.push(unusable(self.settings, kind, &error)))
            .ok()
    }

    fn input(&mut self, spec: &Option<LineSpec>, kind: FaultKind) -> Option<Level> {
        let spec = spec.as_ref()?;
        let taken = line::find_until(self.lines, spec, self.until)
            .and_then(|at| self.watcher.take(self.lines, &at, kind));
        self.had(taken, kind)
    }

    fn output(&self, spec: &LineSpec) -> Result<Box<dyn Output>, LineError> {
        let at = line::find_until(self.lines, spec, self.until)?;
        self.lines.output(&at, USER)
    }

    fn lock(&mut self, it: &LockLines) -> Option<Lock> {
        let kind = FaultKind::LockFailure;
        let motor = match (&it.lock, &it.unlock, &it.run, &it.direction, &it.hold) {
            (Some(lock), Some(unlock), ..) => self.output(lock).and_then(|lock| {
                let unlock = self.output(unlock)?;
                Ok(Motor::Ways { lock, unlock })
            }),
            (_, _, Some(run), Some(direction), _) => self.output(run).and_then(|run| {
                let direction = self.output(direction)?;
                Ok(Motor::Direction { run, direction })
            }),
            (.., Some(hold)) => self.output(hold).map(Motor::Hold),
            _ => return None,
        };
        let motor = self.had(motor, kind);
        let feedback = self.input(&it.feedback, kind);
        let pulse_ms = if it.pulse_ms == 0 {
            PULSE_MS
        } else {
            it.pulse_ms
        };
        let pulse = Duration::from_millis(pulse_ms.into());
        Some(Lock::new(motor?, feedback, pulse))
    }

    /// A lamp that cannot be lit is said in the log; charging does not need it.
    fn lamps(&self) -> Vec<LampLine> {
        let take = |lamp: &super::Lamp| match self.output(&lamp.line) {
            Ok(line) => Some(LampLine {
                line,
                on: lamp.on.clone(),
                blink: lamp.blink.clone(),
                lit: false,
            }),
            Err(error) => {
                let outlet = self.settings.number;
                tracing::error!("connector {outlet}: a lamp stays dark: {error}");
                None
            }
        };
        self.settings.lamps.iter().filter_map(take).collect()
    }
}
