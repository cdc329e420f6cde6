//! How a world begins.

use crate::host::Cable;

/// What kind of charger it is.
#[derive(Debug, Clone)]
pub struct Settings {
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
    /// The board has a clock that knows the time.
    pub has_clock: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cables: vec![Cable::Fixed],
            ocpp: Vec::new(),
            amnesia: false,
            has_clock: true,
            reader_serves: None,
            silent: Vec::new(),
        }
    }
}
