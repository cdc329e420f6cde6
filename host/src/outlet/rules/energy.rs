//! How much energy has gone through in a session, and how much may.
//!
//! Counts what the register grew; a register that goes back (a meter that was
//! exchanged) neither adds nor takes away.

/// Counts the energy of one session.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    session: Option<u64>,
    used_mwh: u64,
    register: Option<u64>,
}

impl Allowance {
    /// A permit of this session is given; another session than before starts
    /// the count anew.
    pub(super) fn begin(&mut self, session: u64) {
        if self.session != Some(session) {
            self.session = Some(session);
            self.used_mwh = 0;
        }
    }

    /// The register says this.
    pub(super) fn note(&mut self, register_mwh: Option<u64>) {
        let Some(register) = register_mwh else {
            return;
        };
        if let Some(before) = self.register {
            self.used_mwh += register.saturating_sub(before);
        }
        self.register = Some(register);
    }

    /// What is left of a limit, thousandths of a Wh.
    pub(super) fn left_mwh(&self, limit_wh: u64) -> u64 {
        limit_wh.saturating_mul(1000).saturating_sub(self.used_mwh)
    }
}
