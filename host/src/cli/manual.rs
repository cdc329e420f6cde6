//! `plugpoint completions` and `plugpoint manual`: the command line, for shells and
//! for `man`. What they say is what `--help` says. Packages are made by a program that
//! has more commands than the one in them, hence `--installed`.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;
use plugpoint_terminal::{say, say_part};

use super::{Answer, Failed};

const NAME: &str = "plugpoint";

#[derive(Subcommand)]
pub(super) enum ManualCommand {
    /// Print what a shell needs to complete this program's commands.
    Completions {
        /// The shell.
        shell: Shell,
        /// Of a program on a board, which lacks what authors of plugins need.
        #[arg(long)]
        installed: bool,
    },
    /// Write a man page for each command into a folder.
    Manual {
        /// The folder, such as /usr/local/share/man/man1; made if it is not there.
        folder: PathBuf,
        /// Of a program on a board, which lacks what authors of plugins need.
        #[arg(long)]
        installed: bool,
    },
}

impl ManualCommand {
    pub(super) fn perform(self, program: clap::Command) -> Result<Answer, Failed> {
        let (Self::Completions { installed, .. } | Self::Manual { installed, .. }) = self;
        let mut program = match installed {
            true => without(program, &of_the_kit()),
            false => program,
        };
        match self {
            Self::Completions { shell, .. } => {
                let mut text = Vec::new();
                clap_complete::generate(shell, &mut program, NAME, &mut text);
                say_part!("{}", String::from_utf8_lossy(&text));
            }
            Self::Manual { folder, .. } => {
                let in_folder = |error: std::io::Error| format!("{}: {error}", folder.display());
                fs::create_dir_all(&folder).map_err(in_folder)?;
                clap_mangen::generate_to(program, &folder).map_err(in_folder)?;
                say!("{}: a page for each command", folder.display());
            }
        }
        Ok(Answer::Good)
    }
}

/// The commands that the feature `kit` brings along.
fn of_the_kit() -> Vec<String> {
    let none = || clap::Command::new(NAME);
    let kit = plugpoint::kit::Command::augment_subcommands(none());
    let manual = ManualCommand::augment_subcommands(none());
    let all = kit.get_subcommands().chain(manual.get_subcommands());
    all.map(|it| it.get_name().to_owned()).collect()
}

/// The same command line without these commands, wherever they stand.
fn without(command: clap::Command, names: &[String]) -> clap::Command {
    let kept: Vec<clap::Command> = command
        .get_subcommands()
        .filter(|it| !names.iter().any(|name| name == it.get_name()))
        .map(|it| without(it.clone(), names))
        .collect();
    if kept.is_empty() {
        return command;
    }
    // A command's own cannot be taken away, so one is made without them.
    // Names live as long as the program, which is about to end.
    let lasting = |text: &str| -> &'static str { text.to_owned().leak() };
    let mut other = clap::Command::new(lasting(command.get_name()))
        .args(command.get_arguments().cloned())
        .subcommand_required(command.is_subcommand_required_set())
        .arg_required_else_help(command.is_arg_required_else_help_set())
        .subcommands(kept);
    if let Some(version) = command.get_version() {
        other = other.version(lasting(version));
    }
    if let Some(about) = command.get_about() {
        other = other.about(about.clone());
    }
    if let Some(about) = command.get_long_about() {
        other = other.long_about(about.clone());
    }
    if let Some(help) = command.get_after_help() {
        other = other.after_help(help.clone());
    }
    other
}
