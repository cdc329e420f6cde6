//! The program `plugpoint`. What it takes from the command line is in `cli`; what a
//! charger does is in the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
