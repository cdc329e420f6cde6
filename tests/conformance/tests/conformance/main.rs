//! The conformance suite against our own charge point: each case natively on
//! every kind of station, and the suite itself against stations that are wrong.

mod bent;
mod bent_answers;
mod count;
mod mistakes;
mod native;
mod variants;
mod wrong;
