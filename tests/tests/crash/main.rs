//! What the central system and the meter agree on after the process has died
//! in the middle of sessions: at each point of a session once, and at random.
//! Every contactor that closed is a transaction at the central system, each is
//! started before it is stopped, energies are right to the Wh, and repeats are
//! retransmissions.

mod hands;
mod kills;
mod plan;
mod session;
mod sweep;
mod trial;
