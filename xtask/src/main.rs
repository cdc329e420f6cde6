//! Everything a developer types: `cargo xtask build | test | run | bench`.
//!
//! Reading order: [`workspace`] (where things are, how commands are run),
//! [`wasm_std`] (the standard library for components), [`component`] (core module
//! to component), [`guests`] (all components of this repository).
//!
//! It holds no logic of the product: each step is a command that could be typed
//! by hand, and is printed.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod component;
mod guests;
mod wasm_std;
mod workspace;

use workspace::Workspace;

/// Everything a developer types.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the components only (all other tasks do that first).
    Guests,
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Guests => guests::build(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
