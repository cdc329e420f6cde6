//! Rebooting the board by the command of the configuration. Not here: who wants it.

use std::process::{Command, Stdio};

/// Runs the command to its end: the board goes down then. The error says why it does
/// not.
pub(crate) fn reboot(command: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no command for it is configured".to_owned());
    };
    tracing::warn!("the board is rebooted");
    match Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("{program} cannot be run: {error}")),
    }
}
