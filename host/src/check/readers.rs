//! Each reader is opened and, where it can answer, asked what it is.

use super::{Finding, Verdict};
use crate::config::{Config, Reader, reader_name};
use crate::reader::{DeviceDriver, ReaderFailure};
use crate::station::devices;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let readers = config.reader.iter().enumerate();
    readers.map(|(index, it)| one(index, it)).collect()
}

fn one(index: usize, reader: &Reader) -> Finding {
    let name = reader_name(index, reader);
    let what = format!("reader {name} ({})", reader.driver.word());
    let Some(settings) = devices::reader(index, reader) else {
        return Finding::new(what, Verdict::Good, "simulated");
    };
    let path = settings.path.display();
    match settings.open() {
        Ok(source) => {
            let text = match settings.driver {
                DeviceDriver::Serial { .. } => format!(
                    "{} is open; whether a reader is at it only a card can tell",
                    source.describe()
                ),
                DeviceDriver::Pn532 { .. } | DeviceDriver::Evdev => {
                    format!("{path} is a {}", source.describe())
                }
            };
            Finding::new(what, Verdict::Good, text)
        }
        Err(failure) => {
            let hint = match failure {
                ReaderFailure::CannotOpen(_) => {
                    "Is it plugged in, is its path right, and may this user open it?"
                }
                ReaderFailure::Gone(_) => "Is the plug loose?",
                ReaderFailure::Silent => {
                    "Look at TX and RX (swapped?), the power, the baud rate, and that the \
                     module's switches say UART (HSU)."
                }
                ReaderFailure::Nonsense(_) => "It is another kind of reader, or the wiring is bad.",
            };
            Finding::new(what, Verdict::Bad, format!("{path} {failure}. {hint}"))
        }
    }
}
