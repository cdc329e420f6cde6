//! The command line of the kit, below `plugpoint component`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::new::{self, Language};
use super::script::Script;
use super::trial::{self, Given};
use super::{KitError, wrap};

/// What an author of plugins can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a project for a new policy, ready to be built.
    New {
        /// Its name: small letters, digits and `-`.
        name: String,
        /// The language.
        #[arg(long, value_enum)]
        lang: Language,
        /// Where to; otherwise a folder of that name.
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
        /// A minisign public key of yours, for the project's simulated charger.
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
    },
    /// Make a named component of what a compiler left.
    Wrap(Wrap),
    /// Try a policy: scripted requests, size, memory, time.
    Test(Test),
}

/// `component wrap`
#[derive(Debug, Args)]
pub struct Wrap {
    /// A core module with a world in it (rustc's), or a component without name.
    file: PathBuf,
    /// What to call it.
    #[arg(long)]
    name: String,
    /// Its version, such as 1.4.0.
    #[arg(long)]
    version: String,
    /// Which build of it, such as a commit.
    #[arg(long)]
    revision: Option<String>,
    /// Where to; otherwise NAME.wasm.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `component test`
#[derive(Debug, Args)]
pub struct Test {
    /// A `.wasm` component.
    file: PathBuf,
    /// What to ask it and what to expect, in TOML or JSON; otherwise one request
    /// of each kind, with nothing expected.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Linear memory that it may have, instead of the script's or the default.
    #[arg(long)]
    memory_kib: Option<u32>,
    /// Time that a call may take, instead of the script's or the default.
    #[arg(long)]
    event_ms: Option<u32>,
    /// So many decisions are timed, at most for three seconds.
    #[arg(long, default_value_t = 1000)]
    decisions: usize,
    /// Where to keep it compiled, for the next time.
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is as it should be.
    Well,
    /// The component is not as expected.
    NotWell,
}

impl Command {
    /// Does it, and prints to standard output.
    pub fn run(self) -> Result<Verdict, KitError> {
        match self {
            Self::New {
                name,
                lang,
                dir,
                trust,
            } => {
                let folder = dir.unwrap_or_else(|| PathBuf::from(&name));
                new::write(&name, lang, &folder, trust.as_deref())?;
                println!("{}", new::farewell(&folder));
                Ok(Verdict::Well)
            }
            Self::Wrap(wrap) => wrap.run(),
            Self::Test(test) => test.run(),
        }
    }
}

impl Wrap {
    fn run(self) -> Result<Verdict, KitError> {
        let output = self
            .output
            .unwrap_or_else(|| Path::new(&self.name).with_extension("wasm"));
        let identity = plugpoint_componentize::Identity {
            name: &self.name,
            version: &self.version,
            revision: self.revision.as_deref(),
        };
        let bytes = wrap::wrap(&self.file, &identity, &output)?;
        println!("{} ({} KiB)", output.display(), bytes.div_ceil(1024));
        Ok(Verdict::Well)
    }
}

impl Test {
    fn run(self) -> Result<Verdict, KitError> {
        let mut script = match &self.script {
            Some(path) => Script::load(path)?,
            None => Script::one_of_each(),
        };
        let limits = &mut script.limits;
        limits.memory_kib = self.memory_kib.or(limits.memory_kib);
        limits.event_ms = self.event_ms.or(limits.event_ms);
        let report = trial::run(&Given {
            file: &self.file,
            script: &script,
            decisions: self.decisions,
            cache: self.cache.as_deref(),
        })?;
        if self.json {
            println!("{:#}", report.json());
        } else {
            println!("{report}");
        }
        Ok(if report.is_well() {
            Verdict::Well
        } else {
            Verdict::NotWell
        })
    }
}
