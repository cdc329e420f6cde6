//! A second schema of entries, for tests of what happens when one build is replaced by
//! another. No charger in the field has such entries.

use plugpoint_ocpp_v16::guest::protocol::Durability;
use plugpoint_ocpp_v16::guest::schema::Schemas;

/// For the host, which reads it before this component runs.
#[cfg(target_arch = "wasm32")]
#[unsafe(link_section = "plugpoint-entries")]
#[used]
static READS_AND_WRITES: [u8; 21] = *b"reads 1-2, writes 1-2";

/// The second schema has other prefixes.
pub static SCHEMAS: Schemas = Schemas {
    newest: 2,
    renamed: &[
        ("session/", "transaction/", Durability::Durable),
        ("queue/", "told/", Durability::Durable),
        ("cache/", "known/", Durability::Lazy),
    ],
};
