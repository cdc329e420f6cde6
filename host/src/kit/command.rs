//! The command line of the kit, below `plugpoint component`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use plugpoint_terminal::say;

use super::dev::Dev;
use super::new::{self, Language, Project};
use super::script::Script;
use super::trial::{self, Given};
use super::{KitError, name, wrap};

/// What an author of plugins can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a project for a new component, ready to be built.
    New {
        /// Its name: small letters, digits and `-`.
        name: String,
        /// What it is to be.
        #[arg(long, value_enum, default_value_t = Kind::Policy)]
        kind: Kind,
        /// The language of a policy.
        #[arg(long, value_enum)]
        lang: Option<Language>,
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
    /// While you work on a policy: build and try it on every change, and install it
    /// on a simulated charger that runs along. It is signed with a key made for this
    /// run. Until Ctrl-C.
    Dev(Dev),
}

/// What a project is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Decides whom the charger serves.
    Policy,
    /// OCPP 1.6-J with messages and configuration keys of your own.
    Ocpp,
}

impl Kind {
    fn project(self, lang: Option<Language>) -> Result<Project, KitError> {
        match (self, lang) {
            (Self::Policy, Some(lang)) => Ok(Project::Policy(lang)),
            (Self::Policy, None) => Err(KitError::Language),
            (Self::Ocpp, None | Some(Language::Rust)) => Ok(Project::Ocpp),
            (Self::Ocpp, Some(_)) => Err(KitError::OnlyRust),
        }
    }
}

/// `component wrap`
#[derive(Debug, Args)]
pub struct Wrap {
    /// A core module with a world in it (rustc's), or a component; a name and a
    /// version that it has are replaced.
    file: PathBuf,
    /// What to call it: small letters, digits and `-`.
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
                kind,
                lang,
                dir,
                trust,
            } => {
                let project = kind.project(lang)?;
                let folder = dir.unwrap_or_else(|| PathBuf::from(&name));
                new::write(&name, project, &folder, trust.as_deref())?;
                say!("{}", new::farewell(project, &folder));
                Ok(Verdict::Well)
            }
            Self::Wrap(wrap) => wrap.run(),
            Self::Test(test) => test.run(),
            Self::Dev(dev) => dev.run(),
        }
    }
}

impl Wrap {
    fn run(self) -> Result<Verdict, KitError> {
        name::check(&self.name)?;
        if let Err(error) = semver::Version::parse(&self.version) {
            return Err(KitError::Version {
                version: self.version,
                text: error.to_string(),
            });
        }
        let output = self
            .output
            .unwrap_or_else(|| Path::new(&self.name).with_extension("wasm"));
        let identity = plugpoint_componentize::Identity {
            name: &self.name,
            version: &self.version,
            revision: self.revision.as_deref(),
        };
        let bytes = wrap::wrap(&self.file, &identity, &output)?;
        say!("{} ({} KiB)", output.display(), bytes.div_ceil(1024));
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
            say!("{:#}", report.json());
        } else {
            say!("{report}");
        }
        Ok(if report.is_well() {
            Verdict::Well
        } else {
            Verdict::NotWell
        })
    }
}
