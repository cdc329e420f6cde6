//! `plugpoint component …`: which commands there are, and how each ends.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use plugpoint::component::{self, Signed};
use plugpoint::guest::{Inspection, Target};
use plugpoint::recorder::Comparison;
use plugpoint_terminal::say;

use super::charger::ChargerArguments;
use super::{Answer, EXIT_FAILED, EXIT_UNUSABLE, Failed};

#[derive(Subcommand)]
pub(super) enum ComponentCommand {
    #[cfg(feature = "kit")]
    #[command(flatten)]
    Kit(plugpoint::kit::Command),
    /// Say what a component is, what it imports, and so what it can do. Exit code 0:
    /// a charger would take it, 1: it would refuse it, 2: the file cannot be read.
    Inspect {
        /// A `.wasm` file, or one that was compiled beforehand.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a component's signature as a charger does. Exit code 0: it is good, 1:
    /// it is not, 2: a file cannot be read.
    Verify {
        /// A `.wasm` file, or one that was compiled beforehand.
        file: PathBuf,
        /// A minisign public key: its file, or the key itself. May be given several
        /// times; one must fit.
        #[arg(long, value_name = "KEY", required = true)]
        key: Vec<String>,
        /// The signature; without it `FILE.minisig`.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Compile a component for chargers whose program has no compiler. Sign what
    /// comes of it, as any component.
    Precompile {
        /// A `.wasm` file.
        file: PathBuf,
        /// The chargers' processor: x86_64, aarch64, or for the interpreter
        /// pulley32 (armv7, i686) or pulley64.
        #[arg(long, value_name = "NAME")]
        target: Target,
        /// Where it goes; by default beside the file, as `NAME.TARGET.ppc`.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put a component and its signature into one file, for chargers that get it from
    /// their central system.
    Bundle {
        /// A `.wasm` file, or one that was compiled beforehand.
        file: PathBuf,
        /// The signature; without it `FILE.minisig`.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Without a signature, for chargers with `trust.allow_unsigned`.
        #[arg(long, conflicts_with = "signature")]
        unsigned: bool,
        /// The slot that it is for: `ocpp`, or `policy/NAME`.
        #[arg(long, default_value = "ocpp")]
        slot: String,
        /// Where it goes; by default beside the component, as `NAME.bundle`.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put a component into a slot of a running charger.
    Install {
        #[command(flatten)]
        it: CandidateArguments,
        /// An older version than the one in the slot is meant.
        #[arg(long)]
        allow_downgrade: bool,
        /// Also if the version before could not read what this one keeps.
        #[arg(long)]
        one_way: bool,
        /// Let it look on only: its verdicts are compared and never used
        /// (policies).
        #[arg(long)]
        shadow: bool,
        /// Wait until it has proved itself, not only until it runs.
        #[arg(long)]
        wait: bool,
    },
    /// Ask a running charger what a component would have done in its last hours;
    /// nothing is changed. Exit code 0: the same, 1: it differs, 2: it could not
    /// be tried.
    Preflight {
        #[command(flatten)]
        it: CandidateArguments,
        #[command(flatten)]
        comparison: Comparison,
    },
    /// Go back to the version before: from one on probation to the one that has proved
    /// itself.
    Rollback {
        /// `ocpp`, or `policy/NAME`.
        #[arg(long)]
        slot: String,
        /// Instead to the version that was on probation when the present one was
        /// installed over it.
        #[arg(long)]
        candidate: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// End a version's probation early: it is good enough, and its failures from now on
    /// no longer bring the version before back.
    Accept {
        /// `ocpp`, or `policy/NAME`.
        #[arg(long)]
        slot: String,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Print what components log, from now on, until Ctrl-C or until the charger ends.
    Logs {
        /// Only this slot: `ocpp`, or `policy/NAME`.
        #[arg(long)]
        slot: Option<String>,
        /// Go on when the charger ends: wait for it to come back.
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Say what is in which slot.
    List {
        /// As the control API gives it.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
}

/// A component, and the charger that is to look at it.
#[derive(Args)]
pub(super) struct CandidateArguments {
    #[command(flatten)]
    candidate: component::Candidate,
    #[command(flatten)]
    charger: ChargerArguments,
}

impl ComponentCommand {
    pub(super) fn exit_code_of_failure(&self) -> u8 {
        match self {
            Self::Install { .. }
            | Self::Rollback { .. }
            | Self::Accept { .. }
            | Self::Logs { .. }
            | Self::List { .. } => EXIT_FAILED,
            _ => EXIT_UNUSABLE,
        }
    }

    pub(super) fn perform(self) -> Result<Answer, Failed> {
        match self {
            #[cfg(feature = "kit")]
            Self::Kit(command) => match command.run()? {
                plugpoint::kit::Verdict::Well => Ok(Answer::Good),
                plugpoint::kit::Verdict::NotWell => Ok(Answer::Bad),
            },
            Self::Inspect { file, json } => inspect(&file, json),
            Self::Verify {
                file,
                key,
                signature,
            } => match component::verify(&file, signature.as_deref(), &key)? {
                Ok(good) => {
                    say!("{good}");
                    Ok(Answer::Good)
                }
                Err(why) => {
                    say!("{}: {why}", file.display());
                    Ok(Answer::Bad)
                }
            },
            Self::Precompile {
                file,
                target,
                output,
            } => precompile(&file, target, output),
            Self::Bundle {
                file,
                signature,
                unsigned,
                slot,
                output,
            } => {
                let output = output.unwrap_or_else(|| file.with_extension("bundle"));
                let signature = match signature {
                    _ if unsigned => Signed::Not,
                    Some(signature) => Signed::With(signature),
                    None => Signed::Beside,
                };
                let bytes = component::bundle(&file, &signature, &slot, &output)?;
                say!("{} ({} KiB)", output.display(), bytes.div_ceil(1024));
                Ok(Answer::Good)
            }
            Self::Install {
                it: CandidateArguments { candidate, charger },
                allow_downgrade,
                one_way,
                shadow,
                wait,
            } => {
                let it = component::Install {
                    candidate,
                    allow_downgrade,
                    one_way,
                    shadow,
                    wait,
                };
                charger.ask(async |control| component::install(control, &it).await)
            }
            Self::Preflight {
                it: CandidateArguments { candidate, charger },
                comparison,
            } => charger.ask_whether(async |control| {
                component::preflight(control, &candidate, &comparison).await
            }),
            Self::Rollback {
                slot,
                candidate,
                charger,
            } => charger.ask(async |control| component::roll_back(control, &slot, candidate).await),
            Self::Accept { slot, charger } => {
                charger.ask(async |control| component::accept(control, &slot).await)
            }
            Self::Logs {
                slot,
                follow,
                charger,
            } => charger.ask(async |control| component::logs(control, slot, follow).await),
            Self::List { json, charger } => {
                charger.ask(async |control| component::list(control, json).await)
            }
        }
    }
}

/// Whether a charger would take it.
fn inspect(file: &Path, json: bool) -> Result<Answer, Failed> {
    let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|error| in_file(&error))?;
    let inspection = match Inspection::of(&bytes) {
        Ok(inspection) => inspection,
        // Nothing is known of it but that no charger takes it.
        Err(misfit) if json => {
            say!("{:#}", misfit.json());
            return Ok(Answer::Bad);
        }
        Err(misfit) => {
            say!("{}: refused: {misfit}", file.display());
            return Ok(Answer::Bad);
        }
    };
    if json {
        say!("{:#}", inspection.json());
    } else {
        say!("{inspection}");
    }
    Ok(match inspection.world() {
        Ok(_) => Answer::Good,
        Err(_) => Answer::Bad,
    })
}

fn precompile(file: &Path, target: Target, output: Option<PathBuf>) -> Result<Answer, Failed> {
    let output = output.unwrap_or_else(|| file.with_extension(format!("{target}.ppc")));
    let bytes = component::precompile(file, target, &output)?;
    say!("{} ({} KiB)", output.display(), bytes.div_ceil(1024));
    Ok(Answer::Good)
}
