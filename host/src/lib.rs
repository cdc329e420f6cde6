//! Plugpoint: the native runtime of an EV charge point.
#![deny(unsafe_code)]
pub mod carried;
pub mod clock;
pub mod guest;
pub mod link;
pub mod meter;
pub mod outlet;
pub mod reader;
pub mod store;
pub mod wit;
