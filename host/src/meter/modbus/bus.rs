//! The thread of one bus. It asks the meters that are wanted, in the order in
//! which they were wanted, one at a time: that is all that a bus can do, and
//! what keeps a slow meter away from everybody else.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::count::Count;
use super::failure::MeterFailure;
use super::handle::{ModbusMeter, Shared};
use super::line::Line;
use super::patience::Patience;
use super::reading::{self, Values};
use super::settings::{Connection, MeterSettings};
use crate::equipment::DeviceState;
use crate::meter::Sample;
use crate::outlet::{Inputs, MeterFitter, Source};
use crate::wit::protocol::{Fault, FaultKind};

/// What a bus is told.
#[derive(Debug)]
pub(super) enum Word {
    /// The meter at this place has an outlet that waits for its readings.
    Fitted(usize, Inputs),
    /// A reading of the meter at this place is wanted.
    Wanted(usize),
}

/// Buses that are being put together; each has its thread once started.
#[derive(Default)]
pub struct Buses {
    buses: Vec<Bus>,
}

struct Bus {
    connection: Connection,
    line: Line,
    words: UnboundedSender<Word>,
    inbox: UnboundedReceiver<Word>,
    meters: Vec<OnBus>,
}

/// One meter as its bus knows it.
struct OnBus {
    settings: MeterSettings,
    shared: Arc<Shared>,
    state: DeviceState,
    inputs: Option<Inputs>,
    count: Count,
    patience: Patience,
    /// The fault that the outlet was told of.
    told: Option<String>,
}

impl Buses {
    /// Puts a meter on its bus; what is returned gives it to its outlet.
    pub fn add(&mut self, settings: MeterSettings, state: DeviceState) -> MeterFitter {
        let bus = self.bus(&settings.connection);
        let shared = Arc::new(Shared::default());
        let meter = ModbusMeter {
            place: bus.meters.len(),
            bus: bus.words.clone(),
            shared: shared.clone(),
            poll: settings.poll,
        };
        let range = settings.map.energy.range_milli();
        let is_serial = matches!(settings.connection, Connection::Rtu { .. });
        bus.meters.push(OnBus {
            shared,
            state,
            inputs: None,
            count: Count::new(range.filter(|_| settings.map.wraps)),
            patience: Patience::new(is_serial, settings.fault_after),
            told: None,
            settings,
        });
        MeterFitter::new(move |inputs| {
            // Fails only if no thread was started; asking says so then.
            let _ = meter.bus.send(Word::Fitted(meter.place, inputs));
            Box::new(meter)
        })
    }

    /// Starts a thread for each bus. It ends when the outlets have ended.
    pub fn start(self) -> std::io::Result<()> {
        for bus in self.buses {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            std::thread::Builder::new()
                .name("meter-bus".to_owned())
                .spawn(move || runtime.block_on(bus.run()))?;
        }
        Ok(())
    }

    fn bus(&mut self, connection: &Connection) -> &mut Bus {
        let place = self.buses.iter().position(|b| b.connection == *connection);
        let place = place.unwrap_or_else(|| {
            let (words, inbox) = unbounded_channel();
            self.buses.push(Bus {
                connection: connection.clone(),
                line: Line::new(connection.clone()),
                words,
                inbox,
                meters: Vec::new(),
            });
            self.buses.len() - 1
        });
        &mut self.buses[place]
    }
}

impl Bus {
    async fn run(self) {
        let Self {
            mut line,
            words,
            mut inbox,
            mut meters,
            ..
        } = self;
        // Ours would keep the channel open for ever.
        drop(words);
        while let Some(word) = inbox.recv().await {
            match word {
                Word::Fitted(place, inputs) => {
                    if let Some(meter) = meters.get_mut(place) {
                        meter.inputs = Some(inputs);
                    }
                }
                Word::Wanted(place) => {
                    if let Some(meter) = meters.get_mut(place) {
                        let begun = Instant::now();
                        let read = read(&mut line, &meter.settings).await;
                        meter.tell(begun, read);
                    }
                }
            }
        }
    }
}

/// All registers of a meter.
pub(super) async fn read(
    line: &mut Line,
    settings: &MeterSettings,
) -> Result<Values, MeterFailure> {
    let map = &settings.map;
    let mut answers = Vec::with_capacity(map.batches.len());
    for batch in &map.batches {
        answers.push(line.read(settings.unit, *batch, settings.timeout).await?);
    }
    reading::values(map, &answers)
}

impl OnBus {
    /// Passes on what has come of a question that was sent at `begun`.
    fn tell(&mut self, begun: Instant, read: Result<Values, MeterFailure>) {
        let counted = read.and_then(|values| Ok((self.count.take(values.register_mwh)?, values)));
        let Some(inputs) = self.inputs.clone() else {
            return;
        };
        let sample = match counted {
            Ok((energy_mwh, values)) => {
                self.well(&inputs);
                Some(Sample {
                    energy_mwh,
                    measurements: values.measurements,
                    // Nothing in it is older than the question.
                    at: inputs.moment(begun),
                    register_ms: None,
                    signed: None,
                })
            }
            Err(failure) => {
                self.failed(&inputs, &failure);
                None
            }
        };
        self.shared.pending.store(false, Ordering::Release);
        inputs.sample(sample);
    }

    fn well(&mut self, inputs: &Inputs) {
        let outlet = self.settings.outlet;
        if self.patience.answered() {
            tracing::info!(outlet, "the meter answers again");
        }
        self.state.well();
        if self.told.take().is_some() {
            inputs.trouble(Source::Meter, None);
        }
    }

    fn failed(&mut self, inputs: &Inputs, failure: &MeterFailure) {
        let outlet = self.settings.outlet;
        let unit = self.settings.unit;
        let bus = &self.settings.connection;
        let now = Instant::now();
        let verdict = self.patience.failed(now, failure);
        let text = failure.to_string();
        if verdict.is_news {
            tracing::warn!(outlet, "the meter (unit {unit} on {bus}): {text}");
        } else {
            tracing::debug!(outlet, "the meter (unit {unit} on {bus}): {text}");
        }
        self.state.failed(&text);
        // The fault first: who is told that the meter is silent knows why.
        if verdict.is_fault && self.told.as_ref() != Some(&text) {
            inputs.trouble(
                Source::Meter,
                Some(Fault {
                    kind: FaultKind::MeterFailure,
                    text: text.clone(),
                }),
            );
            self.told = Some(text);
        }
        let until = inputs.moment(now + verdict.wait);
        self.shared
            .quiet_until
            .store(until.as_nanos(), Ordering::Release);
    }
}
