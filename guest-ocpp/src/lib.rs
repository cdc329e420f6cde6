//! The standard protocol component: OCPP 1.6-J with all of its profiles.
//!
//! All that it does is in `plugpoint-ocpp-v16`, the library; here is only which build
//! it is. Tests of the library in a simulated world are in `tests/`.

#[cfg(feature = "changed-answer")]
mod changed;
#[cfg(feature = "second-build")]
mod second;

use plugpoint_ocpp_v16::{Build, component};

static BUILD: Build = Build {
    #[cfg(not(feature = "second-build"))]
    name: concat!("guest-ocpp ", env!("CARGO_PKG_VERSION"), " first"),
    #[cfg(feature = "second-build")]
    name: concat!("guest-ocpp ", env!("CARGO_PKG_VERSION"), " second"),
    #[cfg(feature = "second-build")]
    schemas: &second::SCHEMAS,
    #[cfg(feature = "changed-answer")]
    extensions: &[&changed::MANIFEST],
    ..Build::STANDARD
};

component!(BUILD);
