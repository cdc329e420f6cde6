//! Acme's protocol component: OCPP 1.6-J as it comes, and what Acme adds to it (see
//! `extension`). `tests` tries it in a simulated world, on the desk.

mod extension;
#[cfg(test)]
mod tests;

use plugpoint_ocpp_v16::Build;

/// What this component is made of.
pub static BUILD: Build = Build {
    name: concat!("acme ", env!("CARGO_PKG_VERSION")),
    extensions: &[&extension::MANIFEST],
    ..Build::STANDARD
};

plugpoint_ocpp_v16::component!(BUILD);
