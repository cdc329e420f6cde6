//! The task `newcomer`: types every command of the pages for newcomers, in order, as
//! somebody would who has just cloned the repository; the first that fails ends it.
//!
//! * [`page`]: which commands there are
//! * [`server`]: those that stay up

mod page;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use plugpoint_terminal::say;

use crate::workspace::{self, Workspace};
use crate::{debian, node, program};
use server::Server;

const PAGES: [&str; 2] = ["README.md", "docs/plugins.md"];

/// Authors of plugins sign with it.
const TOOLS: [(&str, &str); 1] = [("minisign", "minisign")];

/// Types them.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    debian::need(&TOOLS, "newcomers")?;
    // With the same features as the tests, so that it is compiled once for both.
    workspace::run(workspace::over_workspace(&mut workspace.cargo("build")).arg("--bins"))?;
    let node = node::environment(workspace)?.program;
    let begin = Instant::now();
    let mut typed = 0;
    for name in PAGES {
        let text = fs::read_to_string(workspace.root(name))
            .with_context(|| format!("cannot read {name}"))?;
        let commands = page::commands(&text).with_context(|| format!("in {name}"))?;
        let place = place(workspace, name)?;
        let mut reader = Reader {
            workspace,
            tools: [program::path(workspace, false, "plugpoint"), node.clone()],
            place,
            server: None,
        };
        for command in &commands {
            let page::Command {
                line,
                text,
                left_out,
            } = command;
            if let Some(reason) = left_out {
                say!("{name}:{line}: not typed, since {reason}: {text}");
                continue;
            }
            let began = Instant::now();
            reader
                .type_in(text)
                .with_context(|| format!("{name}:{line}: `{text}`"))?;
            say!(
                "{name}:{line}: {:.1} s: {text}",
                began.elapsed().as_secs_f32()
            );
            typed += 1;
        }
        reader
            .end_server()
            .with_context(|| format!("at the end of {name}"))?;
    }
    say!("{typed} commands work, in {} s", begin.elapsed().as_secs());
    Ok(ExitCode::SUCCESS)
}

/// An empty folder for what a page's commands make.
fn place(workspace: &Workspace, page: &str) -> Result<PathBuf> {
    let place = workspace.target("newcomer").join(page.replace('/', "-"));
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot empty {}", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    Ok(place)
}

/// Somebody who reads one page.
struct Reader<'w> {
    workspace: &'w Workspace,
    /// Programs that are on the path.
    tools: [PathBuf; 2],
    place: PathBuf,
    /// What stays up in another terminal, until it is needed for the next such
    /// command, or the page ends.
    server: Option<Server>,
}

impl Reader<'_> {
    fn type_in(&mut self, text: &str) -> Result<()> {
        if let Some(ready) = server::ready(text) {
            self.end_server()?;
            let log = self.place.join("server.log");
            let mut shell = self.shell(&format!("exec {text}"))?;
            self.server = Some(Server::start(&mut shell, text, ready, log)?);
            return Ok(());
        }
        let output = self.shell(text)?.output().context("cannot run sh")?;
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            bail!("{}\n{}", output.status, String::from_utf8_lossy(&printed));
        }
        self.share_target()
    }

    fn end_server(&mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), Server::end)
    }

    /// What is about the repository is typed there, all else in a folder of its own.
    fn shell(&self, text: &str) -> Result<Command> {
        let in_repository = text.contains("cargo xtask ");
        let mut shell = Command::new("sh");
        shell
            .args(["-e", "-c", text])
            .current_dir(match in_repository {
                true => self.workspace.root(""),
                false => self.place.clone(),
            })
            .env("PATH", self.path()?)
            .env("XDG_STATE_HOME", self.place.join("state"))
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("PLUGPOINT_CONTROL")
            .env_remove("PLUGPOINT_TOKEN_FILE");
        // What the cargo that runs us has put there.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                shell.env_remove(&*name);
            }
        }
        Ok(shell)
    }

    fn path(&self) -> Result<std::ffi::OsString> {
        let folders = self.tools.iter().filter_map(|tool| tool.parent());
        let before = std::env::var_os("PATH").unwrap_or_default();
        let folders = folders
            .filter(|folder| folder.is_absolute())
            .map(Path::to_owned)
            .chain(std::env::split_paths(&before));
        Ok(std::env::join_paths(folders)?)
    }

    /// Crates that a project in Rust needs are compiled once for all runs of this task.
    fn share_target(&self) -> Result<()> {
        let shared = self.workspace.target("newcomer/crates");
        fs::create_dir_all(&shared)?;
        for entry in fs::read_dir(&self.place)? {
            let project = entry?.path();
            let target = project.join("target");
            if project.join("Cargo.toml").is_file() && !target.exists() {
                std::os::unix::fs::symlink(&shared, target)?;
            }
        }
        Ok(())
    }
}
