//! One look at a meter, as `plugpoint check` takes it.

use std::time::{Duration, Instant};

use super::bus::read;
use super::failure::MeterFailure;
use super::line::Line;
pub use super::reading::Values;
use super::settings::MeterSettings;

/// Reads all registers once, and says how long that took. Blocks.
pub fn probe(settings: &MeterSettings) -> Result<(Values, Duration), MeterFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| MeterFailure::Unreachable(error.to_string()))?;
    runtime.block_on(async {
        let mut line = Line::new(settings.connection.clone());
        let begun = Instant::now();
        let values = read(&mut line, settings).await?;
        Ok((values, begun.elapsed()))
    })
}
