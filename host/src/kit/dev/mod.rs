//! `component dev`: while an author works on a policy, each change is built, tried,
//! signed and installed on a simulated charger that belongs to this command.
//!
//! * [`project`]: the folder, its build, and what in it has changed
//! * [`charger`]: the charger, and the key that it believes
//!
//! The key is made for this run and never leaves memory; nothing else is signed with
//! it. Not here: what `build` does, which is the project's own script.

mod charger;
mod project;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plugpoint_terminal::{complain, say};
use tokio::signal::unix::{SignalKind, signal};

use super::{KitError, Verdict};
use charger::Charger;
use project::{Project, Snapshot};

/// How often the folder is looked at. A change counts once nothing has changed for
/// as long: editors write several files, or one in pieces.
const POLL: Duration = Duration::from_millis(300);

/// `component dev`
#[derive(Debug, Args)]
pub struct Dev {
    /// The project, as `component new` writes it.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Dev {
    pub(super) fn run(self) -> Result<Verdict, KitError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(KitError::Runtime)?;
        runtime.block_on(self.until_interrupted())?;
        Ok(Verdict::Well)
    }

    async fn until_interrupted(self) -> Result<(), KitError> {
        let mut interrupted = signal(SignalKind::interrupt()).map_err(KitError::Runtime)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(KitError::Runtime)?;
        let project = Project::open(&self.folder)?;
        let mut charger = Charger::start(&project).await?;
        say!(
            "{}: a simulated charger with policy {}; it logs to {}",
            charger.url(),
            project.name(),
            charger.log().display()
        );
        let ended = tokio::select! {
            _ = interrupted.recv() => Ok(()),
            _ = terminated.recv() => Ok(()),
            never = work(&project, &charger) => never.map(|never| match never {}),
            error = Charger::ended(&charger) => Err(error),
        };
        charger.end().await;
        ended
    }
}

/// Never ends by itself.
enum Never {}

async fn work(project: &Project, charger: &Charger) -> Result<Never, KitError> {
    let mut installed = None;
    loop {
        // Before the build: what is changed while it runs is built next.
        let seen = Snapshot::of(project.folder())?;
        match project.build().await? {
            None => complain!("the build failed; the charger goes on with what it has"),
            Some(component) if installed.as_ref() == Some(&component) => {
                say!("the same component as before: nothing is installed");
            }
            Some(component) => match charger.install(project, &component).await {
                Ok(()) => installed = Some(component),
                Err(error) => complain!("not installed: {error}"),
            },
        }
        say!(
            "waiting for a change in {}; Ctrl-C ends",
            project.folder().display()
        );
        changed(project, seen).await?;
    }
}

/// Returns once something differs from what was seen, and has come to rest.
async fn changed(project: &Project, seen: Snapshot) -> Result<(), KitError> {
    let mut last = seen.clone();
    loop {
        tokio::time::sleep(POLL).await;
        let now = Snapshot::of(project.folder())?;
        if now != seen && now == last {
            return Ok(());
        }
        last = now;
    }
}
