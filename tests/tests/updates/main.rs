//! A central system updates the real program with UpdateFirmware and fetches diagnostics
//! with GetDiagnostics: component bundles of every kind while a car charges, and other
//! files through a manufacturer's installer.

mod bundles;
mod diagnostics;
mod installer;
mod server;
#[allow(dead_code)] // the sessions need all of it
#[path = "../sessions/stage.rs"]
mod stage;
#[allow(dead_code)] // the swaps need all of it
#[path = "../swap/vendor.rs"]
mod vendor;
