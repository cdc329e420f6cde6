//! The handle by which the rest of the host speaks to the safety thread. No
//! method waits, but [`Outlets::shutdown`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::command::Command;
use super::connection::OutletView;
use super::driver::Inputs;
use super::group::Group;
use super::latency::{Latencies, Latency};
use super::moment::Moment;
use super::rules::Clamp;
use super::settings::{DriverSettings, Fittings, OutletSettings, SafetySettings};
use super::sim::{Keeper, Registers, Saved, SimBench, SimOptions, SimOutlet};
use super::teller::{Teller, View};
use super::thread::Safety;
use super::unit::{Present, Unit};
use super::{DriverError, HardwareEvent};
use crate::clock::Clock;
use crate::reader::{ReaderDriver, ReaderSettings, TokenSink};
use crate::wit::protocol::{Indication, LockMove, MeterRequest, OutletState, Permit};

/// How long the end waits for what is still to be told and kept.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a fresh snapshot may take.
const FRESH: Duration = Duration::from_millis(250);

/// Why the outlets cannot be started. Each is the configuration's or the
/// hardware's fault.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// Numbers must be unique and not 0.
    #[error("connector {0}: the number is 0 or given twice")]
    Number(u32),
    /// A charger feeds one phase or three.
    #[error("connector {outlet}: {phases} phases; expected 1 or 3")]
    Phases {
        /// Whose.
        outlet: u32,
        /// What was given.
        phases: u8,
    },
    /// Reader names must be unique.
    #[error("reader {0:?} is given twice")]
    ReaderName(String),
    /// A reader serves an outlet that there is not.
    #[error("reader {reader:?} serves connector {outlet}, which does not exist")]
    ReaderOutlet {
        /// Which reader.
        reader: String,
        /// Which outlet.
        outlet: u32,
    },
    /// The hardware cannot be used.
    #[error("connector {outlet}: {error}")]
    Driver {
        /// Whose.
        outlet: u32,
        /// What is wrong.
        error: DriverError,
    },
    /// The file with the simulated registers cannot be used.
    #[error("the simulated meters' registers cannot be kept in {path:?}")]
    Registers {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The system gives no thread.
    #[error("the safety thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// All outlets of the charger. Clones are handles on the same.
#[derive(Clone)]
pub struct Outlets {
    commands: Sender<Command>,
    view: Arc<Mutex<View>>,
    latencies: Latencies,
    turns: Arc<AtomicU32>,
    clock: Clock,
    origin: Instant,
    bench: Option<SimBench>,
    ending: Arc<Mutex<Option<Ending>>>,
}

struct Ending {
    safety: JoinHandle<()>,
    /// Disconnected once everything is told and kept.
    told: Receiver<()>,
}

impl Outlets {
    /// Puts all hardware to its safe level and starts the safety thread.
    pub fn start(
        outlets: Vec<OutletSettings>,
        readers: &[ReaderSettings],
        safety: &SafetySettings,
        sim: &SimOptions,
        clock: Clock,
        events: UnboundedSender<HardwareEvent>,
    ) -> Result<Self, OutletError> {
        check(&outlets, readers)?;
        let registers = open_registers(sim)?;
        let storage = sim.storage.clone().filter(|_| sim.persistent);
        let saved = storage.as_deref().map(Saved::load).unwrap_or_default();
        let simulated = outlets
            .iter()
            .any(|outlet| matches!(outlet.driver, DriverSettings::Sim(_)))
            || readers
                .iter()
                .any(|reader| reader.driver == ReaderDriver::Sim);

        let (commands, inbox) = mpsc::channel();
        let origin = Instant::now();
        let mut units = Vec::new();
        for outlet in outlets {
            units.push(fit(
                outlet,
                safety,
                sim,
                registers.as_deref(),
                &saved,
                &|number| Inputs::new(number, commands.clone(), origin),
            )?);
        }
        let view = Arc::new(Mutex::new(first_view(&mut units, &clock)));
        let latencies = Latencies::default();
        let turns = Arc::new(AtomicU32::new(0));
        let (reports, reported) = mpsc::channel();
        let (last_word, told) = mpsc::channel();
        let behind = Arc::new(AtomicUsize::new(0));
        for unit in &mut units {
            // Nothing before the group has said so.
            let groups = &mut safety.groups.iter();
            if groups.any(|group| group.outlets.contains(&unit.number)) {
                unit.share(0);
            }
        }
        let safety = Safety {
            units,
            groups: safety.groups.iter().map(Group::new).collect(),
            clock: clock.clone(),
            origin,
            inbox,
            reports,
            behind: behind.clone(),
            latencies: latencies.clone(),
            turns: turns.clone(),
            shutdown_bound: safety.shutdown_bound,
            persistent: storage.is_some(),
            keep_registers: registers.is_some(),
            hold_up: sim.hold_up,
        };
        let keeper = (registers.is_some() || storage.is_some())
            .then(|| Keeper::spawn(registers.clone(), storage, last_word.clone()))
            .transpose()
            .map_err(OutletError::Thread)?;
        let teller = Teller {
            reports: reported,
            behind,
            events: events.clone(),
            view: view.clone(),
            registers,
            keeper,
            last_word,
            said: BTreeMap::new(),
        };
        spawn("outlet-teller", move || teller.run())?;
        let safety = spawn("safety", move || safety.run())?;
        let bench = simulated.then(|| {
            let tokens = TokenSink::new(events.clone(), clock.clone());
            let simulated: Vec<ReaderSettings> = readers
                .iter()
                .filter(|reader| reader.driver == ReaderDriver::Sim)
                .cloned()
                .collect();
            SimBench::new(commands.clone(), tokens, &simulated)
        });
        Ok(Self {
            commands,
            view,
            latencies,
            turns,
            clock,
            origin,
            bench,
            ending: Arc::new(Mutex::new(Some(Ending { safety, told }))),
        })
    }

    /// Gives a permit, or changes the one in force. `connection` is the one that
    /// it was decided for ([`OutletView::connection`]): if that car has left, the
    /// permit is refused ([`HardwareEvent::Permit`]).
    pub fn permit(&self, permit: Permit, connection: u64) {
        self.send(Command::Permit(permit, connection));
    }

    /// Lowers the permit in force to what this one allows, if both are of the same
    /// session; never allows more than before.
    pub fn lower(&self, to: Permit) {
        self.send(Command::Lower(to));
    }

    /// What is said of a session at an outlet beside its permit, in place of what was
    /// said of it before; nothing any more, if it is empty.
    pub fn clamp(&self, outlet: u32, session: u64, clamps: Vec<Clamp>) {
        self.send(Command::Clamp(outlet, session, clamps));
    }

    /// The component knows of all cars that left before this connection began.
    pub fn known(&self, outlet: u32, connection: u64) {
        self.send(Command::Known(outlet, connection));
    }

    /// The clock was set while no component was at work: of each permit the lowest
    /// limit that was planned applies from now on.
    pub fn clock_stepped(&self) {
        self.send(Command::ClockStepped);
    }

    /// Takes an outlet's permit back.
    pub fn revoke(&self, outlet: u32) {
        self.send(Command::Revoke(outlet));
    }

    /// Takes all permits back.
    pub fn revoke_all(&self) {
        self.send(Command::RevokeAll);
    }

    /// Moves a lock; answered by [`HardwareEvent::LockMoved`].
    pub fn move_lock(&self, order: LockMove) {
        self.send(Command::MoveLock(order));
    }

    /// Reads a meter; answered by [`HardwareEvent::Meter`] within 1 s.
    pub fn read_meter(&self, request: MeterRequest) {
        self.send(Command::ReadMeter(request));
    }

    /// Shows something to the user.
    pub fn indicate(&self, indication: Indication) {
        self.send(Command::Indicate(indication));
    }

    /// Whether there is a guest that is well. Until this is said for the first
    /// time, there is none.
    pub fn guest_healthy(&self, healthy: bool) {
        self.send(Command::GuestHealthy(healthy));
    }

    /// How often the safety thread's loop has turned: a count that wraps, and
    /// grows while that thread lives and is [asked](Self::want_turn).
    #[must_use]
    pub fn turns(&self) -> u32 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Asks the safety thread for a turn of its loop.
    pub fn want_turn(&self) {
        self.send(Command::Turn);
    }

    /// The outlets once everything that this handle was told before has been
    /// done; as they were seen last, if that takes longer than 250 ms. To be
    /// called on a tokio runtime with time.
    pub async fn fresh_views(&self) -> Vec<OutletView> {
        let (done, waiting) = oneshot::channel();
        self.send(Command::Sync(done));
        if tokio::time::timeout(FRESH, waiting).await.is_err() {
            tracing::warn!("outlet snapshot timed out; using the previous one");
        }
        self.views()
    }

    /// The outlets as they were seen last, with their numbers; the ages of readings
    /// are of now.
    #[must_use]
    pub fn views(&self) -> Vec<OutletView> {
        let mut outlets = self.view().outlets;
        let now = self.clock.stamp();
        for view in &mut outlets {
            let departed = view.departures.iter_mut().map(|it| &mut it.state);
            let states = departed.chain([&mut view.state]);
            for reading in states.filter_map(|state| state.reading.as_mut()) {
                let age = now.monotonic_ms.saturating_sub(reading.at.monotonic_ms);
                reading.age_ms = u32::try_from(age).unwrap_or(u32::MAX);
            }
        }
        outlets
    }

    /// The outlets as they were seen last.
    #[must_use]
    pub fn snapshot(&self) -> Vec<OutletState> {
        self.views().into_iter().map(|view| view.state).collect()
    }

    /// What each outlet was last told to show.
    #[must_use]
    pub fn indications(&self) -> Vec<Indication> {
        self.view().indications
    }

    /// How a device beside this outlet's own hardware calls for attention.
    #[must_use]
    pub fn inputs(&self, outlet: u32) -> Inputs {
        Inputs::new(outlet, self.commands.clone(), self.origin)
    }

    /// How long the last openings took that an input has caused.
    #[must_use]
    pub fn latencies(&self) -> Vec<Latency> {
        self.latencies.copy()
    }

    /// The hand at the simulation, if anything is simulated.
    #[must_use]
    pub fn sim(&self) -> Option<SimBench> {
        self.bench.clone()
    }

    /// Opens all contactors, at zero current if that comes soon, and ends the
    /// safety thread. Waits for that, at most about a second.
    pub fn shutdown(&self) {
        self.send(Command::Shutdown);
        let ending = self
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Ending { safety, told }) = ending else {
            return;
        };
        if safety.join().is_err() {
            tracing::error!("the safety thread has failed");
        }
        if told.recv_timeout(LAST_WORDS) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the disk does not take the last state of the outlets");
        }
    }

    fn send(&self, command: Command) {
        // Fails only once the thread has ended, with all contactors open.
        let _ = self.commands.send(command);
    }

    fn view(&self) -> View {
        self.view
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn check(outlets: &[OutletSettings], readers: &[ReaderSettings]) -> Result<(), OutletError> {
    for (index, outlet) in outlets.iter().enumerate() {
        let number = outlet.number;
        if number == 0 || outlets[..index].iter().any(|o| o.number == number) {
            return Err(OutletError::Number(number));
        }
        if outlet.phases != 1 && outlet.phases != 3 {
            return Err(OutletError::Phases {
                outlet: number,
                phases: outlet.phases,
            });
        }
    }
    for (index, reader) in readers.iter().enumerate() {
        if readers[..index].iter().any(|r| r.name == reader.name) {
            return Err(OutletError::ReaderName(reader.name.clone()));
        }
        let unknown = reader
            .outlets
            .iter()
            .find(|number| !outlets.iter().any(|o| o.number == **number));
        if let Some(outlet) = unknown {
            return Err(OutletError::ReaderOutlet {
                reader: reader.name.clone(),
                outlet: *outlet,
            });
        }
    }
    Ok(())
}

fn open_registers(sim: &SimOptions) -> Result<Option<Arc<Registers>>, OutletError> {
    let Some(path) = sim.registers.as_ref().filter(|_| !sim.meter_starts_at_zero) else {
        return Ok(None);
    };
    let registers = Registers::open(path).map_err(|error| OutletError::Registers {
        path: path.clone(),
        error,
    })?;
    Ok(Some(Arc::new(registers)))
}

fn fit(
    settings: OutletSettings,
    safety: &SafetySettings,
    sim: &SimOptions,
    registers: Option<&Registers>,
    saved: &Saved,
    inputs: &dyn Fn(u32) -> Inputs,
) -> Result<Unit, OutletError> {
    let number = settings.number;
    let (limits, driver, meter) = settings.split();
    let mut fittings = match driver {
        DriverSettings::Sim(simulated) => Fittings {
            driver: Box::new(SimOutlet::new(
                &limits,
                simulated.pace,
                sim.meter_starts_at_zero,
                registers.and_then(|file| file.read(number)).unwrap_or(0),
                saved.outlets.get(&number),
            )),
            meter: None,
        },
        DriverSettings::Other(fitter) => {
            fitter(inputs(number)).map_err(|error| OutletError::Driver {
                outlet: number,
                error,
            })?
        }
    };
    if let Some(meter) = meter {
        fittings.meter = Some(meter.fit(inputs(number)));
    }
    Ok(Unit::new(Moment::ZERO, limits, safety, fittings))
}

/// What there is to be seen before the thread has done anything.
fn first_view(units: &mut [Unit], clock: &Clock) -> View {
    let now = Present {
        moment: Moment::ZERO,
        stamp: clock.stamp(),
    };
    let state = |unit: &mut Unit| {
        unit.settle(now);
        unit.view(now)
    };
    View {
        outlets: units.iter_mut().map(state).collect(),
        indications: Vec::new(),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OutletError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(OutletError::Thread)
}
