//! Which charger a command is for, and asking it.

use std::path::PathBuf;

use clap::Args;
use plugpoint::operator::Control;

use super::{Answer, Failed};

/// Which charger.
#[derive(Args)]
pub(super) struct ChargerArguments {
    /// Its control API: `http://ADDRESS:PORT` or `unix:PATH`.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PLUGPOINT_CONTROL",
        default_value = "http://127.0.0.1:8080"
    )]
    control: String,
    /// The file whose first line is the bearer token.
    #[arg(long, global = true, value_name = "FILE", env = "PLUGPOINT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

impl ChargerArguments {
    /// A client of its control API.
    pub(super) fn control(&self) -> Result<Control, Failed> {
        let token = match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                text.lines().next().map(|line| line.trim().to_owned())
            }
            None => None,
        };
        Ok(Control::parse(&self.control, token)?)
    }

    /// Asks it something that is well if it is answered.
    pub(super) fn ask<E: Into<Failed>>(
        &self,
        question: impl AsyncFnOnce(&Control) -> Result<(), E>,
    ) -> Result<Answer, Failed> {
        self.ask_whether(async |control| question(control).await.map(|()| true))
    }

    /// Asks it something that is answered with yes or no.
    pub(super) fn ask_whether<E: Into<Failed>>(
        &self,
        question: impl AsyncFnOnce(&Control) -> Result<bool, E>,
    ) -> Result<Answer, Failed> {
        let control = self.control()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        match runtime.block_on(question(&control)) {
            Ok(true) => Ok(Answer::Good),
            Ok(false) => Ok(Answer::Bad),
            Err(error) => Err(error.into()),
        }
    }
}
