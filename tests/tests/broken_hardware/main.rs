//! Hardware that is wrong, busy, missing or gone, from the line to the central
//! system: one clear message in the log, the status shows it, the central system
//! hears of it with the fitting error code, everything else works, and what comes
//! back is taken again. On lines that the test plays; the same on a real kernel is
//! in `tests/tests/board`.

mod lines;
mod meters;
mod readers;
mod stage;
