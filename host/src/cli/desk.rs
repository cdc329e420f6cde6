//! Commands that need no running charger: `check` and `replay`.

use std::path::{Path, PathBuf};

use clap::Args;
use plugpoint::check::Verdict;
use plugpoint::config::Config;
use plugpoint::guest::{Backend, EngineSettings};
use plugpoint::recorder::{Comparison, Desk};
use plugpoint_terminal::{say, say_part};

use super::{Answer, Failed};

/// What is replayed.
#[derive(Args)]
pub(super) struct ReplayArguments {
    /// A file of a record, or the directory of a slot's (`state_dir/records/…`).
    record: PathBuf,
    /// A `.wasm` file.
    component: PathBuf,
    /// Settings that a record leaves out: the charger's configuration, or a file
    /// with nothing but `name = "value"`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    comparison: Comparison,
    /// Run it as byte code, as on a board without a native back end.
    #[arg(long)]
    pulley: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Whether all is well with what a configuration names.
pub(super) fn check(file: &Path, online: bool, json: bool) -> Result<Answer, Failed> {
    let config = Config::load(file)?;
    let findings = plugpoint::check::run(&config, online);
    if json {
        say!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            say!("{finding}");
        }
    }
    let bad = findings.iter().any(|it| it.verdict == Verdict::Bad);
    Ok(if bad { Answer::Bad } else { Answer::Good })
}

/// Whether a build does what was recorded.
pub(super) fn replay(arguments: ReplayArguments) -> Result<Answer, Failed> {
    let mut engine = EngineSettings::default();
    if arguments.pulley {
        engine.backend = Backend::Pulley;
    }
    let desk = Desk {
        record: arguments.record,
        component: arguments.component,
        settings: arguments.settings,
        comparison: arguments.comparison,
        engine,
    };
    let report = desk.run()?;
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say_part!("{report}");
    }
    Ok(if report.is_same() {
        Answer::Good
    } else {
        Answer::Bad
    })
}
