//! A pilot that Linux handles: the duty cycle by a PWM channel, the level by an
//! ADC, both in sysfs.
//!
//! The board's circuit must hold the positive plateau for the ADC (a peak
//! detector), so that it may be read at any time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::level::Classifier;
use super::{PilotFacts, PilotInput, Signal, duty};
use crate::outlet::Inputs;
use crate::wit::protocol::{Fault, FaultKind, PilotState};

/// 1 kHz, in ns.
const PERIOD_NS: u32 = duty::WHOLE;
/// Readings in a row that fail before the pilot counts as lost.
const MOST_FAILURES: u32 = 3;

/// The PWM channel that drives the pilot.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PwmSettings {
    /// Such as `/sys/class/pwm/pwmchip0`.
    pub chip: PathBuf,
    /// On that chip.
    #[serde(default)]
    pub channel: u32,
    /// The circuit turns high into low.
    #[serde(default)]
    pub inverted: bool,
}

/// The ADC channel that measures it: millivolts of the pilot are raw value times
/// `scale_mv` plus `offset_mv`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AdcSettings {
    /// Such as `/sys/bus/iio/devices/iio:device0/in_voltage0_raw`.
    pub raw: PathBuf,
    /// mV per count.
    pub scale_mv: f64,
    /// mV at count 0.
    #[serde(default)]
    pub offset_mv: f64,
    /// Between two samples.
    #[serde(default = "five")]
    pub sample_ms: u32,
    /// Samples in a row that must agree.
    #[serde(default = "three")]
    pub samples: u32,
}

fn five() -> u32 {
    5
}

fn three() -> u32 {
    3
}

/// The pilot cannot be had, or fails.
#[derive(Debug, thiserror::Error)]
#[error("control pilot: {}: {error}", path.display())]
pub struct SysfsError {
    path: PathBuf,
    error: io::Error,
}

/// The PWM channel, taken.
pub struct Pwm {
    folder: PathBuf,
    inverted: bool,
}

impl Pwm {
    /// Takes the channel; it signals "no current".
    pub fn take(settings: &PwmSettings) -> Result<Self, SysfsError> {
        let folder = settings.chip.join(format!("pwm{}", settings.channel));
        if !folder.exists() {
            write(&settings.chip.join("export"), settings.channel)?;
        }
        let mut pwm = Self {
            folder,
            inverted: settings.inverted,
        };
        // A duty cycle that is longer than the new period would be refused.
        write(&pwm.folder.join("duty_cycle"), 0)?;
        write(&pwm.folder.join("period"), PERIOD_NS)?;
        pwm.signal(Signal::NoCurrent)?;
        write(&pwm.folder.join("enable"), 1)?;
        Ok(pwm)
    }

    /// Signals something to the car, from the next period on.
    pub fn signal(&mut self, signal: Signal) -> Result<(), SysfsError> {
        let high = match signal {
            Signal::NoCurrent => PERIOD_NS,
            Signal::Offer(ma) => duty::from_current(ma).unwrap_or(PERIOD_NS),
            Signal::Unfit => 0,
        };
        let high = if self.inverted {
            PERIOD_NS - high
        } else {
            high
        };
        write(&self.folder.join("duty_cycle"), high)
    }
}

fn write(path: &Path, value: u32) -> Result<(), SysfsError> {
    fs::write(path, value.to_string()).map_err(|error| SysfsError {
        path: path.to_owned(),
        error,
    })
}

/// The state out of an ADC, sampled by a thread of its own: sysfs has no edges.
pub struct AdcPilot {
    /// The sampler ends when this is gone.
    seen: Arc<Mutex<Seen>>,
    plugged: bool,
}

struct Seen {
    state: PilotState,
    failed: Option<String>,
}

impl AdcPilot {
    /// Takes a first sample and starts the sampler.
    pub fn start(settings: AdcSettings, inputs: Inputs) -> Result<Self, SysfsError> {
        let mut classifier = Classifier::new(settings.samples);
        let first = millivolts(&settings).map_err(|error| SysfsError {
            path: settings.raw.clone(),
            error,
        })?;
        let mut state = PilotState::A;
        for _ in 0..settings.samples.max(1) {
            state = classifier.sample(first);
        }
        let seen = Arc::new(Mutex::new(Seen {
            state,
            failed: None,
        }));
        let sampler = Sampler {
            seen: Arc::downgrade(&seen),
            classifier,
            inputs,
            failures: 0,
        };
        let path = settings.raw.clone();
        std::thread::Builder::new()
            .name("pilot".to_owned())
            .spawn(move || sampler.run(&settings))
            .map_err(|error| SysfsError { path, error })?;
        Ok(Self {
            seen,
            plugged: false,
        })
    }
}

impl PilotInput for AdcPilot {
    fn read(&mut self, plug: Option<bool>) -> PilotFacts {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.plugged = match seen.state {
            PilotState::A => false,
            PilotState::B | PilotState::C | PilotState::D => true,
            // A short, or our own -12 V: the car cannot be seen.
            PilotState::E | PilotState::F => self.plugged,
        };
        PilotFacts {
            state: seen.state,
            plugged: plug.unwrap_or(self.plugged),
            fault: seen.failed.as_ref().map(|text| Fault {
                kind: FaultKind::Internal,
                text: text.clone(),
            }),
        }
    }
}

struct Sampler {
    seen: Weak<Mutex<Seen>>,
    classifier: Classifier,
    inputs: Inputs,
    failures: u32,
}

impl Sampler {
    fn run(mut self, settings: &AdcSettings) {
        loop {
            std::thread::sleep(Duration::from_millis(settings.sample_ms.into()));
            let sample = millivolts(settings);
            let Some(seen) = self.seen.upgrade() else {
                return;
            };
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if self.take(sample, settings, &mut seen) {
                drop(seen);
                self.inputs.edge(Instant::now());
            }
        }
    }

