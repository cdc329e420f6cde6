//! The error codes of OCPP 1.6: what our own errors are called, and what those of the
//! central system mean. Not here: the frames (see `plugpoint_ocpp_wire::frame`).

use crate::frame::{self, CallError, Kind, Violation};

/// Misspelled exactly as the standard has them.
fn code_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Unknown => "NotImplemented",
        Kind::NotOffered => "NotSupported",
        Kind::Internal => "InternalError",
        Kind::Protocol => "ProtocolError",
        Kind::Format => "FormationViolation",
        Kind::Value => "PropertyConstraintViolation",
        Kind::Count => "OccurenceConstraintViolation",
        Kind::Type => "TypeConstraintViolation",
    }
}

/// A CALLERROR.
pub(crate) fn error(id: &str, violation: &Violation) -> String {
    frame::error(id, code_of(violation.kind), &violation.text)
}

/// The same call would be answered in the same way again.
pub(crate) fn is_permanent(error: &CallError) -> bool {
    // Both spellings: 1.6 froze the one without the second r.
    [
        "FormationViolation",
        "FormatViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
        "TypeConstraintViolation",
        "NotSupported",
        "NotImplemented",
    ]
    .iter()
    .any(|code| error.code.eq_ignore_ascii_case(code))
}

/// It says nothing of what is wrong.
pub(crate) fn is_generic(error: &CallError) -> bool {
    error.code.eq_ignore_ascii_case("GenericError")
}
