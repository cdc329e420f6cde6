//! What the library shares with whoever runs it: the records of
//! `wit/protocol.wit` as plain Rust types, and the two things it may ask for.
//! Not here: anything generated from the interface files (see `component`).
#![allow(missing_docs)] // documented in wit/protocol.wit

mod action;
mod boot;
mod event;
mod outlet;

pub use action::*;
pub use boot::*;
pub use event::*;
pub use outlet::*;

/// The guest's own memory, to read. Shows the state before the present call.
pub trait Entries {
    fn get(&self, key: &str) -> Option<Vec<u8>>;
    fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// What a technician should read.
pub trait Log {
    fn write(&self, level: Level, message: &str);
}
