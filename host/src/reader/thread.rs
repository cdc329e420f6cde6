//! The thread of one reader. It opens the device, passes on its cards, and when
//! the device is gone says so once and tries again until it is back. Nobody
//! waits for it.

use std::time::{Duration, Instant};

use super::TokenSink;
use super::debounce::Debounce;
use super::device::{DeviceSettings, ReaderFailure};
use super::uid::Card;
use crate::equipment::DeviceState;
use crate::outlet::{Inputs, Source};
use crate::wit::protocol::{Fault, FaultKind};

/// Between two attempts to open a device that is not there.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest such wait: so long does it take at most to find one that is back.
const MOST_WAIT: Duration = Duration::from_secs(4);

struct Reader {
    settings: DeviceSettings,
    place: usize,
    inputs: Vec<Inputs>,
    tokens: TokenSink,
    state: DeviceState,
    debounce: Debounce,
    failing: Option<ReaderFailure>,
    wait: Duration,
}

/// Starts the thread of a reader; it runs until the process ends. `place` is the
/// reader's in the configuration, `inputs` are those of the outlets it serves.
pub fn start(
    settings: DeviceSettings,
    place: usize,
    inputs: Vec<Inputs>,
    tokens: TokenSink,
    state: DeviceState,
) -> std::io::Result<()> {
    let reader = Reader {
        place,
        inputs,
        tokens,
        state,
        debounce: Debounce::new(settings.debounce),
        failing: None,
        wait: FIRST_WAIT,
        settings,
    };
    std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || reader.run())?;
    Ok(())
}

impl Reader {
    fn run(mut self) {
        loop {
            let failure = match self.settings.open() {
                Ok(mut source) => {
                    self.opened(&source.describe());
                    loop {
                        match source.next() {
                            Ok(Some(card)) => self.card(&card, source.watches()),
                            Ok(None) if source.watches() => self.debounce.gone(Instant::now()),
                            Ok(None) => {}
                            Err(failure) => break failure,
                        }
                    }
                }
                Err(failure) => failure,
            };
            self.failed(&failure);
            std::thread::sleep(self.wait);
            self.wait = (self.wait * 2).min(MOST_WAIT);
        }
    }

    fn opened(&mut self, what: &str) {
        let reader = &self.settings.name;
        tracing::info!(reader, "ready: {what}");
        self.state.well();
        self.wait = FIRST_WAIT;
        if self.failing.take().is_some() {
            for inputs in &self.inputs {
                inputs.trouble(Source::Reader(self.place), None);
            }
        }
    }

    fn failed(&mut self, failure: &ReaderFailure) {
        let reader = &self.settings.name;
        let path = self.settings.path.display();
        self.state.failed(&failure.to_string());
        if self.failing.is_some() {
            tracing::debug!(reader, "{path} {failure}");
            return;
        }
        tracing::warn!(reader, "{path} {failure}; it is tried again until it works");
        for inputs in &self.inputs {
            inputs.trouble(
                Source::Reader(self.place),
                Some(Fault {
                    kind: FaultKind::ReaderFailure,
                    text: format!("{reader} {failure}"),
                }),
            );
        }
        self.failing = Some(failure.clone());
    }

    fn card(&mut self, card: &Card, watched: bool) {
        let reader = &self.settings.name;
        let token = match self.settings.writing.token(card) {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(reader, "card read ignored: {error}");
                return;
            }
        };
        if !self.debounce.is_news(&token, watched, Instant::now()) {
            return;
        }
        let outlets = self.settings.outlets.clone();
        let kind = self.settings.kind;
        if let Err(error) = self.tokens.put(reader, outlets, &token, kind) {
            tracing::warn!(reader, "card read ignored: {error}");
        }
    }
}
