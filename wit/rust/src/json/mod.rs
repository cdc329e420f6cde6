//! JSON as OCPP uses it: a reader that keeps pointing into the frame, and a
//! writer into one string. Not here: what the kept entries look like (serde).

mod reader;
mod writer;

pub use reader::{Json, parse, scan_text};
pub use writer::{Writer, object};
