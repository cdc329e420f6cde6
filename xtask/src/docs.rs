//! The task `docs`: writes the pages that are made of the code's own tables. A test
//! of the same crate finds them stale.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::{Workspace, run};

/// Makes that test write the page.
const WRITE: &str = "PLUGPOINT_WRITE_DOCS";

/// Writes `docs/ocpp.md`.
pub fn write(workspace: &Workspace) -> Result<ExitCode> {
    run(workspace
        .cargo("test")
        .args(["--quiet", "-p", "guest-ocpp", "--test", "reference"])
        .env(WRITE, "1"))?;
    Ok(ExitCode::SUCCESS)
}
