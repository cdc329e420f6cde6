//! How a world begins.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_v16::Build;

static STANDARD: Build = Build::STANDARD;

/// What kind of charger it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The build of the charge point.
    pub build: &'static Build,
    /// One per outlet.
    pub cables: Vec<Cable>,
    /// The `[ocpp]` section.
    pub ocpp: Vec<(String, String)>,
    /// The instance is thrown away after every event.
    pub amnesia: bool,
    /// Outlets that the reader serves; none: all.
    pub reader_serves: Option<Vec<u32>>,
    /// Connectors whose reports are no news.
    pub silent: Vec<u32>,
    /// The host has services for files.
    pub has_files: bool,
    /// The board has a clock that knows the time.
    pub has_clock: bool,
    /// That clock is fast by this much.
    pub clock_off_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            build: &STANDARD,
            cables: vec![Cable::Fixed],
            ocpp: Vec::new(),
            amnesia: false,
            has_files: true,
            has_clock: true,
            clock_off_ms: 0,
            reader_serves: None,
            silent: Vec::new(),
        }
    }
}
