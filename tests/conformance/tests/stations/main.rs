//! The back ends of the conformance suite against the real program: that what
//! the laboratory does arrives, and what the station says is seen. Not the
//! cases.

mod attached;
mod process;
