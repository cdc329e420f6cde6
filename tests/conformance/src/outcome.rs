//! How a case ends. Not what a report makes of it.

/// Why a case is not passed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The station did what it must not, or did not do what it must.
    #[error("{0}")]
    Station(String),
    /// The suite could not do what the case needs: the control API, the process
    /// or the network beside the station failed.
    #[error("cannot test: {0}")]
    Surroundings(String),
    /// The case is not for this station, and why.
    #[error("does not apply: {0}")]
    NotApplicable(String),
}

/// The end of a case.
pub type Outcome = Result<(), Failure>;
