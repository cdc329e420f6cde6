//! Everything a developer types: `cargo xtask build | test | run | certify |
//! bench | fuzz | lives`.
//!
//! Reading order: [`workspace`] (where things are, how commands are run),
//! [`wasm_std`] (the standard library for components), [`component`] (core module
//! to component), [`guests`] (all components in Rust), [`plugins`] (those in
//! JavaScript and Python), [`program`] (the native programs), [`cross`] (other
//! processors), [`python`] and [`node`] (tools of other languages), then one module
//! for each task: [`mod@test`], [`demo`] (the task `run`), [`certify`],
//! [`mod@bench`], [`board`], [`dist`], [`powercut`], [`docs`], [`newcomer`],
//! [`virtual_time`] (the tasks `fuzz` and `lives`).
//!
//! It holds no logic of the product: each step is a command that could be typed
//! by hand, and is printed.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use plugpoint_terminal::complain;

mod bench;
mod board;
mod certify;
mod component;
mod cross;
mod debian;
mod demo;
mod dist;
mod docs;
mod guests;
mod newcomer;
mod node;
mod plugins;
mod powercut;
mod program;
mod python;
mod test;
mod virtual_time;
mod wasm_std;
mod workspace;

use guests::Which;
use workspace::Workspace;

/// Everything a developer types. Each task does all the set-up it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    /// Install no Debian packages: fail where some are missing, and say which.
    #[arg(long, global = true)]
    no_install: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the program `plugpoint`, which carries the two standard components.
    Build {
        /// Optimised: `target/release/plugpoint`.
        #[arg(long)]
        release: bool,
        /// For small boards: without the compiler, with components that are
        /// compiled beforehand. Leaves `plugpoint-small`.
        #[arg(long)]
        no_compiler: bool,
    },
    /// Builds the components only, into `target/components`.
    Guests,
    /// Builds the example plugins too, in Rust, JavaScript and Python.
    Plugins {
        /// Says what each costs, in the optimised program.
        #[arg(long)]
        measure: bool,
    },
    /// Runs all tests.
    Test(Passed),
    /// Runs a charge point against a central system and plays a charging session.
    Run(demo::Options),
    /// Runs all certification cases against the program, and writes a report in
    /// the form of a certificate's abstract.
    Certify(certify::Options),
    /// Measures, and prints a table and JSON.
    Bench(Passed),
    /// Sends garbled frames to `guest-ocpp`, for as long as is wanted.
    Fuzz(virtual_time::Fuzz),
    /// Lives through chargers' lives in virtual time and watches the rules.
    Lives(virtual_time::Lives),
    /// Runs a charging session on an emulated board, through real interfaces only.
    Board(board::Options),
    /// Cuts the power of charging chargers, and looks for what is lost.
    Powercut(powercut::Options),
    /// Makes the packages for a board: a `.tar.gz` and a `.deb`.
    Dist(dist::Options),
    /// Writes the pages that are made of the code's own tables: docs/ocpp.md.
    Docs,
    /// Types every command of README.md and docs/plugins.md, in order.
    Newcomer,
}

/// What is handed on as it is.
#[derive(Args)]
struct Passed {
    /// Handed on: to `cargo test` (such as a filter), or to the benchmark.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let Cli { no_install, task } = Cli::parse_from(arguments(std::env::args()));
    debian::consent(no_install);
    match perform(task) {
        Ok(code) => code,
        Err(error) => {
            complain!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `cargo xtask run -- --once` means what `cargo xtask run --once` does, and
/// `cargo xtask test -- --nocapture` what `cargo test -- --nocapture` does.
fn arguments(given: impl Iterator<Item = String>) -> Vec<String> {
    let mut arguments: Vec<String> = given.collect();
    if arguments.get(2).is_some_and(|argument| argument == "--") {
        match arguments[1].as_str() {
            // The first is taken by our own parser.
            "test" => arguments.insert(2, "--".to_owned()),
            _ => drop(arguments.remove(2)),
        }
    }
    arguments
}

fn perform(task: Task) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    let which = match task {
        Task::Build { .. } | Task::Run(_) | Task::Certify(_) | Task::Dist(_) | Task::Newcomer => {
            Some(Which::Carried)
        }
        Task::Guests
        | Task::Plugins { .. }
        | Task::Test(_)
        | Task::Bench(_)
        | Task::Board(_)
        | Task::Powercut(_) => Some(Which::All),
        Task::Fuzz(_) | Task::Lives(_) | Task::Docs => None,
    };
    if let Some(which) = which {
        guests::build(&workspace, which)?;
    }
    if matches!(task, Task::Plugins { .. } | Task::Test(_)) {
        plugins::build(&workspace)?;
    }
    match task {
        Task::Plugins { measure: true } => plugins::measure(&workspace),
        Task::Guests | Task::Plugins { .. } => Ok(ExitCode::SUCCESS),
        Task::Build {
            release,
            no_compiler,
        } => program::build(&workspace, release, no_compiler),
        Task::Test(passed) => test::run(&workspace, &passed.arguments),
        Task::Run(options) => demo::run(&workspace, &options),
        Task::Certify(options) => certify::perform(&workspace, &options),
        Task::Bench(passed) => bench::run(&workspace, &passed.arguments),
        Task::Fuzz(options) => virtual_time::fuzz(&workspace, &options),
        Task::Lives(options) => virtual_time::lives(&workspace, &options),
        Task::Board(options) => board::run(&workspace, &options),
        Task::Powercut(options) => powercut::run(&workspace, &options),
        Task::Dist(options) => dist::run(&workspace, &options),
        Task::Docs => docs::write(&workspace),
        Task::Newcomer => newcomer::run(&workspace),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Cli, Task, arguments};

    fn parsed(line: &str) -> Task {
        let words = line.split(' ').map(str::to_owned);
        match Cli::try_parse_from(arguments(words)) {
            Ok(cli) => cli.task,
            Err(error) => panic!("{line}: {error}"),
        }
    }

    #[test]
    fn two_dashes_may_stand_before_the_options_of_a_task() {
        for line in ["xtask run --once", "xtask run -- --once"] {
            assert!(matches!(parsed(line), Task::Run(options) if options.once));
        }
    }

    #[test]
    fn what_follows_test_goes_to_cargo_as_it_is() {
        for (line, expected) in [
            ("xtask test", ""),
            ("xtask test session", "session"),
            ("xtask test --no-install session", "session"),
            (
                "xtask test -p plugpoint x -- --nocapture",
                "-p plugpoint x -- --nocapture",
            ),
            ("xtask test -- --nocapture", "-- --nocapture"),
        ] {
            let Task::Test(passed) = parsed(line) else {
                panic!("{line} is no test");
            };
            assert_eq!(passed.arguments.join(" "), expected, "{line}");
        }
    }
}
