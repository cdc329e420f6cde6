//! The standard's profiles beyond the core, one module each. To add one: a module that
//! implements [`Profile`](crate::profile::Profile), a feature in `Cargo.toml`, and a line
//! in [`STANDARD`].

#[cfg(feature = "firmware-management")]
pub mod firmware;
#[cfg(feature = "local-auth-list")]
pub mod local_auth_list;
#[cfg(feature = "remote-trigger")]
pub mod remote_trigger;
#[cfg(feature = "reservation")]
pub mod reservation;
#[cfg(feature = "smart-charging")]
pub mod smart_charging;

use crate::profile::Manifest;

/// All that are built in, in the order in which they are asked.
pub const STANDARD: &[&Manifest] = &[
    #[cfg(feature = "firmware-management")]
    &firmware::MANIFEST,
    #[cfg(feature = "local-auth-list")]
    &local_auth_list::MANIFEST,
    #[cfg(feature = "remote-trigger")]
    &remote_trigger::MANIFEST,
    #[cfg(feature = "reservation")]
    &reservation::MANIFEST,
    #[cfg(feature = "smart-charging")]
    &smart_charging::MANIFEST,
];
