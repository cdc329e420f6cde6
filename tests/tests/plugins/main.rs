//! The OEM kit: the example plugins, alone and as a chain on a running charger,
//! the tools for an author of plugins, and components of released interfaces.

mod chain;
mod dev;
mod examples;
mod frozen;
mod kit;
mod misbehaving;
mod newcomer;
mod oem;
mod project;
