//! What a restart that the component asks for is of: everything inside the process, the
//! process, or the board. Not here: when it is asked for, and what has ended before.

use std::time::Duration;

use tokio::time::timeout;

use super::Loop;
use crate::config::HardReset;
use crate::reboot::reboot;
use crate::wit::protocol::{Restart, RestartKind};

/// A command that has not ended by then does not reboot the board.
const REBOOT_BOUND: Duration = Duration::from_secs(30);

/// Of what a hard one is.
#[derive(Debug)]
pub(super) struct Restarts {
    pub(super) hard: HardReset,
    /// What reboots the board.
    pub(super) reboot: Vec<String>,
}

impl Loop {
    /// True: the process ends for it. Otherwise everything inside begins anew, also where
    /// the board cannot be rebooted.
    pub(super) async fn ends_for(&mut self, restart: &Restart) -> bool {
        if restart.kind != RestartKind::Hard {
            return false;
        }
        match self.restarts.hard {
            HardReset::Inside => return false,
            HardReset::Process => {
                tracing::info!(
                    "{}: the process ends, for its service manager to start it again",
                    restart.why
                );
            }
            HardReset::Board => {
                // Nobody charges behind the back of a command that takes its time.
                self.outlets.revoke_all();
                let command = self.restarts.reboot.clone();
                let command = tokio::task::spawn_blocking(move || reboot(&command));
                let failure = match timeout(REBOOT_BOUND, command).await {
                    Ok(Ok(Ok(()))) => None,
                    Ok(Ok(Err(why))) => Some(why),
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(_) => Some("the command does not end".to_owned()),
                };
                if let Some(why) = failure {
                    tracing::error!("{}: the board is not rebooted: {why}", restart.why);
                    return false;
                }
                tracing::info!("{}: the process ends, and the board with it", restart.why);
            }
        }
        self.has_ended = true;
        true
    }
}
