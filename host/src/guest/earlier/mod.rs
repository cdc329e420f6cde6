//! Interface 0.1 in terms of the present one: policies that were built against it,
//! and what was recorded with it.
//!
//! * `policy`: calls of such a policy, and its records;
//! * `protocol`: records of protocol components. The components themselves are not
//!   taken any more.
//!
//! Not here: anything of the present interface alone.

mod policy;
mod protocol;

pub use policy::Policy0_1;
pub(super) use policy::{Guest, Linked, handle, link, start};
pub use protocol::Ocpp0_1;

/// Enums with the same words in `old` and `new`, both ways or one way.
macro_rules! words {
    ($name:ident: $($word:ident)*) => {
        words!(new::$name => old::$name: $($word)*);
        words!(old::$name => new::$name: $($word)*);
    };
    ($from:ty => $to:ty: $($word:ident)*) => {
        impl From<$from> for $to {
            fn from(word: $from) -> Self {
                match word {
                    $(<$from>::$word => Self::$word,)*
                }
            }
        }
    };
}

/// Records with the same fields in `old` and `new`, both ways or one way: moved as
/// they are, or converted (`into`), also within an option (`maybe`) or a list
/// (`list`); of a token its `id` alone.
macro_rules! record {
    ($name:ident { $($field:ident $(: $how:ident)?),* $(,)? }) => {
        record!(new::$name => old::$name { $($field $(: $how)?),* });
        record!(old::$name => new::$name { $($field $(: $how)?),* });
    };
    ($from:ty => $to:ty { $($field:ident $(: $how:ident)?),* $(,)? }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                Self { $($field: record!(@ from.$field $(, $how)?),)* }
            }
        }
    };
    (@ $value:expr) => { $value };
    (@ $value:expr, id) => { $value.id };
    (@ $value:expr, into) => { $value.into() };
    (@ $value:expr, maybe) => { $value.map(Into::into) };
    (@ $value:expr, list) => { $value.into_iter().map(Into::into).collect() };
}

/// What carries a token: 0.1 has its characters alone.
macro_rules! token {
    ($old:ident, $new:ident) => {
        impl From<$old::DecisionRequest> for $new::DecisionRequest {
            fn from(from: $old::DecisionRequest) -> Self {
                Self {
                    token: $new::Token {
                        id: from.token,
                        kind: match from.origin {
                            $old::TokenOrigin::Card => $new::TokenKind::Unknown,
                            $old::TokenOrigin::Remote | $old::TokenOrigin::RemoteUnchecked => {
                                $new::TokenKind::Central
                            }
                            $old::TokenOrigin::Plugged => $new::TokenKind::None,
                        },
                    },
                    stage: from.stage.into(),
                    purpose: from.purpose.into(),
                    origin: from.origin.into(),
                    outlet: from.outlet,
                    reader: from.reader,
                    online: from.online,
                    listed: from.listed.map(Into::into),
                    cached: from.cached.map(Into::into),
                    central: from.central.map(Into::into),
                    rules: from.rules.into(),
                }
            }
        }

        impl From<$old::Attributes> for $new::Attributes {
            fn from(from: $old::Attributes) -> Self {
                Self {
                    limit_ma: from.limit_ma,
                    energy_limit_wh: from.energy_limit_wh,
                    expires_ms: from.expires_ms,
                    parent: from.parent,
                    session_until_ms: None,
                }
            }
        }

        impl From<$old::Observed> for $new::Observed {
            fn from(from: $old::Observed) -> Self {
                Self {
                    kind: from.kind.into(),
                    session: from.session,
                    outlet: from.outlet,
                    token: $new::Token {
                        id: from.token,
                        kind: $new::TokenKind::Unknown,
                    },
                    energy_wh: from.energy_wh,
                    power_w: None,
                    state_of_charge_percent: None,
                }
            }
        }
    };
}

use {record, token, words};
