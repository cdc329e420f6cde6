//! OCPP-J as such, of whatever version of OCPP: what goes over the wire, and how it
//! is checked.
//!
//! In reading order:
//!
//! * [`frame`]: CALL, CALLRESULT and CALLERROR
//! * [`fields`]: the fields of a payload, and in what way one is wrong
//! * [`timestamp`]: RFC 3339
//! * [`message_id`]: ids that do not repeat
//!
//! Not here: any message, configuration key or error code of a version, and what
//! goes on at the outlets.

pub mod fields;
pub mod frame;
pub mod message_id;
pub mod timestamp;
