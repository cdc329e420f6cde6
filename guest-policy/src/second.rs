//! What the second build does differently, by how a token begins: `X` is turned
//! away, `TRAP` is a panic, `HANG` is not answered when it is first asked about.
//! It exists for tests only.

use crate::facts::{Decision, Question, Stage, Status, Verdict};

/// The decision, where it differs.
pub fn decide(question: &Question) -> Option<Decision> {
    let token = question.token.as_str();
    assert!(!token.starts_with("TRAP"), "a panic that was asked for");
    while token.starts_with("HANG") && question.stage == Stage::First {
        std::hint::black_box(token);
    }
    token.starts_with('X').then(|| Decision {
        verdict: Verdict::Reject(Status::Blocked),
        why: "the second build turns this token away".into(),
    })
}