    /// Whether something has changed.
    fn take(&mut self, sample: io::Result<i32>, settings: &AdcSettings, seen: &mut Seen) -> bool {
        match sample {
            Ok(millivolts) => {
                self.failures = 0;
                let state = self.classifier.sample(millivolts);
                let changed = seen.state != state || seen.failed.is_some();
                seen.state = state;
                seen.failed = None;
                changed
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures != MOST_FAILURES {
                    return false;
                }
                let path = settings.raw.display();
                seen.failed = Some(format!("control pilot cannot be read: {path}: {error}"));
                true
            }
        }
    }
}

fn millivolts(settings: &AdcSettings) -> io::Result<i32> {
    let text = fs::read_to_string(&settings.raw)?;
    let raw: f64 = text
        .trim()
        .parse()
        .map_err(|_| io::Error::other(format!("{:?} is no number", text.trim())))?;
    let millivolts = raw.mul_add(settings.scale_mv, settings.offset_mv);
    // Saturates, which is right for a level.
    Ok(millivolts.round() as i32)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::outlet::pilot::duty::{Meaning, meaning};

    /// What the kernel shows of a PWM chip and an ADC, as files.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            fs::create_dir(folder.path().join("pwm2")).expect("a channel");
            let tree = Self(folder);
            tree.level(12_000);
            tree
        }

        fn read(&self, name: &str) -> u32 {
            let text = fs::read_to_string(self.0.path().join("pwm2").join(name));
            text.expect("was written").parse().expect("a number")
        }

        /// Puts the pilot at that many mV; the circuit maps -12 … 12 V to 0 … 4095.
        fn level(&self, millivolts: i32) {
            let raw = (f64::from(millivolts) + 12_000.0) / 24_000.0 * 4095.0;
            let path = self.0.path().join("in_voltage0_raw");
            // By renaming, so that nobody reads half of it.
            let next = self.0.path().join("next");
            fs::write(&next, format!("{}\n", raw.round())).expect("writes");
            fs::rename(next, path).expect("renames");
        }

        fn pwm(&self, inverted: bool) -> Pwm {
            Pwm::take(&PwmSettings {
                chip: self.0.path().to_owned(),
                channel: 2,
                inverted,
            })
            .expect("a channel")
        }

        fn adc(&self) -> AdcSettings {
            AdcSettings {
                raw: self.0.path().join("in_voltage0_raw"),
                scale_mv: 24_000.0 / 4095.0,
                offset_mv: -12_000.0,
                sample_ms: 1,
                samples: 3,
            }
        }
    }

    #[test]
    fn the_channel_offers_each_current_and_state_f_on_request() {
        let tree = Tree::new();
        let mut pwm = tree.pwm(false);
        assert_eq!((tree.read("period"), tree.read("enable")), (1_000_000, 1));
        // Until something is offered: steady +12 V.
        assert_eq!(tree.read("duty_cycle"), 1_000_000);
        for amperes in 6..=80 {
            pwm.signal(Signal::Offer(amperes * 1000)).expect("writes");
            let read = meaning(tree.read("duty_cycle"));
            assert!(
                matches!(read, Meaning::Current(ma) if ma <= amperes * 1000 && ma + 1001 > amperes * 1000),
                "{amperes} A is {read:?}"
            );
        }
        pwm.signal(Signal::Unfit).expect("writes");
        assert_eq!(tree.read("duty_cycle"), 0);
        pwm.signal(Signal::NoCurrent).expect("writes");
        assert_eq!(tree.read("duty_cycle"), 1_000_000);
        // What cannot be offered is "no current", not the least current.
        pwm.signal(Signal::Offer(5_000)).expect("writes");
        assert_eq!(tree.read("duty_cycle"), 1_000_000);
    }

    #[test]
    fn an_inverting_circuit_gets_the_opposite() {
        let tree = Tree::new();
        let mut pwm = tree.pwm(true);
        assert_eq!(tree.read("duty_cycle"), 0);
        pwm.signal(Signal::Offer(6_000)).expect("writes");
        assert_eq!(tree.read("duty_cycle"), 900_000);
    }

    #[test]
    fn states_come_from_the_adc_and_a_dead_one_is_a_fault() {
        let tree = Tree::new();
        let (commands, inbox) = mpsc::channel();
        let inputs = Inputs::new(1, commands, Instant::now());
        let mut pilot = AdcPilot::start(tree.adc(), inputs).expect("a level");
        let seen = |pilot: &mut AdcPilot| {
            let facts = pilot.read(None);
            (facts.state, facts.plugged, facts.fault.is_some())
        };
        assert_eq!(seen(&mut pilot), (PilotState::A, false, false));
        for (millivolts, state, plugged) in [
            (9_300, PilotState::B, true),
            (5_600, PilotState::C, true),
            (3_400, PilotState::D, true),
            (100, PilotState::E, true),
            (-11_500, PilotState::F, true),
            (12_000, PilotState::A, false),
        ] {
            tree.level(millivolts);
            inbox
                .recv_timeout(Duration::from_secs(20))
                .expect("a call for attention");
            assert_eq!(seen(&mut pilot), (state, plugged, false), "{millivolts} mV");
        }
        fs::remove_file(tree.0.path().join("in_voltage0_raw")).expect("removes");
        inbox
            .recv_timeout(Duration::from_secs(20))
            .expect("a call for attention");
        assert!(seen(&mut pilot).2);
        // The line of the plug, where there is one, goes before.
        assert!(pilot.read(Some(true)).plugged);
    }
}
